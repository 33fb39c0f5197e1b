// One member's place in one group: the present epoch, those before it, and a pending commit.
#pragma once

#include <mls/state.h>

#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "wire.h"

namespace peer {

// mlspp commits to every proposal that a State has handled, and offers no way to make it
// forget one but to derive from it. The service names the proposals anew in each call.
class Epoch : public mls::State {
 public:
  explicit Epoch(mls::State state) : mls::State(std::move(state)) {}

  void forget_proposals() { _pending_proposals.clear(); }
};

class Seat {
 public:
  Seat(mls::State state, bool encrypt_handshake)
      : now(std::move(state)), encrypts_handshake(encrypt_handshake) {}

  // How this member frames its proposals and commits.
  mls::MessageOpts framing() const { return {encrypts_handshake, {}, 0}; }

  // The content of a handshake message of this epoch; its own messages too, and more than once
  // (mlspp deletes the key of a PrivateMessage when it opens it).
  const mls::ValidatedContent& open(const bytes& wire);

  // Hands the present epoch these proposals, and takes away all others.
  void load_proposals(const std::vector<bytes>& wires);

  // The epoch in which a message was sent, or the present one if it is not kept.
  mls::State& epoch_of(const mls::MLSMessage& message);

  // Enters the next epoch; whatever was pending is void.
  void advance(mls::State next);

  // Makes an external PSK known to this epoch and to the one that may come next.
  void store_psk(const bytes& id, const bytes& secret);

  Epoch now;
  bool encrypts_handshake;
  std::optional<mls::State> pending;
  std::optional<mls::State::Tombstone> pending_reinit;

 private:
  std::deque<mls::State> past;
  std::map<bytes, mls::ValidatedContent> opened;
};

}  // namespace peer
