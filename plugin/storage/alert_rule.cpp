#include "storage/alert_rule.hpp"

#include <array>
#include <utility>

namespace callroom::storage {
namespace {

constexpr std::array<std::pair<AlertMetric, const char*>, 4> kNames = {{
    {AlertMetric::kPoorOrFailedSessions, "poor_or_failed_sessions"},
    {AlertMetric::kPoorOrFailedSharePct, "poor_or_failed_share"},
    {AlertMetric::kLatencyAvgMs, "latency"},
    {AlertMetric::kDropsSharePct, "drops_share"},
}};

}  // namespace

const char* to_string(AlertMetric metric) {
  for (const auto& [known, name] : kNames) {
    if (known == metric) return name;
  }
  return "unknown";
}

std::optional<AlertMetric> alert_metric(std::string_view name) {
  for (const auto& [metric, known] : kNames) {
    if (name == known) return metric;
  }
  return std::nullopt;
}

}  // namespace callroom::storage
