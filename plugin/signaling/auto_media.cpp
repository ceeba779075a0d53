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
    if (!pair) unconnected_since_.reset(), poor_since_.reset();
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

void AutoMedia::sample(bool poor, MonotonicUs now) {
  if (path_ != MediaPath::kP2p || !pair_) return;
  if (!poor) {
    poor_since_.reset();
  } else if (!poor_since_) {
    poor_since_ = now;
  }
}

std::optional<AutoMedia::Move> AutoMedia::tick(MonotonicUs now) {
  if (path_ != MediaPath::kP2p || !pair_) return std::nullopt;
  const auto lasted = [now](const std::optional<MonotonicUs>& since, MonotonicUs time) {
    return since && now - *since >= time;
  };
  std::optional<MoveReason> reason;
  if (lasted(unconnected_since_, kConnectTime)) reason = MoveReason::kNoConnection;
  if (lasted(poor_since_, kPatience)) reason = MoveReason::kPoorQuality;
  if (!reason) return std::nullopt;
  worked_.erase(*pair_);
  failed_.insert(*pair_);
  return move(MediaPath::kRelay, *reason);
}

AutoMedia::Move AutoMedia::move(MediaPath to, MoveReason reason) {
  path_ = to;
  if (to == MediaPath::kRelay) unconnected_since_.reset(), poor_since_.reset();
  return {to, reason};
}

void AutoMedia::start_p2p(MonotonicUs now) {
  unconnected_since_ = now;
  poor_since_.reset();
}

}  // namespace callroom::signaling
