// The issue catalogue: what is wrong with a call, by name. Pure; not synchronised.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "quality/summary.hpp"

namespace callroom::quality {

enum class IssueCode : std::uint8_t {
  kHighLatency,
  kHighLoss,
  kBurstyLoss,
  kHighJitter,
  kLowFrameRate,
  kFrozenVideo,
  kLowBandwidth,
  kKeyframeStorm,
  kOneWayMedia,
  kConnectionDrop,
  kNeverConnected,
};
inline constexpr std::size_t kIssueCodes = 11;

const char* to_string(IssueCode code);  // "high_latency", … as the row and the APIs spell them

// What one sample says about each cause, the worse of its two directions. Absent: not measured, or not in question.
struct IssueInputs {
  std::optional<double> rtt_ms, loss_pct, burst_ratio, jitter_ms, frame_rate, frozen_share;
  std::optional<double> bitrate_share;  // of the room's bitrate
  std::optional<double> bits_per_pixel;
  std::optional<double> key_frame_requests_per_s;
  bool one_way = false;
};

// How bad each is right now; absent where it is not.
using IssueLevels = std::array<std::optional<Severity>, kIssueCodes>;
IssueLevels issue_levels(const IssueInputs& inputs);

// Which issues hold: those that lasted kIssueSamples samples in a row, at the worse severity that did.
class IssueTracker {
 public:
  struct State {
    std::uint8_t warning_streak = 0, critical_streak = 0;  // samples in a row up to now, saturated
    std::uint8_t severity = 0;                             // 0 never held, 1 warning, 2 critical
    std::uint16_t samples = 0;                             // in which it held, saturated
    std::uint16_t first_sample = 0;
  };
  using States = std::array<State, kIssueCodes>;

  // One sample. Calls changed(code, began) for each issue that begins or ends to hold.
  template <typename Changed>
  void add(const IssueLevels& levels, std::uint32_t sample, Changed changed) {
    for (std::size_t i = 0; i < kIssueCodes; ++i) {
      const bool held = holds(states_[i]);
      advance(states_[i], levels[i], sample);
      if (holds(states_[i]) != held) changed(static_cast<IssueCode>(i), !held);
    }
  }

  // Not a matter of samples in a row: a drop, or never having connected.
  void raise(IssueCode code, Severity severity, std::uint32_t sample);

  std::vector<Issue> issues() const;                      // of the whole session
  std::optional<Severity> current(IssueCode code) const;  // right now

  const States& states() const { return states_; }
  void assign(const States& states) { states_ = states; }

 private:
  static bool holds(const State& state);
  static void advance(State& state, std::optional<Severity> level, std::uint32_t sample);

  States states_{};
};

}  // namespace callroom::quality
