// What participants are told. Plain data; json/room_events.hpp writes it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "signaling/room_settings.hpp"

namespace callroom::signaling {

using HandleId = std::uint64_t;  // a signaling connection; 0 is none

enum class Role { kPolite, kImpolite };

const char* to_string(Role role);

// Another participant as one participant sees them.
struct PeerEntry {
  std::string id, user_id, display;
  std::optional<Role> role;  // the viewer's own towards this one; none towards oneself, or of who is not in the room
};

struct Joined {
  std::string room, session_id, id, user_id, receive_token;
  MediaKind media = MediaKind::kRelay;
  std::vector<PeerEntry> participants;
};

struct ParticipantJoined {
  PeerEntry participant;
};

struct ParticipantLeft {
  std::string id, reason;
};

struct Kicked {};
struct Destroyed {
  std::string room;
};

using Event = std::variant<ParticipantJoined, ParticipantLeft, Kicked, Destroyed>;

}  // namespace callroom::signaling
