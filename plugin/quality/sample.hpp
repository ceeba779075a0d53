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

}  // namespace callroom::quality
