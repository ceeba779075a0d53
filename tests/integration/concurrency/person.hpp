// One client of the plugin, with the threads that Janus would have for it: a loop thread for each of two handles, which
// brings packets and the end, and requests from a third.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>

#include "host/janus.hpp"

struct Event {
  std::string kind, session_id, receive_token, id, jsep;
  std::int64_t negotiation = 0;
  std::string other;   // in joined: somebody who is there already
  std::string reason;  // in participant_left
};

// The core's side of one handle. Lives while anybody has a reference to the session.
struct CoreHandle {
  janus_plugin_session session{};
  std::mutex mutex;
  std::condition_variable came;
  std::deque<Event> events;
  std::atomic<std::uint64_t> relayed{0};

  static CoreHandle* of(janus_plugin_session* session) { return static_cast<CoreHandle*>(session->gateway_handle); }

  void put(Event event);
  // The next event of this kind; those before it are dropped. Nothing within two seconds: it will not come.
  std::optional<Event> next(const std::string& kind);
  std::optional<Event> poll();
};

// Null where the plugin takes no more: it has stopped.
CoreHandle* open_handle(janus_plugin& plugin);

struct Totals {
  std::atomic<std::uint64_t> joins{0}, refused{0}, offers{0}, signals{0}, packets{0}, relayed{0};
};

// Joins a room, sends and receives for a while, and goes in one of several ways.
void live_once(janus_plugin& plugin, std::mt19937& random, const std::string& user, Totals& totals);

// Somebody leaves and closes the page at once: what the one who stays is told as the reason; empty: nothing.
std::string reason_of_leaving_at_once(janus_plugin& plugin, const std::string& room, int round);

janus_callbacks& core_callbacks();
