#include "turn/check_record.hpp"

namespace callroom::turn {

std::string_view trigger_name(Trigger trigger) {
  return trigger == Trigger::kSchedule ? "schedule" : "request";
}

CheckRecord record_from(const CheckReport& report, Trigger trigger, std::string check_id) {
  CheckRecord record;
  record.check_id = std::move(check_id);
  record.checked_at = report.started_at;
  record.server_id = report.server_id;
  record.url = report.url;
  record.transport = transport_name(report.transport);
  record.trigger = trigger_name(trigger);
  record.verdict = verdict_name(report.verdict);
  record.status = status_name(report.status);
  record.reachable = serves_clients(report.verdict);
  record.reason = report.reason;
  record.duration_ms = report.duration_ms;
  bool measured = false;
  for (const auto& path : report.paths) {
    auto& verdict = path.server.family == Family::kIpv4 ? record.ipv4_verdict : record.ipv6_verdict;
    verdict = std::string(verdict_name(path.verdict));
    if (path.certificate && !record.certificate_days_left) record.certificate_days_left = path.certificate->days_left;
    if (path.verdict != report.verdict || measured) continue;
    measured = true;
    if (path.echo) {
      record.rtt_ms = path.echo->rtt_avg_ms;
      record.jitter_ms = path.echo->jitter_ms;
      record.loss_pct = path.echo->loss_pct;
    } else {
      record.rtt_ms = path.binding_rtt_ms;
    }
  }
  return record;
}

}  // namespace callroom::turn
