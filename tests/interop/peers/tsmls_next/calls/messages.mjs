// Application messages: Protect, Unprotect.

import { contentTypes, createApplicationMessage, processPrivateMessage, wireformats } from "ts-mls";
import { contextOf, members } from "../actors.mjs";
import { invalid } from "../errors.mjs";
import { base64, bytes, message, messageField, nameIn } from "../wire.mjs";

export async function Protect(request) {
  const member = members.find(request.state_id);
  const made = await createApplicationMessage({
    context: contextOf(member),
    state: member.state,
    message: bytes(request.plaintext),
    authenticatedData: bytes(request.authenticated_data),
  });
  member.state = made.newState;
  return { ciphertext: messageField(made.message) };
}

export async function Unprotect(request) {
  const member = members.find(request.state_id);
  const { privateMessage } = message(request.ciphertext, wireformats.mls_private_message);
  const result = await processPrivateMessage({
    context: contextOf(member),
    state: member.state,
    privateMessage,
  });
  if (result.kind !== "applicationMessage") {
    const got = nameIn(contentTypes, privateMessage.contentType);
    throw invalid(`got a ${got} where application data belongs`);
  }
  member.state = result.newState;
  return { authenticated_data: base64(result.aad), plaintext: base64(result.message) };
}
