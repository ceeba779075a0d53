#include "admin/dispatcher.hpp"

#include <chrono>
#include <exception>
#include <utility>

#include "admin/database.hpp"
#include "admin/health.hpp"
#include "admin/scope.hpp"

namespace callroom::admin {
namespace {

using json::Json;
using json::JsonView;

// Adds the five that the host answers from memory.
void add_room_requests(Dispatcher& dispatcher, LiveRooms& rooms) {
  dispatcher.add("live", [&rooms](JsonView request) -> Result<Json> {
    json::Fields fields(request);
    storage::Scope scope;
    parse_filters(fields, request, scope);
    if (auto error = finish(fields, request, {"room", "user_id", "provider", "node", "rating"})) {
      return *std::move(error);
    }
    const LiveFilter filter{scope.room, scope.user_id, scope.provider, scope.node, scope.ratings};
    return std::move(Json::object().set("sessions", rooms.live(filter)));
  });
  dispatcher.add("rooms", [&rooms](JsonView request) -> Result<Json> {
    json::Fields fields(request);
    if (auto error = finish(fields, request, {})) return *std::move(error);
    return std::move(Json::object().set("rooms", rooms.rooms()));
  });
  dispatcher.add("kick", [&rooms](JsonView request) -> Result<Json> {
    json::Fields fields(request);
    const std::string room = fields.required_id("room");
    const std::string id = fields.required_id("id");
    if (auto error = finish(fields, request, {"room", "id"})) return *std::move(error);
    if (auto done = rooms.kick(room, id); !done) return done.error();
    return std::move(Json::object().set("room", room).set("id", id));
  });
  dispatcher.add("destroy", [&rooms](JsonView request) -> Result<Json> {
    json::Fields fields(request);
    const std::string room = fields.required_id("room");
    if (auto error = finish(fields, request, {"room"})) return *std::move(error);
    if (auto done = rooms.destroy(room); !done) return done.error();
    return std::move(Json::object().set("room", room));
  });
}

}  // namespace

Json error_answer(const Error& error) {
  return std::move(
      Json::object().set("callroom", "error").set("error_code", static_cast<int>(error.code)).set("error", error.text));
}

Dispatcher::Dispatcher(Sources sources) : sources_(std::move(sources)) {
  if (!sources_.now) {
    sources_.now = [] {
      return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
    };
  }
  add_room_requests(*this, sources_.rooms);
  const Database database{sources_.reader, sources_.admin_user, sources_.now};
  add_figure_requests(*this, database);
  add_issue_requests(*this, database);
  add_session_requests(*this, database);
  add_export_requests(*this, database);
  add_alert_requests(*this, database);
  add_turn_history_requests(*this, database);
  add("health", [this](JsonView request) -> Result<Json> {
    json::Fields fields(request);
    if (auto error = finish(fields, request, {})) return *std::move(error);
    return health_answer(sources_.rooms, sources_.store, sources_.reader);
  });
}

void Dispatcher::add(std::string name, Handler handler) {
  handlers_[std::move(name)] = std::move(handler);
}

Result<Json> Dispatcher::answer(JsonView request) const {
  const auto name = request["request"].string();
  if (!request.is_object() || !name) {
    return Error{ErrorCode::kInvalidRequest, "a request is an object with a string \"request\""};
  }
  const auto handler = handlers_.find(*name);
  if (handler == handlers_.end()) return Error{ErrorCode::kUnknownRequest, "unknown request"};
  auto answer = handler->second(request);
  if (answer) answer->set("callroom", *name);
  return answer;
}

Json Dispatcher::handle(JsonView request) const {
  try {
    auto found = answer(request);
    return found ? *std::move(found) : error_answer(found.error());
  } catch (const std::exception&) {
    return error_answer({ErrorCode::kInternal, "the request failed inside the plugin"});
  }
}

}  // namespace callroom::admin
