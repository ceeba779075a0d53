#include "quality/issues.hpp"

#include <algorithm>
#include <limits>

#include "quality/model.hpp"

namespace callroom::quality {
namespace {

std::optional<Severity> above(const std::optional<double>& value, double warning, double critical) {
  if (!value || *value <= warning) return std::nullopt;
  return *value > critical ? Severity::kCritical : Severity::kWarning;
}

std::optional<Severity> below(const std::optional<double>& value, double warning, double critical) {
  if (!value || *value >= warning) return std::nullopt;
  return *value < critical ? Severity::kCritical : Severity::kWarning;
}

std::optional<Severity> warning_if(bool holds) {
  return holds ? std::optional(Severity::kWarning) : std::nullopt;
}

template <typename T>
void increase(T& counter) {
  if (counter != std::numeric_limits<T>::max()) ++counter;
}

}  // namespace

const char* to_string(IssueCode code) {
  static constexpr std::array<const char*, kIssueCodes> kNames{
      "high_latency",  "high_loss",      "bursty_loss",   "high_jitter",     "low_frame_rate", "frozen_video",
      "low_bandwidth", "keyframe_storm", "one_way_media", "connection_drop", "never_connected"};
  return kNames[static_cast<std::size_t>(code)];
}

IssueLevels issue_levels(const IssueInputs& in) {
  IssueLevels levels{};
  const auto level = [&](IssueCode code) -> std::optional<Severity>& { return levels[static_cast<std::size_t>(code)]; };
  level(IssueCode::kHighLatency) = above(in.rtt_ms, model::kHighLatencyMs, model::kCriticalLatencyMs);
  level(IssueCode::kHighLoss) = above(in.loss_pct, model::kHighLossPct, model::kCriticalLossPct);
  level(IssueCode::kBurstyLoss) = warning_if(in.burst_ratio && *in.burst_ratio > model::kBurstRatio && in.loss_pct &&
                                             *in.loss_pct > model::kBurstLossPct);
  level(IssueCode::kHighJitter) = above(in.jitter_ms, model::kHighJitterMs, model::kCriticalJitterMs);
  level(IssueCode::kLowFrameRate) = below(in.frame_rate, model::kLowFrameRate, model::kCriticalFrameRate);
  level(IssueCode::kFrozenVideo) = above(in.frozen_share, model::kFrozenShare, model::kCriticalFrozenShare);
  level(IssueCode::kLowBandwidth) = warning_if((in.bitrate_share && *in.bitrate_share < model::kLowBandwidthShare &&
                                                in.bits_per_pixel && *in.bits_per_pixel < model::kAmpleBitsPerPixel) ||
                                               (in.bits_per_pixel && *in.bits_per_pixel < model::kLowBitsPerPixel));
  level(IssueCode::kKeyframeStorm) =
      warning_if(in.key_frame_requests_per_s && *in.key_frame_requests_per_s > model::kKeyFrameStorm);
  level(IssueCode::kOneWayMedia) = warning_if(in.one_way);
  return levels;
}

bool IssueTracker::holds(const State& state) {
  return state.warning_streak >= model::kIssueSamples;
}

void IssueTracker::advance(State& state, std::optional<Severity> level, std::uint32_t sample) {
  if (!level) {
    state.warning_streak = state.critical_streak = 0;
    return;
  }
  increase(state.warning_streak);
  if (*level == Severity::kCritical) {
    increase(state.critical_streak);
  } else {
    state.critical_streak = 0;
  }
  if (!holds(state)) return;
  const bool begins = state.warning_streak == model::kIssueSamples;
  if (state.severity == 0)
    state.first_sample = static_cast<std::uint16_t>(std::min<std::uint32_t>(sample + 1 - model::kIssueSamples, 0xFFFF));
  for (std::uint32_t i = 0; i < (begins ? model::kIssueSamples : 1U); ++i) increase(state.samples);
  state.severity = std::max<std::uint8_t>(state.severity, state.critical_streak >= model::kIssueSamples ? 2 : 1);
}

void IssueTracker::raise(IssueCode code, Severity severity, std::uint32_t sample) {
  State& state = states_[static_cast<std::size_t>(code)];
  if (state.severity == 0) state.first_sample = static_cast<std::uint16_t>(std::min<std::uint32_t>(sample, 0xFFFF));
  increase(state.samples);
  state.severity = std::max<std::uint8_t>(state.severity, severity == Severity::kCritical ? 2 : 1);
}

std::optional<Severity> IssueTracker::current(IssueCode code) const {
  const State& state = states_[static_cast<std::size_t>(code)];
  if (!holds(state)) return std::nullopt;
  return state.critical_streak >= model::kIssueSamples ? Severity::kCritical : Severity::kWarning;
}

std::vector<Issue> IssueTracker::issues() const {
  std::vector<Issue> issues;
  for (std::size_t i = 0; i < kIssueCodes; ++i) {
    const State& state = states_[i];
    if (state.severity == 0) continue;
    issues.push_back({to_string(static_cast<IssueCode>(i)),
                      state.severity == 2 ? Severity::kCritical : Severity::kWarning, state.samples,
                      state.first_sample});
  }
  return issues;
}

}  // namespace callroom::quality
