// One sample of a session: what was measured in the last few seconds, and what it is worth. Plain data.
#pragma once

#include <cstdint>
#include <optional>

#include "base/time.hpp"
#include "quality/codec.hpp"
#include "quality/issues.hpp"
#include "quality/summary.hpp"

namespace callroom::quality {

// "in" is what the participant sends, "out" what it receives.
struct DirectionSample {
  std::optional<float> score, audio_score, video_score, mos;
  std::optional<float> loss_pct;           // on the way, all media
  std::optional<float> residual_loss_pct;  // after retransmissions (video)
  std::optional<float> jitter_ms;          // of the audio, or of the video where there is none
  std::optional<float> kbps;
  std::optional<float> frame_rate;  // of the video while it flowed
  FrameSize size;
};

struct Sample {
  std::uint32_t index = 0;
  WallTime at{};
  std::optional<float> score;  // the worse direction's
  std::optional<float> rtt_ms;
  DirectionSample in, out;
  bool silent = false;   // the peer's silence has become a drop
  bool changed = false;  // the quality of the video changed
  IssueLevels issues{};  // that hold now
  std::optional<Rating> rating() const;
};

// A sample that a client measured itself. "sent" and "received" are the client's own.
struct ClientSample {
  struct Way {
    std::optional<double> loss_pct, kbps, frame_rate;
    FrameSize size;
  };
  double interval_ms = 0;
  std::optional<double> rtt_ms, jitter_ms;
  Way sent, received;
  std::uint32_t freezes = 0;  // of what it received
  double frozen_ms = 0;
};

// Whether every figure is one that can be: finite, not negative, within what networks and cameras do.
bool is_plausible(const ClientSample& sample);

}  // namespace callroom::quality
