#include "json/quality_json.hpp"

#include <cmath>
#include <string>

#include "quality/issues.hpp"

namespace callroom::json {
namespace {

using namespace quality;

// Two decimals: more would be noise.
template <typename Number>
std::optional<double> rounded(const std::optional<Number>& value) {
  if (!value) return std::nullopt;
  return std::round(static_cast<double>(*value) * 100) / 100;
}

std::optional<std::string> size_text(FrameSize size) {
  if (!size.known()) return std::nullopt;
  return std::to_string(size.width) + "x" + std::to_string(size.height);
}

Json codes_of(const IssueLevels& levels) {
  Json codes = Json::array();
  for (std::size_t i = 0; i < levels.size(); ++i) {
    if (levels[i]) codes.append(quality::to_string(static_cast<IssueCode>(i)));
  }
  return codes;
}

const char* severity_name(Severity severity) {
  return severity == Severity::kCritical ? "critical" : "warning";
}

}  // namespace

Json sample_json(const Sample& sample) {
  Json json = Json::object();
  const auto rating = sample.rating();
  json.set("score", rounded(sample.score));
  json.set("rating", rating ? Json(quality::to_string(*rating)) : Json());
  json.set("audio_score_in", rounded(sample.in.audio_score)).set("video_score_in", rounded(sample.in.video_score));
  json.set("audio_score_out", rounded(sample.out.audio_score)).set("video_score_out", rounded(sample.out.video_score));
  json.set("mos_in", rounded(sample.in.mos)).set("mos_out", rounded(sample.out.mos));
  json.set("latency_ms", rounded(sample.rtt_ms));
  json.set("jitter_ms", rounded(sample.out.jitter_ms ? sample.out.jitter_ms : sample.in.jitter_ms));
  json.set("packet_loss_in_pct", rounded(sample.in.loss_pct));
  json.set("packet_loss_out_pct", rounded(sample.out.loss_pct));
  json.set("bandwidth_in_kbps", rounded(sample.in.kbps)).set("bandwidth_out_kbps", rounded(sample.out.kbps));
  json.set("frame_rate_in", rounded(sample.in.frame_rate)).set("frame_rate_out", rounded(sample.out.frame_rate));
  json.set("resolution_in", size_text(sample.in.size)).set("resolution_out", size_text(sample.out.size));
  json.set("issues", codes_of(sample.issues));
  return json;
}

Json summary_json(const Summary& summary) {
  Json json = Json::object();
  json.set("score", rounded(summary.quality_score)).set("rating", quality::to_string(summary.rating));
  json.set("media_s", rounded(std::optional(summary.media_s)));
  json.set("latency_avg_ms", rounded(summary.latency_avg_ms)).set("jitter_avg_ms", rounded(summary.jitter_avg_ms));
  json.set("packet_loss_in_pct", rounded(summary.packet_loss_in_pct));
  json.set("packet_loss_out_pct", rounded(summary.packet_loss_out_pct));
  json.set("bandwidth_in_kbps", rounded(summary.bandwidth_in_kbps));
  json.set("bandwidth_out_kbps", rounded(summary.bandwidth_out_kbps));
  json.set("frame_rate_avg", rounded(summary.frame_rate_avg));
  json.set("connection_drops", static_cast<int>(summary.connection_drops));
  Json issues = Json::array();
  for (const Issue& issue : summary.issues) {
    Json entry = Json::object();
    entry.set("code", issue.code).set("severity", severity_name(issue.severity));
    issues.append(std::move(entry));
  }
  json.set("issues", std::move(issues));
  return json;
}

}  // namespace callroom::json
