// One session, and when it is finished, what becomes one row of session_quality_logs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "base/time.hpp"
#include "quality/summary.hpp"

namespace callroom::storage {

// What is known of it from the beginning, or comes to be known while it runs.
struct SessionFacts {
  std::string session_id;  // UUID, lower case
  WallTime started_at{};
  std::string node;  // the Janus server_name, or the host name where there is none
  std::string room;
  std::string user_id;
  std::optional<std::string> display;

  std::string provider = "janus";      // "janus", "p2p"
  std::string media_path = "relay";    // "relay", "p2p", "p2p>relay", …: where media went, in order
  std::string measured_by = "server";  // "server", "client"

  std::uint32_t negotiations = 0, glare_count = 0, rollbacks = 0;
  std::optional<std::string> candidate_type, protocol, turn_server;
  std::optional<std::string> device_info;  // JSON object as text, at most 512 bytes
};

struct SessionRecord : SessionFacts {
  SessionRecord() = default;
  explicit SessionRecord(SessionFacts facts) : SessionFacts(std::move(facts)) {}

  WallTime ended_at{};
  std::string end_reason;  // left, kicked, room_destroyed, hangup, timeout, takeover, shutdown, crashed
  quality::Summary quality;
};

}  // namespace callroom::storage
