#include "admin/timeline_json.hpp"

#include <cstdint>
#include <vector>

#include "media/estimator.hpp"
#include "quality/issues.hpp"
#include "quality/timeline.hpp"

namespace callroom::admin {
namespace {

using json::Json;
using quality::Happening;

std::optional<std::vector<std::uint8_t>> bytes_of(std::string_view hex) {
  const auto nibble = [](char c) -> unsigned {
    if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
    return c >= 'a' && c <= 'f' ? static_cast<unsigned>(c - 'a') + 10 : 16;
  };
  std::vector<std::uint8_t> bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    const unsigned high = nibble(hex[i]), low = nibble(hex[i + 1]);
    if (high > 15 || low > 15) return std::nullopt;
    bytes.push_back(static_cast<std::uint8_t>(high << 4 | low));
  }
  return bytes;
}

Json point_json(const quality::TimelinePoint& point) {
  Json item = Json::object();
  item.set("score", point.score).set("latency_ms", point.rtt_ms);
  item.set("packet_loss_in_pct", point.loss_in_pct).set("packet_loss_out_pct", point.loss_out_pct);
  item.set("bandwidth_in_kbps", point.kbps_in).set("bandwidth_out_kbps", point.kbps_out);
  item.set("frame_rate", point.frame_rate);
  return item;
}

const char* name_of(Happening what) {
  switch (what) {
    case Happening::kDrop:
      return "drop";
    case Happening::kRecovery:
      return "recovery";
    case Happening::kQualityChange:
      return "quality_change";
    case Happening::kIssueBegan:
      return "issue_began";
    case Happening::kIssueEnded:
      return "issue_ended";
    case Happening::kMediaPath:
      return "media_path";
    case Happening::kAdaptation:
      return "adaptation";
  }
  return "unknown";
}

const char* name_of(LayerStep step) {
  switch (step) {
    case LayerStep::kRaised:
      return "layers_raised";
    case LayerStep::kResumed:
      return "video_resumed";
    case LayerStep::kLowered:
      return "layers_lowered";
    case LayerStep::kPaused:
      return "video_paused";
  }
  return "unknown";
}

Json cause_json(std::uint8_t cause) {
  const bool known = cause <= static_cast<std::uint8_t>(media::Cause::kSilence);
  return known ? Json(media::to_string(static_cast<media::Cause>(cause))) : Json();
}

Json detail_json(const quality::TimelineEvent& event) {
  switch (event.what) {
    case Happening::kIssueBegan:
    case Happening::kIssueEnded:
      if (event.detail < quality::kIssueCodes) return quality::to_string(static_cast<quality::IssueCode>(event.detail));
      break;
    case Happening::kQualityChange:
      if (const auto step = quality::step_of(event.detail)) return name_of(*step);
      return event.detail == 0 ? "resolution" : "frame_rate";
    case Happening::kMediaPath:
      return event.detail == 0 ? "relay" : "p2p";
    case Happening::kAdaptation:
      return event.detail == quality::kAdaptationEnded ? Json("ended") : cause_json(event.detail);
    case Happening::kDrop:
    case Happening::kRecovery:
      break;
  }
  return Json::adopt(json_null());
}

}  // namespace

Json timeline_json(std::optional<std::string_view> hex) {
  const auto bytes = hex ? bytes_of(*hex) : std::nullopt;
  const auto timeline = bytes ? quality::decode_timeline(*bytes) : std::nullopt;
  if (!timeline) return Json::adopt(json_null());
  Json points = Json::array(), events = Json::array();
  for (const auto& point : timeline->points) points.append(point_json(point));
  for (const auto& event : timeline->events) {
    Json item = Json::object();
    item.set("what", name_of(event.what))
        .set("sample", static_cast<int>(event.sample))
        .set("detail", detail_json(event));
    const bool of_pictures = event.what == Happening::kQualityChange;
    if (const auto cause = of_pictures ? quality::cause_of(event.detail) : std::nullopt) {
      item.set("cause", cause_json(*cause));
    }
    events.append(std::move(item));
  }
  Json answer = Json::object();
  answer.set("sample_interval_ms", static_cast<std::int64_t>(timeline->sample_interval_ms));
  answer.set("samples_per_point", static_cast<std::int64_t>(timeline->samples_per_point));
  answer.set("points", std::move(points)).set("events", std::move(events));
  return answer;
}

}  // namespace callroom::admin
