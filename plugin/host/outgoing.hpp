// What goes out: events to clients and to Janus's event handlers, and what the core is asked to do. Each is posted to
// the strand of the handle that it concerns, in the order of the decisions; the core is called there, with no lock
// held.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "host/core.hpp"
#include "host/handle.hpp"
#include "json/json.hpp"
#include "signaling/rooms.hpp"

namespace callroom::host {

struct CallSession;

class Outgoing {
 public:
  // `events`: whether Janus's event handlers are told.
  Outgoing(const Core& core, bool events) : core_(core), events_(events) {}

  // To a handle that is known. Any thread.
  void post(const std::shared_ptr<Handle>& to, std::string transaction, json::Json event,
            std::optional<Jsep> jsep = std::nullopt) const;
  void notify(const std::shared_ptr<Handle>& handle, json::Json event) const;  // Janus's event handlers
  void close_peer_connection(const std::shared_ptr<Handle>& handle) const;
  void send_remb(const std::shared_ptr<Handle>& handle, std::uint32_t bits_per_second) const;

  // With the lock of whoever owns this. To a session's own client, unless it is gone:
  void post(const CallSession& to, json::Json event) const;
  // … and to those who are in a room, by the ids of their handles.
  void add(const std::shared_ptr<Handle>& handle);
  void remove(signaling::HandleId id) { handles_.erase(id); }
  void post_all(const std::vector<signaling::Notice>& notices) const;

 private:
  const Core& core_;
  const bool events_;
  std::unordered_map<signaling::HandleId, std::weak_ptr<Handle>> handles_;
};

}  // namespace callroom::host
