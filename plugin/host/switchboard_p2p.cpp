// Offers, answers and candidates between two participants: the Pair decides, its effects are events to the two.
#include <algorithm>
#include <utility>

#include "host/monotonic.hpp"
#include "host/switchboard.hpp"
#include "json/room_events.hpp"

namespace callroom::host {

using json::Json;
using signaling::Side;

Switchboard::PeerPair& Switchboard::pair_of(const signaling::Room& room, const SessionPtr& one,
                                            const SessionPtr& other) {
  const bool in_order = one->participant < other->participant;
  const SessionPtr& first = in_order ? one : other;
  const SessionPtr& second = in_order ? other : one;
  const PairKey key{first->participant, second->participant};
  if (const auto found = pairs_.find(key); found != pairs_.end()) return found->second;
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

Result<void> Switchboard::carry_out(const Context& context, const signaling::Signal& request) {
  const std::lock_guard lock(mutex_);
  const auto found = sending_session(*context.handle);
  if (!found) return found.error();
  const SessionPtr& session = *found;
  if (context.jsep) return Error{ErrorCode::kInvalidJsep, "signal carries its description in the body"};
  const signaling::Room& room = *rooms_.find(session->room);
  if (room.settings.media == signaling::MediaKind::kRelay) {
    return Error{ErrorCode::kWrongMedia, "In a relay room offers travel in negotiate"};
  }
  const auto others = others_in_room(*session);
  const auto other = std::ranges::find(others, request.to, [](const SessionPtr& each) { return each->participant; });
  if (other == others.end()) {
    return Error{ErrorCode::kNoSuchParticipant, "There is no other participant '" + request.to + "' in this room"};
  }
  // Where the room has just moved to the relay, what was on its way is of no use any more.
  if (session->direct) {
    PeerPair& entry = pair_of(room, session, *other);
    const Side from = entry.first == session ? Side::kFirst : Side::kSecond;
    auto effects = std::visit(
        [&](const auto& what) {
          if constexpr (std::is_same_v<std::decay_t<decltype(what)>, signaling::PeerDescription>) {
            return entry.pair.description(from, what.type, request.negotiation, what.sdp, monotonic_now());
          } else {
            return entry.pair.candidates(from, request.negotiation, what);
          }
        },
        request.what);
    if (!effects) return effects.error();
    carry_out_effects(entry, *std::move(effects));
  }
  post(context.handle, context.transaction, json::named_event("ack"));
  return {};
}

// ---- effects ----

void Switchboard::post_to(const CallSession& session, Json event) {
  if (const auto sender = session.sender.lock()) post(sender, "", std::move(event));
}

void Switchboard::carry_out_effects(const PeerPair& pair, const signaling::PairEffects& effects) {
  for (const signaling::PairEffect& effect : effects) {
    std::visit([&](const auto& each) { carry_out_effect(pair, each); }, effect);
  }
}

void Switchboard::carry_out_effect(const PeerPair& pair, const signaling::ForwardDescription& effect) {
  const SessionPtr& from = pair.at(other(effect.to));
  const SessionPtr& to = pair.at(effect.to);
  if (effect.type == signaling::DescriptionType::kAnswer) {
    ++from->negotiations;
    ++to->negotiations;
  }
  post_to(*to, json::signal_json(from->participant, effect.negotiation, effect.type, effect.sdp));
}

void Switchboard::carry_out_effect(const PeerPair& pair, const signaling::ForwardCandidate& effect) {
  const std::string& from = pair.at(other(effect.to))->participant;
  post_to(*pair.at(effect.to), json::signal_json(from, effect.negotiation, effect.candidate));
}

void Switchboard::carry_out_effect(const PeerPair& pair, const signaling::RollBack& effect) {
  const SessionPtr& with = pair.at(other(effect.to));
  Json event = json::glare_json(with->participant, effect.negotiation);
  notify(pair.at(effect.to)->sender.lock(), Json::adopt(json_deep_copy(event.get())));
  post_to(*pair.at(effect.to), std::move(event));
}

void Switchboard::carry_out_effect(const PeerPair& pair, const signaling::OfferAgain& effect) {
  Json event = json::negotiate_json("collision");
  event.set("with", pair.at(other(effect.to))->participant);
  post_to(*pair.at(effect.to), std::move(event));
}

void Switchboard::carry_out_effect(const PeerPair& pair, const signaling::Unanswered& effect) {
  for (const Side side : {Side::kFirst, Side::kSecond}) {
    Json event = json::negotiate_json("unanswered");
    event.set("with", pair.at(other(side))->participant).set("negotiation", effect.negotiation);
    event.set("offerer", pair.at(effect.offerer)->participant);
    post_to(*pair.at(side), std::move(event));
  }
  JANUS_LOG(LOG_INFO, "[callroom] Room %s: %s has not answered the offer %lld of %s\n", pair.first->room.c_str(),
            pair.at(other(effect.offerer))->user_id.c_str(), static_cast<long long>(effect.negotiation),
            pair.at(effect.offerer)->user_id.c_str());
}

void Switchboard::carry_out_effect(const PeerPair& pair, const signaling::Collided& effect) {
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

void Switchboard::forget_pairs(const CallSession& session) {
  std::erase_if(pairs_, [&](const auto& entry) {
    return entry.second.first.get() == &session || entry.second.second.get() == &session;
  });
}

void Switchboard::tick_pairs(MonotonicUs now) {
  for (auto& [key, entry] : pairs_) {
    if (const auto due = entry.pair.next_due(); due && *due <= now) carry_out_effects(entry, entry.pair.tick(now));
  }
}

}  // namespace callroom::host
