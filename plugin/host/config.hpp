// The plugin's .jcfg, read and checked.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "signaling/room_settings.hpp"
#include "storage/alert_rule.hpp"
#include "turn/server_config.hpp"

namespace callroom::host {

struct Config {
  // of Janus itself
  std::string node;               // as rows name it
  bool admin_secret_set = false;  // whether the Admin API asks for one

  // general
  std::string admin_key;  // empty: everybody may create rooms
  bool events = true;     // tell Janus's event handlers
  std::string data_dir = "/var/lib/janus-callroom";
  std::chrono::milliseconds sample_interval{3'000};
  bool allow_adhoc_tests = false;
  std::size_t max_rooms = 10'000;
  std::size_t max_sessions = 2'000;

  // database; empty connection strings: calls work, rows wait in data_dir
  std::string database_writer, database_reader, database_admin_user;
  int retention_days = 90;
  std::chrono::milliseconds statement_timeout{10'000};

  std::vector<std::string> ice_servers;  // ids of the turn-<id> categories that clients are given
  std::vector<turn::ServerConfig> turn_servers;
  std::vector<signaling::RoomSettings> rooms;
  std::vector<storage::AlertRule> alert_rules;
};

// `folder` is where Janus keeps its configuration. A missing file yields the defaults; a bad value an error that names
// its category, its key and what is allowed.
Result<Config> load_config(const std::string& folder);

}  // namespace callroom::host
