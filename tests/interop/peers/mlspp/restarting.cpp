// Calls that continue a group as another one: reinitialization and branching.
#include "service.h"

namespace peer {

// The identity that a member shows in its group.
static bytes own_name(const mls::State& state) {
  return name_of(state.tree().leaf_node(state.index()).value().credential);
}

static std::vector<mls::KeyPackage> key_packages(const std::vector<bytes>& wires) {
  auto found = std::vector<mls::KeyPackage>{};
  for (const auto& wire : wires) {
    found.push_back(decode_key_package(wire));
  }
  return found;
}

static mls::CommitOpts options(const Request& request) {
  return {{}, !request.flag("external_tree"), request.flag("force_path"), {}};
}

// What ReInitWelcome and CreateBranch say of the group they made.
static Answer created(const Request& request, const mls::State& state,
                      const mls::Welcome& welcome) {
  auto answer = Answer{{"welcome", encode(welcome)},
                       {"epoch_authenticator", base64(state.epoch_authenticator())}};
  if (request.flag("external_tree")) {
    answer["ratchet_tree"] = base64(mls::tls::marshal(state.tree()));
  }
  return answer;
}

Answer Service::reinit_commit(const Request& request) {
  auto& member = seat(request);
  member.load_proposals(request.octet_lists("by_reference"));
  const auto options = mls::CommitOpts{proposals_by_value(member.now, request),
                                       !request.flag("external_tree"),
                                       request.flag("force_path"),
                                       {}};
  const auto [tombstone, commit] = member.now.reinit_commit(
      mls::random_bytes(member.now.cipher_suite().secret_size()), options, member.framing());
  member.pending_reinit.emplace(tombstone);
  return {{"commit", encode(commit)}};
}

Answer Service::close_group(const Seat& seat, const mls::State::Tombstone& tombstone) {
  const auto own = identities.new_key_package(tombstone.reinit.cipher_suite, own_name(seat.now));
  const auto id = new_id();
  restarts.emplace(id, Restart{tombstone, own, seat.encrypts_handshake});
  return {{"reinit_id", id},
          {"key_package", encode(own.key_package)},
          {"epoch_authenticator", base64(tombstone.epoch_authenticator)}};
}

Answer Service::handle_pending_reinit_commit(const Request& request) {
  const auto& member = seat(request);
  if (!member.pending_reinit) {
    throw invalid("no commit of a ReInit is pending");
  }
  return close_group(member, *member.pending_reinit);
}

Answer Service::handle_reinit_commit(const Request& request) {
  auto& member = seat(request);
  member.load_proposals(request.octet_lists("proposal"));
  return close_group(member, member.now.handle_reinit_commit(decode(request.octets("commit"))));
}

Answer Service::reinit_welcome(const Request& request) {
  const auto& [tombstone, own, encrypts_handshake] = restart(request);
  auto [state, welcome] = tombstone.create_welcome(
      own.encryption_priv, own.signature_priv, own.key_package.leaf_node,
      key_packages(request.octet_lists("key_package")),
      mls::random_bytes(tombstone.reinit.cipher_suite.secret_size()), options(request));
  auto answer = created(request, state, welcome);
  answer["state_id"] = seat_in(std::move(state), encrypts_handshake);
  return answer;
}

Answer Service::handle_reinit_welcome(const Request& request) {
  const auto& [tombstone, own, encrypts_handshake] = restart(request);
  auto state = tombstone.handle_welcome(own.init_priv, own.encryption_priv, own.signature_priv,
                                        own.key_package, decode_welcome(request.octets("welcome")),
                                        external_tree(request));
  const auto authenticator = state.epoch_authenticator();
  return {{"state_id", seat_in(std::move(state), encrypts_handshake)},
          {"epoch_authenticator", base64(authenticator)}};
}

Answer Service::create_branch(const Request& request) {
  const auto& member = seat(request);
  const auto suite = member.now.cipher_suite();
  const auto own = identities.new_key_package(suite, own_name(member.now));
  auto [state, welcome] =
      member.now.create_branch(request.octets("group_id"), own.encryption_priv, own.signature_priv,
                               own.key_package.leaf_node, extensions(request),
                               key_packages(request.octet_lists("key_packages")),
                               mls::random_bytes(suite.secret_size()), options(request));
  auto answer = created(request, state, welcome);
  answer["state_id"] = seat_in(std::move(state), member.encrypts_handshake);
  return answer;
}

Answer Service::handle_branch(const Request& request) {
  const auto& member = seat(request);
  const auto& own = joining(request).own;
  auto state = member.now.handle_branch(own.init_priv, own.encryption_priv, own.signature_priv,
                                        own.key_package, decode_welcome(request.octets("welcome")),
                                        external_tree(request));
  const auto authenticator = state.epoch_authenticator();
  return {{"state_id", seat_in(std::move(state), member.encrypts_handshake)},
          {"epoch_authenticator", base64(authenticator)}};
}

}  // namespace peer
