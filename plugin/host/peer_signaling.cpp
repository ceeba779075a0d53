#include "host/peer_signaling.hpp"

#include <type_traits>
#include <utility>
#include <variant>

#include "json/room_events.hpp"

namespace callroom::host {

using json::Json;
using signaling::Side;

PeerSignaling::PeerPair& PeerSignaling::pair_of(const SessionPtr& one, const SessionPtr& other) {
  const bool in_order = one->participant < other->participant;
  const SessionPtr& first = in_order ? one : other;
  const SessionPtr& second = in_order ? other : one;
  const Key key{first->participant, second->participant};
  if (const auto found = pairs_.find(key); found != pairs_.end()) return found->second;
  const signaling::Room& room = *rooms_.find(one->room);
  const auto member = [&](const SessionPtr& self, const SessionPtr& peer) {
    const signaling::Participant& participant = *room.find(self->participant);
    const signaling::Role role = role_towards(participant, *room.find(peer->participant));
    const bool refuses = participant.collision == signaling::Collision::kByRole
                             ? signaling::refuses_by_role(role)
                             : participant.collision == signaling::Collision::kRefuses;
    return signaling::PairMember{role, refuses};
  };
  const signaling::Pair pair(member(first, second), member(second, first));
  return pairs_.emplace(key, PeerPair{first, second, pair}).first->second;
}

Result<void> PeerSignaling::carry_out(const signaling::Signal& request, const SessionPtr& from, const SessionPtr& to,
                                      MonotonicUs now) {
  PeerPair& entry = pair_of(from, to);
  const Side side = entry.first == from ? Side::kFirst : Side::kSecond;
  auto effects = std::visit(
      [&](const auto& what) {
        if constexpr (std::is_same_v<std::decay_t<decltype(what)>, signaling::PeerDescription>) {
          return entry.pair.description(side, what.type, request.negotiation, what.sdp, now);
        } else {
          return entry.pair.candidates(side, request.negotiation, what);
        }
      },
      request.what);
  if (!effects) return effects.error();
  carry_out(entry, *std::move(effects));
  return {};
}

// ---- effects ----

void PeerSignaling::carry_out(const PeerPair& pair, const signaling::PairEffects& effects) const {
  for (const signaling::PairEffect& effect : effects) {
    std::visit([&](const auto& each) { carry_out(pair, each); }, effect);
  }
}

void PeerSignaling::carry_out(const PeerPair& pair, const signaling::ForwardDescription& effect) const {
  const SessionPtr& from = pair.at(other(effect.to));
  const SessionPtr& to = pair.at(effect.to);
  if (effect.type == signaling::DescriptionType::kAnswer) {
    ++from->negotiations;
    ++to->negotiations;
  }
  outgoing_.post(*to, json::signal_json(from->participant, effect.negotiation, effect.type, effect.sdp));
}

void PeerSignaling::carry_out(const PeerPair& pair, const signaling::ForwardCandidate& effect) const {
  const std::string& from = pair.at(other(effect.to))->participant;
  outgoing_.post(*pair.at(effect.to), json::signal_json(from, effect.negotiation, effect.candidate));
}

void PeerSignaling::carry_out(const PeerPair& pair, const signaling::RollBack& effect) const {
  const SessionPtr& with = pair.at(other(effect.to));
  Json event = json::glare_json(with->participant, effect.negotiation);
  outgoing_.notify(pair.at(effect.to)->sender.lock(), Json::adopt(json_deep_copy(event.get())));
  outgoing_.post(*pair.at(effect.to), std::move(event));
}

void PeerSignaling::carry_out(const PeerPair& pair, const signaling::OfferAgain& effect) const {
  Json event = json::negotiate_json("collision");
  event.set("with", pair.at(other(effect.to))->participant);
  outgoing_.post(*pair.at(effect.to), std::move(event));
}

void PeerSignaling::carry_out(const PeerPair& pair, const signaling::Unanswered& effect) const {
  for (const Side side : {Side::kFirst, Side::kSecond}) {
    Json event = json::negotiate_json("unanswered");
    event.set("with", pair.at(other(side))->participant).set("negotiation", effect.negotiation);
    event.set("offerer", pair.at(effect.offerer)->participant);
    outgoing_.post(*pair.at(side), std::move(event));
  }
  JANUS_LOG(LOG_INFO, "[callroom] Room %s: %s has not answered the offer %lld of %s\n", pair.first->room.c_str(),
            pair.at(other(effect.offerer))->user_id.c_str(), static_cast<long long>(effect.negotiation),
            pair.at(effect.offerer)->user_id.c_str());
}

void PeerSignaling::carry_out(const PeerPair& pair, const signaling::Collided& effect) const {
  ++pair.first->glare_count;
  ++pair.second->glare_count;
  ++pair.at(effect.loser)->rollbacks;
  const signaling::Room& room = *rooms_.find(pair.first->room);
  const signaling::Participant& first = *room.find(pair.first->participant);
  const signaling::Participant& second = *room.find(pair.second->participant);
  JANUS_LOG(LOG_INFO, "[callroom] Room %s: offers of %s (%s) and %s (%s) crossed; %s yielded\n",
            room.settings.id.c_str(), first.user_id.c_str(), to_string(role_towards(first, second)),
            second.user_id.c_str(), to_string(role_towards(second, first)), pair.at(effect.loser)->user_id.c_str());
}

// ---- the end of a pair, and time ----

void PeerSignaling::forget(const CallSession& session) {
  std::erase_if(pairs_, [&](const auto& entry) {
    return entry.second.first.get() == &session || entry.second.second.get() == &session;
  });
}

void PeerSignaling::tick(MonotonicUs now) {
  for (auto& [key, entry] : pairs_) {
    if (const auto due = entry.pair.next_due(); due && *due <= now) carry_out(entry, entry.pair.tick(now));
  }
}

}  // namespace callroom::host
