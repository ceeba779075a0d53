// Quality that clients measure themselves, where media goes past the server.
#include <algorithm>
#include <utility>

#include "host/monotonic.hpp"
#include "host/switchboard.hpp"
#include "json/room_events.hpp"

namespace callroom::host {

namespace {

// Clients' clocks and timers are not the server's: this much more than has gone by may be reported.
constexpr double kLeewayMs = 5'000;

// No report for so long, though there were some: the client has lost its connections, or is gone.
constexpr MonotonicUs kSilence = 12'000'000;

}  // namespace

Result<void> Switchboard::carry_out(const Context& context, const json::Report& request) {
  const std::lock_guard lock(mutex_);
  const auto found = sending_session(*context.handle);
  if (!found) return found.error();
  CallSession& session = **found;
  const bool relayed = session.settings.media == signaling::MediaKind::kRelay;
  if (relayed && (!request.samples.empty() || request.connection)) {
    return Error{ErrorCode::kWrongMedia, "In a relay room the server measures; a report may tell the transport alone"};
  }
  const auto others = calls_.others_in_room(session);
  const bool known = std::ranges::any_of(others, [&](const auto& other) { return other->participant == request.to; });
  if (!request.to.empty() && !known) {
    return Error{ErrorCode::kNoSuchParticipant, "There is no other participant '" + request.to + "' in this room"};
  }
  const MonotonicUs now = monotonic_now();
  if (session.direct) {
    const auto lasted = std::chrono::duration<double, std::milli>(wall_now() - session.started_at).count();
    double& covered = session.direct->covered_ms[request.to];
    double more = 0;
    for (const auto& sample : request.samples) more += sample.interval_ms;
    if (covered + more > lasted + kLeewayMs) {
      return Error{ErrorCode::kTooManyRequests, "The samples cover more time than the session has lasted"};
    }
    covered += more;
  }
  if (request.transport) {
    const json::TransportUsed& used = *request.transport;
    if (!used.candidate_type.empty()) session.candidate_type = used.candidate_type;
    if (!used.protocol.empty()) session.protocol = used.protocol;
    if (!used.relay_url.empty()) session.turn_server = used.relay_url;
  }
  // Where the room has just moved to the relay, what was on its way is of no use any more.
  if (session.direct) {
    if (request.connection) take_connection(session, *request.connection, now);
    for (const auto& sample : request.samples) {
      auto& waiting = session.direct->waiting;
      if (waiting.contains(request.to)) take_client_samples(session, now);
      waiting.emplace(request.to, sample);
      if (waiting.size() >= others.size()) take_client_samples(session, now);
    }
  }
  outgoing_.post(context.handle, context.transaction, json::named_event("ack"));
  return {};
}

void Switchboard::take_connection(CallSession& session, json::PeerConnectionState state, MonotonicUs now) {
  if (state != json::PeerConnectionState::kConnected) {
    lose_direct_connection(session, now);
    return;
  }
  session.quality.connected(now);
  session.direct->reported = now;
  session.direct->fell_silent = false;
  if (const auto found = auto_rooms_.find(session.room); found != auto_rooms_.end()) found->second.connected(now);
}

void Switchboard::take_client_samples(CallSession& session, MonotonicUs now) {
  if (!session.direct || session.direct->waiting.empty()) return;
  const auto waiting = std::exchange(session.direct->waiting, {});
  take_connection(session, json::PeerConnectionState::kConnected, now);
  const WallTime wall = wall_now();
  const quality::Sample& sample = session.quality.report(quality::combined(waiting), now, wall);
  const auto rating = sample.rating();
  if (const auto found = auto_rooms_.find(session.room); found != auto_rooms_.end() && rating) {
    const bool poor = *rating == quality::Rating::kPoor || *rating == quality::Rating::kFailed;
    found->second.sample(session.participant, poor, now);
  }
  keep_sample(session, sample, wall);
}

void Switchboard::lose_direct_connection(CallSession& session, MonotonicUs now) {
  if (std::exchange(session.direct->fell_silent, true)) return;
  session.quality.disconnected(now);
  if (const auto found = auto_rooms_.find(session.room); found != auto_rooms_.end()) found->second.disconnected(now);
}

void Switchboard::watch_reports(CallSession& session, MonotonicUs now) {
  MonotonicUs& reported = session.direct->reported;
  if (calls_.others_in_room(session).empty()) reported = 0;
  if (reported != 0 && now - reported >= kSilence) lose_direct_connection(session, now);
}

}  // namespace callroom::host
