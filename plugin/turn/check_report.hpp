// What a check found out, as plain data. Nothing in it is secret: no password, secret, nonce or raw bytes get here, and
// what a server wrote (software, realm, reason) is printable and at most 128 characters long.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "turn/address.hpp"
#include "turn/server_url.hpp"
#include "turn/verdict.hpp"

namespace callroom::turn {

// Why a check, or a path of it, ended early.
struct Failure {
  Verdict verdict = Verdict::kInconclusive;
  std::string reason;
};

enum class StepState { kRunning, kPass, kWarn, kFail, kSkipped };
std::string_view step_state_name(StepState state);  // "running", "pass", …

struct Step {
  std::string name;  // resolve, connect, tls, binding, allocate, permission, channel, echo, hardening, release
  StepState state = StepState::kRunning;
  double at_ms = 0;        // since the check began
  double duration_ms = 0;  // 0 while it runs
  std::string detail;
};

struct CertificateFacts {
  std::string subject, issuer;
  std::optional<WallTime> not_after;
  std::optional<std::int64_t> days_left;  // negative once it has expired
};

struct EchoFacts {
  std::string through;  // "stun": a Binding through the relay; "socket": a payload to a socket of this machine
  int sent = 0, received = 0;
  std::optional<double> rtt_avg_ms, rtt_min_ms, rtt_max_ms;
  std::optional<double> jitter_ms;  // mean difference of consecutive round trips
  double loss_pct = 0;
};

// Whether the relay would talk to a peer that it should not. Nothing is sent to these peers.
struct HardeningFact {
  std::string peer;
  AddressKind kind = AddressKind::kLoopback;
  std::optional<bool> accepted;  // nullopt: no answer
};

// One way to the server: one address, one transport.
struct PathReport {
  Address server;
  Transport transport = Transport::kUdp;
  Verdict verdict = Verdict::kInconclusive;
  std::string reason;
  std::vector<Step> steps;

  std::optional<std::string> software, realm;
  std::optional<Address> mapped, relayed, alternate;
  std::optional<std::uint32_t> lifetime_s;
  std::optional<double> binding_rtt_ms;
  std::optional<CertificateFacts> certificate;
  std::optional<EchoFacts> echo;
  std::vector<HardeningFact> hardening;

  int retransmissions = 0;
  int forged = 0;   // successes whose signature was wrong: discarded
  int foreign = 0;  // datagrams that were no STUN
};

enum class Severity { kCritical, kWarning, kInfo };
std::string_view severity_name(Severity severity);

struct Recommendation {
  Severity severity = Severity::kInfo;
  std::string code;  // the verdict's name, or that of a finding: open_to_loopback, certificate_ends, …
  std::string text;
};

struct CheckReport {
  std::string server_id;  // empty for an ad-hoc check
  std::string url;        // as it was tested; without credentials by construction
  Transport transport = Transport::kUdp;
  bool scheme_added = false;
  bool relays = true;  // false: a stun: server, where only the Binding is checked

  Verdict verdict = Verdict::kInconclusive;  // of the better path
  Status status = Status::kWarn;             // warn where one of two paths fails
  std::string reason;
  std::vector<Step> steps;                      // before the paths part: credentials, resolve
  std::vector<PathReport> paths;                // IPv4, IPv6: those that the name resolves to
  std::vector<Recommendation> recommendations;  // most important first

  WallTime started_at{};
  double duration_ms = 0;
  bool finished = false;
};

// The verdict and status of the whole from those of its paths.
void conclude(CheckReport& report);

// Most important first, each from something in the report.
std::vector<Recommendation> recommendations_for(const CheckReport& report);

}  // namespace callroom::turn
