// Calls that make proposals: as a member, by value for a Commit, and as an external sender.
#include <algorithm>

#include "service.h"

namespace peer {

static Answer proposed(const mls::MLSMessage& message) { return {{"proposal", encode(message)}}; }

static mls::CipherSuite named_suite(const Request& request) {
  return {static_cast<mls::CipherSuite::ID>(request.number("cipher_suite"))};
}

Answer Service::add_proposal(const Request& request) {
  auto& member = seat(request);
  const auto key_package = decode_key_package(request.octets("key_package"));
  return proposed(member.now.add(key_package, member.framing()));
}

Answer Service::update_proposal(const Request& request) {
  auto& member = seat(request);
  const auto leaf_priv = mls::HPKEPrivateKey::generate(member.now.cipher_suite());
  return proposed(member.now.update(leaf_priv, {}, member.framing()));
}

Answer Service::remove_proposal(const Request& request) {
  auto& member = seat(request);
  const auto removed = find_member(member.now.tree(), request.octets("removed_id"));
  return proposed(member.now.remove(removed, member.framing()));
}

Answer Service::external_psk_proposal(const Request& request) {
  auto& member = seat(request);
  return proposed(member.now.pre_shared_key(request.octets("psk_id"), member.framing()));
}

Answer Service::resumption_psk_proposal(const Request& request) {
  auto& member = seat(request);
  const auto epoch = request.number("epoch_id");
  return proposed(member.now.pre_shared_key(member.now.group_id(), epoch, member.framing()));
}

Answer Service::group_context_extensions_proposal(const Request& request) {
  auto& member = seat(request);
  return proposed(member.now.group_context_extensions(extensions(request), member.framing()));
}

Answer Service::reinit_proposal(const Request& request) {
  auto& member = seat(request);
  return proposed(member.now.reinit(request.octets("group_id"), mls::ProtocolVersion::mls10,
                                    named_suite(request), extensions(request), member.framing()));
}

static mls::Proposal reinit_described(const Request& description) {
  return mls::State::reinit_proposal(description.octets("group_id"), mls::ProtocolVersion::mls10,
                                     named_suite(description), extensions(description));
}

static mls::Proposal by_value(const mls::State& state, const Request& description) {
  const auto type = to_ascii(description.octets("proposal_type"));
  if (type == "add") {
    return state.add_proposal(decode_key_package(description.octets("key_package")));
  }
  if (type == "remove") {
    return state.remove_proposal(find_member(state.tree(), description.octets("removed_id")));
  }
  if (type == "externalPSK") {
    return state.pre_shared_key_proposal(description.octets("psk_id"));
  }
  if (type == "resumptionPSK") {
    return state.pre_shared_key_proposal(state.group_id(), description.number("epoch_id"));
  }
  if (type == "groupContextExtensions") {
    return state.group_context_extensions_proposal(extensions(description));
  }
  if (type == "reinit") {
    return reinit_described(description);
  }
  throw invalid("unknown proposal_type " + type);
}

std::vector<mls::Proposal> proposals_by_value(const mls::State& state, const Request& request) {
  auto proposals = std::vector<mls::Proposal>{};
  for (const auto& description : request.messages("by_value")) {
    proposals.push_back(by_value(state, description));
  }
  return proposals;
}

Answer Service::create_external_signer(const Request& request) {
  const auto key = mls::SignaturePrivateKey::generate(known_suite(request.number("cipher_suite")));
  const auto sender =
      mls::ExternalSender{key.public_key, mls::Credential::basic(request.octets("identity"))};
  const auto id = new_id();
  signers.emplace(id, key);
  return {{"signer_id", id}, {"external_sender", base64(mls::tls::marshal(sender))}};
}

Answer Service::add_external_signer(const Request& request) {
  auto& member = seat(request);
  auto list = member.now.extensions();
  auto senders =
      list.find<mls::ExternalSendersExtension>().value_or(mls::ExternalSendersExtension{});
  senders.senders.push_back(mls::tls::get<mls::ExternalSender>(request.octets("external_sender")));
  list.add(senders);
  return proposed(member.now.group_context_extensions(list, member.framing()));
}

// A proposal from outside: mlspp's own factories for these want a member's State.
static mls::Proposal from_outside(const mls::GroupContext& group,
                                  const mls::TreeKEMPublicKey& tree, const Request& description) {
  const auto nonce = mls::random_bytes(group.cipher_suite.secret_size());
  const auto type = to_ascii(description.octets("proposal_type"));
  if (type == "add") {
    return {mls::Add{decode_key_package(description.octets("key_package"))}};
  }
  if (type == "remove") {
    return {mls::Remove{find_member(tree, description.octets("removed_id"))}};
  }
  if (type == "externalPSK") {
    const auto psk = mls::ExternalPSK{description.octets("psk_id")};
    return {mls::PreSharedKey{{{psk}, nonce}}};
  }
  if (type == "resumptionPSK") {
    const auto psk = mls::ResumptionPSK{mls::ResumptionPSKUsage::application, group.group_id,
                                        description.number("epoch_id")};
    return {mls::PreSharedKey{{{psk}, nonce}}};
  }
  if (type == "groupContextExtensions") {
    return {mls::GroupContextExtensions{extensions(description)}};
  }
  if (type == "reinit") {
    return reinit_described(description);
  }
  throw invalid("unknown proposal_type " + type);
}

// The place of a signer's key among a group's external senders.
static uint32_t signer_index(const mls::GroupContext& group, const mls::SignaturePublicKey& key) {
  const auto extension = group.extensions.find<mls::ExternalSendersExtension>();
  if (extension) {
    const auto& senders = extension->senders;
    const auto same_key = [&](const auto& sender) { return sender.signature_key == key; };
    const auto found = std::find_if(senders.begin(), senders.end(), same_key);
    if (found != senders.end()) {
      return static_cast<uint32_t>(found - senders.begin());
    }
  }
  throw invalid("the signer is not among the group's external senders");
}

Answer Service::external_signer_proposal(const Request& request) {
  const auto signer = signers.find(static_cast<uint32_t>(request.number("signer_id")));
  if (signer == signers.end()) {
    throw invalid("unknown signer_id " + std::to_string(request.number("signer_id")));
  }
  const auto& key = signer->second;
  const auto group = decode_group_info(request.octets("group_info")).group_context;
  const auto tree = external_tree(request).value_or(mls::TreeKEMPublicKey{group.cipher_suite});
  const auto proposal = from_outside(group, tree, request.message("description"));
  return proposed(mls::external_proposal(group.cipher_suite, group.group_id, group.epoch, proposal,
                                         signer_index(group, key.public_key), key));
}

}  // namespace peer
