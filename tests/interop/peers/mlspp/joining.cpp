// Calls by which an actor founds a group, enters one, or asks to be let in.
#include "service.h"

namespace peer {

// What CreateKeyPackage and NewMemberAddProposal say about the keys they made.
static Answer private_keys(const OwnKeyPackage& own) {
  return {{"init_priv", base64(own.init_priv.data)},
          {"encryption_priv", base64(own.encryption_priv.data)},
          {"signature_priv", base64(own.signature_priv.data)}};
}

Answer Service::create_group(const Request& request) {
  const auto suite = known_suite(request.number("cipher_suite"));
  const auto own = identities.new_key_package(suite, request.octets("identity"));
  auto state =
      mls::State{request.octets("group_id"), suite, own.encryption_priv, own.signature_priv,
                 own.key_package.leaf_node,  {}};
  return {{"state_id", seat_in(std::move(state), request.flag("encrypt_handshake"))}};
}

Answer Service::create_key_package(const Request& request) {
  const auto suite = known_suite(request.number("cipher_suite"));
  const auto own = identities.new_key_package(suite, request.octets("identity"));
  const auto id = new_id();
  joinings.emplace(id, Joining{own, {}});

  auto answer = private_keys(own);
  answer["transaction_id"] = id;
  answer["key_package"] = encode(own.key_package);
  return answer;
}

Answer Service::join_group(const Request& request) {
  const auto& [own, psks] = joining(request);
  auto state = mls::State{own.init_priv,
                          own.encryption_priv,
                          own.signature_priv,
                          own.key_package,
                          decode_welcome(request.octets("welcome")),
                          external_tree(request),
                          psks};
  const auto authenticator = state.epoch_authenticator();
  return {{"state_id", seat_in(std::move(state), request.flag("encrypt_handshake"))},
          {"epoch_authenticator", base64(authenticator)}};
}

// The tree of a group seen from outside: handed over, or in its GroupInfo.
static mls::TreeKEMPublicKey tree_of(const mls::GroupInfo& group_info,
                                     const std::optional<mls::TreeKEMPublicKey>& external) {
  if (external) {
    return *external;
  }
  const auto extension = group_info.extensions.find<mls::RatchetTreeExtension>();
  if (!extension) {
    throw invalid("no ratchet tree, neither in the GroupInfo nor beside it");
  }
  return extension->tree;
}

Answer Service::external_join(const Request& request) {
  const auto group_info = decode_group_info(request.octets("group_info"));
  const auto suite = group_info.group_context.cipher_suite;
  const auto name = request.octets("identity");
  const auto own = identities.new_key_package(suite, name);
  const auto tree = external_tree(request);

  auto prior = std::optional<mls::LeafIndex>{};
  if (request.flag("remove_prior")) {
    prior = find_member(tree_of(group_info, tree), name);
  }
  auto psks = std::map<bytes, bytes>{};
  for (const auto& psk : request.messages("psks")) {
    psks.insert_or_assign(psk.octets("psk_id"), psk.octets("psk_secret"));
  }

  // An external Commit is a PublicMessage, however this member frames what it sends later.
  const auto framing = mls::MessageOpts{false, {}, 0};
  auto [commit, state] =
      mls::State::external_join(mls::random_bytes(suite.secret_size()), own.signature_priv,
                                own.key_package, group_info, tree, framing, prior, psks);
  const auto authenticator = state.epoch_authenticator();
  return {{"state_id", seat_in(std::move(state), request.flag("encrypt_handshake"))},
          {"commit", encode(commit)},
          {"epoch_authenticator", base64(authenticator)}};
}

Answer Service::new_member_add_proposal(const Request& request) {
  const auto context = decode_group_info(request.octets("group_info")).group_context;
  const auto own = identities.new_key_package(context.cipher_suite, request.octets("identity"));
  const auto proposal = mls::State::new_member_add(context.group_id, context.epoch,
                                                   own.key_package, own.signature_priv);
  const auto id = new_id();
  joinings.emplace(id, Joining{own, {}});

  auto answer = private_keys(own);
  answer["transaction_id"] = id;
  answer["proposal"] = encode(proposal);
  return answer;
}

}  // namespace peer
