// The rooms of this node and who is in them. Pure: a request comes in, an outcome goes out that says whom to tell what;
// nothing is sent from here. Not synchronised: its owner holds the lock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "signaling/events.hpp"
#include "signaling/requests.hpp"
#include "signaling/room_settings.hpp"

namespace callroom::signaling {

struct Participant {
  std::string id, user_id, display, session_id, receive_token;
  HandleId handle = 0;
  Collision collision = Collision::kByRole;
  std::uint64_t order = 0;  // rises with each join of the node
};

struct Room {
  RoomSettings settings;
  std::vector<Participant> participants;  // in the order in which they joined

  const Participant* find(std::string_view participant_id) const;
  const Participant* find_user(std::string_view user_id) const;
};

struct Notice {
  HandleId to = 0;
  Event event;
};

// Identifiers that a join needs, made by the caller, who has the randomness.
struct FreshIds {
  std::string session_id, participant_id, receive_token;
};

struct Departure {
  std::string room;
  Participant participant;
  std::vector<Notice> notices;  // to those who stay, or who are made to leave
};

struct JoinOutcome {
  Joined joined;
  std::optional<Departure> taken_over;  // who had this user id until now
  std::vector<Notice> notices;
};

struct RoomListing {
  std::string room, description;
  MediaKind media = MediaKind::kRelay;
  int capacity = 0;
  std::size_t participants = 0;
  bool pin_required = false, is_private = false;
};

struct Limits {
  std::size_t max_rooms = 10'000;
  std::size_t max_sessions = 10'000;
};

// The role of `self` towards `other`: the larger user id (bytes compared; equal ids: the later join) is polite.
Role role_towards(const Participant& self, const Participant& other);

class Rooms {
 public:
  Rooms(std::string admin_key, Limits limits) : admin_key_(std::move(admin_key)), limits_(limits) {}

  // The new room's id. `fresh_id` is used where the request names none.
  Result<std::string> create(const CreateRoom& request, const std::string& fresh_id);
  // A room of the configuration: no admin key is asked for.
  Result<std::string> add(RoomSettings settings);
  Result<void> edit(const EditRoom& request);
  // Everybody's departure, the room gone. The one without a secret is for administrators.
  Result<std::vector<Departure>> destroy(const DestroyRoom& request);
  Result<std::vector<Departure>> destroy(const std::string& room);
  std::vector<RoomListing> list(const ListRooms& request) const;
  std::vector<RoomListing> list_all() const;
  Result<std::vector<PeerEntry>> participants(const ListParticipants& request) const;
  Result<Departure> kick(const Kick& request);
  Result<Departure> kick(const std::string& room, const std::string& participant);
  // Whether a join would be accepted (room, PIN, space, user id); changes nothing.
  Result<void> may_join(const Join& request) const;
  Result<JoinOutcome> join(const Join& request, HandleId handle, const FreshIds& ids);
  std::optional<Departure> leave(std::string_view room, std::string_view participant, const std::string& reason);

  const Room* find(std::string_view room) const;
  std::size_t room_count() const { return rooms_.size(); }
  std::size_t participant_count() const { return participant_count_; }

 private:
  using RoomMap = std::map<std::string, Room, std::less<>>;

  Result<const Room*> authorised(std::string_view room, std::string_view secret) const;
  Departure remove(RoomMap::iterator room, std::size_t index, const std::string& reason);
  std::vector<Departure> remove_all(RoomMap::iterator room);

  std::string admin_key_;
  Limits limits_;
  RoomMap rooms_;
  std::size_t participant_count_ = 0;
  std::uint64_t next_order_ = 1;
};

}  // namespace callroom::signaling
