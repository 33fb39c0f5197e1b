// The harness of ts-mls 2: what a group needs to live, of the calls of the interop service. It is
// there for the suites with X-Wing; the harness of ts-mls 1 offers all calls.

import { readFileSync } from "node:fs";
import process from "node:process";
import { createInterface } from "node:readline";
import * as mls from "ts-mls";

const { name, version } = JSON.parse(
  readFileSync(new URL("../../package.json", import.meta.resolve("ts-mls")), "utf8"),
);
const HOUR = 3600n;
const DAYS_30 = 30n * 24n * HOUR;
const XWING = new Map(
  Object.entries(mls.ciphersuites)
    .filter(([suite]) => suite.includes("XWING"))
    .map(([suite, id]) => [id, suite]),
);

const bytes = (field = "") => new Uint8Array(Buffer.from(field, "base64"));
const text = (octets) => Buffer.from(octets).toString("base64");
const decoded = (field) => mls.decode(mls.mlsMessageDecoder, bytes(field));
const encoded = (message) => text(mls.encode(mls.mlsMessageEncoder, message));
const wrapped = (wireformat, content) =>
  encoded({ version: mls.protocolVersions.mls10, wireformat, ...content });

const actors = new Map(); // joiners and members, by the number that the caller knows them by
let last = 0;

function keep(actor) {
  actors.set(++last, actor);
  return last;
}

async function fresh({ cipher_suite: id, identity }) {
  const suite = XWING.get(id);
  if (suite === undefined) throw new Error(`cipher suite ${id} is not offered`);
  const cipherSuite = await mls.getCiphersuiteImpl(suite);
  const now = BigInt(Math.floor(Date.now() / 1000));
  const { publicPackage: keyPackage, privatePackage: privateKeys } = await mls.generateKeyPackage({
    credential: {
      credentialType: mls.defaultCredentialTypes.basic,
      identity: bytes(identity),
    },
    cipherSuite,
    lifetime: { notBefore: now - HOUR, notAfter: now + DAYS_30 },
  });
  // Who they are is nothing that a test of suites asks about.
  const context = { cipherSuite, authService: mls.unsafeTestingAuthenticationService };
  return { context, keyPackage, privateKeys };
}

function proposal({ proposal_type: type, key_package: field }) {
  if (Buffer.from(bytes(type)).toString() !== "add") throw unoffered("a proposal but Add");
  const { keyPackage } = decoded(field);
  return { proposalType: mls.defaultProposalTypes.add, add: { keyPackage } };
}

const unoffered = (what) => Object.assign(new Error(`there is no ${what} here`), { unoffered: true });

const authenticator = ({ state }) => text(state.keySchedule.epochAuthenticator);

async function received(member, field) {
  const { context, state } = member;
  const made = await mls.processMessage({ context, state, message: decoded(field) });
  member.state = made.newState;
  return made;
}

const calls = {
  Name: () => ({ name: `${name} ${version}` }),
  SupportedCiphersuites: () => ({ ciphersuites: [...XWING.keys()] }),
  async CreateGroup(request) {
    const { context, keyPackage, privateKeys } = await fresh(request);
    const state = await mls.createGroup({
      context,
      groupId: bytes(request.group_id),
      keyPackage,
      privateKeyPackage: privateKeys,
    });
    return { state_id: keep({ context, state, encrypt: request.encrypt_handshake }) };
  },
  async CreateKeyPackage(request) {
    const joiner = await fresh(request);
    const wireformat = mls.wireformats.mls_key_package;
    return {
      transaction_id: keep(joiner),
      key_package: wrapped(wireformat, { keyPackage: joiner.keyPackage }),
    };
  },
  async JoinGroup(request) {
    const { welcome } = decoded(request.welcome);
    const { context, ...own } = actors.get(request.transaction_id);
    const member = { context, encrypt: request.encrypt_handshake };
    member.state = await mls.joinGroup({ context, welcome, ...own });
    return { state_id: keep(member), epoch_authenticator: authenticator(member) };
  },
  async Commit({ state_id: id, by_reference: referenced, by_value: values, external_tree: apart }) {
    const member = actors.get(id);
    if (referenced?.length || apart) throw unoffered("commit of that kind");
    const made = await mls.createCommit({
      context: member.context,
      state: member.state,
      wireAsPublicMessage: !member.encrypt,
      extraProposals: (values ?? []).map(proposal),
      ratchetTreeExtension: true,
    });
    member.pending = made.newState;
    return { commit: encoded(made.commit), welcome: made.welcome ? encoded(made.welcome) : "" };
  },
  HandlePendingCommit({ state_id: id }) {
    const member = actors.get(id);
    member.state = member.pending;
    return { state_id: id, epoch_authenticator: authenticator(member) };
  },
  async HandleCommit({ state_id: id, commit }) {
    await received(actors.get(id), commit);
    return { state_id: id, epoch_authenticator: authenticator(actors.get(id)) };
  },
  async Protect({ state_id: id, authenticated_data: beside, plaintext }) {
    const member = actors.get(id);
    const made = await mls.createApplicationMessage({
      context: member.context,
      state: member.state,
      message: bytes(plaintext),
      authenticatedData: bytes(beside),
    });
    member.state = made.newState;
    return { ciphertext: encoded(made.message) };
  },
  async Unprotect({ state_id: id, ciphertext }) {
    const { message, aad } = await received(actors.get(id), ciphertext);
    return { plaintext: text(message), authenticated_data: text(aad) };
  },
  async GroupInfo({ state_id: id }) {
    const { context, state } = actors.get(id);
    const make = mls.createGroupInfoWithExternalPubAndRatchetTree;
    const groupInfo = await make(state, [], context.cipherSuite);
    return { group_info: wrapped(mls.wireformats.mls_group_info, { groupInfo }) };
  },
  StateAuth: ({ state_id: id }) => ({ state_auth_secret: authenticator(actors.get(id)) }),
  async Export({ state_id: id, label = "", context: about, key_length: length }) {
    const { context, state } = actors.get(id);
    const { exporterSecret } = state.keySchedule;
    const { cipherSuite } = context;
    const secret = await mls.mlsExporter(exporterSecret, label, bytes(about), length, cipherSuite);
    return { exported_secret: text(secret) };
  },
  Free({ state_id: id }) {
    actors.delete(id);
  },
};

async function answer(line) {
  try {
    const { call, request = {} } = JSON.parse(line);
    if (!Object.hasOwn(calls, call)) throw unoffered(call);
    return { response: (await calls[call](request)) ?? {} };
  } catch (error) {
    const code = error.unoffered ? "UNIMPLEMENTED" : "ABORTED";
    return { error: { code, message: String(error) } };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await answer(line))}\n`);
}
