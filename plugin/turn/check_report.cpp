#include "turn/check_report.hpp"

#include <algorithm>

namespace callroom::turn {
namespace {

constexpr std::int64_t kCertificateDaysWarning = 14;
constexpr double kLossWarningPct = 5;
constexpr double kRttWarningMs = 300;  // two such relays in a call are past what people bear in talking (ITU-T G.114)

class Collector {
 public:
  void add(Severity severity, std::string code, std::string text) {
    const auto same = [&](const Recommendation& seen) { return seen.code == code && seen.text == text; };
    if (std::none_of(all_.begin(), all_.end(), same)) all_.push_back({severity, std::move(code), std::move(text)});
  }

  std::vector<Recommendation> sorted() && {
    std::stable_sort(all_.begin(), all_.end(), [](const auto& a, const auto& b) { return a.severity < b.severity; });
    return std::move(all_);
  }

 private:
  std::vector<Recommendation> all_;
};

std::string path_label(const PathReport& path) {
  return std::string(path.server.family == Family::kIpv4 ? "IPv4" : "IPv6") + " over " +
         (path.transport == Transport::kUdp   ? "UDP"
          : path.transport == Transport::kTcp ? "TCP"
                                              : "TLS");
}

void add_verdict(Collector& out, const PathReport& path, const CheckReport& report) {
  const auto advice = recommendation(path.verdict);
  if (advice.empty()) return;
  const bool alone = status_of(path.verdict) == Status::kFail && !serves_clients(report.verdict);
  const auto severity = alone || path.verdict == Verdict::kOkButOpenRelay ? Severity::kCritical : Severity::kWarning;
  std::string text = path_label(path) + ": " + std::string(meaning(path.verdict)) + " " + std::string(advice);
  if (path.alternate) text += " It named " + to_text(*path.alternate) + ".";
  out.add(severity, std::string(verdict_name(path.verdict)), std::move(text));
}

// A relay that reaches into its own machine or network serves attackers. A private peer may be meant.
void add_hardening(Collector& out, const PathReport& path) {
  std::string open;
  for (const auto& fact : path.hardening) {
    if (!fact.accepted.value_or(false)) continue;
    if (fact.kind == AddressKind::kPrivate) {
      out.add(
          Severity::kInfo, "open_to_private",
          "The relay accepts peers in private networks (" + fact.peer +
              "). If its clients are all on the internet, forbid them (coturn: denied-peer-ip=10.0.0.0-10.255.255.255 "
              "and so on).");
    } else {
      open += (open.empty() ? "" : ", ") + fact.peer;
    }
  }
  if (open.empty()) return;
  out.add(
      Severity::kWarning, "open_to_internal",
      "The relay accepts peers that lead into its own machine or cloud: " + open +
          ". Anybody with credentials can reach services there. Forbid them (coturn: remove allow-loopback-peers, add "
          "denied-peer-ip for 0.0.0.0/8, 127.0.0.0/8 and 169.254.0.0/16).");
}

void add_facts(Collector& out, const PathReport& path) {
  if (path.certificate && path.certificate->days_left && *path.certificate->days_left >= 0 &&
      *path.certificate->days_left < kCertificateDaysWarning) {
    out.add(Severity::kWarning, "certificate_ends",
            "The certificate ends in " + std::to_string(*path.certificate->days_left) +
                " days. Renew it now; browsers will refuse the server without saying why.");
  }
  if (path.relayed && classify(*path.relayed) != AddressKind::kPublic &&
      classify(path.server) == AddressKind::kPublic) {
    out.add(Severity::kWarning, "relayed_address_private",
            "The relay's address " + to_text(*path.relayed) +
                " is not public: peers elsewhere cannot reach it. Set external-ip on the server.");
  }
  if (path.forged > 0) {
    out.add(Severity::kWarning, "forged_answers",
            "Answers with a wrong signature came and were discarded. Either the server signs with another realm or "
            "password than it announces, or somebody on the way forges answers.");
  }
  if (path.echo && path.echo->received > 0 && path.echo->loss_pct > kLossWarningPct) {
    out.add(Severity::kWarning, "relay_loses_packets",
            "The way through the relay loses packets: " + std::to_string(path.echo->sent - path.echo->received) +
                " of " + std::to_string(path.echo->sent) +
                ". Calls through it will stutter; look at the server's load and uplink.");
  }
  if (path.echo && path.echo->rtt_avg_ms.value_or(0) > kRttWarningMs) {
    out.add(Severity::kWarning, "relay_is_far",
            "A packet through the relay and back takes over 300 ms. A relay closer to the users makes calls feel "
            "immediate again.");
  }
  if (path.transport == Transport::kTls && serves_clients(path.verdict)) {
    out.add(
        Severity::kInfo, "janus_tls_is_tcp",
        "This says that browsers can use TURN over TLS. Janus itself cannot: its turn_type \"tls\" speaks plain TCP.");
  }
}

}  // namespace

std::string_view step_state_name(StepState state) {
  constexpr std::string_view kNames[] = {"running", "pass", "warn", "fail", "skipped"};
  return kNames[static_cast<std::size_t>(state)];
}

std::string_view severity_name(Severity severity) {
  constexpr std::string_view kNames[] = {"critical", "warning", "info"};
  return kNames[static_cast<std::size_t>(severity)];
}

void conclude(CheckReport& report) {
  if (!report.paths.empty()) {
    const auto better = std::max_element(report.paths.begin(), report.paths.end(), [](const auto& a, const auto& b) {
      return rank(a.verdict) < rank(b.verdict);
    });
    report.verdict = better->verdict;
    report.reason = better->reason;
  }
  report.status = status_of(report.verdict);
  const bool some_path_fails = std::any_of(report.paths.begin(), report.paths.end(),
                                           [](const auto& path) { return status_of(path.verdict) == Status::kFail; });
  if (report.status == Status::kPass && some_path_fails) report.status = Status::kWarn;
  report.recommendations = recommendations_for(report);
}

std::vector<Recommendation> recommendations_for(const CheckReport& report) {
  Collector out;
  if (report.paths.empty()) {
    const auto advice = recommendation(report.verdict);
    if (!advice.empty()) {
      out.add(status_of(report.verdict) == Status::kFail ? Severity::kCritical : Severity::kWarning,
              std::string(verdict_name(report.verdict)),
              std::string(meaning(report.verdict)) + " " + std::string(advice));
    }
  }
  for (const auto& path : report.paths) {
    add_verdict(out, path, report);
    add_hardening(out, path);
    add_facts(out, path);
  }
  for (const auto& step : report.steps) {
    if (step.name == "credentials" && step.state == StepState::kWarn) {
      out.add(
          serves_clients(report.verdict) ? Severity::kWarning : Severity::kCritical, "expiry_in_milliseconds",
          "The time in the user name is in milliseconds. Servers read seconds: coturn refuses it, others take it for a "
          "date thousands of years ahead and never let it end. Divide by 1000 where it is made.");
    }
  }
  if (report.scheme_added) {
    out.add(Severity::kInfo, "scheme_added",
            "The URL has no scheme; \"turn:\" was put in front. Write it in the configuration: " + report.url);
  }
  return std::move(out).sorted();
}

}  // namespace callroom::turn
