// Whether clients of this node can get a relay at all, from the last verdict of each configured server. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "turn/verdict.hpp"

namespace callroom::turn {

// Ok: the servers that were checked serve clients, or all but some of several. Warning: of several only one is left.
// Critical: none is.
enum class Availability { kUnknown, kOk, kWarning, kCritical };
std::string_view availability_name(Availability availability);  // "unknown", "ok", "warning", "critical"

struct AvailabilityReport {
  Availability level = Availability::kUnknown;
  int reachable = 0;
  int checked = 0;
  std::string text;  // one sentence for an alert, naming the servers that fail
};

struct LastVerdict {
  std::string server_id;
  Verdict verdict = Verdict::kInconclusive;
};

// Verdicts that say nothing (cancelled, tls_unavailable) are left out.
AvailabilityReport availability(const std::vector<LastVerdict>& verdicts);

}  // namespace callroom::turn
