// Calls that ask an actor something or use its group's keys, and leave its epoch as it is.
#include <algorithm>

#include "service.h"

namespace peer {

static constexpr auto last_of_rfc9420 = mls::CipherSuite::ID::P384_AES256GCM_SHA384_P384;

Answer Service::name(const Request& /* request */) { return {{"name", HARNESS_NAME}}; }

Answer Service::supported_ciphersuites(const Request& /* request */) {
  auto suites = std::vector<mls::CipherSuite::ID>{};
  std::copy_if(mls::all_supported_cipher_suites.begin(), mls::all_supported_cipher_suites.end(),
               std::back_inserter(suites), [](auto id) { return id <= last_of_rfc9420; });
  std::sort(suites.begin(), suites.end());
  return {{"ciphersuites", suites}};
}

Answer Service::use_certificate(const Request& request) {
  const auto suite = known_suite(request.number("cipher_suite"));
  const auto key = mls::SignaturePrivateKey::parse(suite, request.octets("signature_priv"));
  const auto credential = mls::Credential::x509(request.octet_lists("certificates"));
  identities.use_certificate(request.octets("identity"), suite, {key, credential},
                             request.octet_lists("roots"));
  return Answer::object();
}

Answer Service::group_info(const Request& request) {
  const auto& state = seat(request).now;
  if (!request.flag("external_tree")) {
    return {{"group_info", encode(state.group_info(true))}};
  }
  return {{"group_info", encode(state.group_info(false))},
          {"ratchet_tree", base64(mls::tls::marshal(state.tree()))}};
}

Answer Service::state_auth(const Request& request) {
  return {{"state_auth_secret", base64(seat(request).now.epoch_authenticator())}};
}

Answer Service::export_secret(const Request& request) {
  const auto secret = seat(request).now.do_export(request.text("label"), request.octets("context"),
                                                  request.number("key_length"));
  return {{"exported_secret", base64(secret)}};
}

Answer Service::protect(const Request& request) {
  const auto message = seat(request).now.protect(request.octets("authenticated_data"),
                                                 request.octets("plaintext"), 0);
  return {{"ciphertext", encode(message)}};
}

Answer Service::unprotect(const Request& request) {
  const auto message = decode(request.octets("ciphertext"));
  const auto [authenticated_data, plaintext] = seat(request).epoch_of(message).unprotect(message);
  return {{"authenticated_data", base64(authenticated_data)}, {"plaintext", base64(plaintext)}};
}

Answer Service::store_psk(const Request& request) {
  const auto id = static_cast<uint32_t>(request.number("state_or_transaction_id"));
  const auto psk_id = request.octets("psk_id");
  const auto secret = request.octets("psk_secret");
  if (const auto member = seats.find(id); member != seats.end()) {
    member->second.store_psk(psk_id, secret);
  } else if (const auto joiner = joinings.find(id); joiner != joinings.end()) {
    joiner->second.psks.insert_or_assign(psk_id, secret);
  } else {
    throw invalid("unknown state_or_transaction_id " + std::to_string(id));
  }
  return Answer::object();
}

Answer Service::free(const Request& request) {
  seat(request);
  seats.erase(static_cast<uint32_t>(request.number("state_id")));
  return Answer::object();
}

}  // namespace peer
