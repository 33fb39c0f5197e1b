// What the stack is, and housekeeping: Name, SupportedCiphersuites, UseCertificate, Free.

import { readFileSync } from "node:fs";
import { members } from "../actors.mjs";
import { certify } from "../certificates.mjs";
import { offered, suiteName } from "../suites.mjs";
import { bytes } from "../wire.mjs";

const { name, version } = JSON.parse(
  readFileSync(new URL("../../package.json", import.meta.resolve("ts-mls")), "utf8"),
);

export const Name = () => ({ name: `${name} ${version}` });

export const SupportedCiphersuites = () => ({ ciphersuites: offered });

export function UseCertificate(request) {
  suiteName(request.cipher_suite);
  certify(bytes(request.identity), request.cipher_suite, request);
}

export const Free = (request) => members.free(request.state_id);
