// A host with one room, for tests of the Admin API without Janus.
#pragma once

#include "admin/live_rooms.hpp"

namespace callroom::admin::testing {

class FakeRooms final : public LiveRooms {
 public:
  json::Json live(const LiveFilter& filter) override {
    last_filter = filter;
    return json::Json::array();
  }
  json::Json rooms() override {
    json::Json list = json::Json::array();
    list.append(std::move(json::Json::object().set("room", "one")));
    return list;
  }
  Result<void> kick(const std::string& room, const std::string&) override {
    if (room != "one") return Error{ErrorCode::kNoSuchRoom, "no such room"};
    ++kicked;
    return {};
  }
  Result<void> destroy(const std::string& room) override {
    if (room != "one") return Error{ErrorCode::kNoSuchRoom, "no such room"};
    return {};
  }
  json::Json health() override { return std::move(json::Json::object().set("version", "0.1.0")); }

  LiveFilter last_filter;
  int kicked = 0;
};

}  // namespace callroom::admin::testing
