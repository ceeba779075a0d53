#include "person.hpp"

#include <array>
#include <chrono>
#include <cstring>
#include <span>
#include <thread>

using namespace std::chrono_literals;

namespace {

std::string text_of(const json_t* object, const char* key) {
  const char* text = json_string_value(json_object_get(object, key));
  return text == nullptr ? "" : text;
}

int push_event(janus_plugin_session* session, janus_plugin*, const char*, json_t* message, json_t* jsep) {
  const json_t* first = json_array_get(json_object_get(message, "participants"), 0);
  CoreHandle::of(session)->put({text_of(message, "callroom"), text_of(message, "session_id"),
                                text_of(message, "receive_token"), text_of(message, "id"), text_of(jsep, "sdp"),
                                json_integer_value(json_object_get(message, "negotiation")), text_of(first, "id"),
                                text_of(message, "reason")});
  return 0;
}

// As the core does: a copy into the receiver's queue.
void relay_rtp(janus_plugin_session* session, janus_plugin_rtp* packet) {
  thread_local std::array<char, 1500> queue;
  std::memcpy(queue.data(), packet->buffer, packet->length);
  CoreHandle::of(session)->relayed.fetch_add(1, std::memory_order_relaxed);
}

void ignore_rtcp(janus_plugin_session*, janus_plugin_rtcp*) {}
void ignore_data(janus_plugin_session*, janus_plugin_data*) {}
void ignore(janus_plugin_session*) {}
void ignore_line(janus_plugin_session*, int) {}
void ignore_bitrate(janus_plugin_session*, guint32) {}
gboolean no() {
  return FALSE;
}
void ignore_event(janus_plugin*, janus_plugin_session*, json_t* event) {
  json_decref(event);
}
gboolean no_token(janus_plugin*, const char*) {
  return FALSE;
}
gboolean no_descriptor(janus_plugin*, const char*, const char*) {
  return FALSE;
}

void free_handle(const janus_refcount* reference) {
  auto* session = reinterpret_cast<janus_plugin_session*>(
      reinterpret_cast<char*>(const_cast<janus_refcount*>(reference)) - offsetof(janus_plugin_session, ref));
  delete CoreHandle::of(session);
}

// ---- packets ----

void send_packet(janus_plugin& plugin, CoreHandle& handle, int line, std::uint16_t number) {
  std::array<std::uint8_t, 64> bytes{0x80, static_cast<std::uint8_t>(line == 0 ? 111 : 96)};
  bytes[2] = static_cast<std::uint8_t>(number >> 8);
  bytes[3] = static_cast<std::uint8_t>(number);
  bytes[6] = bytes[2];
  bytes[7] = bytes[3];
  bytes[11] = static_cast<std::uint8_t>(line + 1);
  if (line != 0) {
    const std::array<std::uint8_t, 11> start{
        0x10, static_cast<std::uint8_t>(number % 50 == 0 ? 0x10 : 0x11), 2, 0, 0x9D, 1, 0x2A, 0x80, 2, 0x68, 1};
    std::copy(start.begin(), start.end(), bytes.begin() + 12);
  }
  janus_plugin_rtp packet{};
  packet.mindex = line;
  packet.video = line != 0;
  packet.buffer = reinterpret_cast<char*>(bytes.data());
  packet.length = bytes.size();
  plugin.incoming_rtp(&handle.session, &packet);
}

void send_report(janus_plugin& plugin, CoreHandle& handle, int line) {
  std::array<std::uint8_t, 44> bytes{0x81, 201, 0, 7, 0, 0, 0, 9};  // a receiver report of one block, then a PLI
  const std::array<std::uint8_t, 12> pli{0x81, 206, 0, 2, 0, 0, 0, 9, 0, 0, 0, 1};
  std::copy(pli.begin(), pli.end(), bytes.begin() + 32);
  janus_plugin_rtcp packet{};
  packet.mindex = line;
  packet.video = line != 0;
  packet.buffer = reinterpret_cast<char*>(bytes.data());
  packet.length = bytes.size();
  plugin.incoming_rtcp(&handle.session, &packet);
}

// ---- requests ----

void ask(janus_plugin& plugin, CoreHandle& handle, json_t* body, const char* type = nullptr,
         const std::string& sdp = "") {
  json_t* jsep = type == nullptr ? nullptr : json_pack("{s:s, s:s}", "type", type, "sdp", sdp.c_str());
  janus_plugin_result* result = plugin.handle_message(&handle.session, g_strdup("t"), body, jsep);
  if (result->content != nullptr) {
    handle.put({text_of(result->content, "callroom"), "", "", text_of(result->content, "error"), "", 0, "", ""});
    json_decref(result->content);
  }
  g_free(result);
}

const char* const kOffer =
    "v=0\r\n"
    "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=sendonly\r\na=mid:0\r\na=rtpmap:111 opus/48000/2\r\n"
    "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=sendonly\r\na=mid:1\r\na=rtpmap:96 VP8/90000\r\n";

std::string answer_to(std::string offer) {
  for (std::size_t at = 0; (at = offer.find("a=sendonly", at)) != std::string::npos;)
    offer.replace(at, 10, "a=recvonly");
  return offer;
}

void destroy(janus_plugin& plugin, CoreHandle& handle) {
  int error = 0;
  plugin.destroy_session(&handle.session, &error);
}

// The plugin is stopping, and took perhaps one of the two.
void close_handles(janus_plugin& plugin, std::span<CoreHandle*> handles) {
  for (CoreHandle* handle : handles) {
    if (handle == nullptr) continue;
    destroy(plugin, *handle);
    janus_refcount_decrease(&handle->session.ref);
  }
}

// Until told to stop: packets on the handle that sends, reports on the one that receives; then the end of the handle.
void loop(janus_plugin& plugin, CoreHandle& handle, bool sends, const std::atomic<bool>& stop, Totals& totals) {
  plugin.setup_media(&handle.session);
  for (std::uint16_t number = 1; !stop.load(std::memory_order_relaxed); ++number) {
    for (int line = 0; line < 2; ++line) {
      if (sends) {
        send_packet(plugin, handle, line, number);
        totals.packets.fetch_add(1, std::memory_order_relaxed);
      } else if (number % 10 == 0) {
        send_report(plugin, handle, line);
      }
    }
    std::this_thread::sleep_for(1ms);
  }
  plugin.hangup_media(&handle.session);
  destroy(plugin, handle);
}

// In a room whose media goes directly: an offer, an answer or a candidate, whether it fits or not.
void signal_something(janus_plugin& plugin, CoreHandle& sender, std::mt19937& random, Totals& totals,
                      const std::string& to, int round) {
  json_t* body = json_pack("{s:s, s:s, s:i}", "request", "signal", "to", to.c_str(), "negotiation", round + 1);
  const char* const sdp = "v=0\r\na=ice-ufrag:f\r\n";
  switch (random() % 3) {
    case 0:
      json_object_set_new(body, "description", json_pack("{s:s, s:s}", "type", "offer", "sdp", sdp));
      break;
    case 1:
      json_object_set_new(body, "description", json_pack("{s:s, s:s}", "type", "answer", "sdp", sdp));
      break;
    default:
      json_object_set_new(body, "candidate", json_pack("{s:s, s:s}", "candidate", "x", "usernameFragment", "f"));
  }
  ask(plugin, sender, body);
  totals.signals.fetch_add(1, std::memory_order_relaxed);
}

void change_something(janus_plugin& plugin, CoreHandle& sender, std::mt19937& random, Totals& totals, int round) {
  switch (random() % 4) {
    case 0:
      ask(plugin, sender, json_pack("{s:s, s:i}", "request", "negotiate", "negotiation", round + 2), "offer", kOffer);
      totals.offers.fetch_add(1, std::memory_order_relaxed);
      return;
    case 1:
      ask(plugin, sender, json_pack("{s:s, s:b}", "request", "configure", "video", static_cast<int>(random() % 2)));
      return;
    case 2:
      ask(plugin, sender, json_pack("{s:s, s:b}", "request", "configure", "keyframe", 1));
      return;
    default:
      json_decref(plugin.query_session(&sender.session));
  }
}

}  // namespace

