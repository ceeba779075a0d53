#include "host/config.hpp"

#include <algorithm>
#include <filesystem>
#include <memory>

#include "base/text.hpp"
#include "host/config_section.hpp"
#include "host/janus.hpp"
#include "turn/credentials.hpp"

namespace callroom::host {
namespace {

struct ConfigCloser {
  void operator()(janus_config* config) const { janus_config_destroy(config); }
};

template <typename Target, typename Value>
void assign(Target& target, std::optional<Value> value) {
  if (value) target = static_cast<Target>(*std::move(value));
}

void read_general(ConfigSection section, Config& config) {
  assign(config.admin_key, section.text("admin_key"));
  assign(config.events, section.flag("events"));
  assign(config.data_dir, section.text("data_dir"));
  if (const auto ms = section.integer("sample_interval", 500, 60'000)) {
    config.sample_interval = std::chrono::milliseconds(*ms);
  }
  assign(config.allow_adhoc_tests, section.flag("allow_adhoc_tests"));
  assign(config.max_rooms, section.integer("max_rooms", 1, 1'000'000));
  assign(config.max_sessions, section.integer("max_sessions", 1, 100'000));
  if (config.data_dir.empty() || config.data_dir.front() != '/')
    section.complain("data_dir", "must be an absolute path");
  section.refuse_other_keys();
}

void read_database(ConfigSection section, Config& config) {
  assign(config.database_writer, section.text("writer"));
  assign(config.database_reader, section.text("reader"));
  assign(config.database_admin_user, section.text("admin_user"));
  assign(config.retention_days, section.integer("retention_days", 1, 3'650));
  if (const auto ms = section.integer("statement_timeout", 100, 600'000)) {
    config.statement_timeout = std::chrono::milliseconds(*ms);
  }
  if (!config.database_reader.empty() && config.database_admin_user.empty()) {
    section.complain("admin_user", "must name a user of the table admin_roles where a reader is configured");
  }
  section.refuse_other_keys();
}

void read_turn_server(ConfigSection section, const std::string& id, Config& config) {
  turn::ServerConfig server;
  server.id = id;
  if (!is_valid_id(id)) section.complain("", "must have 1 to 64 printable characters after turn-");
  server.url = section.text("url").value_or("");
  if (server.url.empty()) section.complain("url", "is missing");
  server.username = section.text("username");
  server.password = section.text("password");
  server.secret = section.text("secret");
  if (server.password && server.secret) section.complain("secret", "and password exclude each other");
  if (const auto seconds = section.integer("check_every", 0, 86'400)) {
    server.check_every = std::chrono::seconds(*seconds);
  }
  server.ca_file = section.text("ca_file");
  if (const auto valid = turn::validate(server); !valid) section.complain("url", valid.error().text);
  section.refuse_other_keys();
  config.turn_servers.push_back(std::move(server));
}

void read_room(ConfigSection section, const std::string& id, Config& config) {
  using signaling::MediaKind;
  signaling::RoomSettings room;
  room.id = id;
  room.permanent = true;
  if (!is_valid_id(id)) section.complain("", "must have 1 to 64 printable characters after room-");
  if (const auto media = section.choice("media", {"relay", "p2p", "auto"})) room.media = static_cast<MediaKind>(*media);
  assign(room.capacity, section.integer("capacity", 2, max_capacity(room.media)));
  assign(room.description, section.text("description"));
  assign(room.pin, section.text("pin"));
  assign(room.secret, section.text("secret"));
  assign(room.is_private, section.flag("is_private"));
  assign(room.audiocodec, section.words("audiocodec", {"opus"}));
  assign(room.videocodec, section.words("videocodec", {"vp8", "vp9", "h264"}));
  assign(room.bitrate_kbps, section.integer("bitrate", signaling::kMinBitrateKbps, signaling::kMaxBitrateKbps));
  assign(room.quality_events, section.flag("quality_events"));
  assign(room.signed_tokens, section.flag("signed_tokens"));
  section.refuse_other_keys();
  config.rooms.push_back(std::move(room));
}

void read_alert_rule(ConfigSection section, const std::string& rule_name, Config& config) {
  storage::AlertRule rule;
  rule.name = rule_name;
  if (!is_valid_id(rule_name)) section.complain("", "must have a name of 1 to 64 printable characters");
  const auto metric =
      section.choice("metric", {"poor_or_failed_sessions", "poor_or_failed_share", "latency", "drops_share"});
  if (metric) {
    rule.metric = static_cast<storage::AlertMetric>(*metric);
  } else {
    section.complain("metric", "is missing");
  }
  assign(rule.threshold, section.integer("threshold", 1, 1'000'000));
  if (const auto minutes = section.integer("window", 5, 10'080)) {
    rule.window = std::chrono::minutes(*minutes);
    if (*minutes % 5 != 0) section.complain("window", "must be a multiple of 5 minutes");
  }
  assign(rule.min_sessions, section.integer("min_sessions", 1, 1'000'000));
  section.refuse_other_keys();
  config.alert_rules.push_back(std::move(rule));
}

void check_ice_servers(ConfigSection& section, const Config& config) {
  for (const std::string& id : config.ice_servers) {
    if (std::ranges::find(config.turn_servers, id, &turn::ServerConfig::id) == config.turn_servers.end()) {
      section.complain("servers",
                       std::string("names ").append(id).append(", and there is no category turn-").append(id));
    }
  }
}

}  // namespace

namespace {

using ConfigFile = std::unique_ptr<janus_config, ConfigCloser>;
using Categories = std::unique_ptr<GList, decltype(&g_list_free)>;

// Calls see(category, name) for each category directly below `parent` (null: the file).
template <typename See>
void for_each_category(janus_config* file, janus_config_container* parent, See see) {
  const Categories categories(janus_config_get_categories(file, parent), &g_list_free);
  for (GList* at = categories.get(); at != nullptr; at = at->next) {
    auto* category = static_cast<janus_config_category*>(at->data);
    see(category, std::string(category->name != nullptr ? category->name : ""));
  }
}

// Janus's own configuration: the name that it goes by, else the machine's, and whether its Admin API asks for a secret.
void read_core(const std::string& folder, Config& config) {
  config.node = g_get_host_name();
  const std::string path = folder + "/janus.jcfg";
  if (!std::filesystem::exists(path)) return;
  const ConfigFile file(janus_config_parse(path.c_str()));
  if (!file) return;
  janus_config_container* general = janus_config_get(file.get(), nullptr, janus_config_type_category, "general");
  if (general == nullptr) return;
  const auto setting = [&](const char* name) {
    const janus_config_item* item = janus_config_get(file.get(), general, janus_config_type_item, name);
    return std::string(item != nullptr && item->value != nullptr ? item->value : "");
  };
  if (const std::string name = setting("server_name"); !name.empty()) config.node = name;
  config.admin_secret_set = !setting("admin_secret").empty();
}

}  // namespace

Result<Config> load_config(const std::string& folder) {
  Config config;
  read_core(folder, config);
  const std::string path = folder + "/janus.plugin.callroom.jcfg";
  if (!std::filesystem::exists(path)) return config;
  const ConfigFile file(janus_config_parse(path.c_str()));
  if (!file) return Error{ErrorCode::kInvalidField, path + " cannot be read"};

  std::optional<std::string> complaint;
  const auto section = [&](const char* name) {
    return ConfigSection(file.get(), janus_config_get(file.get(), nullptr, janus_config_type_category, name), name,
                         complaint);
  };
  read_general(section("general"), config);
  read_database(section("database"), config);
  for_each_category(file.get(), nullptr, [&](janus_config_category* category, const std::string& name) {
    ConfigSection here(file.get(), category, name, complaint);
    if (name.starts_with("turn-")) {
      read_turn_server(here, name.substr(5), config);
    } else if (name.starts_with("room-")) {
      read_room(here, name.substr(5), config);
    } else if (name == "alerts") {
      for_each_category(file.get(), category, [&](janus_config_category* rule, const std::string& rule_name) {
        read_alert_rule(ConfigSection(file.get(), rule, "alerts." + rule_name, complaint), rule_name, config);
      });
    } else if (name != "general" && name != "database" && name != "ice") {
      if (!complaint) complaint = name + " is not a category that Callroom knows";
    }
  });
  ConfigSection ice = section("ice");
  assign(config.ice_servers, ice.words("servers"));
  ice.refuse_other_keys();
  check_ice_servers(ice, config);
  if (complaint) return Error{ErrorCode::kInvalidField, path + ": " + *complaint};
  return config;
}

}  // namespace callroom::host
