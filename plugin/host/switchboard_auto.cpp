// Rooms that start p2p and have the relay as the fallback.
#include <algorithm>
#include <utility>

#include "host/monotonic.hpp"
#include "host/switchboard.hpp"
#include "json/room_events.hpp"

namespace callroom::host {

using json::Json;
using signaling::MediaPath;

namespace {

// A call that moves on and on is told by its timeline; the row's text stays short.
constexpr std::size_t kMaxMediaPath = 60;

}  // namespace

bool Switchboard::media_is_direct(const signaling::Room& room) const {
  if (room.settings.media != signaling::MediaKind::kAuto) return room.settings.media == signaling::MediaKind::kP2p;
  const auto found = auto_rooms_.find(room.settings.id);
  return found == auto_rooms_.end() || found->second.path() == MediaPath::kP2p;
}

void Switchboard::follow_membership(const std::string& id, MonotonicUs now) {
  const signaling::Room* room = rooms_.find(id);
  if (room == nullptr || room->participants.empty()) {
    auto_rooms_.erase(id);
    return;
  }
  if (room->settings.media != signaling::MediaKind::kAuto) return;
  std::vector<std::string> present;
  for (const auto& participant : room->participants) present.push_back(participant.id);
  if (const auto move = auto_rooms_[id].participants(present, now)) move_media(id, *move);
  tell_arrival(id);  // who left is not waited for
}

void Switchboard::move_media(const std::string& room, signaling::AutoMedia::Move move) {
  const bool direct = move.to == MediaPath::kP2p;
  JANUS_LOG(LOG_INFO, "[callroom] Room %s: media moves to %s (%s)\n", room.c_str(), to_string(move.to),
            to_string(move.reason));
  for (const SessionPtr& session : calls_.in_room(room)) {
    if ((session->direct != nullptr) == direct) continue;
    peers_.forget(*session);
    session->moving = !direct;
    session->direct = direct ? std::make_unique<Direct>() : nullptr;
    session->provider = direct ? "p2p" : "janus";
    session->measured_by = direct ? "client" : "server";
    if (session->media_path.size() < kMaxMediaPath) session->media_path += std::string(">") + to_string(move.to);
    session->quality.add_event(quality::Happening::kMediaPath, direct ? 1 : 0);
    const auto sender = session->sender.lock();
    if (!sender) continue;
    Json event = json::named_event("media");
    event.set("provider", session->provider).set("reason", to_string(move.reason));
    outgoing_.notify(sender, Json::adopt(json_deep_copy(event.get())));
    outgoing_.post(sender, "", std::move(event));
  }
  tell_arrival(room);  // at once where nobody had left the relay yet
}

// Those who were moved to the relay keep their direct connections until all of them can be heard through it: on a bad
// network that takes many seconds, and whoever is there first would cut the others off.
void Switchboard::tell_arrival(const std::string& room) {
  const auto is_there = [](const SessionPtr& session) {
    const bool heard = session->uplink.up || session->uplink.tracks.empty();
    return !session->moving || (heard && session->downlink && session->downlink->up);
  };
  const auto& present = calls_.in_room(room);
  if (!std::ranges::all_of(present, is_there)) return;
  for (const SessionPtr& session : present) {
    if (!std::exchange(session->moving, false)) continue;
    Json event = json::named_event("media");
    event.set("provider", session->provider).set("complete", true);
    outgoing_.post(*session, std::move(event));
  }
}

void Switchboard::tick_auto_rooms(MonotonicUs now) {
  for (auto& [room, media] : auto_rooms_) {
    if (const auto move = media.tick(now)) move_media(room, *move);
  }
}

}  // namespace callroom::host
