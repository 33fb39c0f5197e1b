// Proposals of ts-mls, from the descriptions in requests; and proposals that came as messages.

import {
  createProposal,
  defaultProposalTypes,
  protocolVersions,
  pskTypes,
  resumptionPSKUsages,
} from "ts-mls";
import { contextOf } from "./actors.mjs";
import { invalid } from "./errors.mjs";
import { leafOf } from "./identities.mjs";
import { received } from "./receiving.mjs";
import { base64, bytes, extensions, keyPackage, messageField } from "./wire.mjs";

/** @typedef {import("ts-mls").Proposal} Proposal */

/**
 * The group that a proposal is about, as far as members and external senders know it.
 *
 * @typedef {object} Place
 * @property {import("ts-mls").GroupContext} groupContext
 * @property {import("ts-mls").RatchetTree} [ratchetTree]
 * @property {import("ts-mls").CiphersuiteImpl} suite
 */

/** @param {import("./actors.mjs").Member} member */
export const placeOf = ({ state: { groupContext, ratchetTree }, suite }) => ({
  groupContext,
  ratchetTree,
  suite,
});

/**
 * @param {import("ts-mls").CiphersuiteImpl} suite
 * @param {import("ts-mls").PskInfo} info
 * @returns {Proposal}
 */
const preSharedKey = (suite, info) => ({
  proposalType: defaultProposalTypes.psk,
  psk: { preSharedKeyId: { ...info, pskNonce: suite.rng.randomBytes(suite.kdf.size) } },
});

/** @type {Record<string, (description: any, place: Place) => Proposal>} */
const kinds = {
  add: ({ key_package: field }) => ({
    proposalType: defaultProposalTypes.add,
    add: { keyPackage: keyPackage(field) },
  }),
  remove({ removed_id: identity }, { ratchetTree }) {
    if (ratchetTree === undefined) throw invalid("removed_id cannot be found without a tree");
    return {
      proposalType: defaultProposalTypes.remove,
      remove: { removed: leafOf(ratchetTree, bytes(identity)) },
    };
  },
  externalPSK: ({ psk_id: id }, { suite }) =>
    preSharedKey(suite, { psktype: pskTypes.external, pskId: bytes(id) }),
  resumptionPSK: ({ epoch_id: epoch = 0 }, { groupContext, suite }) =>
    preSharedKey(suite, {
      psktype: pskTypes.resumption,
      usage: resumptionPSKUsages.application,
      pskGroupId: groupContext.groupId,
      pskEpoch: BigInt(epoch),
    }),
  groupContextExtensions: ({ extensions: fields }) => ({
    proposalType: defaultProposalTypes.group_context_extensions,
    groupContextExtensions: { extensions: extensions(fields) },
  }),
  reinit: ({ group_id: id, cipher_suite: suite, extensions: fields }) => ({
    proposalType: defaultProposalTypes.reinit,
    reinit: {
      groupId: bytes(id),
      version: protocolVersions.mls10,
      cipherSuite: suite,
      extensions: extensions(fields),
    },
  }),
};

/**
 * The Proposal that a ProposalDescription means.
 *
 * @param {any} description
 * @param {Place} place
 */
export function described(description, place) {
  const kind = Buffer.from(bytes(description.proposal_type)).toString();
  if (!Object.hasOwn(kinds, kind)) throw invalid(`no such proposal_type: ${kind}`);
  return kinds[kind](description, place);
}

/**
 * Sends a Proposal as a member, and remembers it.
 *
 * @param {import("./actors.mjs").Member} member
 * @param {string} kind a proposal_type
 * @param {any} description
 */
export const propose = (member, kind, description) =>
  proposed(member, kinds[kind](description, placeOf(member)));

/**
 * @param {import("./actors.mjs").Member} member
 * @param {Proposal} proposal
 * @returns {Promise<{ proposal: string }>} a ProposalResponse
 */
export async function proposed(member, proposal) {
  const made = await createProposal({
    context: contextOf(member),
    state: member.state,
    wireAsPublicMessage: !member.encryptHandshake,
    proposal,
  });
  const field = messageField(made.message);
  remember(member, field, made.newState);
  return { proposal: field };
}

/**
 * @param {import("./actors.mjs").Member} member
 * @param {string} field
 * @param {import("ts-mls").ClientState} state with that one proposal
 */
function remember(member, field, state) {
  member.proposals.set(field, state.unappliedProposals);
  member.state = { ...state, unappliedProposals: {} };
}

/**
 * Lets a member read a proposal that came as a message, unless it knows it.
 *
 * @param {import("./actors.mjs").Member} member
 * @param {string} field
 */
async function read(member, field) {
  if (member.proposals.has(field)) return;
  remember(member, field, await received(member, member.state, field, "proposal"));
}

/**
 * The member's state with exactly these proposals waiting to be committed.
 *
 * @param {import("./actors.mjs").Member} member
 * @param {string[]} [fields] messages
 */
export async function stateWith(member, fields = []) {
  const keys = fields.map((field) => base64(bytes(field)));
  for (const key of keys) await read(member, key);
  const waiting = keys.map((key) => member.proposals.get(key));
  return { ...member.state, unappliedProposals: Object.assign({}, ...waiting) };
}
