// How clients of this harness present themselves, and what they think of others: credentials,
// KeyPackages, and the configuration that ts-mls asks of an application.

import {
  defaultCapabilities,
  defaultKeyRetentionConfig,
  defaultLifetimeConfig,
  defaultPaddingConfig,
  generateKeyPackage,
  generateKeyPackageWithKey,
} from "ts-mls";
import { certificateOf, commonName, isTrusted } from "./certificates.mjs";
import { invalid } from "./errors.mjs";
import { suiteId } from "./suites.mjs";

/** An extension type for private use, declared so that a GroupContext may hold it. */
const UNKNOWN_EXTENSION = 0xf0a0;

/** Epochs whose messages and resumption PSKs are kept. */
const PAST_EPOCHS = 16;

/** Seconds by which clocks may differ. */
const CLOCK_SKEW = 3600n;

/** A PKCS #8 document of an Ed25519 key ends with its 32 bytes. */
const ED25519_PKCS8 = { length: 48, seedAt: 16 };

/**
 * @param {import("ts-mls").Credential} credential
 * @returns {Uint8Array}
 */
function identityOf(credential) {
  if (credential.credentialType === "basic") return credential.identity;
  if (credential.credentialType === "x509") return commonName(credential);
  return new Uint8Array();
}

/**
 * @param {import("ts-mls").LeafNode} a
 * @param {import("ts-mls").LeafNode} b
 */
const sameClient = (a, b) => Buffer.from(identityOf(a.credential)).equals(identityOf(b.credential));

/** @type {import("ts-mls").ClientConfig} */
export const clientConfig = {
  keyRetentionConfig: { ...defaultKeyRetentionConfig, retainKeysForEpochs: PAST_EPOCHS },
  lifetimeConfig: defaultLifetimeConfig,
  paddingConfig: defaultPaddingConfig,
  keyPackageEqualityConfig: {
    compareKeyPackages: (a, b) => sameClient(a.leafNode, b.leafNode),
    compareKeyPackageToLeafNode: (a, leafNode) => sameClient(a.leafNode, leafNode),
  },
  authService: {
    validateCredential: async (credential, signaturePublicKey) =>
      credential.credentialType !== "x509" || isTrusted(credential, signaturePublicKey),
  },
};

/**
 * As long as the default configuration of ts-mls accepts. Its `defaultLifetime` is endless, which
 * applications that have the maximum that RFC 9420, 7.2 requires cannot accept.
 *
 * @returns {import("ts-mls").Lifetime}
 */
function lifetime() {
  const notBefore = BigInt(Math.floor(Date.now() / 1000)) - CLOCK_SKEW;
  return { notBefore, notAfter: notBefore + defaultLifetimeConfig.maximumTotalLifetime };
}

/**
 * A fresh KeyPackage; with the certificate that was given for this identity and suite, if any.
 *
 * @param {Uint8Array} identity
 * @param {import("ts-mls").CiphersuiteImpl} suite
 * @returns {Promise<import("./actors.mjs").Joiner>}
 */
export async function freshJoiner(identity, suite) {
  const known = defaultCapabilities();
  const capabilities = { ...known, extensions: [...known.extensions, UNKNOWN_EXTENSION] };
  const certified = certificateOf(identity, suiteId(suite.name));
  const made = certified
    ? generateKeyPackageWithKey(
        certified.credential,
        capabilities,
        lifetime(),
        [],
        certified.keys,
        suite,
      )
    : generateKeyPackage(
        { credentialType: "basic", identity },
        capabilities,
        lifetime(),
        [],
        suite,
      );
  const { publicPackage, privatePackage } = await made;
  return { identity, suite, keyPackage: publicPackage, privateKeys: privatePackage, psks: {} };
}

/**
 * The signature key as the interop service knows it: Ed25519 keys are their seed.
 *
 * @param {Uint8Array} signKey
 */
export const bareSignatureKey = (signKey) =>
  signKey.length === ED25519_PKCS8.length ? signKey.subarray(ED25519_PKCS8.seedAt) : signKey;

/**
 * The leaf index of the member with an identity.
 *
 * @param {import("ts-mls").RatchetTree} tree
 * @param {Uint8Array} identity
 */
export function leafOf(tree, identity) {
  const node = tree.findIndex(
    (found) =>
      found?.nodeType === "leaf" && Buffer.from(identityOf(found.leaf.credential)).equals(identity),
  );
  if (node < 0) throw invalid(`no member has the identity ${Buffer.from(identity)}`);
  return node / 2;
}
