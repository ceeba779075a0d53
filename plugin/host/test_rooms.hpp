// Rooms for the panel's own tests: their sessions leave no row, no journal entry and no figure.
//
//   test_room   media? ("relay", "p2p", "auto"), capacity? (2 to 4, 2), recorded? (false) -> {room}
//
// Such a room is private, and goes by `destroy`; of rooms that were left behind, the empty ones go when many have
// gathered. `recorded`: a room like any other, for the test that shows a row being written.
#pragma once

#include <string_view>

#include "admin/dispatcher.hpp"

namespace callroom::host {

class Switchboard;

inline constexpr std::string_view kUnrecordedPrefix = "callroom-test-";

inline bool is_recorded(std::string_view room) {
  return !room.starts_with(kUnrecordedPrefix);
}

void add_test_room_request(admin::Dispatcher& dispatcher, Switchboard& switchboard);

}  // namespace callroom::host
