#include "host/live_rooms.hpp"

#include "host/core.hpp"
#include "host/monotonic.hpp"

namespace callroom::host {

using json::Json;

OpenRooms::OpenRooms(Switchboard& switchboard, const Registry& registry, std::string node)
    : switchboard_(switchboard), registry_(registry), node_(std::move(node)), started_at_(monotonic_now()) {}

Json OpenRooms::live(const admin::LiveFilter& filter) {
  return switchboard_.live(filter);
}

Json OpenRooms::rooms() {
  return switchboard_.rooms();
}

Result<void> OpenRooms::kick(const std::string& room, const std::string& id) {
  return switchboard_.kick(room, id);
}

Result<void> OpenRooms::destroy(const std::string& room) {
  return switchboard_.destroy_room(room);
}

Json OpenRooms::health() {
  const Switchboard::Load load = switchboard_.load();
  Json json = Json::object();
  json.set("version", CALLROOM_VERSION).set("janus", CALLROOM_JANUS_VERSION).set("node", node_);
  json.set("uptime_s", static_cast<double>(monotonic_now() - started_at_) / 1e6);
  json.set("rooms", static_cast<std::int64_t>(load.rooms)).set("sessions", static_cast<std::int64_t>(load.sessions));
  json.set("handles", static_cast<std::int64_t>(registry_.size()));
  json.set("queue_depth_max", static_cast<std::int64_t>(load.deepest_queue));
  json.set("malformed_packets", static_cast<std::int64_t>(load.left_out.malformed_packets));
  json.set("unattributed_reports", static_cast<std::int64_t>(load.left_out.unattributed_reports));
  return json;
}

}  // namespace callroom::host
