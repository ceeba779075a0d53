// The course of a session in the few hundred bytes that its row has for it: one point a sample while it is short, one
// point for 2, 4, 8 … samples as it gets longer, and what happened when. Not synchronised.
//
// The encoded form (version 1): byte version; variable-length integers sample interval in ms, samples per point, number
// of points; seven columns, each a nibble-sized Rice parameter in a byte and then the differences between neighbouring
// codes, Rice-coded, padded to whole bytes; number of events, and for each the samples since the one before, its kind
// and its detail.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/layer_step.hpp"

namespace callroom::quality {

struct TimelinePoint {
  std::optional<double> score;  // 0 to 100
  std::optional<double> rtt_ms;
  std::optional<double> loss_in_pct, loss_out_pct;
  std::optional<double> kbps_in, kbps_out;
  std::optional<double> frame_rate;  // of what the participant sends, else of what it receives
};

enum class Happening : std::uint8_t {
  kDrop = 1,       // the connection was silent or gone
  kRecovery,       // media again
  kQualityChange,  // detail: of what is sent, 0 resolution, 1 frame rate; of what is received, layer_detail()
  kIssueBegan,     // detail: index in the issue catalogue
  kIssueEnded,     // detail: the same
  kMediaPath,      // detail: 0 relay, 1 p2p
  kAdaptation,     // the picture follows the network; detail: the cause, as whoever adapts numbers them, or its end
};
constexpr std::uint8_t kAdaptationEnded = 255;

// What the network had done to the pictures received, and why: 0 to 14, as whoever adapts numbers the causes.
constexpr std::uint8_t layer_detail(LayerStep step, std::optional<std::uint8_t> cause) {
  return static_cast<std::uint8_t>(0x80U | static_cast<unsigned>(step) << 4 |
                                   std::min<unsigned>(cause.value_or(15), 15));
}
constexpr std::optional<LayerStep> step_of(std::uint8_t detail) {
  return (detail & 0xC0U) == 0x80 ? std::optional(static_cast<LayerStep>(detail >> 4 & 3U)) : std::nullopt;
}
constexpr std::optional<std::uint8_t> cause_of(std::uint8_t detail) {
  const auto cause = static_cast<std::uint8_t>(detail & 15U);
  return step_of(detail) && cause != 15 ? std::optional(cause) : std::nullopt;
}

struct TimelineEvent {
  Happening what = Happening::kDrop;
  std::uint8_t detail = 0;
  std::uint16_t sample = 0;  // index of the sample it happened in

  friend bool operator==(const TimelineEvent&, const TimelineEvent&) = default;
};

class Timeline {
 public:
  static constexpr std::size_t kColumns = 7;
  static constexpr std::size_t kMostPoints = 64;
  static constexpr std::size_t kMostEvents = 24;   // the first ones; what comes after is counted in the row, not drawn
  static constexpr std::size_t kMostChanges = 14;  // of them, of pictures: they come often, and must not hide a drop
  static constexpr std::size_t kMostBytes = 560;   // encoded

  using Codes = std::array<std::uint8_t, kColumns>;  // a point, each value in one byte

  void add(const TimelinePoint& point);
  void add_event(TimelineEvent event);

  // At most kMostBytes, thinned further where noise would take more.
  std::vector<std::uint8_t> encode(std::uint32_t sample_interval_ms) const;

  // Plain form, for the crash journal. The point that is being gathered is in it as far as it has come.
  struct Plain {
    std::uint16_t samples_per_point = 1;
    std::vector<Codes> points;
    std::vector<TimelineEvent> events;
  };
  Plain plain() const;
  static Timeline from_plain(Plain plain);

 private:
  struct Gathered {
    std::array<float, kColumns> sums{};
    std::array<std::uint16_t, kColumns> counts{};
    std::uint16_t samples = 0;
  };
  static Codes codes_of(const Gathered& gathered);

  std::vector<Codes> points_;
  std::vector<TimelineEvent> events_;
  Gathered gathered_;
  std::uint16_t samples_per_point_ = 1;
};

struct DecodedTimeline {
  std::uint32_t sample_interval_ms = 0;
  std::uint32_t samples_per_point = 1;
  std::vector<TimelinePoint> points;
  std::vector<TimelineEvent> events;
};

// Absent where the bytes are not a timeline of a version this code knows. At most 64 KB of memory, whatever they say.
std::optional<DecodedTimeline> decode_timeline(std::span<const std::uint8_t> bytes);

}  // namespace callroom::quality
