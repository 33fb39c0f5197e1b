// Ways to become a member: CreateGroup, CreateKeyPackage, JoinGroup, ExternalJoin.

import { createGroup, joinGroup, joinGroupExternal } from "ts-mls";
import { addMember, contextOf, epochAuthenticator, joiners, members } from "../actors.mjs";
import { unimplemented } from "../errors.mjs";
import { bareSignatureKey, freshJoiner } from "../identities.mjs";
import { suite } from "../suites.mjs";
import {
  base64,
  bytes,
  groupInfo,
  keyPackageField,
  publicMessageField,
  ratchetTree,
  welcome,
} from "../wire.mjs";

export async function CreateGroup(request) {
  const creator = await freshJoiner(bytes(request.identity), await suite(request.cipher_suite));
  const state = await createGroup({
    context: contextOf(creator),
    groupId: bytes(request.group_id),
    keyPackage: creator.keyPackage,
    privateKeyPackage: creator.privateKeys,
  });
  return {
    state_id: addMember({ ...creator, encryptHandshake: request.encrypt_handshake, state }),
  };
}

export async function CreateKeyPackage(request) {
  const joiner = await freshJoiner(bytes(request.identity), await suite(request.cipher_suite));
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
  const state = await joinGroup({
    context: contextOf(joiner),
    welcome: welcome(request.welcome),
    keyPackage: joiner.keyPackage,
    privateKeys: joiner.privateKeys,
    ratchetTree: ratchetTree(request.ratchet_tree),
  });
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
  const { publicMessage, newState } = await joinGroupExternal({
    context: contextOf(joiner),
    groupInfo: info,
    keyPackage: joiner.keyPackage,
    privateKeys: joiner.privateKeys,
    resync: request.remove_prior ?? false,
    tree: ratchetTree(request.ratchet_tree),
  });
  const id = addMember({ ...joiner, encryptHandshake: request.encrypt_handshake, state: newState });
  return {
    state_id: id,
    commit: publicMessageField(publicMessage),
    epoch_authenticator: epochAuthenticator(members.find(id)),
  };
}
