#include "signaling/auto_media.hpp"

#include <algorithm>

namespace callroom::signaling {

const char* to_string(MediaPath path) {
  return path == MediaPath::kP2p ? "p2p" : "relay";
}

const char* to_string(MoveReason reason) {
  switch (reason) {
    case MoveReason::kNoConnection:
      return "no_connection";
    case MoveReason::kThirdPerson:
      return "third_person";
    case MoveReason::kPoorQuality:
      return "poor_quality";
    case MoveReason::kTwoRemain:
      return "two_remain";
  }
  return "";
}

std::optional<AutoMedia::Move> AutoMedia::participants(std::span<const std::string> ids, MonotonicUs now) {
  const auto gone = [&](const Pair& pair) {
    return std::ranges::find(ids, pair.first) == ids.end() || std::ranges::find(ids, pair.second) == ids.end();
  };
  std::erase_if(worked_, gone);
  std::erase_if(failed_, gone);
  std::optional<Pair> pair;
  if (ids.size() == 2) pair = std::minmax(ids[0], ids[1]);
  const bool same_two = pair == pair_;
  pair_ = pair;

  if (path_ == MediaPath::kP2p) {
    if (ids.size() > 2) return move(MediaPath::kRelay, MoveReason::kThirdPerson);
    if (pair && !same_two) start_p2p(now);
    if (!pair) unconnected_since_.reset(), poor_since_.clear();
    return std::nullopt;
  }
  if (ids.empty()) {  // a new call begins as the first one did
    path_ = MediaPath::kP2p;
    return std::nullopt;
  }
  if (!pair || same_two || !worked_.contains(*pair)) return std::nullopt;
  start_p2p(now);
  return move(MediaPath::kP2p, MoveReason::kTwoRemain);
}

void AutoMedia::connected(MonotonicUs) {
  if (path_ != MediaPath::kP2p || !pair_) return;
  unconnected_since_.reset();
  if (!failed_.contains(*pair_)) worked_.insert(*pair_);
}

void AutoMedia::disconnected(MonotonicUs now) {
  if (path_ == MediaPath::kP2p && pair_ && !unconnected_since_) unconnected_since_ = now;
}

void AutoMedia::sample(const std::string& id, bool poor, MonotonicUs now) {
  if (path_ != MediaPath::kP2p || !pair_) return;
  if (poor) {
    poor_since_.try_emplace(id, now);
  } else {
    poor_since_.erase(id);
  }
}

std::optional<AutoMedia::Move> AutoMedia::tick(MonotonicUs now) {
  if (path_ != MediaPath::kP2p || !pair_) return std::nullopt;
  std::optional<MoveReason> reason;
  if (unconnected_since_ && now - *unconnected_since_ >= kConnectTime) reason = MoveReason::kNoConnection;
  const auto lasts = [now](const auto& entry) { return now - entry.second >= kPatience; };
  if (std::ranges::any_of(poor_since_, lasts)) reason = MoveReason::kPoorQuality;
  if (!reason) return std::nullopt;
  worked_.erase(*pair_);
  failed_.insert(*pair_);
  return move(MediaPath::kRelay, *reason);
}

AutoMedia::Move AutoMedia::move(MediaPath to, MoveReason reason) {
  path_ = to;
  if (to == MediaPath::kRelay) unconnected_since_.reset(), poor_since_.clear();
  return {to, reason};
}

void AutoMedia::start_p2p(MonotonicUs now) {
  unconnected_since_ = now;
  poor_since_.clear();
}

}  // namespace callroom::signaling
