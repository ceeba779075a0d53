#include "host/turn_servers.hpp"

#include <algorithm>
#include <chrono>

#include "host/alert_events.hpp"
#include "host/janus.hpp"
#include "host/monotonic.hpp"
#include "json/turn_json.hpp"

namespace callroom::host {
namespace {

// A server refuses an older time only when an allocation is made or refreshed: as long as the longest call that is
// thought of, and short enough that a leaked one is soon worthless.
constexpr std::chrono::hours kClientCredentialLifetime{12};

void log_availability(const turn::AvailabilityReport& report) {
  if (report.level == turn::Availability::kOk) {
    JANUS_LOG(LOG_INFO, "[callroom] %s\n", report.text.c_str());
  } else {
    JANUS_LOG(LOG_WARN, "[callroom] %s\n", report.text.c_str());
  }
}

}  // namespace

std::unique_ptr<turn::TestService> start_turn_tests(const Config& config, const Core& core, storage::Store* store) {
  turn::TestOptions options;
  options.servers = config.turn_servers;
  options.allow_adhoc = config.allow_adhoc_tests && config.admin_secret_set;
  if (config.allow_adhoc_tests && !config.admin_secret_set) {
    JANUS_LOG(LOG_WARN, "[callroom] general.allow_adhoc_tests has no effect: Janus's admin_secret is empty\n");
  }
  options.on_record = [store, node = config.node](turn::CheckRecord record) {
    record.node = node;
    store->keep(record);
  };
  options.on_availability = [store, core, events = config.events,
                             node = config.node](const turn::AvailabilityReport& report) {
    log_availability(report);
    if (report.level == turn::Availability::kOk) return;
    const storage::TurnAlert alert{report, wall_now(), node};
    store->keep(alert);
    tell_event_handlers(core, events, alert);
  };
  return std::make_unique<turn::TestService>(std::move(options));
}

json::Json ice_servers_for_client(const Config& config, const std::string& user_id) {
  std::vector<turn::IceServer> servers;
  for (const std::string& id : config.ice_servers) {
    const auto server = std::ranges::find(config.turn_servers, id, &turn::ServerConfig::id);
    if (server == config.turn_servers.end()) continue;
    auto entry = turn::ice_server_for(*server, user_id, wall_now(), kClientCredentialLifetime);
    if (entry) servers.push_back(*std::move(entry));
  }
  return json::ice_servers_json(servers);
}

}  // namespace callroom::host
