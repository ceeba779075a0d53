// Where the media of an "auto" room goes: directly between two people where that works, through the server otherwise.
// Pure decisions; the caller moves people, and tells this what came of it. Not synchronised.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>

#include "base/time.hpp"

namespace callroom::signaling {

enum class MediaPath : std::uint8_t { kP2p, kRelay };

enum class MoveReason : std::uint8_t {
  kNoConnection,  // no direct connection within 10 s, or it was lost for as long
  kThirdPerson,   //
  kPoorQuality,   // poor for 15 s on the direct connection
  kTwoRemain,     // back to where it worked before
};

const char* to_string(MediaPath path);     // "p2p", "relay"
const char* to_string(MoveReason reason);  // "no_connection", "third_person", "poor_quality", "two_remain"

class AutoMedia {
 public:
  static constexpr MonotonicUs kConnectTime = 10'000'000;
  static constexpr MonotonicUs kPatience = 15'000'000;

  struct Move {
    MediaPath to = MediaPath::kRelay;
    MoveReason reason = MoveReason::kNoConnection;
    bool operator==(const Move&) const = default;
  };

  MediaPath path() const { return path_; }

  // Who is in the room now, by participant id. A Move is to be carried out at once.
  std::optional<Move> participants(std::span<const std::string> ids, MonotonicUs now);

  // The direct connection of the two is up, or lost again.
  void connected(MonotonicUs now);
  void disconnected(MonotonicUs now);

  // A sample of one of the two on the direct connection. It stays poor while it stays so for either.
  void sample(const std::string& id, bool poor, MonotonicUs now);

  // To be called once a second.
  std::optional<Move> tick(MonotonicUs now);

 private:
  using Pair = std::pair<std::string, std::string>;

  Move move(MediaPath to, MoveReason reason);
  void start_p2p(MonotonicUs now);

  MediaPath path_ = MediaPath::kP2p;
  std::optional<Pair> pair_;  // the two, while there are two
  std::optional<MonotonicUs> unconnected_since_;
  std::map<std::string, MonotonicUs> poor_since_;  // by participant id
  std::set<Pair> worked_;  // pairs whose direct connection was up and good until something else ended it
  std::set<Pair> failed_;
};

}  // namespace callroom::signaling
