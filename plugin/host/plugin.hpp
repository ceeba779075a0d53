// The plugin: what it is made of, and what the core's calls come to.
#pragma once

#include <memory>
#include <string>

#include "host/config.hpp"
#include "host/core.hpp"
#include "host/registry.hpp"
#include "host/strand.hpp"
#include "host/switchboard.hpp"
#include "host/ticker.hpp"
#include "json/json.hpp"

namespace callroom::host {

class Plugin {
 public:
  // Null, with the reason in the log, where this core or this configuration cannot be served.
  static std::unique_ptr<Plugin> start(janus_callbacks* callbacks, janus_plugin* entry, const char* config_path);
  Plugin(const Core& core, Config config);
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
  WorkerPool pool_;
  Registry registry_;
  Switchboard switchboard_;
  std::unique_ptr<Ticker> ticker_;
};

}  // namespace callroom::host
