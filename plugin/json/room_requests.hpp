// Room requests of the Janus API: JSON -> signaling::Request.
#pragma once

#include "base/result.hpp"
#include "json/json.hpp"
#include "signaling/requests.hpp"

namespace callroom::json {

// Errors: kInvalidRequest, kUnknownRequest, kMissingField, kInvalidField; the text names the field.
Result<signaling::Request> parse_room_request(JsonView message);

}  // namespace callroom::json
