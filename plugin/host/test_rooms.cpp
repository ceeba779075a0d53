#include "host/test_rooms.hpp"

#include <string>

#include "admin/scope.hpp"
#include "host/random.hpp"
#include "host/switchboard.hpp"

namespace callroom::host {
namespace {

using json::Json;
using json::JsonView;

constexpr std::size_t kManyTestRooms = 16;
constexpr const char* kRecordedPrefix = "panel-test-";

void clear_away(Switchboard& switchboard) {
  const Json rooms = switchboard.rooms();
  std::vector<std::string> empty;
  std::size_t found = 0;
  for (std::size_t i = 0; i < rooms.view().size(); ++i) {
    const JsonView room = rooms.view().at(i);
    const std::string id(room["room"].string().value_or(""));
    if (!id.starts_with(kUnrecordedPrefix) && !id.starts_with(kRecordedPrefix)) continue;
    ++found;
    if (room["participants"].size() == 0) empty.push_back(id);
  }
  if (found < kManyTestRooms) return;
  for (const std::string& id : empty) {
    if (const auto gone = switchboard.destroy_room(id); !gone) continue;  // somebody else was faster
  }
}

}  // namespace

void add_test_room_request(admin::Dispatcher& dispatcher, Switchboard& switchboard) {
  dispatcher.add("test_room", [&switchboard](JsonView request) -> Result<Json> {
    json::Fields fields(request);
    const auto media = fields.choice("media", {"relay", "p2p", "auto"});
    const auto capacity = fields.integer("capacity", 2, 4);
    const bool recorded = fields.flag("recorded").value_or(false);
    if (auto error = admin::finish(fields, request, {"media", "capacity", "recorded"})) return *std::move(error);
    clear_away(switchboard);
    signaling::RoomSettings settings;
    settings.id = (recorded ? std::string(kRecordedPrefix) : std::string(kUnrecordedPrefix)) + random_hex(8);
    settings.media = static_cast<signaling::MediaKind>(media.value_or(0));
    settings.capacity = static_cast<int>(capacity.value_or(2));
    settings.description = "A test of the panel";
    settings.is_private = true;
    settings.quality_events = true;
    const auto room = switchboard.add_room(std::move(settings));
    if (!room) return room.error();
    return std::move(Json::object().set("room", *room));
  });
}

}  // namespace callroom::host
