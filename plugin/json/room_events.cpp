#include "json/room_events.hpp"

namespace callroom::json {
namespace {

using namespace signaling;

Json peer_json(const PeerEntry& peer) {
  Json entry = Json::object();
  entry.set("id", peer.id).set("user_id", peer.user_id).set("display", peer.display);
  if (peer.role) entry.set("role", to_string(*peer.role));
  return entry;
}

Json to_json(const ParticipantJoined& event) {
  Json json = peer_json(event.participant);
  json.set("callroom", "participant_joined");
  return json;
}

Json to_json(const ParticipantLeft& event) {
  Json json = named_event("participant_left");
  json.set("id", event.id).set("reason", event.reason);
  return json;
}

Json to_json(const Kicked&) {
  return named_event("kicked");
}

Json to_json(const Destroyed& event) {
  Json json = named_event("destroyed");
  json.set("room", event.room);
  return json;
}

}  // namespace

Json named_event(const char* name) {
  Json json = Json::object();
  json.set("callroom", name);
  return json;
}

Json error_json(const Error& error) {
  Json json = named_event("error");
  json.set("error_code", static_cast<int>(error.code)).set("error", error.text);
  return json;
}

Json signal_json(const std::string& from, std::int64_t negotiation, DescriptionType type, const std::string& sdp) {
  Json description = Json::object();
  description.set("type", type == DescriptionType::kOffer ? "offer" : "answer").set("sdp", sdp);
  Json json = named_event("signal");
  json.set("from", from).set("negotiation", negotiation).set("description", std::move(description));
  return json;
}

Json signal_json(const std::string& from, std::int64_t negotiation, const std::string& candidate) {
  Json json = named_event("signal");
  json.set("from", from).set("negotiation", negotiation).set("candidate", parse(candidate));
  return json;
}

Json glare_json(const std::string& with, std::int64_t negotiation) {
  Json json = named_event("glare");
  json.set("with", with).set("resolution", "rollback").set("negotiation", negotiation);
  return json;
}

Json negotiate_json(const char* reason) {
  Json json = named_event("negotiate");
  json.set("reason", reason);
  return json;
}

Json event_json(const Event& event) {
  return std::visit([](const auto& e) { return to_json(e); }, event);
}

Json joined_json(const Joined& joined, double sample_interval_ms) {
  Json json = named_event("joined");
  json.set("room", joined.room).set("media", to_string(joined.media)).set("session_id", joined.session_id);
  json.set("id", joined.id).set("user_id", joined.user_id).set("role", to_string(Role::kImpolite));
  json.set("receive_token", joined.receive_token).set("sample_interval", sample_interval_ms);
  Json others = Json::array();
  for (const PeerEntry& peer : joined.participants) others.append(peer_json(peer));
  json.set("participants", std::move(others));
  return json;
}

Json participants_json(const std::string& room, const std::vector<PeerEntry>& participants) {
  Json json = named_event("participants");
  Json entries = Json::array();
  for (const PeerEntry& peer : participants) entries.append(peer_json(peer));
  json.set("room", room).set("participants", std::move(entries));
  return json;
}

Json rooms_json(const std::vector<RoomListing>& rooms) {
  Json json = named_event("rooms");
  Json list = Json::array();
  for (const RoomListing& room : rooms) {
    Json entry = Json::object();
    entry.set("room", room.room).set("description", room.description).set("media", to_string(room.media));
    entry.set("capacity", room.capacity).set("participants", static_cast<std::int64_t>(room.participants));
    entry.set("pin_required", room.pin_required).set("is_private", room.is_private);
    list.append(std::move(entry));
  }
  json.set("rooms", std::move(list));
  return json;
}

}  // namespace callroom::json
