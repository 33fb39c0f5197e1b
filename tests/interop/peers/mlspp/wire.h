// The two encodings of a line: proto3's JSON mapping outside, MLS messages inside its bytes.
#pragma once

#include <mls/messages.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "failure.h"

namespace peer {

using Answer = nlohmann::json;

// A message of the service. An absent field has its default, as in proto3.
class Request {
 public:
  explicit Request(nlohmann::json fields_in) : fields(std::move(fields_in)) {}

  bytes octets(const char* name) const;
  std::string text(const char* name) const;
  uint64_t number(const char* name) const;
  bool flag(const char* name) const;
  std::vector<bytes> octet_lists(const char* name) const;
  Request message(const char* name) const;
  std::vector<Request> messages(const char* name) const;

 private:
  const nlohmann::json* find(const char* name) const;

  nlohmann::json fields;
};

std::string base64(const bytes& data);

// A cipher suite that this build of mlspp has.
mls::CipherSuite known_suite(uint64_t code_point);

// The complete new list of extensions that a request holds.
mls::ExtensionList extensions(const Request& request);

// The tree handed over beside a Welcome or GroupInfo, if any.
std::optional<mls::TreeKEMPublicKey> external_tree(const Request& request);

template <typename Content>
std::string encode(const Content& content) {
  return base64(mls::tls::marshal(mls::MLSMessage{content}));
}

inline std::string encode(const mls::MLSMessage& message) {
  return base64(mls::tls::marshal(message));
}

inline mls::MLSMessage decode(const bytes& wire) { return mls::tls::get<mls::MLSMessage>(wire); }

// The one kind of MLSMessage that a field may hold.
template <typename Content>
Content decode_as(const bytes& wire, const char* kind) {
  const auto message = decode(wire);
  if (!var::holds_alternative<Content>(message.message)) {
    throw invalid(std::string("not a ") + kind);
  }
  return var::get<Content>(message.message);
}

inline mls::KeyPackage decode_key_package(const bytes& wire) {
  return decode_as<mls::KeyPackage>(wire, "KeyPackage");
}

inline mls::Welcome decode_welcome(const bytes& wire) {
  return decode_as<mls::Welcome>(wire, "Welcome");
}

inline mls::GroupInfo decode_group_info(const bytes& wire) {
  return decode_as<mls::GroupInfo>(wire, "GroupInfo");
}

}  // namespace peer
