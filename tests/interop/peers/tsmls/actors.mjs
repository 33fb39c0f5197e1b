// Who acts in this process: members, joiners with a KeyPackage, suspended groups, external signers.
// Each is a value of its own under an integer; they share nothing.

import { makePskIndex } from "ts-mls";
import { invalid } from "./errors.mjs";
import { base64, bytes } from "./wire.mjs";

/**
 * A KeyPackage with its private keys, and what its owner knows.
 *
 * @typedef {object} Joiner
 * @property {Uint8Array} identity
 * @property {import("ts-mls").CiphersuiteImpl} suite
 * @property {import("ts-mls").KeyPackage} keyPackage
 * @property {import("ts-mls").PrivateKeyPackage} privateKeys
 * @property {Record<string, Uint8Array>} psks external PSKs by their id in base64
 */

/**
 * A member of a group.
 *
 * @typedef {object} Member
 * @property {Uint8Array} identity
 * @property {import("ts-mls").CiphersuiteImpl} suite
 * @property {import("ts-mls").ClientState} state never holds proposals, see `proposals`
 * @property {boolean} encryptHandshake
 * @property {Record<string, Uint8Array>} psks external PSKs by their id in base64
 * @property {Map<string, import("ts-mls").UnappliedProposals>} proposals those of this epoch that
 *   were made or read, by their message in base64: a private message can be read only once
 * @property {import("ts-mls").ClientState} [pending] the next epoch, by the own Commit
 */

/**
 * A member whose group waits for its successor.
 *
 * @typedef {object} Suspended
 * @property {Member} member
 * @property {import("ts-mls").Reinit} reinit
 * @property {Joiner} joiner the KeyPackage for the successor
 */

/**
 * A sender that is no member.
 *
 * @typedef {object} Signer
 * @property {import("ts-mls").CiphersuiteImpl} suite
 * @property {{ signKey: Uint8Array, publicKey: Uint8Array }} keys
 */

/** @template T */
class Table {
  static #next = 1;
  /** @type {Map<number, T>} */
  #rows = new Map();

  /** @param {string} what the field that holds its ids */
  constructor(what) {
    this.what = what;
  }

  /**
   * @param {T} row
   * @returns {number} an id that no other table uses
   */
  add(row) {
    const id = Table.#next++;
    this.#rows.set(id, row);
    return id;
  }

  /** @param {number} id */
  has(id) {
    return this.#rows.has(id);
  }

  /** @param {number} [id] */
  find(id = 0) {
    const row = this.#rows.get(id);
    if (row === undefined) throw invalid(`unknown ${this.what} ${id}`);
    return row;
  }

  /** @param {number} id */
  free(id) {
    this.find(id);
    this.#rows.delete(id);
  }
}

/** @type {Table<Joiner>} */
export const joiners = new Table("transaction_id");
/** @type {Table<Member>} */
export const members = new Table("state_id");
/** @type {Table<Suspended>} */
export const suspended = new Table("reinit_id");
/** @type {Table<Signer>} */
export const signers = new Table("signer_id");

/**
 * @param {Omit<Member, "proposals" | "encryptHandshake"> & { encryptHandshake?: boolean }} known
 * @returns {number} the new member's state_id
 */
export const addMember = (known) =>
  members.add({ encryptHandshake: false, ...known, proposals: new Map() });

/**
 * The PSKs that somebody can look up: external ones, and the resumption PSKs of the epochs kept.
 *
 * @param {{ psks: Record<string, Uint8Array>, state?: import("ts-mls").ClientState }} actor
 */
export const pskIndex = ({ psks, state }) => makePskIndex(state, psks);

/**
 * External PSKs of a request.
 *
 * @param {{ psk_id: string, psk_secret: string }} field
 * @returns {Record<string, Uint8Array>}
 */
export const psk = ({ psk_id: id, psk_secret: secret }) => ({ [base64(bytes(id))]: bytes(secret) });

/**
 * Moves a member to the next epoch; proposals and a pending Commit belong to the last one.
 *
 * @param {Member} member
 * @param {import("ts-mls").ClientState} state
 */
export function advance(member, state) {
  member.state = { ...state, unappliedProposals: {} };
  member.proposals.clear();
  member.pending = undefined;
}

/** @param {Member} member */
export const epochAuthenticator = ({ state }) => base64(state.keySchedule.epochAuthenticator);
