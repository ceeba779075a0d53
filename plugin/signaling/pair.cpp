#include "signaling/pair.hpp"

#include <algorithm>
#include <utility>

namespace callroom::signaling {

namespace {

template <typename List>
bool contains(const List& list, const std::string& item) {
  return std::ranges::find(list, item) != list.end();
}

void remember(std::deque<std::string>& list, const std::string& ufrag) {
  if (contains(list, ufrag)) return;
  if (list.size() == Pair::kMostUfrags) list.pop_front();
  list.push_back(ufrag);
}

}  // namespace

std::vector<std::string> ufrags_of(std::string_view sdp) {
  constexpr std::string_view kAttribute = "a=ice-ufrag:";
  std::vector<std::string> ufrags;
  while (!sdp.empty() && ufrags.size() < Pair::kMostUfrags) {
    const std::size_t end = sdp.find('\n');
    std::string_view line = sdp.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.starts_with(kAttribute)) {
      std::string ufrag(line.substr(kAttribute.size()).substr(0, 256));  // RFC 8839, 5.4: no longer
      if (!contains(ufrags, ufrag)) ufrags.push_back(std::move(ufrag));
    }
    sdp.remove_prefix(end == std::string_view::npos ? sdp.size() : end + 1);
  }
  if (ufrags.empty()) ufrags.emplace_back();
  return ufrags;
}

Result<PairEffects> Pair::description(Side from, DescriptionType type, std::int64_t negotiation, std::string sdp,
                                      MonotonicUs now) {
  if (type == DescriptionType::kAnswer) return answer(from, negotiation, std::move(sdp));
  const bool is_open = open_ && open_->from == from && open_->negotiation == negotiation;
  if (const auto& latest = state(from).latest_offer; latest && negotiation <= *latest && !is_open) {
    return Error{ErrorCode::kStaleNegotiation, "the negotiation number of an offer must rise"};
  }
  state(from).latest_offer = negotiation;
  return offer(from, negotiation, std::move(sdp), now);
}

PairEffects Pair::offer(Side from, std::int64_t negotiation, std::string sdp, MonotonicUs now) {
  state(from).latest_ufrag = ufrags_of(sdp).front();
  if (open_ && open_->from != from) return crossing_offer(from, negotiation, std::move(sdp), now);
  PairEffects effects;
  open(from, negotiation, std::move(sdp), now, effects);
  return effects;
}

// `from` sends B while A of the other is open.
PairEffects Pair::crossing_offer(Side from, std::int64_t negotiation, std::string sdp, MonotonicUs now) {
  ++counts_.collisions;
  PairEffects effects;
  const PairMember& member = members_[index(from)];
  if (!member.refuses) {
    // It takes A as it comes, rolling back B by itself: A wins, and its answer is on the way or will be.
    lose(from, ufrags_of(sdp), effects);
  } else if (member.role == Role::kImpolite) {
    // It drops A as it comes, so A will never be answered: B wins.
    const Side loser = open_->from;
    const std::int64_t lost_negotiation = open_->negotiation;
    lose(loser, open_->new_ufrags, effects);
    open_.reset();
    effects.push_back(RollBack{loser, lost_negotiation});
    open(from, negotiation, std::move(sdp), now, effects);
  } else {
    // It would drop A too, but is to yield: it rolls back B, and gets A again, which it has dropped.
    lose(from, ufrags_of(sdp), effects);
    effects.push_back(RollBack{from, negotiation});
    open_->forwarded_at = now;
    forward_open(effects);
  }
  return effects;
}

PairEffects Pair::answer(Side from, std::int64_t negotiation, std::string sdp) {
  PairEffects effects;
  if (!open_ || open_->from == from || open_->negotiation != negotiation) {
    ++counts_.stale;
    return effects;
  }
  const std::vector<std::string> ufrags = ufrags_of(sdp);
  open_.reset();
  ++counts_.negotiations;
  State& answerer = state(from);
  answerer.latest_ufrag = ufrags.front();
  for (const std::string& ufrag : ufrags) {
    remember(answerer.known, ufrag);
    std::erase(answerer.lost, ufrag);
  }
  effects.push_back(ForwardDescription{other(from), negotiation, DescriptionType::kAnswer, std::move(sdp)});
  forward_held(from, effects);
  if (std::exchange(answerer.lost_change, false)) effects.push_back(OfferAgain{from});
  return effects;
}

