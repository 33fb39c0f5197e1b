// Commit, HandlePendingCommit, HandleCommit.

import { epochAuthenticator, members } from "../actors.mjs";
import { applyPending, commit, process } from "../commits.mjs";

export const Commit = (request) => commit(members.find(request.state_id), request);

export function HandlePendingCommit(request) {
  const member = members.find(request.state_id);
  applyPending(member);
  return { state_id: request.state_id, epoch_authenticator: epochAuthenticator(member) };
}

export async function HandleCommit(request) {
  const member = members.find(request.state_id);
  await process(member, request);
  // Who was removed does not get the secrets of the new epoch.
  const removed = member.state.groupActiveState.kind === "removedFromGroup";
  return {
    state_id: request.state_id,
    epoch_authenticator: removed ? "" : epochAuthenticator(member),
  };
}
