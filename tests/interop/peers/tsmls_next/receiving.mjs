// Handshake messages of others, public and private.

import { contentTypes, processPrivateMessage, processPublicMessage, wireformats } from "ts-mls";
import { contextOf } from "./actors.mjs";
import { invalid } from "./errors.mjs";
import { message, nameIn } from "./wire.mjs";

/**
 * Has ts-mls process a proposal or a Commit. Not by its `processMessage`, which loses the external
 * PSKs for private messages.
 *
 * @param {import("./actors.mjs").Member} member
 * @param {import("ts-mls").ClientState} state of the member, with the proposals that count
 * @param {string} field
 * @param {"proposal" | "commit"} wanted what the message has to be
 */
export async function received(member, state, field, wanted) {
  const { mls_public_message, mls_private_message } = wireformats;
  const found = message(field, mls_public_message, mls_private_message);
  const isPrivate = found.wireformat === mls_private_message;
  const { contentType } = isPrivate ? found.privateMessage : found.publicMessage.content;
  if (contentType !== contentTypes[wanted]) {
    throw invalid(`got ${nameIn(contentTypes, contentType)} where a ${wanted} belongs`);
  }
  const context = contextOf(member);
  const { newState } = isPrivate
    ? await processPrivateMessage({ context, state, privateMessage: found.privateMessage })
    : await processPublicMessage({ context, state, publicMessage: found.publicMessage });
  return newState;
}
