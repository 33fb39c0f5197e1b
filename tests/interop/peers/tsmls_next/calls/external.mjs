// Proposals from outside of the group: of new members, and of external signers.

import {
  defaultCredentialTypes,
  defaultExtensionTypes,
  defaultProposalTypes,
  proposeAddExternal,
  proposeExternal,
} from "ts-mls";
import { joiners, members, signers } from "../actors.mjs";
import { bareSignatureKey, freshJoiner } from "../identities.mjs";
import { described, proposed } from "../proposals.mjs";
import { suite } from "../suites.mjs";
import {
  base64,
  bytes,
  externalSender,
  externalSenderField,
  groupInfo,
  messageField,
  ratchetTree,
  ratchetTreeIn,
} from "../wire.mjs";

export async function NewMemberAddProposal(request) {
  const info = groupInfo(request.group_info);
  const joiner = await freshJoiner(
    bytes(request.identity),
    await suite(info.groupContext.cipherSuite),
  );
  const { keyPackage, privateKeys } = joiner;
  const proposal = await proposeAddExternal(info, keyPackage, privateKeys, joiner.suite);
  return {
    transaction_id: joiners.add(joiner),
    proposal: messageField(proposal),
    init_priv: base64(privateKeys.initPrivateKey),
    encryption_priv: base64(privateKeys.hpkePrivateKey),
    signature_priv: base64(bareSignatureKey(privateKeys.signaturePrivateKey)),
  };
}

export async function CreateExternalSigner(request) {
  const cipherSuite = await suite(request.cipher_suite);
  const keys = await cipherSuite.signature.keygen();
  const sender = {
    signaturePublicKey: keys.publicKey,
    credential: {
      credentialType: defaultCredentialTypes.basic,
      identity: bytes(request.identity),
    },
  };
  return {
    signer_id: signers.add({ suite: cipherSuite, keys }),
    external_sender: externalSenderField(sender),
  };
}

// An external_senders extension of ts-mls holds one ExternalSender, where RFC 9420, 12.1.8.1 has a
// list of them.
export function AddExternalSigner(request) {
  const member = members.find(request.state_id);
  /** @type {import("ts-mls").ExtensionExternalSenders} */
  const extension = {
    extensionType: defaultExtensionTypes.external_senders,
    extensionData: externalSender(request.external_sender),
  };
  return proposed(member, {
    proposalType: defaultProposalTypes.group_context_extensions,
    groupContextExtensions: { extensions: [...member.state.groupContext.extensions, extension] },
  });
}

export async function ExternalSignerProposal(request) {
  const { keys, suite: cipherSuite } = signers.find(request.signer_id);
  const info = groupInfo(request.group_info);
  const place = {
    groupContext: info.groupContext,
    ratchetTree: ratchetTree(request.ratchet_tree) ?? ratchetTreeIn(info),
    suite: cipherSuite,
  };
  const proposal = described(request.description, place);
  const { publicKey, signKey } = keys;
  const sent = await proposeExternal(info, proposal, publicKey, signKey, cipherSuite);
  return { proposal: messageField(sent) };
}
