// X.509 credentials. ts-mls carries them and leaves every judgement to the application: here the
// chain must end at a trusted root, and the leaf's key must be the signature key (RFC 9420, 5.3).

import { X509Certificate } from "node:crypto";
import { invalid } from "./errors.mjs";
import { base64, bytes } from "./wire.mjs";

/** @typedef {{ credential: import("ts-mls").CredentialX509,
 *              keys: { signKey: Uint8Array, publicKey: Uint8Array } }} Certified */

/** @type {Map<string, Certified>} by suite and identity */
const certified = new Map();

/** @type {Map<string, X509Certificate>} trusted roots, by their encoding */
const roots = new Map();

/**
 * @param {Uint8Array} identity
 * @param {number} suite
 */
const place = (identity, suite) => `${suite} ${base64(identity)}`;

/** @param {X509Certificate} certificate */
function signatureKey(certificate) {
  const { x, y } = certificate.publicKey.export({ format: "jwk" });
  const [left, right] = [x, y].map((part) => Buffer.from(part ?? "", "base64url"));
  return new Uint8Array(y === undefined ? left : Buffer.concat([Buffer.of(4), left, right]));
}

/**
 * @param {X509Certificate} certificate
 * @param {X509Certificate} issuer
 */
const issued = (certificate, issuer) =>
  issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);

/** @param {import("ts-mls").CredentialX509} credential */
const chainOf = ({ certificates }) => certificates.map((der) => new X509Certificate(der));

/**
 * From now on `identity` uses this certificate under `suite`.
 *
 * @param {Uint8Array} identity
 * @param {number} suite
 * @param {{ certificates: string[], roots?: string[], signature_priv: string }} request
 */
export function certify(identity, suite, request) {
  const certificates = (request.certificates ?? []).map(bytes);
  if (certificates.length === 0) throw invalid("certificates is empty");
  for (const root of request.roots ?? []) roots.set(root, new X509Certificate(bytes(root)));
  certified.set(place(identity, suite), {
    credential: { credentialType: "x509", certificates },
    keys: {
      signKey: bytes(request.signature_priv),
      publicKey: signatureKey(new X509Certificate(certificates[0])),
    },
  });
}

/**
 * @param {Uint8Array} identity
 * @param {number} suite
 */
export const certificateOf = (identity, suite) => certified.get(place(identity, suite));

/**
 * The subject's Common Name of the end entity.
 *
 * @param {import("ts-mls").CredentialX509} credential
 */
export function commonName(credential) {
  const { CN } = chainOf(credential)[0].toLegacyObject().subject;
  return new TextEncoder().encode(String(CN ?? ""));
}

/**
 * @param {import("ts-mls").CredentialX509} credential
 * @param {Uint8Array} key the signature key that stands beside it
 */
export function isTrusted(credential, key) {
  const chain = chainOf(credential);
  const top = chain.at(-1);
  return (
    top !== undefined &&
    Buffer.from(signatureKey(chain[0])).equals(key) &&
    chain.slice(1).every((issuer, below) => issued(chain[below], issuer)) &&
    [...roots.values()].some((root) => issued(top, root))
  );
}
