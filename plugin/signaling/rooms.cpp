#include "signaling/rooms.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace callroom::signaling {

const char* to_string(MediaKind kind) {
  switch (kind) {
    case MediaKind::kRelay:
      return "relay";
    case MediaKind::kP2p:
      return "p2p";
    case MediaKind::kAuto:
      return "auto";
  }
  return "";
}

const char* to_string(Role role) {
  return role == Role::kPolite ? "polite" : "impolite";
}

int max_capacity(MediaKind kind) {
  return kind == MediaKind::kP2p ? kMaxP2pCapacity : kMaxRelayCapacity;
}

Role role_towards(const Participant& self, const Participant& other) {
  if (self.user_id != other.user_id) return self.user_id > other.user_id ? Role::kPolite : Role::kImpolite;
  return self.order > other.order ? Role::kPolite : Role::kImpolite;
}

const Participant* Room::find(std::string_view participant_id) const {
  const auto it = std::ranges::find(participants, participant_id, &Participant::id);
  return it == participants.end() ? nullptr : &*it;
}

const Participant* Room::find_user(std::string_view user_id) const {
  const auto it = std::ranges::find(participants, user_id, &Participant::user_id);
  return it == participants.end() ? nullptr : &*it;
}

namespace {

Error no_such_room(std::string_view room) {
  return {ErrorCode::kNoSuchRoom, "There is no room '" + std::string(room) + "'"};
}

PeerEntry entry_for(const Participant& viewer, const Participant& other) {
  return {other.id, other.user_id, other.display, role_towards(viewer, other)};
}

RoomListing listing_of(const Room& room) {
  const RoomSettings& s = room.settings;
  return {s.id, s.description, s.media, s.capacity, room.participants.size(), !s.pin.empty(), s.is_private};
}

}  // namespace

const Room* Rooms::find(std::string_view room) const {
  const auto it = rooms_.find(room);
  return it == rooms_.end() ? nullptr : &it->second;
}

Result<std::string> Rooms::create(const CreateRoom& request, const std::string& fresh_id) {
  if (!admin_key_.empty() && !equal_in_constant_time(admin_key_, request.admin_key)) {
    return Error{ErrorCode::kWrongAdminKey, "The admin_key is missing or wrong"};
  }
  RoomSettings settings = request.settings;
  if (settings.id.empty()) settings.id = fresh_id;
  return add(std::move(settings));
}

Result<std::string> Rooms::add(RoomSettings settings) {
  if (rooms_.contains(settings.id)) {
    return Error{ErrorCode::kRoomExists, "There is a room '" + settings.id + "' already"};
  }
  if (rooms_.size() >= limits_.max_rooms) {
    return Error{ErrorCode::kLimitReached, "This server has as many rooms as it may have"};
  }
  std::string id = settings.id;
  rooms_.emplace(id, Room{std::move(settings), {}});
  return id;
}

Result<const Room*> Rooms::authorised(std::string_view room, std::string_view secret) const {
  const Room* found = find(room);
  if (found == nullptr) return no_such_room(room);
  if (found->settings.secret.empty() || !equal_in_constant_time(found->settings.secret, secret)) {
    return Error{ErrorCode::kWrongSecret, "The secret of the room is missing or wrong"};
  }
  return found;
}

Result<void> Rooms::edit(const EditRoom& request) {
  const auto allowed = authorised(request.room, request.secret);
  if (!allowed) return allowed.error();
  const RoomChanges& changes = request.changes;
  RoomSettings& settings = rooms_.find(request.room)->second.settings;
  if (changes.capacity && *changes.capacity > max_capacity(settings.media)) {
    return Error{ErrorCode::kInvalidField,
                 "capacity of this room may be 2 to " + std::to_string(max_capacity(settings.media))};
  }
  if (changes.description) settings.description = *changes.description;
  if (changes.pin) settings.pin = *changes.pin;
  if (changes.secret) settings.secret = *changes.secret;
  if (changes.is_private) settings.is_private = *changes.is_private;
  if (changes.quality_events) settings.quality_events = *changes.quality_events;
  if (changes.capacity) settings.capacity = *changes.capacity;
  if (changes.bitrate_kbps) settings.bitrate_kbps = *changes.bitrate_kbps;
  return {};
}

std::vector<Departure> Rooms::remove_all(RoomMap::iterator room) {
  std::vector<Departure> departures;
  for (Participant& participant : room->second.participants) {
    Departure departure;
    departure.room = room->first;
    departure.notices.push_back({participant.handle, Destroyed{room->first}});
    departure.participant = std::move(participant);
    departures.push_back(std::move(departure));
  }
  participant_count_ -= departures.size();
  rooms_.erase(room);
  return departures;
}

Result<std::vector<Departure>> Rooms::destroy(const DestroyRoom& request) {
  const auto allowed = authorised(request.room, request.secret);
  if (!allowed) return allowed.error();
  return destroy(request.room);
}

Result<std::vector<Departure>> Rooms::destroy(const std::string& room) {
  const auto it = rooms_.find(room);
  if (it == rooms_.end()) return no_such_room(room);
  return remove_all(it);
}

