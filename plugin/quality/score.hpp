// The quality model: from measured quantities to scores of 0 to 100. Pure functions; constants in quality/model.hpp.
// Every score is monotone in each of its inputs: nothing that gets worse makes it better.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "quality/codec.hpp"
#include "quality/summary.hpp"

namespace callroom::quality {

struct AudioQuality {
  double rtt_ms = 0;
  double jitter_ms = 0;
  double loss_pct = 0;     // percent, not a share
  double burst_ratio = 1;  // at least 1
  bool fec = false;        // Opus in-band FEC was negotiated
};

struct AudioScore {
  double delay_ms = 0;
  double r = 0;
  double mos = 0;
  double score = 0;
  double lost_to_delay = 0, lost_to_loss = 0;  // points; with the score they make 100
};

AudioScore score_audio(const AudioQuality& audio);

struct VideoQuality {
  double residual_loss_pct = 0;                       // after retransmissions
  double frozen_share = 0;                            // of the time, 0 to 1
  std::optional<double> frame_rate, best_frame_rate;  // per second: now, and the sender's own p90
  FrameSize size;                                     // unknown: no term for it
  std::uint32_t best_height = 0;                      // that was seen, or is asked for
  std::optional<double> kbps;
  std::optional<double> asked_use;  // of the bitrate that its sender asked to keep to, the share that it takes
  bool screen_share = false;        // exempt from the terms of frame rate and bits
  bool withheld = false;            // not shown, since the receiver's network has no room for it
};

struct VideoScore {
  double score = 0;
  Breakdown lost;  // points; with the score they make 100
};

VideoScore score_video(const VideoQuality& video);

std::optional<double> bits_per_pixel(const VideoQuality& video);

// Mean length of loss bursts against what chance alone would give: max(1, mean length * (1 - p/100)).
double burst_ratio(std::uint32_t lost, std::uint32_t bursts, double loss_pct);

struct SampleScore {
  double score = 0;
  Breakdown lost;
};

// Absent where neither medium has a score.
std::optional<SampleScore> score_sample(const std::optional<AudioScore>& audio, const std::optional<VideoScore>& video);

double score_session(double mean, double p10, std::uint32_t drops);

// Of a session that has a score.
Rating rate(double score);

// The quantile of sorted values by linear interpolation between neighbours; absent without values.
std::optional<double> quantile(std::span<const double> sorted, double share);

// Scales the points to a sum, so that a breakdown says where exactly 100 - score went.
Breakdown scaled_to(const Breakdown& breakdown, double sum);
double sum(const Breakdown& breakdown);
Breakdown weighted_sum(const Breakdown& a, double weight_a, const Breakdown& b, double weight_b);

}  // namespace callroom::quality
