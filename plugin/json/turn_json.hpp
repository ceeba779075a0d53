// Tests of STUN and TURN servers: admin requests and answers, and the ICE servers that clients are given.
//
//   turn_servers       {servers: [{id, url, transport, relays, credentials ("static", "secret", "none"), check_every,
//                       last: report or null}], availability: {level, reachable, checked, text}}
//   turn_test          server (an id, or "all"), or url with username?, password?, secret? -> {test}
//   turn_test_status   test -> {test, state ("waiting", "running", "finished", "cancelled"), progress (0 to 100),
//                       started_at, verdict, status, steps, recommendations, servers: [report]}
//   turn_test_cancel   test -> {test}
//
// report: {server, url, transport, relays, scheme_added, finished, verdict, status, meaning, reason, started_at,
//   duration_ms, steps: [step], paths: [path], recommendations: [{severity, code, text}]}
// path: {family ("ipv4", "ipv6"), address, transport, verdict, status, reason, steps, software, realm, mapped, relayed,
//   relayed_kind, alternate, alternate_kind, lifetime_s, binding_ms, certificate: {subject, issuer, not_after,
//   days_left}, echo: {through, sent, received, rtt_ms, rtt_min_ms, rtt_max_ms, jitter_ms, loss_pct}, hardening:
//   [{peer, kind, accepted}], retransmissions, forged, foreign}
// step: {name, state ("running", "pass", "warn", "fail", "skipped"), at_ms, duration_ms, detail}
// Beside `test`, verdict and status are those of the worst server once all have finished, null before; steps and
// recommendations are those of all servers, each with its `server`.
#pragma once

#include "base/result.hpp"
#include "json/json.hpp"
#include "turn/credentials.hpp"
#include "turn/test_service.hpp"

namespace callroom::json {

// Errors: kMissingField, kInvalidField.
Result<turn::TestRequest> parse_turn_test(JsonView request);

Json turn_servers_json(const std::vector<turn::ServerSummary>& servers, const turn::AvailabilityReport& availability);
Json turn_status_json(const turn::TestStatus& status);

// RTCConfiguration.iceServers: [{id, urls, username?, credential?}]; browsers pass over the id, which names the
// configured server.
Json ice_servers_json(const std::vector<turn::IceServer>& servers);

}  // namespace callroom::json
