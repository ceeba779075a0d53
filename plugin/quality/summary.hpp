// What a session's quality comes to when it ends, and what its row holds of it. Plain data; quantities that were not
// measured are absent, never 0.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace callroom::quality {

enum class Rating { kExcellent, kGood, kFair, kPoor, kFailed, kUnrated };

const char* to_string(Rating rating);  // "excellent" … "unrated", as the row and the APIs spell them

enum class Severity { kWarning, kCritical };

struct Issue {
  std::string code;  // of the issue catalogue: "high_loss", …
  Severity severity = Severity::kWarning;
  std::uint32_t samples = 0;                  // in how many samples it held
  std::optional<std::uint32_t> first_sample;  // index of the sample it began with
};

// Points of the score lost to each cause; their sum is 100 less the score.
struct Breakdown {
  double delay = 0, loss = 0, freezes = 0, frame_rate = 0, resolution = 0, bitrate = 0, drops = 0;
};

struct Summary {
  std::uint32_t samples = 0;
  double media_s = 0;         // how long media flowed
  std::uint64_t packets = 0;  // RTP packets of both directions

  std::optional<double> latency_avg_ms, latency_p50_ms, latency_p95_ms, latency_max_ms;  // round-trip time
  std::optional<double> jitter_avg_ms, jitter_p95_ms;
  std::optional<double> packet_loss_in_pct, packet_loss_out_pct, packet_loss_p95_pct;
  std::optional<double> bandwidth_in_kbps, bandwidth_out_kbps, bandwidth_p5_kbps;
  std::optional<double> frame_rate_avg, frame_rate_p5;
  std::optional<std::string> resolution_max, resolution_min, resolution_typical;  // "640x480"
  std::uint32_t freeze_count = 0;
  double freeze_ms = 0;
  std::uint32_t quality_changes = 0, connection_drops = 0, recoveries = 0, keyframe_requests = 0;

  std::optional<double> quality_score;  // 0 to 100; absent for failed and unrated
  Rating rating = Rating::kUnrated;
  std::optional<double> score_p10;
  std::optional<double> good_share_pct;  // share of scored samples of at least 75
  std::optional<Breakdown> breakdown;
  std::vector<Issue> issues;
  int score_version = 1;
  std::vector<std::uint8_t> timeline;  // encoded; see quality/timeline.hpp
};

}  // namespace callroom::quality
