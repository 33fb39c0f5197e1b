// Between the fields of requests, the bytes of MLS messages, and the objects of ts-mls.

import {
  bytesToBase64,
  decode,
  defaultExtensionTypes,
  encode,
  makeCustomExtension,
  mlsMessageDecoder,
  mlsMessageEncoder,
  protocolVersions,
  wireformats,
} from "ts-mls";
import {
  externalSenderDecoder,
  externalSenderEncoder,
  ratchetTreeDecoder,
  ratchetTreeEncoder,
  requiredCapabilitiesDecoder,
} from "./codecs.mjs";
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
 * @param {string} what for the error
 * @param {import("ts-mls").Decoder<T>} decoder
 * @param {Uint8Array} data
 * @returns {T}
 */
function understood(what, decoder, data) {
  const decoded = decode(decoder, data);
  if (decoded === undefined) {
    throw new CallError("ABORTED", `decode did not understand the ${what} and gave undefined`);
  }
  return decoded;
}

/**
 * What ts-mls calls a number.
 *
 * @param {Record<string, number>} names
 * @param {number} value
 */
export const nameIn = (names, value) => Object.keys(names).find((name) => names[name] === value);

/**
 * The MLSMessage in a field.
 *
 * @template {import("ts-mls").WireformatValue} F
 * @param {string} field
 * @param {F[]} formats those that make sense here
 * @returns {Extract<import("ts-mls").MlsMessage, { wireformat: F }>}
 */
export function message(field, ...formats) {
  const found = understood("MLSMessage", mlsMessageDecoder, bytes(field));
  if (!formats.some((format) => format === found.wireformat)) {
    const [got, ...wanted] = [found.wireformat, ...formats].map((each) =>
      nameIn(wireformats, each),
    );
    throw invalid(`got ${got} where ${wanted.join(" or ")} belongs`);
  }
  return /** @type {any} */ (found);
}

/** @param {string} field */
export const keyPackage = (field) => message(field, wireformats.mls_key_package).keyPackage;

/** @param {string} field */
export const welcome = (field) => message(field, wireformats.mls_welcome).welcome;

/** @param {string} field */
export const groupInfo = (field) => message(field, wireformats.mls_group_info).groupInfo;

/**
 * A field with a whole MLSMessage; empty where there is none.
 *
 * @param {import("ts-mls").MlsMessage} [found]
 */
export const messageField = (found) =>
  found === undefined ? "" : bytesToBase64(encode(mlsMessageEncoder, found));

const version = protocolVersions.mls10;

/** @param {import("ts-mls").KeyPackage} found */
export const keyPackageField = (found) =>
  messageField({ version, wireformat: wireformats.mls_key_package, keyPackage: found });

/** @param {import("ts-mls").GroupInfo} found */
export const groupInfoField = (found) =>
  messageField({ version, wireformat: wireformats.mls_group_info, groupInfo: found });

/** @param {import("ts-mls").PublicMessage} publicMessage */
export const publicMessageField = (publicMessage) =>
  messageField({ version, wireformat: wireformats.mls_public_message, publicMessage });

/** @param {Uint8Array} data */
const tree = (data) => understood("ratchet tree", ratchetTreeDecoder, data);

/**
 * The ratchet tree in a field, or undefined where the field is empty.
 *
 * @param {string} [field]
 */
export const ratchetTree = (field) => (field ? tree(bytes(field)) : undefined);

/** @param {import("ts-mls").RatchetTree} found */
export const ratchetTreeField = (found) => bytesToBase64(encode(ratchetTreeEncoder, found));

/**
 * The ratchet tree in a GroupInfo, if it is there.
 *
 * @param {import("ts-mls").GroupInfo} info
 */
export function ratchetTreeIn(info) {
  const found = info.extensions.find(
    ({ extensionType }) => extensionType === defaultExtensionTypes.ratchet_tree,
  );
  return found && tree(found.extensionData);
}

/** @param {Uint8Array} data */
const sender = (data) => understood("ExternalSender", externalSenderDecoder, data);

/** @param {string} field */
export const externalSender = (field) => sender(bytes(field));

/** @param {import("ts-mls").ExternalSender} found */
export const externalSenderField = (found) => bytesToBase64(encode(externalSenderEncoder, found));

/**
 * An extension of the GroupContext. ts-mls wants the data of those that the RFC names as objects.
 *
 * @param {{ extension_type: number, extension_data?: string }} field
 * @returns {import("ts-mls").GroupContextExtension}
 */
function extension({ extension_type: extensionType, extension_data: field }) {
  const data = bytes(field);
  switch (extensionType) {
    case defaultExtensionTypes.required_capabilities: {
      const found = understood("RequiredCapabilities", requiredCapabilitiesDecoder, data);
      return { extensionType, extensionData: found };
    }
    case defaultExtensionTypes.external_senders:
      return { extensionType, extensionData: sender(data) };
    default:
      return makeCustomExtension({ extensionType, extensionData: data });
  }
}

/**
 * Extensions of a request.
 *
 * @param {{ extension_type: number, extension_data?: string }[]} [fields]
 */
export const extensions = (fields = []) => fields.map(extension);
