// Commits: making one from a request, applying one's own, and processing those of others.

import { createCommit, defaultProposalTypes } from "ts-mls";
import { advance, contextOf } from "./actors.mjs";
import { invalid, unimplemented } from "./errors.mjs";
import { described, placeOf, stateWith } from "./proposals.mjs";
import { received } from "./receiving.mjs";
import { messageField, ratchetTreeField } from "./wire.mjs";

const { add, psk, reinit } = defaultProposalTypes;

/**
 * The types of proposals that can be committed without a path (RFC 9420, 12.4).
 *
 * @type {Set<number>}
 */
const PATHLESS = new Set([add, psk, reinit]);

/**
 * Refuses to pretend: ts-mls alone decides whether its Commit has an UpdatePath.
 *
 * @param {boolean | undefined} forced force_path of a request
 * @param {import("ts-mls").Proposal[]} proposals all that the Commit covers
 */
export function checkPath(forced, proposals) {
  const optional =
    proposals.length > 0 && proposals.every(({ proposalType }) => PATHLESS.has(proposalType));
  if (forced && optional) {
    throw unimplemented("createCommit cannot be asked for an UpdatePath that is not required");
  }
}

/**
 * Makes a Commit, which then is the member's pending one.
 *
 * @param {import("./actors.mjs").Member} member
 * @param {any} request a CommitRequest
 * @returns {Promise<object>} a CommitResponse
 */
export async function commit(member, request) {
  const state = await stateWith(member, request.by_reference);
  const extraProposals = (request.by_value ?? []).map((description) =>
    described(description, placeOf(member)),
  );
  const referenced = Object.values(state.unappliedProposals).map(({ proposal }) => proposal);
  checkPath(request.force_path, [...referenced, ...extraProposals]);
  const made = await createCommit({
    context: contextOf(member),
    state,
    wireAsPublicMessage: !member.encryptHandshake,
    extraProposals,
    ratchetTreeExtension: !request.external_tree,
  });
  member.pending = made.newState;
  return {
    commit: messageField(made.commit),
    welcome: messageField(made.welcome),
    ratchet_tree: request.external_tree ? ratchetTreeField(made.newState.ratchetTree) : "",
  };
}

/** @param {import("./actors.mjs").Member} member */
export function applyPending(member) {
  if (member.pending === undefined) throw invalid("there is no pending Commit");
  advance(member, member.pending);
}

/**
 * @param {import("./actors.mjs").Member} member
 * @param {any} request a HandleCommitRequest
 */
export async function process(member, request) {
  const state = await stateWith(member, request.proposal);
  advance(member, await received(member, state, request.commit, "commit"));
}
