// The calls of the interop service, and the actors of this process that they speak of.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "identities.h"
#include "seat.h"
#include "wire.h"

namespace peer {

class Service {
 public:
  // Answers one call. Throws Failure, or whatever mlspp threw.
  Answer answer(const std::string& call, const Request& request);

 private:
  // A KeyPackage waiting for its Welcome.
  struct Joining {
    OwnKeyPackage own;
    std::map<bytes, bytes> psks;
  };

  // A group that has been closed, and the KeyPackage for the one that follows it.
  struct Restart {
    mls::State::Tombstone tombstone;
    OwnKeyPackage own;
    bool encrypts_handshake;
  };

  using Call = Answer (Service::*)(const Request&);
  static const std::map<std::string, Call>& calls();

  // about.cpp
  Answer name(const Request& request);
  Answer supported_ciphersuites(const Request& request);
  Answer use_certificate(const Request& request);
  Answer group_info(const Request& request);
  Answer state_auth(const Request& request);
  Answer export_secret(const Request& request);
  Answer protect(const Request& request);
  Answer unprotect(const Request& request);
  Answer store_psk(const Request& request);
  Answer free(const Request& request);

  // joining.cpp
  Answer create_group(const Request& request);
  Answer create_key_package(const Request& request);
  Answer join_group(const Request& request);
  Answer external_join(const Request& request);
  Answer new_member_add_proposal(const Request& request);

  // proposing.cpp
  Answer add_proposal(const Request& request);
  Answer update_proposal(const Request& request);
  Answer remove_proposal(const Request& request);
  Answer external_psk_proposal(const Request& request);
  Answer resumption_psk_proposal(const Request& request);
  Answer group_context_extensions_proposal(const Request& request);
  Answer reinit_proposal(const Request& request);
  Answer create_external_signer(const Request& request);
  Answer add_external_signer(const Request& request);
  Answer external_signer_proposal(const Request& request);

  // committing.cpp
  Answer commit(const Request& request);
  Answer handle_pending_commit(const Request& request);
  Answer handle_commit(const Request& request);

  // restarting.cpp
  Answer reinit_commit(const Request& request);
  Answer handle_pending_reinit_commit(const Request& request);
  Answer handle_reinit_commit(const Request& request);
  Answer reinit_welcome(const Request& request);
  Answer handle_reinit_welcome(const Request& request);
  Answer create_branch(const Request& request);
  Answer handle_branch(const Request& request);
  Answer close_group(const Seat& seat, const mls::State::Tombstone& tombstone);

  // Gives an actor a place in a group whose members' credentials are acceptable.
  uint32_t seat_in(mls::State state, bool encrypt_handshake);
  uint32_t new_id() { return ++last_id; }

  Seat& seat(const Request& request);
  Joining& joining(const Request& request);
  Restart& restart(const Request& request);

  Identities identities;
  std::map<uint32_t, Seat> seats;
  std::map<uint32_t, Joining> joinings;
  std::map<uint32_t, Restart> restarts;
  std::map<uint32_t, mls::SignaturePrivateKey> signers;
  uint32_t last_id = 0;
};

// The proposals that a Commit request describes by value, as this member would make them.
std::vector<mls::Proposal> proposals_by_value(const mls::State& state, const Request& request);

}  // namespace peer
