// What a session comes to so far: a few hundred bytes of plain numbers, from which its summary is made.
#pragma once

#include <array>
#include <cstdint>

#include "quality/codec.hpp"
#include "quality/issues.hpp"
#include "quality/quantile_sketch.hpp"
#include "quality/summary.hpp"
#include "quality/timeline.hpp"

namespace callroom::quality {

struct DirectionTotals {
  std::uint64_t bytes = 0, packets = 0;
  std::uint64_t expected = 0, lost = 0;
  std::uint64_t flowing_us = 0;  // in which media flowed
  std::uint64_t dry_us = 0;    // of the stretch without media that goes on: counts as flowing if media comes back soon
  std::uint64_t video_us = 0;  // in which video flowed
  std::uint64_t frames = 0;
};

// Plain and trivially copyable: it goes into the crash journal as it is.
struct SessionTotals {
  static constexpr std::size_t kSizes = 6;
  struct SizeShare {
    FrameSize size;
    std::uint16_t samples = 0;
  };

  DirectionTotals in, out;
  std::uint64_t media_us = 0;  // in which media flowed either way
  double score_sum = 0, rtt_sum_ms = 0, jitter_sum_ms = 0, rtt_max_ms = 0, frozen_ms = 0;
  std::array<double, 6>
      lost_points{};  // delay, loss, freezes, frame rate, resolution, bitrate; summed over scored samples
  std::uint32_t samples = 0, scored = 0, good = 0, rtt_count = 0, jitter_count = 0;
  std::uint32_t freezes = 0, quality_changes = 0, drops = 0, recoveries = 0, key_frame_requests = 0;
  std::uint32_t sample_interval_ms = 3000;
  std::array<SizeShare, kSizes> sizes{};
  IssueTracker::States issues{};
  std::uint8_t connected = 0;  // whether it ever was
};

struct SessionState {
  SessionTotals totals;
  QuantileSketch sketch;
  Timeline timeline;
};

Summary summarize(const SessionState& state);

}  // namespace callroom::quality
