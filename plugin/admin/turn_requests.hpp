// The admin requests turn_servers, turn_test, turn_test_status and turn_test_cancel; their shapes are in
// json/turn_json.hpp.
#pragma once

#include "admin/dispatcher.hpp"
#include "turn/test_service.hpp"

namespace callroom::admin {

// `service` outlives the dispatcher. None of the requests waits for a check.
void add_turn_requests(Dispatcher& dispatcher, turn::TestService& service);

}  // namespace callroom::admin
