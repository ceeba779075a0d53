// The plugin: what it is made of, and what the core's calls come to.
#pragma once

#include <memory>
#include <string>

#include "admin/dispatcher.hpp"
#include "host/config.hpp"
#include "host/core.hpp"
#include "host/live_rooms.hpp"
#include "host/registry.hpp"
#include "host/strand.hpp"
#include "host/switchboard.hpp"
#include "host/ticker.hpp"
#include "host/turn_servers.hpp"
#include "json/json.hpp"
#include "storage/reader.hpp"
#include "storage/store.hpp"

namespace callroom::host {

class Plugin {
 public:
  // Null, with the reason in the log, where this core or this configuration cannot be served.
  static std::unique_ptr<Plugin> start(janus_callbacks* callbacks, janus_plugin* entry, const char* config_path);
  Plugin(const Core& core, Config config, std::unique_ptr<storage::Store> store,
         std::unique_ptr<storage::Reader> reader);
  ~Plugin();  // every session that is open ends with "shutdown"
  Plugin(const Plugin&) = delete;
  Plugin& operator=(const Plugin&) = delete;

  bool create_session(janus_plugin_session* session);
  // A null answer: it comes as an event.
  json::Json handle_message(janus_plugin_session* session, std::string transaction, json::Json body, json::Json jsep);
  json::Json handle_admin_message(json::JsonView request);
  void setup_media(janus_plugin_session* session);
  void hangup_media(janus_plugin_session* session);
  void destroy_session(janus_plugin_session* session);
  json::Json query_session(janus_plugin_session* session);

 private:
  template <typename Request>
  json::Json enqueue(const std::shared_ptr<Handle>& handle, std::string transaction, Request request, json::Json jsep);
  json::Json refuse(const std::shared_ptr<Handle>& handle, const Error& error, bool had_jsep);

  const Core core_;
  const Config config_;
  const std::unique_ptr<storage::Store> store_;
  std::unique_ptr<storage::Reader> reader_;  // null: no database to read
  WorkerPool pool_;
  Registry registry_;
  Switchboard switchboard_;
  OpenRooms open_rooms_;
  const std::unique_ptr<turn::TestService> turn_tests_;
  admin::Dispatcher dispatcher_;
  std::unique_ptr<Ticker> ticker_;
};

}  // namespace callroom::host
