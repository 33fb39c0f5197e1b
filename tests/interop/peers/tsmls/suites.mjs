// The cipher suites that ts-mls offers with its default crypto provider: those of RFC 9420, and its
// own with X-Wing. Its own with ML-KEM alone are left out: covey has no such suites.

import { ciphersuites, getCiphersuiteFromName, getCiphersuiteImpl } from "ts-mls";
import { invalid } from "./errors.mjs";

/** The code points of RFC 9420; those above are of ts-mls. */
const LAST_OF_RFC = 7;

/** @type {Map<number, import("ts-mls").CiphersuiteName>} */
const names = new Map(
  Object.entries(ciphersuites)
    .filter(([name, id]) => id <= LAST_OF_RFC || name.includes("XWING"))
    .map(([name, id]) => [id, /** @type {any} */ (name)]),
);

/** The code points offered. */
export const offered = [...names.keys()];

/**
 * @param {number} id a code point
 * @returns {import("ts-mls").CiphersuiteName}
 */
export function suiteName(id) {
  const name = names.get(id);
  if (name === undefined) throw invalid(`cipher suite ${id} is not offered`);
  return name;
}

/** @param {import("ts-mls").CiphersuiteName} name */
export const suiteId = (name) => ciphersuites[name];

/** @param {import("ts-mls").CiphersuiteName} name */
export const suite = (name) => getCiphersuiteImpl(getCiphersuiteFromName(name));
