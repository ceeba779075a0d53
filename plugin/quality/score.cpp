#include "quality/score.hpp"

#include <algorithm>
#include <cmath>

#include "quality/model.hpp"

namespace callroom::quality {
namespace {

Breakdown lost_of(const AudioScore& audio) {
  Breakdown lost;
  lost.delay = audio.lost_to_delay;
  lost.loss = audio.lost_to_loss;
  return lost;
}

double floored(double points) {
  return std::max(0.0, points);
}

}  // namespace

AudioScore score_audio(const AudioQuality& audio) {
  const double loss_pct = std::clamp(audio.loss_pct, 0.0, 100.0);
  const double burst = std::max(1.0, audio.burst_ratio);
  AudioScore result;
  result.delay_ms = model::kFixedDelayMs + floored(audio.rtt_ms) + model::kJitterDelay * floored(audio.jitter_ms);
  const double delay =
      model::kDelaySlope * result.delay_ms + model::kLateDelaySlope * floored(result.delay_ms - model::kLateDelayMs);
  const double robustness = audio.fec ? model::kLossRobustnessFec : model::kLossRobustness;
  const double loss = model::kOpusImpairment +
                      (model::kWorstImpairment - model::kOpusImpairment) * loss_pct / (loss_pct / burst + robustness);
  result.r = std::clamp(model::kBestR - delay - loss, 0.0, model::kBestR);
  const double mos = model::kMosLeast + model::kMosSlope * result.r +
                     model::kMosCurve * result.r * (result.r - model::kMosMiddle) * (model::kMosEnd - result.r);
  result.mos = std::max(model::kMosLeast, mos);
  result.score = result.r / model::kRToScore;
  const double lost = 100.0 - result.score;
  result.lost_to_delay = lost * delay / (delay + loss);  // delay is never 0
  result.lost_to_loss = lost - result.lost_to_delay;
  return result;
}

std::optional<double> bits_per_pixel(const VideoQuality& video) {
  if (!video.size.known() || video.size.width == 0 || !video.kbps || !video.frame_rate || *video.frame_rate <= 0)
    return std::nullopt;
  return *video.kbps * 1000.0 / (*video.frame_rate * video.size.width * video.size.height);
}

namespace {

// A bitrate is pixels, frames and bits for each of them. What of these a sender went without to keep to the bitrate
// that it asked for itself is no loss; what it could not even use of that bitrate is.
void forgive_what_was_asked(Breakdown& lost, double asked_use) {
  const double lacking = (2 * lost.resolution / model::kHeight + lost.frame_rate / model::kFrameRate) * std::log(2.0) +
                         lost.bitrate / model::kBits;
  if (lacking <= 0) return;
  const double share = asked_use > 0 ? std::clamp(-std::log(asked_use) / lacking, 0.0, 1.0) : 1.0;
  for (double* points : {&lost.resolution, &lost.frame_rate, &lost.bitrate}) *points *= share;
}

}  // namespace

VideoScore score_video(const VideoQuality& video) {
  VideoScore result;
  Breakdown& lost = result.lost;
  if (video.withheld) {
    lost.frame_rate = 100;  // not a single frame
    return result;
  }
  lost.loss = floored(model::kResidualLoss * video.residual_loss_pct);
  lost.freezes = floored(model::kFrozen * video.frozen_share);
  if (video.size.known() && video.best_height > video.size.height) {
    lost.resolution = model::kHeight * std::log2(static_cast<double>(video.best_height) / video.size.height);
  }
  if (!video.screen_share) {
    constexpr double kLeastRate = 0.1;  // of a window without a frame
    if (video.frame_rate && video.best_frame_rate) {
      lost.frame_rate =
          floored(model::kFrameRate * std::log2(*video.best_frame_rate / std::max(*video.frame_rate, kLeastRate)));
    }
    if (const auto bits = bits_per_pixel(video)) {
      lost.bitrate = *bits > 0 ? floored(model::kBits * std::log(model::kEnoughBits / *bits)) : 100.0;
    }
  }
  if (video.asked_use) forgive_what_was_asked(lost, *video.asked_use);
  result.score = std::clamp(100.0 - sum(lost), 0.0, 100.0);
  lost = scaled_to(lost, 100.0 - result.score);
  return result;
}

double burst_ratio(std::uint32_t lost, std::uint32_t bursts, double loss_pct) {
  if (bursts == 0) return 1.0;
  return std::max(1.0, static_cast<double>(lost) / bursts * (1.0 - loss_pct / 100.0));
}

std::optional<SampleScore> score_sample(const std::optional<AudioScore>& audio,
                                        const std::optional<VideoScore>& video) {
  if (!audio && !video) return std::nullopt;
  if (!video) return SampleScore{audio->score, lost_of(*audio)};
  if (!audio) return SampleScore{video->score, video->lost};
  const double both = model::kAudioWeight * audio->score + model::kVideoWeight * video->score;
  if (audio->score <= both) return SampleScore{audio->score, lost_of(*audio)};
  return SampleScore{both, weighted_sum(lost_of(*audio), model::kAudioWeight, video->lost, model::kVideoWeight)};
}

double score_session(double mean, double p10, std::uint32_t drops) {
  const double for_drops = std::min(model::kMostForDrops, model::kPerDrop * drops);
  return std::clamp(model::kMeanWeight * mean + model::kLowWeight * p10 - for_drops, 0.0, 100.0);
}

Rating rate(double score) {
  if (score >= model::kExcellent) return Rating::kExcellent;
  if (score >= model::kGood) return Rating::kGood;
  if (score >= model::kFair) return Rating::kFair;
  return Rating::kPoor;
}

std::optional<double> quantile(std::span<const double> sorted, double share) {
  if (sorted.empty()) return std::nullopt;
  const double at = std::clamp(share, 0.0, 1.0) * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(at);
  const auto above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (at - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

Breakdown weighted_sum(const Breakdown& a, double weight_a, const Breakdown& b, double weight_b) {
  const auto add = [&](double Breakdown::*part) { return weight_a * a.*part + weight_b * b.*part; };
  return {add(&Breakdown::delay),      add(&Breakdown::loss),    add(&Breakdown::freezes), add(&Breakdown::frame_rate),
          add(&Breakdown::resolution), add(&Breakdown::bitrate), add(&Breakdown::drops)};
}

double sum(const Breakdown& b) {
  return b.delay + b.loss + b.freezes + b.frame_rate + b.resolution + b.bitrate + b.drops;
}

Breakdown scaled_to(const Breakdown& breakdown, double wanted) {
  const double now = sum(breakdown);
  return now > 0 ? weighted_sum(breakdown, wanted / now, {}, 0) : breakdown;
}

}  // namespace callroom::quality
