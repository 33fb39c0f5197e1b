// Reading a request's fields, and the values that several calls have in common.
#include "wire.h"

#include <hpke/base64.h>

namespace peer {

const nlohmann::json* Request::find(const char* name) const {
  const auto found = fields.find(name);
  return found == fields.end() || found->is_null() ? nullptr : &*found;
}

bytes Request::octets(const char* name) const { return mls::hpke::from_base64(text(name)); }

std::string Request::text(const char* name) const {
  const auto* field = find(name);
  return field == nullptr ? std::string() : field->get<std::string>();
}

// A uint64 is a string in proto3's JSON mapping, a uint32 a number; either is taken here.
uint64_t Request::number(const char* name) const {
  const auto* field = find(name);
  if (field == nullptr) {
    return 0;
  }
  return field->is_string() ? std::stoull(field->get<std::string>()) : field->get<uint64_t>();
}

bool Request::flag(const char* name) const {
  const auto* field = find(name);
  return field != nullptr && field->get<bool>();
}

std::vector<bytes> Request::octet_lists(const char* name) const {
  auto found = std::vector<bytes>{};
  if (const auto* field = find(name)) {
    for (const auto& entry : *field) {
      found.push_back(mls::hpke::from_base64(entry.get<std::string>()));
    }
  }
  return found;
}

Request Request::message(const char* name) const {
  const auto* field = find(name);
  return Request{field == nullptr ? nlohmann::json::object() : *field};
}

std::vector<Request> Request::messages(const char* name) const {
  auto found = std::vector<Request>{};
  if (const auto* field = find(name)) {
    for (const auto& entry : *field) {
      found.emplace_back(entry);
    }
  }
  return found;
}

std::string base64(const bytes& data) { return mls::hpke::to_base64(data); }

mls::CipherSuite known_suite(uint64_t code_point) {
  for (const auto id : mls::all_supported_cipher_suites) {
    if (static_cast<uint64_t>(id) == code_point) {
      return {id};
    }
  }
  throw invalid("mlspp does not have cipher suite " + std::to_string(code_point));
}

mls::ExtensionList extensions(const Request& request) {
  auto list = mls::ExtensionList{};
  for (const auto& extension : request.messages("extensions")) {
    const auto type = static_cast<mls::Extension::Type>(extension.number("extension_type"));
    list.add(type, extension.octets("extension_data"));
  }
  return list;
}

std::optional<mls::TreeKEMPublicKey> external_tree(const Request& request) {
  const auto encoded = request.octets("ratchet_tree");
  if (encoded.empty()) {
    return std::nullopt;
  }
  return mls::tls::get<mls::TreeKEMPublicKey>(encoded);
}

}  // namespace peer
