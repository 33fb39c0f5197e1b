// Which function answers which call, and finding the actor that a request means.
#include "service.h"

namespace peer {

const std::map<std::string, Service::Call>& Service::calls() {
  static const auto table = std::map<std::string, Call>{
      {"Name", &Service::name},
      {"SupportedCiphersuites", &Service::supported_ciphersuites},
      {"UseCertificate", &Service::use_certificate},
      {"CreateGroup", &Service::create_group},
      {"CreateKeyPackage", &Service::create_key_package},
      {"JoinGroup", &Service::join_group},
      {"ExternalJoin", &Service::external_join},
      {"GroupInfo", &Service::group_info},
      {"StateAuth", &Service::state_auth},
      {"Export", &Service::export_secret},
      {"Protect", &Service::protect},
      {"Unprotect", &Service::unprotect},
      {"StorePSK", &Service::store_psk},
      {"AddProposal", &Service::add_proposal},
      {"UpdateProposal", &Service::update_proposal},
      {"RemoveProposal", &Service::remove_proposal},
      {"ExternalPSKProposal", &Service::external_psk_proposal},
      {"ResumptionPSKProposal", &Service::resumption_psk_proposal},
      {"GroupContextExtensionsProposal", &Service::group_context_extensions_proposal},
      {"Commit", &Service::commit},
      {"HandleCommit", &Service::handle_commit},
      {"HandlePendingCommit", &Service::handle_pending_commit},
      {"ReInitProposal", &Service::reinit_proposal},
      {"ReInitCommit", &Service::reinit_commit},
      {"HandlePendingReInitCommit", &Service::handle_pending_reinit_commit},
      {"HandleReInitCommit", &Service::handle_reinit_commit},
      {"ReInitWelcome", &Service::reinit_welcome},
      {"HandleReInitWelcome", &Service::handle_reinit_welcome},
      {"CreateBranch", &Service::create_branch},
      {"HandleBranch", &Service::handle_branch},
      {"NewMemberAddProposal", &Service::new_member_add_proposal},
      {"CreateExternalSigner", &Service::create_external_signer},
      {"AddExternalSigner", &Service::add_external_signer},
      {"ExternalSignerProposal", &Service::external_signer_proposal},
      {"Free", &Service::free},
  };
  return table;
}

Answer Service::answer(const std::string& call, const Request& request) {
  const auto found = calls().find(call);
  if (found == calls().end()) {
    throw Failure("UNIMPLEMENTED", "there is no call " + call);
  }
  return (this->*found->second)(request);
}

// The entry of a table that a field of the request names.
template <typename Entry>
static Entry& entry(std::map<uint32_t, Entry>& table, const Request& request, const char* field) {
  const auto id = request.number(field);
  const auto found = table.find(static_cast<uint32_t>(id));
  if (found == table.end()) {
    throw invalid(std::string("unknown ") + field + " " + std::to_string(id));
  }
  return found->second;
}

Seat& Service::seat(const Request& request) { return entry(seats, request, "state_id"); }

Service::Joining& Service::joining(const Request& request) {
  return entry(joinings, request, "transaction_id");
}

Service::Restart& Service::restart(const Request& request) {
  return entry(restarts, request, "reinit_id");
}

uint32_t Service::seat_in(mls::State state, bool encrypt_handshake) {
  identities.authenticate(state.tree());
  const auto id = new_id();
  seats.emplace(id, Seat{std::move(state), encrypt_handshake});
  return id;
}

}  // namespace peer