void Pair::open(Side from, std::int64_t negotiation, std::string sdp, MonotonicUs now, PairEffects& effects) {
  State& offerer = state(from);
  Open next{.from = from,
            .negotiation = negotiation,
            .sdp = std::move(sdp),
            .ufrags = {},
            .new_ufrags = {},
            .candidates = {},
            .forwarded_at = now};
  next.ufrags = ufrags_of(next.sdp);
  for (const std::string& ufrag : next.ufrags) {
    // What an offer that this one replaces had brought is still not part of anything answered.
    if (!contains(offerer.known, ufrag) || (open_ && contains(open_->new_ufrags, ufrag))) {
      next.new_ufrags.push_back(ufrag);
    }
    remember(offerer.known, ufrag);
    std::erase(offerer.lost, ufrag);
  }
  if (open_) {
    std::ranges::copy_if(open_->candidates, std::back_inserter(next.candidates),
                         [&](const Pending& pending) { return contains(next.ufrags, pending.ufrag); });
  }
  open_ = std::move(next);
  effects.push_back(ForwardDescription{other(from), negotiation, DescriptionType::kOffer, open_->sdp});
  forward_held(from, effects);
}

void Pair::forward_open(PairEffects& effects) const {
  const Side to = other(open_->from);
  effects.push_back(ForwardDescription{to, open_->negotiation, DescriptionType::kOffer, open_->sdp});
  for (const Pending& pending : open_->candidates) {
    effects.push_back(ForwardCandidate{to, pending.negotiation, pending.candidate});
  }
}

// The offer of `side` that brought these fragments goes no further.
void Pair::lose(Side side, const std::vector<std::string>& ufrags, PairEffects& effects) {
  State& loser = state(side);
  const bool was_forwarded = open_ && open_->from == side;
  for (const std::string& ufrag : ufrags) {
    if (was_forwarded) std::erase(loser.known, ufrag);
    if (!contains(loser.known, ufrag)) remember(loser.lost, ufrag);
  }
  const std::size_t held = loser.held.size();
  std::erase_if(loser.held, [&](const Pending& pending) { return contains(loser.lost, pending.ufrag); });
  counts_.stale += static_cast<std::uint32_t>(held - loser.held.size());
  loser.lost_change = true;
  ++counts_.rollbacks[index(side)];
  effects.push_back(Collided{side});
}

void Pair::forward_held(Side from, PairEffects& effects) {
  State& sender = state(from);
  std::erase_if(sender.held, [&](Pending& pending) {
    if (!contains(sender.known, pending.ufrag)) return false;
    effects.push_back(ForwardCandidate{other(from), pending.negotiation, pending.candidate});
    if (open_ && open_->from == from && contains(open_->ufrags, pending.ufrag) &&
        open_->candidates.size() < kMostCandidates) {
      open_->candidates.push_back(std::move(pending));
    }
    return true;
  });
}

Result<PairEffects> Pair::candidates(Side from, std::int64_t negotiation, std::vector<PeerCandidate> candidates) {
  State& sender = state(from);
  for (PeerCandidate& each : candidates) {
    if (each.ufrag.empty()) each.ufrag = sender.latest_ufrag;  // the end of candidates belongs to what was sent last
  }
  const auto lost = std::erase_if(candidates, [&](const PeerCandidate& each) {
    return !contains(sender.known, each.ufrag) && contains(sender.lost, each.ufrag);
  });
  const auto waiting = static_cast<std::size_t>(std::ranges::count_if(
      candidates, [&](const PeerCandidate& each) { return !contains(sender.known, each.ufrag); }));
  if (sender.held.size() + waiting > kMostCandidates) {
    return Error{ErrorCode::kLimitReached, "too many candidates whose description has not come"};
  }
  counts_.stale += static_cast<std::uint32_t>(lost);
  for (PeerCandidate& each : candidates) {
    sender.held.push_back({negotiation, std::move(each.json), std::move(each.ufrag)});
  }
  PairEffects effects;
  if (waiting < candidates.size()) forward_held(from, effects);
  return effects;
}

std::optional<MonotonicUs> Pair::next_due() const {
  if (!open_ || open_->given_up) return std::nullopt;
  return open_->forwarded_at + kAnswerTime;
}

PairEffects Pair::tick(MonotonicUs now) {
  PairEffects effects;
  const std::optional<MonotonicUs> due = next_due();
  if (!due || now < *due) return effects;
  if (open_->repeats < kMostRepeats) {
    ++open_->repeats;
    open_->forwarded_at = now;
    forward_open(effects);
  } else {
    open_->given_up = true;  // an answer that comes after all is still taken
    effects.push_back(Unanswered{open_->negotiation, open_->from});
  }
  return effects;
}

}  // namespace callroom::signaling
