#include "turn/availability.hpp"

namespace callroom::turn {

std::string_view availability_name(Availability availability) {
  constexpr std::string_view kNames[] = {"unknown", "ok", "warning", "critical"};
  return kNames[static_cast<std::size_t>(availability)];
}

AvailabilityReport availability(const std::vector<LastVerdict>& verdicts) {
  AvailabilityReport report;
  std::string failing;
  for (const auto& last : verdicts) {
    if (status_of(last.verdict) == Status::kSkipped) continue;
    ++report.checked;
    if (serves_clients(last.verdict)) {
      ++report.reachable;
    } else {
      failing += (failing.empty() ? "" : ", ") + last.server_id + " (" + std::string(verdict_name(last.verdict)) + ")";
    }
  }
  if (report.checked == 0) {
    report.text = "No TURN server has been checked.";
    return report;
  }
  const std::string counts = std::to_string(report.reachable) + " of " + std::to_string(report.checked);
  if (report.reachable == 0) {
    report.level = Availability::kCritical;
    report.text = "No TURN server works: " + failing + ".";
  } else if (report.reachable == 1 && report.checked > 1) {
    report.level = Availability::kWarning;
    report.text = "Only one TURN server of " + std::to_string(report.checked) + " works. Failing: " + failing + ".";
  } else {
    report.level = Availability::kOk;
    report.text = counts + " TURN servers work." + (failing.empty() ? "" : " Failing: " + failing + ".");
  }
  return report;
}

}  // namespace callroom::turn
