// Groups that follow from a group: the successor after ReInit, and branches (RFC 9420, 11.2, 11.3).
// They are made of createGroup and createCommit, because reinitCreateNewGroup and branchGroup
// cannot put the ratchet tree into their Welcome.

import { createCommit, createGroup, joinGroup } from "ts-mls";
import {
  addMember,
  epochAuthenticator,
  joiners,
  members,
  pskIndex,
  suspended,
} from "../actors.mjs";
import { applyPending, checkPath, commit, process } from "../commits.mjs";
import { invalid } from "../errors.mjs";
import { clientConfig, freshJoiner } from "../identities.mjs";
import { add, placeOf, resumptionPsk } from "../proposals.mjs";
import { suite } from "../suites.mjs";
import {
  bytes,
  extensions,
  keyPackage,
  keyPackageField,
  ratchetTree,
  ratchetTreeField,
  welcome,
  welcomeField,
} from "../wire.mjs";

/**
 * @param {import("../actors.mjs").Member} old
 * @param {import("ts-mls").ResumptionPSKUsageName} usage
 * @param {import("../actors.mjs").Joiner} creator
 * @param {{ groupId: Uint8Array, extensions: import("ts-mls").Extension[] }} group
 * @param {{ packages: string[], force_path?: boolean, external_tree?: boolean }} request
 * @returns {Promise<object>} a CreateSubgroupResponse
 */
async function createSubgroup(old, usage, creator, group, request) {
  const { keyPackage: own, privateKeys, suite: cipherSuite } = creator;
  const place = { ...placeOf(old), suite: cipherSuite };
  const extraProposals = [
    ...request.packages.map((field) => add(keyPackage(field))),
    resumptionPsk(place, usage, place.groupContext.epoch),
  ];
  checkPath(request.force_path, extraProposals);
  const { groupId, extensions: list } = group;
  const { newState, welcome: made } = await createCommit(
    {
      state: await createGroup(groupId, own, privateKeys, list, cipherSuite, clientConfig),
      cipherSuite,
      pskIndex: pskIndex(old),
    },
    { extraProposals, ratchetTreeExtension: !request.external_tree },
  );
  const { encryptHandshake } = old;
  const id = addMember({ ...creator, encryptHandshake, state: newState });
  return {
    state_id: id,
    welcome: welcomeField(made),
    ratchet_tree: request.external_tree ? ratchetTreeField(newState.ratchetTree) : "",
    epoch_authenticator: epochAuthenticator(members.find(id)),
  };
}

/**
 * @param {import("../actors.mjs").Member} old
 * @param {import("../actors.mjs").Joiner} joiner
 * @param {any} request with a Welcome
 */
async function joinSubgroup(old, joiner, request) {
  const state = await joinGroup(
    welcome(request.welcome),
    joiner.keyPackage,
    joiner.privateKeys,
    pskIndex({ psks: { ...old.psks, ...joiner.psks }, state: old.state }),
    joiner.suite,
    ratchetTree(request.ratchet_tree),
    old.state,
    clientConfig,
  );
  const id = addMember({ ...joiner, encryptHandshake: old.encryptHandshake, state });
  return { state_id: id, epoch_authenticator: epochAuthenticator(members.find(id)) };
}

/**
 * @param {import("../actors.mjs").Member} member whose Commit of a ReInit has been applied
 * @returns {Promise<object>} a HandleReInitCommitResponse
 */
async function suspend(member) {
  const { groupActiveState: now } = member.state;
  if (now.kind !== "suspendedPendingReinit") throw invalid("the Commit held no ReInit proposal");
  const joiner = await freshJoiner(member.identity, await suite(now.reinit.cipherSuite));
  return {
    reinit_id: suspended.add({ member, reinit: now.reinit, joiner }),
    key_package: keyPackageField(joiner.keyPackage),
    epoch_authenticator: epochAuthenticator(member),
  };
}

export const ReInitCommit = (request) => commit(members.find(request.state_id), request);

export function HandlePendingReInitCommit(request) {
  const member = members.find(request.state_id);
  applyPending(member);
  return suspend(member);
}

export async function HandleReInitCommit(request) {
  const member = members.find(request.state_id);
  await process(member, request);
  return suspend(member);
}

export function ReInitWelcome(request) {
  const { member, joiner, reinit } = suspended.find(request.reinit_id);
  const packages = request.key_package ?? [];
  return createSubgroup(member, "reinit", joiner, reinit, { ...request, packages });
}

export function HandleReInitWelcome(request) {
  const { member, joiner } = suspended.find(request.reinit_id);
  return joinSubgroup(member, joiner, request);
}

export async function CreateBranch(request) {
  const old = members.find(request.state_id);
  const creator = await freshJoiner(old.identity, old.suite);
  const group = { groupId: bytes(request.group_id), extensions: extensions(request.extensions) };
  const packages = request.key_packages ?? [];
  return createSubgroup(old, "branch", creator, group, { ...request, packages });
}

export function HandleBranch(request) {
  const joiner = joiners.find(request.transaction_id);
  return joinSubgroup(members.find(request.state_id), joiner, request);
}
