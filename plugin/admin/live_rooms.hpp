// What the host knows and the database does not: who is in which room now. The host implements it.
//
// Threads: called on Janus's threads that serve the Admin API, several at once.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "json/json.hpp"

namespace callroom::admin {

struct LiveFilter {
  std::optional<std::string> room, user_id, provider, node;
  std::vector<std::string> ratings;  // of the current sample; empty: all
};

class LiveRooms {
 public:
  virtual ~LiveRooms() = default;

  // An array of {session_id, room, user_id, display, id, provider, media_path, started_at, duration_s, sample: {score,
  // rating, latency_ms, jitter_ms, packet_loss_in_pct, …} or null, issues: [codes]}.
  virtual json::Json live(const LiveFilter& filter) = 0;

  // An array of {room, description, media, capacity, participants: [{id, user_id, display, session_id}], is_private,
  // has_pin, permanent}. Never a PIN or a secret.
  virtual json::Json rooms() = 0;

  // As the room's owner could, without the room's secret. Errors: kNoSuchRoom, kNoSuchParticipant.
  virtual Result<void> kick(const std::string& room, const std::string& id) = 0;
  virtual Result<void> destroy(const std::string& room) = 0;

  // An object that becomes part of the answer to `health`: {version, janus, uptime_s, rooms, sessions, queue_depth_max,
  // …}.
  virtual json::Json health() = 0;
};

}  // namespace callroom::admin
