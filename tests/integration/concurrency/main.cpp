// Loads the plugin as Janus would and lets people come, talk, change and go in a few rooms at once, while an
// administrator looks on, kicks people and destroys a room. The plugin is stopped while they still do, as Janus may:
// its loop threads go on for a moment. What it proves is what the sanitizer does not find, and that packets were
// relayed meanwhile.
#include <dlfcn.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

#include "core_symbols.hpp"
#include "person.hpp"

namespace {

constexpr int kLeavers = 200;
constexpr int kPeople = 8;
constexpr std::chrono::seconds kAfterTheEnd{1};

using Clock = std::chrono::steady_clock;

janus_plugin* load_plugin() {
  void* module = dlopen(CALLROOM_MODULE, RTLD_NOW | RTLD_GLOBAL);
  if (module == nullptr) {
    std::fprintf(stderr, "%s\n", dlerror());
    std::exit(2);
  }
  return reinterpret_cast<janus_plugin* (*)()>(dlsym(module, "create"))();
}

void create_room(janus_plugin& plugin, CoreHandle& handle, const std::string& room) {
  const bool direct = room == "direct";
  json_t* body = json_pack("{s:s, s:s, s:s, s:i, s:s}", "request", "create", "room", room.c_str(), "secret", "s",
                           "capacity", direct ? 4 : 6, "media", direct ? "p2p" : "relay");
  janus_plugin_result* result = plugin.handle_message(&handle.session, g_strdup("t"), body, nullptr);
  json_decref(result->content);
  g_free(result);
}

json_t* ask_as_admin(janus_plugin& plugin, json_t* request) {
  json_t* answer = plugin.handle_admin_message(request);
  json_decref(request);
  return answer;
}

void kick_somebody(janus_plugin& plugin) {
  json_t* live = ask_as_admin(plugin, json_pack("{s:s}", "request", "live"));
  const json_t* session = json_array_get(json_object_get(live, "sessions"), 0);
  if (session != nullptr) {
    const char* room = json_string_value(json_object_get(session, "room"));
    const char* id = json_string_value(json_object_get(session, "id"));
    json_decref(ask_as_admin(plugin, json_pack("{s:s, s:s, s:s}", "request", "kick", "room", room, "id", id)));
  }
  json_decref(live);
}

void administer(janus_plugin& plugin, CoreHandle& handle, Clock::time_point until) {
  for (int round = 0; Clock::now() < until; ++round) {
    for (const char* request : {"rooms", "live", "health"}) {
      json_decref(ask_as_admin(plugin, json_pack("{s:s}", "request", request)));
    }
    if (round % 5 == 0) kick_somebody(plugin);
    if (round % 20 == 19) {
      json_decref(ask_as_admin(plugin, json_pack("{s:s, s:s}", "request", "destroy", "room", "short-lived")));
      create_room(plugin, handle, "short-lived");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 3) {
    std::fprintf(stderr, "usage: concurrency FOLDER SECONDS\n");
    return 2;
  }
  set_data_dir(arguments[1]);
  janus_plugin& plugin = *load_plugin();
  if (plugin.init(&core_callbacks(), arguments[1]) != 0) return 2;
  CoreHandle& host = *open_handle(plugin);
  for (const char* room : {"room0", "room1", "direct", "short-lived"}) create_room(plugin, host, room);

  for (int i = 0; i < kLeavers; ++i) {
    const std::string reason = reason_of_leaving_at_once(plugin, "room0", i);
    if (reason == "left") continue;
    std::printf("who left and closed the page at once was told to be gone for \"%s\"\n", reason.c_str());
    return 1;
  }

  Totals totals;
  const auto until = Clock::now() + std::chrono::seconds(std::atoi(arguments[2]));
  std::vector<std::thread> people;
  for (unsigned i = 0; i < kPeople; ++i) {
    people.emplace_back([&, i] {
      std::mt19937 random(i);
      while (Clock::now() < until + kAfterTheEnd) live_once(plugin, random, "user" + std::to_string(i), totals);
    });
  }
  administer(plugin, host, until);
  plugin.destroy();
  for (std::thread& person : people) person.join();
  int error = 0;
  plugin.destroy_session(&host.session, &error);
  janus_refcount_decrease(&host.session.ref);
  std::printf("%lu joins, %lu refused, %lu further offers, %lu signals, %lu packets sent, %lu relayed\n",
              totals.joins.load(), totals.refused.load(), totals.offers.load(), totals.signals.load(),
              totals.packets.load(), totals.relayed.load());
  return totals.joins > 20 && totals.relayed > 1'000 ? 0 : 1;
}
