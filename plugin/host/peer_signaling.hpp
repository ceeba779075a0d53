// Offers, answers and candidates between participants whose media goes directly from one to the other: for each two of
// them a Pair decides, and its effects are events to the two. Not synchronised: the Switchboard's, under its lock.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "base/result.hpp"
#include "base/time.hpp"
#include "host/call_session.hpp"
#include "host/outgoing.hpp"
#include "signaling/pair.hpp"
#include "signaling/requests.hpp"
#include "signaling/rooms.hpp"

namespace callroom::host {

class PeerSignaling {
 public:
  using SessionPtr = std::shared_ptr<CallSession>;

  PeerSignaling(const signaling::Rooms& rooms, const Outgoing& outgoing) : rooms_(rooms), outgoing_(outgoing) {}

  // What `from` says to `to`, another participant of its room. The Pair's errors.
  Result<void> carry_out(const signaling::Signal& request, const SessionPtr& from, const SessionPtr& to,
                         MonotonicUs now);
  // Whoever signals to it has to begin anew.
  void forget(const CallSession& session);
  void tick(MonotonicUs now);

 private:
  struct PeerPair {
    SessionPtr first, second;  // by their participant ids
    signaling::Pair pair;

    const SessionPtr& at(signaling::Side side) const { return side == signaling::Side::kFirst ? first : second; }
  };
  using Key = std::pair<std::string, std::string>;

  PeerPair& pair_of(const SessionPtr& one, const SessionPtr& other);
  void carry_out(const PeerPair& pair, const signaling::PairEffects& effects) const;
  void carry_out(const PeerPair& pair, const signaling::ForwardDescription& effect) const;
  void carry_out(const PeerPair& pair, const signaling::ForwardCandidate& effect) const;
  void carry_out(const PeerPair& pair, const signaling::RollBack& effect) const;
  void carry_out(const PeerPair& pair, const signaling::OfferAgain& effect) const;
  void carry_out(const PeerPair& pair, const signaling::Unanswered& effect) const;
  void carry_out(const PeerPair& pair, const signaling::Collided& effect) const;

  const signaling::Rooms& rooms_;
  const Outgoing& outgoing_;
  std::map<Key, PeerPair> pairs_;
};

}  // namespace callroom::host
