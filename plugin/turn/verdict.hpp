// What a check concludes, and what an operator can do about it. Pure.
#pragma once

#include <optional>
#include <string_view>

namespace callroom::turn {

enum class Verdict {
  kOk,
  kOkButOpenRelay,
  kCredentialsRejected,
  kCredentialsExpired,
  kRefused,
  kUnreachable,
  kBlocked,
  kNoResponse,
  kConnectTimeout,
  kDnsFailed,
  kTlsNotSpoken,
  kTlsUntrusted,
  kTlsExpired,
  kTlsNotYetValid,
  kTlsWrongName,
  kTlsUnavailable,  // this machine has no TLS for GIO (glib-networking)
  kStaleNonceLoop,
  kQuotaReached,
  kAtCapacity,
  kRedirected,
  kNoRelayForTransport,
  kNoRelayForFamily,
  kTurnNotOffered,
  kForbidden,
  kNoData,          // an allocation was granted, but nothing came back through it
  kAddressRefused,  // resolves to an address that tests must not reach
  kInconclusive,
  kCancelled,
};

enum class Status { kPass, kWarn, kFail, kSkipped };

std::string_view verdict_name(Verdict verdict);  // "ok", "ok_but_open_relay", … as the API gives it
std::optional<Verdict> verdict_from(std::string_view name);
std::string_view status_name(Status status);  // "pass", "warn", "fail", "skipped"

Status status_of(Verdict verdict);

// Whether the server gives clients a relay (or, for stun:, an address): what "reachable" means for the alert.
bool serves_clients(Verdict verdict);

// Higher is better: which of two paths to one server speaks for it.
int rank(Verdict verdict);

std::string_view meaning(Verdict verdict);         // one sentence: what was seen
std::string_view recommendation(Verdict verdict);  // what to do; empty where there is nothing to do

}  // namespace callroom::turn
