// Handshake messages of others, public and private.

import { processPrivateMessage, processPublicMessage } from "ts-mls";
import { pskIndex } from "./actors.mjs";
import { invalid } from "./errors.mjs";
import { message } from "./wire.mjs";

/**
 * Has ts-mls process a proposal or a Commit. Not by its `processMessage`, which finds no PSKs for
 * private messages.
 *
 * @param {import("./actors.mjs").Member} member
 * @param {import("ts-mls").ClientState} state of the member, with the proposals that count
 * @param {string} field
 * @param {"proposal" | "commit"} contentType what the message has to be
 */
export async function received({ psks, suite }, state, field, contentType) {
  const found = message(field, "mls_public_message", "mls_private_message");
  const isPrivate = found.wireformat === "mls_private_message";
  const content = isPrivate ? found.privateMessage : found.publicMessage.content;
  if (content.contentType !== contentType) {
    throw invalid(`got ${content.contentType} where a ${contentType} belongs`);
  }
  const index = pskIndex({ psks, state });
  const { newState } = isPrivate
    ? await processPrivateMessage(state, found.privateMessage, index, suite)
    : await processPublicMessage(state, found.publicMessage, index, suite);
  return newState;
}
