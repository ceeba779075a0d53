// A rule over the sessions of a window, and what it raised.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"

namespace callroom::storage {

enum class AlertMetric {
  kPoorOrFailedSessions,  // how many sessions of the window were poor or failed
  kPoorOrFailedSharePct,  // their share of the rated and failed ones
  kLatencyAvgMs,          // mean round-trip time over the window's sessions
  kDropsSharePct,         // share of sessions with at least one connection drop
};

const char* to_string(
    AlertMetric metric);  // "poor_or_failed_sessions", "poor_or_failed_share", "latency", "drops_share"
std::optional<AlertMetric> alert_metric(std::string_view name);

// Raised when the metric reaches the threshold over a window. Windows lie end to end from 1970 on, so that every node
// sees the same ones, and an alert is raised once for each rule and window by whichever node sees it first.
struct AlertRule {
  std::string name;  // 1 to 64 bytes, unique among the rules
  AlertMetric metric = AlertMetric::kPoorOrFailedSessions;
  double threshold = 1;             // sessions, percent or ms, as the metric has it
  std::chrono::minutes window{15};  // a multiple of 5 minutes, 5 to 10080
  std::uint32_t min_sessions = 1;   // fewer in the window: not judged
};

struct Alert {
  std::string rule;
  AlertMetric metric = AlertMetric::kPoorOrFailedSessions;
  double value = 0, threshold = 0;
  std::uint64_t sessions = 0;  // that the value stands on
  WallTime window_start{}, window_end{};
};

}  // namespace callroom::storage
