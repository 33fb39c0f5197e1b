// Ways to become a member: CreateGroup, CreateKeyPackage, JoinGroup, ExternalJoin.

import { createGroup, joinGroup, joinGroupExternal } from "ts-mls";
import { addMember, epochAuthenticator, joiners, members, pskIndex } from "../actors.mjs";
import { unimplemented } from "../errors.mjs";
import { bareSignatureKey, clientConfig, freshJoiner } from "../identities.mjs";
import { suite, suiteName } from "../suites.mjs";
import {
  base64,
  bytes,
  groupInfo,
  keyPackageField,
  messageField,
  ratchetTree,
  welcome,
} from "../wire.mjs";

export async function CreateGroup(request) {
  const cipherSuite = await suite(suiteName(request.cipher_suite));
  const creator = await freshJoiner(bytes(request.identity), cipherSuite);
  const state = await createGroup(
    bytes(request.group_id),
    creator.keyPackage,
    creator.privateKeys,
    [],
    cipherSuite,
    clientConfig,
  );
  return {
    state_id: addMember({ ...creator, encryptHandshake: request.encrypt_handshake, state }),
  };
}

export async function CreateKeyPackage(request) {
  const cipherSuite = await suite(suiteName(request.cipher_suite));
  const joiner = await freshJoiner(bytes(request.identity), cipherSuite);
  const { initPrivateKey, hpkePrivateKey, signaturePrivateKey } = joiner.privateKeys;
  return {
    transaction_id: joiners.add(joiner),
    key_package: keyPackageField(joiner.keyPackage),
    init_priv: base64(initPrivateKey),
    encryption_priv: base64(hpkePrivateKey),
    signature_priv: base64(bareSignatureKey(signaturePrivateKey)),
  };
}

export async function JoinGroup(request) {
  const joiner = joiners.find(request.transaction_id);
  const state = await joinGroup(
    welcome(request.welcome),
    joiner.keyPackage,
    joiner.privateKeys,
    pskIndex(joiner),
    joiner.suite,
    ratchetTree(request.ratchet_tree),
    undefined,
    clientConfig,
  );
  const id = addMember({ ...joiner, encryptHandshake: request.encrypt_handshake, state });
  return { state_id: id, epoch_authenticator: epochAuthenticator(members.find(id)) };
}

export async function ExternalJoin(request) {
  if (request.psks?.length) {
    throw unimplemented(
      "joinGroupExternal takes no PSKs: its Commit is ExternalInit and Remove only",
    );
  }
  const info = groupInfo(request.group_info);
  const joiner = await freshJoiner(
    bytes(request.identity),
    await suite(info.groupContext.cipherSuite),
  );
  const { publicMessage, newState } = await joinGroupExternal(
    info,
    joiner.keyPackage,
    joiner.privateKeys,
    request.remove_prior ?? false,
    joiner.suite,
    ratchetTree(request.ratchet_tree),
    clientConfig,
  );
  const id = addMember({ ...joiner, encryptHandshake: request.encrypt_handshake, state: newState });
  return {
    state_id: id,
    commit: messageField({ wireformat: "mls_public_message", publicMessage }),
    epoch_authenticator: epochAuthenticator(members.find(id)),
  };
}