void CoreHandle::put(Event event) {
  {
    const std::lock_guard lock(mutex);
    events.push_back(std::move(event));
  }
  came.notify_one();
}

std::optional<Event> CoreHandle::next(const std::string& kind) {
  std::unique_lock lock(mutex);
  const auto deadline = std::chrono::steady_clock::now() + 2s;
  for (;;) {
    while (!events.empty()) {
      Event event = std::move(events.front());
      events.pop_front();
      if (event.kind == kind) return event;
      if (event.kind == "error") return std::nullopt;
    }
    if (came.wait_until(lock, deadline) == std::cv_status::timeout) return std::nullopt;
  }
}

std::optional<Event> CoreHandle::poll() {
  const std::lock_guard lock(mutex);
  if (events.empty()) return std::nullopt;
  Event event = std::move(events.front());
  events.pop_front();
  return event;
}

CoreHandle* open_handle(janus_plugin& plugin) {
  auto* handle = new CoreHandle;
  handle->session.gateway_handle = handle;
  janus_refcount_init(&handle->session.ref, free_handle);  // the plugin's reference
  janus_refcount_increase(&handle->session.ref);           // ours
  int error = 0;
  plugin.create_session(&handle->session, &error);
  if (error == 0) return handle;
  delete handle;
  return nullptr;
}

