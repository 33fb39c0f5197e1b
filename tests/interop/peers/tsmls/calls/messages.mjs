// Application messages: Protect, Unprotect.

import { createApplicationMessage, processPrivateMessage } from "ts-mls";
import { members, pskIndex } from "../actors.mjs";
import { invalid } from "../errors.mjs";
import { base64, bytes, message, messageField } from "../wire.mjs";

export async function Protect(request) {
  const member = members.find(request.state_id);
  const { newState, privateMessage } = await createApplicationMessage(
    member.state,
    bytes(request.plaintext),
    member.suite,
    bytes(request.authenticated_data),
  );
  member.state = newState;
  return { ciphertext: messageField({ wireformat: "mls_private_message", privateMessage }) };
}

export async function Unprotect(request) {
  const member = members.find(request.state_id);
  const { privateMessage } = message(request.ciphertext, "mls_private_message");
  const result = await processPrivateMessage(
    member.state,
    privateMessage,
    pskIndex(member),
    member.suite,
  );
  if (result.kind !== "applicationMessage") {
    throw invalid(`got a ${privateMessage.contentType} where application data belongs`);
  }
  member.state = result.newState;
  return {
    authenticated_data: base64(privateMessage.authenticatedData),
    plaintext: base64(result.message),
  };
}
