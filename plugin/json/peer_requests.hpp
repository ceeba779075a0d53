// The two requests of rooms whose media goes directly between the participants.
#pragma once

#include "json/fields.hpp"
#include "json/room_requests.hpp"

namespace callroom::json {

// What is wrong is in fields.error().
RoomRequest signal(Fields& fields);
RoomRequest report(Fields& fields);

}  // namespace callroom::json
