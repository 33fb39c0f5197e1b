// How a call ends badly: a gRPC status name and a reason.
#pragma once

#include <stdexcept>
#include <string>

namespace peer {

struct Failure : std::runtime_error {
  Failure(std::string code_in, const std::string& reason)
      : std::runtime_error(reason), code(std::move(code_in)) {}

  std::string code;
};

// The request makes no sense.
inline Failure invalid(const std::string& reason) { return {"INVALID_ARGUMENT", reason}; }

// The request makes sense, and is refused.
inline Failure refused(const std::string& reason) { return {"ABORTED", reason}; }

}  // namespace peer
