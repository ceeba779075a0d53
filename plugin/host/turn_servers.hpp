// The configured STUN and TURN servers: tested for administrators, and handed to clients.
#pragma once

#include <memory>
#include <string>

#include "host/config.hpp"
#include "host/core.hpp"
#include "json/json.hpp"
#include "storage/store.hpp"
#include "turn/test_service.hpp"

namespace callroom::host {

// Tests run on threads of their own. Each check of a configured server is kept in `store` (which outlives the service);
// a change of availability goes into Janus's log, and where too few servers are left it is an alert: kept likewise, and
// told to Janus's event handlers.
std::unique_ptr<turn::TestService> start_turn_tests(const Config& config, const Core& core, storage::Store* store);

// What `joined` tells a client as ice_servers: the servers that ice.servers names, with time-limited credentials of the
// user's own where the server has a secret. The same servers, by the same configuration, as the tests look at.
json::Json ice_servers_for_client(const Config& config, const std::string& user_id);

}  // namespace callroom::host
