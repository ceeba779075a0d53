// The calls that run on this node: every open session, by its id and by the room that it is in. Not synchronised: the
// Switchboard's, under its lock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "host/call_session.hpp"

namespace callroom::host {

// What came in and was left out of every figure.
struct LeftOut {
  std::uint64_t malformed_packets = 0;
  std::uint64_t unattributed_reports = 0;  // report blocks that fit nothing that was relayed
};

class Calls {
 public:
  using SessionPtr = std::shared_ptr<CallSession>;
  using Members = std::vector<SessionPtr>;  // of a room, in the order of arrival

  void add(const SessionPtr& session);
  // Precondition: it is there. True where it was the last one in its room.
  bool remove(const SessionPtr& session);

  SessionPtr find(const std::string& session_id) const;      // null: there is none
  const Members& in_room(const std::string& room) const;     // nobody where there is no such room
  Members others_in_room(const CallSession& session) const;  // … but this one

  const std::unordered_map<std::string, SessionPtr>& all() const { return by_id_; }
  const std::map<std::string, Members>& rooms() const { return by_room_; }  // that somebody is in

  LeftOut left_out() const;  // of these, and of those that ended

 private:
  std::unordered_map<std::string, SessionPtr> by_id_;
  std::map<std::string, Members> by_room_;
  LeftOut of_ended_;
};

}  // namespace callroom::host
