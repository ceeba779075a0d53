// The room requests of the Janus API, as types. Values are within their bounds already: what parses them has checked.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "signaling/pair.hpp"
#include "signaling/room_settings.hpp"

namespace callroom::signaling {

struct CreateRoom {
  RoomSettings settings;  // an empty id: one is made
  std::string admin_key;
};

struct EditRoom {
  std::string room, secret;
  RoomChanges changes;
};

struct DestroyRoom {
  std::string room, secret;
};

struct RoomExists {
  std::string room;
};

struct ListRooms {
  std::string admin_key;  // the right one lists private rooms too
};

struct ListParticipants {
  std::string room;
  HandleId viewer = 0;  // who asks; set by the host
};

struct Kick {
  std::string room, secret, id;
};

// What a client does when an offer crosses its own: p2p rooms, see pair.hpp.
enum class Collision { kByRole, kYields, kRefuses };

struct Join {
  std::string room, user_id, display, pin, token;
  std::string device_info;  // JSON object as text, or empty
  Collision collision = Collision::kByRole;
  bool takeover = false;
  std::string receive_token;  // of the session to be taken over
  bool proven = false;        // a signed token says that this is the user; set by the host, never by the client
};

struct Negotiate {
  std::int64_t negotiation = 0;
};

struct Receive {
  std::string session_id, receive_token;
};

struct Answer {
  std::int64_t negotiation = 0;
};

// The most that a receiver wants of somebody's video: a small tile needs no large picture, a hidden one none.
enum class WantedLayer : std::uint8_t { kLow, kMiddle, kHigh, kNone };

struct Configure {
  std::optional<bool> audio, video;  // false: the room relays none of it to this participant's peers
  std::optional<int> bitrate_kbps;   // most this participant sends, within the room's
  bool keyframe = false;             // ask this participant's sender for a key frame
  std::optional<WantedLayer> layer;  // of everybody, instead of all that was asked for before
  std::vector<std::pair<std::string, WantedLayer>> layers;  // of single participants, by their ids
};

struct PeerDescription {
  DescriptionType type = DescriptionType::kOffer;
  std::string sdp;
};

// To one other participant of a room whose media goes directly between them.
struct Signal {
  std::string to;
  std::int64_t negotiation = 0;
  std::variant<PeerDescription, std::vector<PeerCandidate>> what;
};

struct Leave {};

using Request = std::variant<CreateRoom, EditRoom, DestroyRoom, RoomExists, ListRooms, ListParticipants, Kick, Join,
                             Negotiate, Receive, Answer, Configure, Signal, Leave>;

}  // namespace callroom::signaling
