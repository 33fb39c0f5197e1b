// mlspp as a client of the interop service: one JSON object per line in, one per line out.
//
//   {"call": "CreateGroup", "request": {…}}
//   {"response": {…}} or {"error": {"code": "ABORTED", "message": "…"}}
#include <exception>
#include <iostream>
#include <string>

#include "failure.h"
#include "service.h"

using nlohmann::json;

static json error(const std::string& code, const std::string& message) {
  return {{"error", {{"code", code}, {"message", message}}}};
}

static json answer(peer::Service& service, const std::string& line) {
  try {
    const auto asked = json::parse(line);
    const auto request = peer::Request{asked.value("request", json::object())};
    return {{"response", service.answer(asked.at("call").get<std::string>(), request)}};
  } catch (const peer::Failure& failure) {
    return error(failure.code, failure.what());
  } catch (const json::exception& malformed) {
    return error("INVALID_ARGUMENT", malformed.what());
  } catch (const std::exception& thrown) {
    return error("ABORTED", thrown.what());
  }
}

int main() {
  auto service = peer::Service{};
  auto line = std::string{};
  while (std::getline(std::cin, line)) {
    const auto said = answer(service, line);
    std::cout << said.dump(-1, ' ', false, json::error_handler_t::replace) << std::endl;
  }
}