void live_once(janus_plugin& plugin, std::mt19937& random, const std::string& user, Totals& totals) {
  CoreHandle* handles[] = {open_handle(plugin), open_handle(plugin)};
  if (handles[0] == nullptr || handles[1] == nullptr) return close_handles(plugin, handles);
  CoreHandle& sender = *handles[0];
  CoreHandle& receiver = *handles[1];
  const std::array<const char*, 4> rooms{"room0", "room1", "direct", "short-lived"};
  const std::string room = rooms[random() % rooms.size()];
  ask(plugin, sender, json_pack("{s:s, s:s, s:s}", "request", "join", "room", room.c_str(), "user_id", user.c_str()));
  std::atomic<bool> stop{false};
  const auto joined = sender.next("joined");
  (joined ? totals.joins : totals.refused).fetch_add(1, std::memory_order_relaxed);
  if (joined) {
    ask(plugin, sender, json_pack("{s:s, s:i}", "request", "negotiate", "negotiation", 1), "offer", kOffer);
    ask(plugin, receiver,
        json_pack("{s:s, s:s, s:s}", "request", "receive", "session_id", joined->session_id.c_str(), "receive_token",
                  joined->receive_token.c_str()));
  }
  std::thread sending(loop, std::ref(plugin), std::ref(sender), true, std::cref(stop), std::ref(totals));
  std::thread receiving(loop, std::ref(plugin), std::ref(receiver), false, std::cref(stop), std::ref(totals));
  const int rounds = 5 + static_cast<int>(random() % 40);
  for (int round = 0; joined && round < rounds; ++round) {
    while (const auto event = receiver.poll()) {
      if (event->kind != "offer") continue;
      ask(plugin, receiver,
          json_pack("{s:s, s:I}", "request", "answer", "negotiation", static_cast<json_int_t>(event->negotiation)),
          "answer", answer_to(event->jsep));
    }
    if (random() % 4 == 0) change_something(plugin, sender, random, totals, round);
    if (!joined->other.empty() && room == "direct") {
      signal_something(plugin, sender, random, totals, joined->other, round);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(random() % 20));
  }
  if (random() % 2 == 0) ask(plugin, sender, json_pack("{s:s}", "request", "leave"));
  stop = true;
  sending.join();
  receiving.join();
  totals.relayed.fetch_add(receiver.relayed.load(std::memory_order_relaxed), std::memory_order_relaxed);
  for (CoreHandle* handle : handles) janus_refcount_decrease(&handle->session.ref);
}

std::string reason_of_leaving_at_once(janus_plugin& plugin, const std::string& room, int round) {
  CoreHandle& stays = *open_handle(plugin);
  CoreHandle& leaves = *open_handle(plugin);
  // Users of their own each round: those of the round before may still be going.
  std::string leaver;
  for (CoreHandle* handle : {&stays, &leaves}) {
    const std::string user = (handle == &stays ? "stays" : "leaves") + std::to_string(round);
    ask(plugin, *handle,
        json_pack("{s:s, s:s, s:s}", "request", "join", "room", room.c_str(), "user_id", user.c_str()));
    if (const auto joined = handle->next("joined")) leaver = joined->id;
  }
  ask(plugin, leaves, json_pack("{s:s}", "request", "leave"));
  destroy(plugin, leaves);
  auto left = stays.next("participant_left");
  while (left && left->id != leaver) left = stays.next("participant_left");
  destroy(plugin, stays);
  for (CoreHandle* handle : {&stays, &leaves}) janus_refcount_decrease(&handle->session.ref);
  return left ? left->reason : "";
}

janus_callbacks& core_callbacks() {
  static janus_callbacks callbacks{
      .push_event = push_event,
      .relay_rtp = relay_rtp,
      .relay_rtcp = ignore_rtcp,
      .relay_data = ignore_data,
      .send_pli = ignore,
      .send_pli_stream = ignore_line,
      .send_remb = ignore_bitrate,
      .close_pc = ignore,
      .end_session = ignore,
      .events_is_enabled = no,
      .notify_event = ignore_event,
      .auth_is_signed = no,
      .auth_is_signature_valid = no_token,
      .auth_signature_contains = no_descriptor,
  };
  return callbacks;
}
