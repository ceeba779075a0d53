// What the core calls: a table of functions that forward to the Plugin and let no exception out.
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <utility>

#include "host/boundary.hpp"
#include "host/packet_path.hpp"
#include "host/plugin.hpp"
#include "json/room_events.hpp"

namespace callroom::host {
namespace {

constexpr const char* kPackage = "janus.plugin.callroom";

// The core's loop threads may call until the process ends: while destroy() works, and after it. Then there is no
// plugin.
std::shared_mutex door;
std::unique_ptr<Plugin> plugin;  // set by init, gone after destroy
extern janus_plugin entry_table;

template <typename Body>
void with_plugin(const char* what, Body&& body) noexcept {
  guarded(what, [&] {
    const std::shared_lock lock(door);
    if (plugin) body(*plugin);
  });
}

template <typename Value, typename Body>
Value with_plugin_or(const char* what, Value fallback, Body&& body) noexcept {
  with_plugin(what, [&](Plugin& open) { fallback = body(open); });
  return fallback;
}

int init(janus_callbacks* callbacks, const char* config_path) {
  return guarded_or("init", -1, [&] {
    auto started = Plugin::start(callbacks, &entry_table, config_path);
    const std::unique_lock lock(door);
    plugin = std::move(started);
    return plugin ? 0 : -1;
  });
}

void destroy() {
  guarded("destroy", [] {
    std::unique_lock lock(door);
    std::unique_ptr<Plugin> last = std::move(plugin);
    lock.unlock();  // who calls meanwhile need not wait for its end
  });
}

int api_compatibility() {
  return JANUS_PLUGIN_API_VERSION;
}
int version() {
  return 1;
}
const char* version_string() {
  return CALLROOM_VERSION;
}
const char* description() {
  return "Call rooms that do not deadlock, with a measured quality record of every call";
}
const char* name() {
  return "Callroom";
}
const char* author() {
  return "The Callroom authors";
}
const char* package() {
  return kPackage;
}

void create_session(janus_plugin_session* session, int* error) {
  *error = with_plugin_or("create_session", -1, [&](Plugin& open) { return open.create_session(session) ? 0 : -1; });
}

// What a request gets that was not answered: something is wrong, or Janus is stopping.
json::Json failure() {
  return json::error_json({ErrorCode::kInternal, "Internal error"});
}

janus_plugin_result* handle_message(janus_plugin_session* session, char* transaction, json_t* message, json_t* jsep) {
  const std::unique_ptr<char, decltype(&g_free)> owned_transaction(transaction, &g_free);
  auto body = json::Json::adopt(message);
  auto description = json::Json::adopt(jsep);
  json::Json answer = with_plugin_or("handle_message", failure(), [&](Plugin& open) {
    return open.handle_message(session, transaction != nullptr ? transaction : "", std::move(body),
                               std::move(description));
  });
  if (!answer) return janus_plugin_result_new(JANUS_PLUGIN_OK_WAIT, nullptr, nullptr);
  return janus_plugin_result_new(JANUS_PLUGIN_OK, nullptr, answer.release());
}

json_t* handle_admin_message(json_t* message) {
  return with_plugin_or("handle_admin_message", failure(),
                        [&](Plugin& open) { return open.handle_admin_message(json::JsonView(message)); })
      .release();
}

void setup_media(janus_plugin_session* session) {
  with_plugin("setup_media", [&](Plugin& open) { open.setup_media(session); });
}

void incoming_rtp(janus_plugin_session* session, janus_plugin_rtp* packet) noexcept {
  relay_rtp(session, packet);
}

void incoming_rtcp(janus_plugin_session* session, janus_plugin_rtcp* packet) noexcept {
  read_rtcp(session, packet);
}

void hangup_media(janus_plugin_session* session) {
  with_plugin("hangup_media", [&](Plugin& open) { open.hangup_media(session); });
}

void destroy_session(janus_plugin_session* session, int* error) {
  with_plugin("destroy_session", [&](Plugin& open) { open.destroy_session(session); });
  *error = 0;
}

json_t* query_session(janus_plugin_session* session) {
  return with_plugin_or("query_session", json::Json::object(),
                        [&](Plugin& open) { return open.query_session(session); })
      .release();
}

// Callroom relays no data channels, and slow_link carries nothing that the reports do not tell better.
janus_plugin entry_table = {
    .init = init,
    .destroy = destroy,
    .get_api_compatibility = api_compatibility,
    .get_version = version,
    .get_version_string = version_string,
    .get_description = description,
    .get_name = name,
    .get_author = author,
    .get_package = package,
    .create_session = create_session,
    .handle_message = handle_message,
    .handle_admin_message = handle_admin_message,
    .setup_media = setup_media,
    .incoming_rtp = incoming_rtp,
    .incoming_rtcp = incoming_rtcp,
    .incoming_data = nullptr,
    .data_ready = nullptr,
    .slow_link = nullptr,
    .hangup_media = hangup_media,
    .destroy_session = destroy_session,
    .query_session = query_session,
};

}  // namespace
}  // namespace callroom::host

extern "C" __attribute__((visibility("default"))) janus_plugin* create() {
  return &callroom::host::entry_table;
}
