// Calls that end an epoch with a Commit.
#include "service.h"

namespace peer {

Answer Service::commit(const Request& request) {
  auto& member = seat(request);
  member.load_proposals(request.octet_lists("by_reference"));
  const auto external_tree = request.flag("external_tree");
  const auto options = mls::CommitOpts{
      proposals_by_value(member.now, request), !external_tree, request.flag("force_path"), {}};
  auto [commit, welcome, next] = member.now.commit(
      mls::random_bytes(member.now.cipher_suite().secret_size()), options, member.framing());
  identities.authenticate(next.tree());

  auto answer = Answer{{"commit", encode(commit)}};
  if (!welcome.secrets.empty()) {
    answer["welcome"] = encode(welcome);
  }
  if (external_tree) {
    answer["ratchet_tree"] = base64(mls::tls::marshal(next.tree()));
  }
  member.pending = std::move(next);
  return answer;
}

static Answer entered(const Request& request, const Seat& member) {
  return {{"state_id", request.number("state_id")},
          {"epoch_authenticator", base64(member.now.epoch_authenticator())}};
}

Answer Service::handle_pending_commit(const Request& request) {
  auto& member = seat(request);
  if (!member.pending) {
    throw invalid("no commit is pending");
  }
  member.advance(*member.pending);
  return entered(request, member);
}

Answer Service::handle_commit(const Request& request) {
  auto& member = seat(request);
  member.load_proposals(request.octet_lists("proposal"));
  const auto next = member.now.handle(member.open(request.octets("commit")), member.pending);
  if (!next) {
    throw invalid("not a commit");
  }
  identities.authenticate(next->tree());
  member.advance(*next);
  return entered(request, member);
}

}  // namespace peer
