// Groups that follow from a group: the successor after ReInit, and branches (RFC 9420, 11.2, 11.3).

import { isDeepStrictEqual } from "node:util";
import {
  branchGroup,
  joinGroupFromBranch,
  joinGroupFromReinit,
  reinitCreateNewGroup,
} from "ts-mls";
import {
  addMember,
  contextOf,
  epochAuthenticator,
  joiners,
  members,
  suspended,
} from "../actors.mjs";
import { applyPending, commit, process } from "../commits.mjs";
import { invalid, unimplemented } from "../errors.mjs";
import { freshJoiner } from "../identities.mjs";
import { suite, suiteName } from "../suites.mjs";
import {
  bytes,
  extensions,
  keyPackage,
  keyPackageField,
  messageField,
  ratchetTree,
  ratchetTreeField,
  welcome,
} from "../wire.mjs";

/**
 * Refuses what the two functions that make such groups do not offer.
 *
 * @param {{ force_path?: boolean, external_tree?: boolean }} request
 */
function checkFirstCommit({ force_path: path, external_tree: treeBeside }) {
  if (path) {
    throw unimplemented("reinitCreateNewGroup and branchGroup cannot be asked for an UpdatePath");
  }
  if (!treeBeside) {
    throw unimplemented(
      "reinitCreateNewGroup and branchGroup cannot put the ratchet tree into their Welcome",
    );
  }
}

/**
 * @param {import("../actors.mjs").Member} old
 * @param {import("../actors.mjs").Joiner} creator
 * @param {import("ts-mls").CreateCommitResult} made
 * @returns {object} a CreateSubgroupResponse
 */
function founded(old, creator, { newState, welcome: sent }) {
  const { encryptHandshake } = old;
  const id = addMember({ ...creator, encryptHandshake, state: newState });
  return {
    state_id: id,
    welcome: messageField(sent),
    ratchet_tree: ratchetTreeField(newState.ratchetTree),
    epoch_authenticator: epochAuthenticator(members.find(id)),
  };
}

/**
 * What joinGroupFromReinit and joinGroupFromBranch want alike.
 *
 * @param {import("../actors.mjs").Member} old
 * @param {import("../actors.mjs").Joiner} joiner
 * @param {any} request with a Welcome
 */
const invitation = (old, joiner, request) => ({
  context: contextOf({ ...joiner, psks: { ...old.psks, ...joiner.psks } }),
  welcome: welcome(request.welcome),
  keyPackage: joiner.keyPackage,
  privateKeyPackage: joiner.privateKeys,
  ratchetTree: ratchetTree(request.ratchet_tree),
});

/**
 * @param {import("../actors.mjs").Member} old
 * @param {import("../actors.mjs").Joiner} joiner
 * @param {import("ts-mls").ClientState} state
 * @returns {object} a JoinGroupResponse
 */
function joined(old, joiner, state) {
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

export async function ReInitWelcome(request) {
  checkFirstCommit(request);
  const { member, joiner, reinit } = suspended.find(request.reinit_id);
  const made = await reinitCreateNewGroup({
    context: contextOf(joiner),
    state: member.state,
    keyPackage: joiner.keyPackage,
    privateKeyPackage: joiner.privateKeys,
    memberKeyPackages: (request.key_package ?? []).map(keyPackage),
    groupId: reinit.groupId,
    cipherSuite: suiteName(reinit.cipherSuite),
    extensions: reinit.extensions,
  });
  return founded(member, joiner, made);
}

export async function HandleReInitWelcome(request) {
  const { member, joiner } = suspended.find(request.reinit_id);
  const state = await joinGroupFromReinit({
    ...invitation(member, joiner, request),
    suspendedState: member.state,
  });
  return joined(member, joiner, state);
}

export async function CreateBranch(request) {
  checkFirstCommit(request);
  const old = members.find(request.state_id);
  if (!isDeepStrictEqual(extensions(request.extensions), old.state.groupContext.extensions)) {
    throw unimplemented("branchGroup cannot give a branch other extensions than the group's");
  }
  const creator = await freshJoiner(old.identity, old.suite);
  const made = await branchGroup({
    context: contextOf(creator),
    state: old.state,
    keyPackage: creator.keyPackage,
    privateKeyPackage: creator.privateKeys,
    memberKeyPackages: (request.key_packages ?? []).map(keyPackage),
    newGroupId: bytes(request.group_id),
  });
  return founded(old, creator, made);
}

export async function HandleBranch(request) {
  const old = members.find(request.state_id);
  const joiner = joiners.find(request.transaction_id);
  const state = await joinGroupFromBranch({
    ...invitation(old, joiner, request),
    oldState: old.state,
  });
  return joined(old, joiner, state);
}
