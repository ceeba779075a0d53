// What the Admin API may see and do of the rooms that are open now.
#pragma once

#include "admin/live_rooms.hpp"
#include "base/time.hpp"
#include "host/registry.hpp"
#include "host/switchboard.hpp"

namespace callroom::host {

class OpenRooms final : public admin::LiveRooms {
 public:
  OpenRooms(Switchboard& switchboard, const Registry& registry, std::string node);

  json::Json live(const admin::LiveFilter& filter) override;
  json::Json rooms() override;
  Result<void> kick(const std::string& room, const std::string& id) override;
  Result<void> destroy(const std::string& room) override;
  json::Json health() override;

 private:
  Switchboard& switchboard_;
  const Registry& registry_;
  const std::string node_;
  const MonotonicUs started_at_;
};

}  // namespace callroom::host
