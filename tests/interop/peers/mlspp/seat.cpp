// Epochs: mlspp makes a new State of each, and leaves it to the application to keep the old.
#include "seat.h"

namespace peer {

static constexpr size_t past_epochs_kept = 16;

const mls::ValidatedContent& Seat::open(const bytes& wire) {
  const auto known = opened.find(wire);
  if (known != opened.end()) {
    return known->second;
  }
  return opened.emplace(wire, now.unwrap(decode(wire))).first->second;
}

void Seat::load_proposals(const std::vector<bytes>& wires) {
  now.forget_proposals();
  for (const auto& wire : wires) {
    const auto& content = open(wire);
    if (content.authenticated_content().content.content_type() != mls::ContentType::proposal) {
      throw invalid("not a proposal");
    }
    now.handle(content);
  }
}

mls::State& Seat::epoch_of(const mls::MLSMessage& message) {
  const auto epoch = message.epoch();
  for (auto& state : past) {
    if (state.epoch() == epoch) {
      return state;
    }
  }
  return now;
}

void Seat::advance(mls::State next) {
  past.push_front(std::move(now));
  if (past.size() > past_epochs_kept) {
    past.pop_back();
  }
  now = Epoch(std::move(next));
  opened.clear();
  pending.reset();
  pending_reinit.reset();
}

void Seat::store_psk(const bytes& id, const bytes& secret) {
  now.add_external_psk(id, secret);
  if (pending) {
    pending->add_external_psk(id, secret);
  }
}

}  // namespace peer
