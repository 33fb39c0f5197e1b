// Proposals from outside of the group: of new members, and of external signers.

import {
  decodeExternalSender,
  encodeExternalSender,
  proposeAddExternal,
  proposeExternal,
} from "ts-mls";
import { ratchetTreeFromExtension } from "ts-mls/groupInfo.js";
import { joiners, members, signers } from "../actors.mjs";
import { bareSignatureKey, freshJoiner } from "../identities.mjs";
import { described, proposed } from "../proposals.mjs";
import { suite, suiteName } from "../suites.mjs";
import { base64, bytes, groupInfo, messageField, ratchetTree, understood } from "../wire.mjs";

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
  const cipherSuite = await suite(suiteName(request.cipher_suite));
  const keys = await cipherSuite.signature.keygen();
  /** @type {import("ts-mls").ExternalSender} */
  const sender = {
    signaturePublicKey: keys.publicKey,
    credential: { credentialType: "basic", identity: bytes(request.identity) },
  };
  return {
    signer_id: signers.add({ suite: cipherSuite, keys }),
    external_sender: base64(encodeExternalSender(sender)),
  };
}

// ts-mls 1.x reads one ExternalSender out of each external_senders extension, and has no codec for
// the list that RFC 9420, 12.1.8.1 puts there.
export function AddExternalSigner(request) {
  const member = members.find(request.state_id);
  const sender = understood(
    "decodeExternalSender",
    decodeExternalSender(bytes(request.external_sender), 0),
  );
  /** @type {import("ts-mls").Extension} */
  const extension = {
    extensionType: "external_senders",
    extensionData: encodeExternalSender(sender),
  };
  return proposed(member, {
    proposalType: "group_context_extensions",
    groupContextExtensions: { extensions: [...member.state.groupContext.extensions, extension] },
  });
}

export async function ExternalSignerProposal(request) {
  const { keys, suite: cipherSuite } = signers.find(request.signer_id);
  const info = groupInfo(request.group_info);
  const place = {
    groupContext: info.groupContext,
    ratchetTree: ratchetTree(request.ratchet_tree) ?? ratchetTreeFromExtension(info),
    suite: cipherSuite,
  };
  const proposal = described(request.description, place);
  const { publicKey, signKey } = keys;
  const sent = await proposeExternal(info, proposal, publicKey, signKey, cipherSuite);
  return { proposal: messageField(sent) };
}
