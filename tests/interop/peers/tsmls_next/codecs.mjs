// Codecs that are in the package of ts-mls, and that its index does not export. Applications need
// them for what comes as bytes of its own: a ratchet tree beside a GroupInfo or Welcome, an
// ExternalSender, and the data of extensions.

const index = import.meta.resolve("ts-mls");

/** @param {string} file a module beside the index */
const inside = (file) => import(new URL(file, index).href);

/** @type {{ ratchetTreeDecoder: import("ts-mls").Decoder<import("ts-mls").RatchetTree>,
 *           ratchetTreeEncoder: import("ts-mls").Encoder<import("ts-mls").RatchetTree> }} */
export const { ratchetTreeDecoder, ratchetTreeEncoder } = await inside("./ratchetTree.js");

/** @type {{ externalSenderDecoder: import("ts-mls").Decoder<import("ts-mls").ExternalSender>,
 *           externalSenderEncoder: import("ts-mls").Encoder<import("ts-mls").ExternalSender> }} */
export const { externalSenderDecoder, externalSenderEncoder } = await inside("./externalSender.js");

/** @type {{ requiredCapabilitiesDecoder:
 *           import("ts-mls").Decoder<import("ts-mls").RequiredCapabilities> }} */
export const { requiredCapabilitiesDecoder } = await inside("./requiredCapabilities.js");
