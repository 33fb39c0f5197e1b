// How clients of this harness present themselves, and what they think of others: credentials,
// KeyPackages, and the configuration that ts-mls asks of an application.

import {
  defaultCapabilities,
  defaultCredentialTypes,
  defaultKeyRetentionConfig,
  defaultLifetimeConfig,
  defaultPaddingConfig,
  generateKeyPackage,
  generateKeyPackageWithKey,
  isDefaultCredential,
  nodeTypes,
} from "ts-mls";
import { certificateOf, commonName, isTrusted } from "./certificates.mjs";
import { invalid } from "./errors.mjs";

/** An extension type for private use, declared so that a GroupContext may hold it. */
const UNKNOWN_EXTENSION = 0xf0a0;

/** Epochs whose messages and resumption PSKs are kept. */
const PAST_EPOCHS = 16;

/** A PKCS #8 document of an Ed25519 key ends with its 32 bytes. */
const ED25519_PKCS8 = { length: 48, seedAt: 16 };

/**
 * @param {import("ts-mls").Credential} credential
 * @returns {Uint8Array}
 */
function identityOf(credential) {
  if (!isDefaultCredential(credential)) return new Uint8Array();
  return credential.credentialType === defaultCredentialTypes.basic
    ? credential.identity
    : commonName(credential);
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
};

/** @type {import("ts-mls").AuthenticationService} */
export const authService = {
  validateCredential: async (credential, signaturePublicKey) =>
    !isDefaultCredential(credential) ||
    credential.credentialType !== defaultCredentialTypes.x509 ||
    isTrusted(credential, signaturePublicKey),
};

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
  const certified = certificateOf(identity, suite.id);
  const made = certified
    ? generateKeyPackageWithKey({
        credential: certified.credential,
        capabilities,
        signatureKeyPair: certified.keys,
        cipherSuite: suite,
      })
    : generateKeyPackage({
        credential: { credentialType: defaultCredentialTypes.basic, identity },
        capabilities,
        cipherSuite: suite,
      });
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
      found?.nodeType === nodeTypes.leaf &&
      Buffer.from(identityOf(found.leaf.credential)).equals(identity),
  );
  if (node < 0) throw invalid(`no member has the identity ${Buffer.from(identity)}`);
  return node / 2;
}
