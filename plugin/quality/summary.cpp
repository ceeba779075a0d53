#include <algorithm>
#include <string>

#include "quality/model.hpp"
#include "quality/score.hpp"
#include "quality/session_totals.hpp"

namespace callroom::quality {
namespace {

std::optional<double> share_pct(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return std::nullopt;
  return 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

std::optional<double> mean(double sum, std::uint32_t count) {
  return count == 0 ? std::nullopt : std::optional(sum / count);
}

std::optional<double> kbps(const DirectionTotals& direction) {
  if (direction.flowing_us == 0) return std::nullopt;
  return static_cast<double>(direction.bytes) * 8000.0 / static_cast<double>(direction.flowing_us);
}

std::optional<double> frame_rate(const DirectionTotals& in, const DirectionTotals& out) {
  const std::uint64_t video_us = in.video_us + out.video_us;
  if (video_us == 0) return std::nullopt;
  return static_cast<double>(in.frames + out.frames) * 1e6 / static_cast<double>(video_us);
}

std::string text_of(FrameSize size) {
  return std::to_string(size.width) + "x" + std::to_string(size.height);
}

void set_resolutions(const SessionTotals& totals, Summary& summary) {
  const SessionTotals::SizeShare* typical = nullptr;
  std::optional<FrameSize> smallest, largest;
  const auto area = [](FrameSize size) { return std::uint32_t{size.width} * size.height; };
  for (const auto& share : totals.sizes) {
    if (share.samples == 0) continue;
    if (typical == nullptr || share.samples > typical->samples) typical = &share;
    if (!smallest || area(share.size) < area(*smallest)) smallest = share.size;
    if (!largest || area(share.size) > area(*largest)) largest = share.size;
  }
  if (typical == nullptr) return;
  summary.resolution_max = text_of(*largest);
  summary.resolution_min = text_of(*smallest);
  summary.resolution_typical = text_of(typical->size);
}

// Where the points went: drops by what they cost, the rest in proportion to what the samples lost to each cause.
Breakdown breakdown_of(const SessionTotals& totals, double score) {
  const auto& points = totals.lost_points;
  Breakdown lost{points[0], points[1], points[2], points[3], points[4], points[5], 0};
  const double all = 100.0 - score;
  const double for_drops = std::min({model::kMostForDrops, model::kPerDrop * totals.drops, all});
  lost = scaled_to(lost, all - for_drops);
  lost.drops = for_drops;
  return lost;
}

void set_score(const SessionState& state, Summary& summary) {
  const SessionTotals& totals = state.totals;
  if (totals.connected == 0 || summary.packets == 0) {
    summary.rating = Rating::kFailed;
    return;
  }
  const auto p10 = state.sketch.quantile(Quantity::kScore, model::kLowQuantile);
  const bool enough = summary.media_s >= model::kLeastMediaSeconds && summary.packets >= model::kLeastPackets;
  if (!enough || totals.scored == 0 || !p10) {
    summary.rating = Rating::kUnrated;
    return;
  }
  const double score = score_session(totals.score_sum / totals.scored, *p10, totals.drops);
  summary.quality_score = score;
  summary.score_p10 = p10;
  summary.rating = rate(score);
  summary.good_share_pct = share_pct(totals.good, totals.scored);
  summary.breakdown = breakdown_of(totals, score);
}

}  // namespace

const char* to_string(Rating rating) {
  switch (rating) {
    case Rating::kExcellent:
      return "excellent";
    case Rating::kGood:
      return "good";
    case Rating::kFair:
      return "fair";
    case Rating::kPoor:
      return "poor";
    case Rating::kFailed:
      return "failed";
    case Rating::kUnrated:
      break;
  }
  return "unrated";
}

Summary summarize(const SessionState& state) {
  const SessionTotals& totals = state.totals;
  const QuantileSketch& sketch = state.sketch;
  Summary summary;
  summary.samples = totals.samples;
  summary.media_s = static_cast<double>(totals.media_us) / 1e6;
  summary.packets = totals.in.packets + totals.out.packets;
  summary.latency_avg_ms = mean(totals.rtt_sum_ms, totals.rtt_count);
  summary.latency_p50_ms = sketch.quantile(Quantity::kRtt, 0.5);
  summary.latency_p95_ms = sketch.quantile(Quantity::kRtt, 0.95);
  if (totals.rtt_count != 0) summary.latency_max_ms = totals.rtt_max_ms;
  summary.jitter_avg_ms = mean(totals.jitter_sum_ms, totals.jitter_count);
  summary.jitter_p95_ms = sketch.quantile(Quantity::kJitter, 0.95);
  summary.packet_loss_in_pct = share_pct(totals.in.lost, totals.in.expected);
  summary.packet_loss_out_pct = share_pct(totals.out.lost, totals.out.expected);
  summary.packet_loss_p95_pct = sketch.quantile(Quantity::kLoss, 0.95);
  summary.bandwidth_in_kbps = kbps(totals.in);
  summary.bandwidth_out_kbps = kbps(totals.out);
  summary.bandwidth_p5_kbps = sketch.quantile(Quantity::kBitrate, 0.05);
  summary.frame_rate_avg = frame_rate(totals.in, totals.out);
  summary.frame_rate_p5 = sketch.quantile(Quantity::kFrameRate, 0.05);
  set_resolutions(totals, summary);
  summary.freeze_count = totals.freezes;
  summary.freeze_ms = totals.frozen_ms;
  summary.quality_changes = totals.quality_changes;
  summary.connection_drops = totals.drops;
  summary.recoveries = totals.recoveries;
  summary.keyframe_requests = totals.key_frame_requests;
  set_score(state, summary);
  IssueTracker tracker;
  tracker.assign(totals.issues);
  if (totals.connected == 0) tracker.raise(IssueCode::kNeverConnected, Severity::kCritical, 0);
  summary.issues = tracker.issues();
  summary.score_version = model::kScoreVersion;
  if (totals.samples != 0) summary.timeline = state.timeline.encode(totals.sample_interval_ms);
  return summary;
}

}  // namespace callroom::quality