std::vector<RoomListing> Rooms::list_all() const {
  std::vector<RoomListing> listings;
  for (const auto& [id, room] : rooms_) listings.push_back(listing_of(room));
  return listings;
}

std::vector<RoomListing> Rooms::list(const ListRooms& request) const {
  std::vector<RoomListing> listings = list_all();
  const bool all = !admin_key_.empty() && equal_in_constant_time(admin_key_, request.admin_key);
  if (!all) std::erase_if(listings, [](const RoomListing& listing) { return listing.is_private; });
  return listings;
}

Result<std::vector<PeerEntry>> Rooms::participants(const ListParticipants& request) const {
  const Room* room = find(request.room);
  if (room == nullptr) return no_such_room(request.room);
  const auto viewer = std::ranges::find(room->participants, request.viewer, &Participant::handle);
  std::vector<PeerEntry> entries;
  for (auto it = room->participants.begin(); it != room->participants.end(); ++it) {
    entries.push_back({it->id, it->user_id, it->display, std::nullopt});
    if (viewer != room->participants.end() && viewer != it) entries.back().role = role_towards(*viewer, *it);
  }
  return entries;
}

Result<Departure> Rooms::kick(const Kick& request) {
  const auto allowed = authorised(request.room, request.secret);
  if (!allowed) return allowed.error();
  return kick(request.room, request.id);
}

Result<Departure> Rooms::kick(const std::string& room, const std::string& participant) {
  const Room* found = find(room);
  if (found == nullptr) return no_such_room(room);
  const Participant* target = found->find(participant);
  if (target == nullptr) {
    return Error{ErrorCode::kNoSuchParticipant, "There is no participant '" + participant + "' in this room"};
  }
  const HandleId handle = target->handle;
  auto departure = leave(room, participant, "kicked");
  departure->notices.push_back({handle, Kicked{}});
  return *std::move(departure);
}

Result<void> Rooms::may_join(const Join& request) const {
  const Room* room = find(request.room);
  if (room == nullptr) return no_such_room(request.room);
  if (room->settings.signed_tokens && !request.proven) {
    return Error{ErrorCode::kInvalidToken, "The room needs a token that is signed for this room and this user_id"};
  }
  if (!room->settings.pin.empty() && !equal_in_constant_time(room->settings.pin, request.pin)) {
    return Error{ErrorCode::kWrongPin, "The pin of the room is missing or wrong"};
  }
  const Participant* before = room->find_user(request.user_id);
  const bool present = before != nullptr;
  if (present && !request.takeover) {
    return Error{ErrorCode::kUserInRoom, "This user_id is in the room already; takeover replaces it"};
  }
  if (present && !request.proven && !equal_in_constant_time(before->receive_token, request.receive_token)) {
    return Error{ErrorCode::kUserInRoom,
                 "This user_id is in the room already; takeover needs the receive_token of its session"};
  }
  if (!present && room->participants.size() >= static_cast<std::size_t>(room->settings.capacity)) {
    return Error{ErrorCode::kRoomFull, "The room is full"};
  }
  if (!present && participant_count_ >= limits_.max_sessions) {
    return Error{ErrorCode::kLimitReached, "This server has as many sessions as it may have"};
  }
  return {};
}

Result<JoinOutcome> Rooms::join(const Join& request, HandleId handle, const FreshIds& ids) {
  if (auto allowed = may_join(request); !allowed) return allowed.error();
  const auto room = rooms_.find(request.room);
  JoinOutcome outcome;
  if (const Participant* before = room->second.find_user(request.user_id)) {
    const auto index = static_cast<std::size_t>(before - room->second.participants.data());
    outcome.taken_over = remove(room, index, "takeover");
  }
  Participant self{ids.participant_id, request.user_id, request.display,   ids.session_id,
                   ids.receive_token,  handle,          request.collision, next_order_++};
  outcome.joined = {
      request.room, self.session_id, self.id, self.user_id, self.receive_token, room->second.settings.media, {}};
  for (const Participant& other : room->second.participants) {
    outcome.joined.participants.push_back(entry_for(self, other));
    outcome.notices.push_back({other.handle, ParticipantJoined{entry_for(other, self)}});
  }
  room->second.participants.push_back(std::move(self));
  ++participant_count_;
  return outcome;
}

Departure Rooms::remove(RoomMap::iterator room, std::size_t index, const std::string& reason) {
  auto& participants = room->second.participants;
  Departure departure;
  departure.room = room->first;
  departure.participant = std::move(participants[index]);
  participants.erase(participants.begin() + static_cast<std::ptrdiff_t>(index));
  --participant_count_;
  for (const Participant& other : participants) {
    departure.notices.push_back({other.handle, ParticipantLeft{departure.participant.id, reason}});
  }
  return departure;
}

std::optional<Departure> Rooms::leave(std::string_view room, std::string_view participant, const std::string& reason) {
  const auto it = rooms_.find(room);
  if (it == rooms_.end()) return std::nullopt;
  const Participant* found = it->second.find(participant);
  if (found == nullptr) return std::nullopt;
  const auto index = static_cast<std::size_t>(found - it->second.participants.data());
  return remove(it, index, reason);
}

}  // namespace callroom::signaling
