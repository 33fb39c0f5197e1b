// What a member's state tells and takes: GroupInfo, StateAuth, Export, StorePSK.

import {
  createGroupInfoWithExternalPub,
  createGroupInfoWithExternalPubAndRatchetTree,
  mlsExporter,
} from "ts-mls";
import { epochAuthenticator, joiners, members, psk } from "../actors.mjs";
import { base64, bytes, groupInfoField, ratchetTreeField } from "../wire.mjs";

export async function GroupInfo(request) {
  const { state, suite } = members.find(request.state_id);
  const make = request.external_tree
    ? createGroupInfoWithExternalPub
    : createGroupInfoWithExternalPubAndRatchetTree;
  return {
    group_info: groupInfoField(await make(state, [], suite)),
    ratchet_tree: request.external_tree ? ratchetTreeField(state.ratchetTree) : "",
  };
}

export const StateAuth = (request) => ({
  state_auth_secret: epochAuthenticator(members.find(request.state_id)),
});

export async function Export(request) {
  const { state, suite } = members.find(request.state_id);
  const secret = await mlsExporter(
    state.keySchedule.exporterSecret,
    request.label ?? "",
    bytes(request.context),
    request.key_length ?? 0,
    suite,
  );
  return { exported_secret: base64(secret) };
}

export function StorePSK(request) {
  const id = request.state_or_transaction_id;
  const actor = joiners.has(id) ? joiners.find(id) : members.find(id);
  Object.assign(actor.psks, psk(request));
}
