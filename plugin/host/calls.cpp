#include "host/calls.hpp"

#include <algorithm>
#include <iterator>

namespace callroom::host {

namespace {

void add_left_out(const CallSession& session, LeftOut& sum) {
  const auto add_downlink = [&sum](const Downlink& downlink) {
    sum.malformed_packets += downlink.rtcp.malformed();
    sum.unattributed_reports += downlink.rtcp.unattributed();
  };
  sum.malformed_packets += session.uplink.rtcp.malformed();
  for (const auto* tracks : {&session.uplink.tracks, &session.uplink.former}) {
    for (const auto& track : *tracks) sum.malformed_packets += track->stream.malformed();
  }
  if (session.downlink) add_downlink(*session.downlink);
  for (const auto& downlink : session.former) add_downlink(*downlink);
}

}  // namespace

void Calls::add(const SessionPtr& session) {
  by_id_.emplace(session->session_id, session);
  by_room_[session->room].push_back(session);
}

bool Calls::remove(const SessionPtr& session) {
  add_left_out(*session, of_ended_);
  by_id_.erase(session->session_id);
  const auto room = by_room_.find(session->room);
  std::erase(room->second, session);
  if (!room->second.empty()) return false;
  by_room_.erase(room);
  return true;
}

Calls::SessionPtr Calls::find(const std::string& session_id) const {
  const auto found = by_id_.find(session_id);
  return found == by_id_.end() ? nullptr : found->second;
}

const Calls::Members& Calls::in_room(const std::string& room) const {
  static const Members kNobody;
  const auto found = by_room_.find(room);
  return found == by_room_.end() ? kNobody : found->second;
}

Calls::Members Calls::others_in_room(const CallSession& session) const {
  Members others;
  std::ranges::copy_if(in_room(session.room), std::back_inserter(others),
                       [&](const SessionPtr& other) { return other.get() != &session; });
  return others;
}

LeftOut Calls::left_out() const {
  LeftOut sum = of_ended_;
  for (const auto& [id, session] : by_id_) add_left_out(*session, sum);
  return sum;
}

}  // namespace callroom::host
