#include "json/room_requests.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include "base/text.hpp"
#include "json/fields.hpp"
#include "json/peer_requests.hpp"

namespace callroom::json {
namespace {

using namespace signaling;

constexpr std::size_t kMaxDescription = 256;
constexpr std::size_t kMaxSecret = 256;
constexpr std::size_t kMaxToken = 1024;
constexpr std::size_t kMaxDeviceInfo = 512;
constexpr std::size_t kMostLayers = 32;                   // as many as there can be others
constexpr std::int64_t kHistory = 50, kMaxHistory = 200;  // rows
constexpr std::int64_t kMaxNegotiation = std::numeric_limits<std::int32_t>::max();

RoomRequest create(Fields& fields) {
  CreateRoom request;
  RoomSettings& room = request.settings;
  room.id = fields.id("room").value_or("");
  room.media = static_cast<MediaKind>(fields.choice("media", {"relay", "p2p", "auto"}).value_or(0));
  room.capacity = static_cast<int>(fields.integer("capacity", 2, max_capacity(room.media)).value_or(2));
  room.description = fields.text("description", kMaxDescription).value_or("");
  room.pin = fields.text("pin", kMaxSecret).value_or("");
  room.secret = fields.text("secret", kMaxSecret).value_or("");
  room.is_private = fields.flag("is_private").value_or(false);
  if (auto codecs = fields.choices("audiocodec", {"opus"})) room.audiocodec = *std::move(codecs);
  if (auto codecs = fields.choices("videocodec", {"vp8", "vp9", "h264"})) room.videocodec = *std::move(codecs);
  room.bitrate_kbps =
      static_cast<int>(fields.integer("bitrate", kMinBitrateKbps, kMaxBitrateKbps).value_or(room.bitrate_kbps));
  room.quality_events = fields.flag("quality_events").value_or(false);
  room.signed_tokens = fields.flag("signed_tokens").value_or(false);
  request.admin_key = fields.text("admin_key", kMaxSecret).value_or("");
  return request;
}

RoomRequest edit(Fields& fields) {
  EditRoom request{fields.required_id("room"), fields.text("secret", kMaxSecret).value_or(""), {}};
  request.changes.description = fields.text("new_description", kMaxDescription);
  request.changes.pin = fields.text("new_pin", kMaxSecret);
  request.changes.secret = fields.text("new_secret", kMaxSecret);
  request.changes.is_private = fields.flag("new_is_private");
  request.changes.quality_events = fields.flag("new_quality_events");
  if (const auto capacity = fields.integer("new_capacity", 2, kMaxRelayCapacity)) {
    request.changes.capacity = static_cast<int>(*capacity);
  }
  if (const auto bitrate = fields.integer("new_bitrate", kMinBitrateKbps, kMaxBitrateKbps)) {
    request.changes.bitrate_kbps = static_cast<int>(*bitrate);
  }
  return request;
}

RoomRequest destroy(Fields& fields) {
  return DestroyRoom{fields.required_id("room"), fields.text("secret", kMaxSecret).value_or("")};
}

RoomRequest exists(Fields& fields) {
  return RoomExists{fields.required_id("room")};
}

RoomRequest list(Fields& fields) {
  return ListRooms{fields.text("admin_key", kMaxSecret).value_or("")};
}

RoomRequest participants(Fields& fields) {
  return ListParticipants{fields.required_id("room")};
}

RoomRequest kick(Fields& fields) {
  return Kick{fields.required_id("room"), fields.text("secret", kMaxSecret).value_or(""), fields.required_id("id")};
}

RoomRequest join(Fields& fields) {
  Join request;
  request.room = fields.required_id("room");
  request.user_id = fields.required_id("user_id");
  request.display = fields.text("display", kMaxDisplayLength).value_or("");
  request.pin = fields.text("pin", kMaxSecret).value_or("");
  request.token = fields.text("token", kMaxToken).value_or("");
  request.device_info = fields.object_text("device", kMaxDeviceInfo).value_or("");
  if (const auto choice = fields.choice("collision", {"yields", "refuses"})) {
    request.collision = *choice == 0 ? Collision::kYields : Collision::kRefuses;
  }
  request.takeover = fields.flag("takeover").value_or(false);
  request.receive_token = fields.text("receive_token", kMaxSecret).value_or("");
  return request;
}

RoomRequest negotiate(Fields& fields) {
  return Negotiate{fields.required_integer("negotiation", 0, kMaxNegotiation)};
}

RoomRequest receive(Fields& fields) {
  return Receive{fields.required_id("session_id"), fields.required_text("receive_token", kMaxSecret)};
}

RoomRequest answer(Fields& fields) {
  return Answer{fields.required_integer("negotiation", 0, kMaxNegotiation)};
}

constexpr std::array<std::pair<std::string_view, WantedLayer>, 4> kLayers = {{
    {"l", WantedLayer::kLow},
    {"m", WantedLayer::kMiddle},
    {"h", WantedLayer::kHigh},
    {"none", WantedLayer::kNone},
}};

std::optional<WantedLayer> layer_named(JsonView value) {
  const auto found = std::ranges::find(kLayers, value.string().value_or(""), &decltype(kLayers)::value_type::first);
  return found == kLayers.end() ? std::nullopt : std::optional(found->second);
}

// One of the names, for everybody; or an object of participants and names.
void read_layers(Fields& fields, Configure& request) {
  const JsonView value = fields.raw("layer");
  if (!value || value.is_null()) return;
  request.layer = layer_named(value);
  bool good = request.layer.has_value();
  if (value.is_object() && value.size() <= kMostLayers) {
    good = true;
    const char* id = nullptr;
    json_t* entry = nullptr;
    json_object_foreach(value.get(), id, entry) {
      const auto layer = layer_named(JsonView(entry));
      good = good && layer && is_valid_id(id);
      if (good) request.layers.emplace_back(id, *layer);
    }
  }
  if (!good) {
    fields.fail(ErrorCode::kInvalidField,
                R"(layer must be one of "l", "m", "h", "none", or an object of participants' ids and these)");
  }
}

RoomRequest configure(Fields& fields) {
  Configure request;
  request.audio = fields.flag("audio");
  request.video = fields.flag("video");
  if (const auto bitrate = fields.integer("bitrate", kMinBitrateKbps, kMaxBitrateKbps)) {
    request.bitrate_kbps = static_cast<int>(*bitrate);
  }
  request.keyframe = fields.flag("keyframe").value_or(false);
  read_layers(fields, request);
  return request;
}

RoomRequest history(Fields& fields) {
  History request;
  request.limit = static_cast<std::size_t>(fields.integer("limit", 1, kMaxHistory).value_or(kHistory));
  request.before = fields.time("before");
  return request;
}

RoomRequest leave(Fields&) {
  return Leave{};
}

struct Parser {
  std::string_view name;
  RoomRequest (*parse)(Fields&);
};

constexpr std::array kParsers = {
    Parser{"create", create},   Parser{"edit", edit},     Parser{"destroy", destroy},
    Parser{"exists", exists},   Parser{"list", list},     Parser{"participants", participants},
    Parser{"kick", kick},       Parser{"join", join},     Parser{"negotiate", negotiate},
    Parser{"receive", receive}, Parser{"answer", answer}, Parser{"configure", configure},
    Parser{"signal", signal},   Parser{"report", report}, Parser{"leave", leave},
    Parser{"history", history},
};

}  // namespace

Result<RoomRequest> parse_room_request(JsonView message) {
  if (!message.is_object()) return Error{ErrorCode::kInvalidRequest, "A request must be a JSON object"};
  const auto name = message["request"].string();
  if (!name) return Error{ErrorCode::kInvalidRequest, "A request must name itself in \"request\""};
  for (const Parser& parser : kParsers) {
    if (parser.name != *name) continue;
    Fields fields(message);
    RoomRequest request = parser.parse(fields);
    if (fields.error()) return *fields.error();
    return request;
  }
  return Error{ErrorCode::kUnknownRequest, "Unknown request"};
}

}  // namespace callroom::json
