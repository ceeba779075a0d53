// One finished check of a configured server, as it is kept: what turn_history is made of. Holds no secret.
#pragma once

#include <optional>
#include <string>

#include "base/time.hpp"
#include "turn/check_report.hpp"

namespace callroom::turn {

enum class Trigger { kSchedule, kRequest };
std::string_view trigger_name(Trigger trigger);  // "schedule", "request"

struct CheckRecord {
  std::string check_id;  // UUID: a record that is written twice counts once
  WallTime checked_at{};
  std::string node;  // filled in by the host, as in a session's record
  std::string server_id;
  std::string url;
  std::string transport;  // "udp", "tcp", "tls"
  std::string trigger;    // "schedule", "request"

  std::string verdict;     // verdict_name()
  std::string status;      // "pass", "warn", "fail", "skipped"
  bool reachable = false;  // serves_clients()
  std::string reason;
  std::optional<std::string> ipv4_verdict, ipv6_verdict;  // absent where the name has no such address

  double duration_ms = 0;
  std::optional<double> rtt_ms, jitter_ms, loss_pct;  // through the relay and back; of the better path
  std::optional<std::int64_t> certificate_days_left;
};

CheckRecord record_from(const CheckReport& report, Trigger trigger, std::string check_id);

}  // namespace callroom::turn
