// Between the fields of requests, the bytes of MLS messages, and the objects of ts-mls.

import { bytesToBase64, decodeMlsMessage, defaultExtensionTypes, encodeMlsMessage } from "ts-mls";
import { decodeRatchetTree, encodeRatchetTree } from "ts-mls/ratchetTree.js";
import { CallError, invalid } from "./errors.mjs";

/**
 * The bytes of a field; an absent one is empty.
 *
 * @param {string} [field] standard base64
 */
export const bytes = (field = "") => new Uint8Array(Buffer.from(field, "base64"));

export { bytesToBase64 as base64 };

/**
 * @template T
 * @param {string} decoder its name
 * @param {[T, number] | undefined} decoded what a decoder of ts-mls answered
 * @returns {T}
 */
export function understood(decoder, decoded) {
  if (decoded === undefined) {
    throw new CallError("ABORTED", `${decoder} did not understand the bytes and gave undefined`);
  }
  return decoded[0];
}

/**
 * The MLSMessage in a field.
 *
 * @template {import("ts-mls").MLSMessage["wireformat"]} F
 * @param {string} field
 * @param {F[]} formats those that make sense here
 * @returns {Extract<import("ts-mls").MLSMessage, { wireformat: F }>}
 */
export function message(field, ...formats) {
  const found = understood("decodeMlsMessage", decodeMlsMessage(bytes(field), 0));
  if (!formats.some((format) => format === found.wireformat)) {
    throw invalid(`got ${found.wireformat} where ${formats.join(" or ")} belongs`);
  }
  return /** @type {any} */ (found);
}

/** @param {string} field */
export const keyPackage = (field) => message(field, "mls_key_package").keyPackage;

/** @param {string} field */
export const welcome = (field) => message(field, "mls_welcome").welcome;

/** @param {string} field */
export const groupInfo = (field) => message(field, "mls_group_info").groupInfo;

/**
 * The ratchet tree in a field, or undefined where the field is empty.
 *
 * @param {string} [field]
 */
export const ratchetTree = (field) =>
  field ? understood("decodeRatchetTree", decodeRatchetTree(bytes(field), 0)) : undefined;

/** @param {import("ts-mls").RatchetTree} tree */
export const ratchetTreeField = (tree) => bytesToBase64(encodeRatchetTree(tree));

/** @param {object} content an MLSMessage without its version */
export const messageField = (content) =>
  bytesToBase64(encodeMlsMessage({ version: "mls10", ...content }));

/** @param {import("ts-mls").KeyPackage} found */
export const keyPackageField = (found) =>
  messageField({ wireformat: "mls_key_package", keyPackage: found });

/** @param {import("ts-mls").Welcome | undefined} found nobody was added: no Welcome */
export const welcomeField = (found) =>
  found === undefined ? "" : messageField({ wireformat: "mls_welcome", welcome: found });

/** @type {Map<number, import("ts-mls").DefaultExtensionTypeName>} */
const extensionNames = new Map(
  Object.entries(defaultExtensionTypes).map(([name, type]) => [type, /** @type {any} */ (name)]),
);

/**
 * Extensions of a request. ts-mls calls the types of the RFC by name, others by number.
 *
 * @param {{ extension_type: number, extension_data?: string }[]} [fields]
 * @returns {import("ts-mls").Extension[]}
 */
export function extensions(fields = []) {
  return fields.map(({ extension_type: type, extension_data: data }) => ({
    extensionType: extensionNames.get(type) ?? type,
    extensionData: bytes(data),
  }));
}
