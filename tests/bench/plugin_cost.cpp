// A Janus plugin that measures another: brings up one call over the other's own signaling, with a core that only
// counts, and pumps packets into it while callgrind looks. Built and run by tests/bench/compare_plugins, which says
// how.
//
// Why a plugin: what plugins are linked against is the janus executable. Its init() does it all and ends the process.
#include <dlfcn.h>
#include <unistd.h>
#include <valgrind/callgrind.h>

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "bench/packet_source.hpp"
#include "host/janus.hpp"

using namespace callroom::bench;

namespace {

constexpr int kPackets = 3'000;  // a multiple of a key frame's distance

// ---- the core that counts ----

struct Session {
  janus_plugin_session janus{};
  std::map<int, std::uint16_t> last_sequence;  // of what was relayed to it, by m-line
};

struct Event {
  const void* session;
  json_t* body;
  std::string sdp;
};

janus_plugin* target = nullptr;
std::list<std::unique_ptr<Session>> sessions;
std::mutex mutex;
std::condition_variable arrived;
std::list<Event> events;
unsigned long relayed = 0;
bool noting = false;

// The cost of what follows is the same for every target.
void relay_rtp(janus_plugin_session* session, janus_plugin_rtp* packet) {
  ++relayed;
  if (noting) {
    std::uint16_t sequence;
    std::memcpy(&sequence, packet->buffer + 2, sizeof(sequence));
    reinterpret_cast<Session*>(session)->last_sequence[packet->mindex] = ntohs(sequence);
  }
}

int push_event(janus_plugin_session* session, janus_plugin*, const char*, json_t* message, json_t* jsep) {
  const char* sdp = json_string_value(json_object_get(jsep, "sdp"));
  const std::lock_guard lock(mutex);
  events.push_back({session, json_deep_copy(message), sdp != nullptr ? sdp : ""});
  arrived.notify_all();
  return 0;
}

janus_callbacks core = {
    .push_event = push_event,
    .relay_rtp = relay_rtp,
    .relay_rtcp = [](janus_plugin_session*, janus_plugin_rtcp*) {},
    .relay_data = [](janus_plugin_session*, janus_plugin_data*) {},
    .send_pli = [](janus_plugin_session*) {},
    .send_pli_stream = [](janus_plugin_session*, int) {},
    .send_remb = [](janus_plugin_session*, guint32) {},
    .close_pc = [](janus_plugin_session*) {},
    .end_session = [](janus_plugin_session*) {},
    .events_is_enabled = [] { return FALSE; },
    .notify_event = [](janus_plugin*, janus_plugin_session*, json_t* event) { json_decref(event); },
    .auth_is_signed = [] { return FALSE; },
    .auth_is_signature_valid = [](janus_plugin*, const char*) { return FALSE; },
    .auth_signature_contains = [](janus_plugin*, const char*, const char*) { return FALSE; },
};

// ---- signaling ----

Session& new_session() {
  Session& session = *sessions.emplace_back(std::make_unique<Session>());
  session.janus.ref.count = 1'000;  // never freed
  int error = 0;
  target->create_session(&session.janus, &error);
  if (error != 0) throw std::runtime_error("create_session failed");
  return session;
}

// Sends a request; `sdp` of type `type` goes with it. A plugin that answers at once is as good as one that posts an
// event.
void ask(Session& session, const std::string& body, const char* type = nullptr, const std::string& sdp = {}) {
  json_t* message = json_loads(body.c_str(), 0, nullptr);
  if (message == nullptr) throw std::runtime_error("no JSON: " + body);
  json_t* jsep = type != nullptr ? json_pack("{ssss}", "type", type, "sdp", sdp.c_str()) : nullptr;
  janus_plugin_result* result = target->handle_message(&session.janus, g_strdup("t"), message, jsep);
  if (result != nullptr && result->type == JANUS_PLUGIN_OK && result->content != nullptr) {
    const std::lock_guard lock(mutex);
    events.push_back({&session.janus, json_deep_copy(result->content), ""});
  }
  if (result != nullptr) janus_plugin_result_destroy(result);
}

// The value of `field` anywhere in the message; null: it is not there.
const json_t* find(const json_t* message, const char* field) {
  if (const json_t* value = json_object_get(message, field)) return value;
  const char* key;
  json_t* member;
  json_object_foreach(const_cast<json_t*>(message), key, member) {
    if (!json_is_object(member)) continue;
    if (const json_t* value = find(member, field)) return value;
  }
  return nullptr;
}

// The next event of the session that brings an SDP, or where `field` is named, that field.
Event await(Session& session, const char* field = nullptr) {
  std::unique_lock lock(mutex);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  for (;;) {
    for (auto event = events.begin(); event != events.end(); ++event) {
      if (event->session != &session.janus) continue;
      if (find(event->body, "error_code") != nullptr) {
        throw std::runtime_error(std::string("refused: ") + json_dumps(event->body, JSON_COMPACT));
      }
      if (field != nullptr ? find(event->body, field) == nullptr : event->sdp.empty()) continue;
      Event found = std::move(*event);
      events.erase(event);
      return found;
    }
    if (arrived.wait_until(lock, deadline) == std::cv_status::timeout) {
      throw std::runtime_error(std::string("no event with ") + (field != nullptr ? field : "an SDP"));
    }
  }
}

std::string text(const Event& event, const char* field) {
  const json_t* value = find(event.body, field);
  return json_is_integer(value) ? std::to_string(json_integer_value(value)) : json_string_value(value);
}

constexpr const char* kTransport =
    "c=IN IP4 0.0.0.0\r\na=ice-ufrag:bnch\r\na=ice-pwd:benchbenchbenchbenchbench\r\na=rtcp-mux\r\n"
    "a=fingerprint:sha-256 "
    "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF\r\n";

std::string offer(const std::string& direction) {
  std::ostringstream sdp;
  sdp << "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\n";
  for (const bool video : {false, true}) {
    const std::uint32_t ssrc = video ? kVideoSsrc : kAudioSsrc;
    sdp << (video ? "m=video 9 UDP/TLS/RTP/SAVPF 96\r\n" : "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n") << kTransport
        << "a=setup:actpass\r\na=mid:" << video << "\r\na=" << direction << "\r\na=msid:bench track" << video << "\r\n"
        << (video ? "a=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack\r\na=rtcp-fb:96 nack pli\r\na=rtcp-fb:96 goog-remb\r\n"
                  : "a=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10;useinbandfec=1\r\n")
        << "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\na=ssrc:" << ssrc << " cname:bench\r\n";
  }
  return sdp.str();
}

// Takes all that was offered.
std::string answer(const std::string& offered, const std::string& direction) {
  std::istringstream lines(offered);
  std::ostringstream sdp;
  bool in_media = false;
  const auto end_media = [&] {
    if (in_media) sdp << kTransport << "a=setup:active\r\na=" << direction << "\r\n";
  };
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.starts_with("m=")) {
      end_media();
      in_media = true;
    }
    const auto is = [&](const char* start) { return line.starts_with(start); };
    if (line.empty() || is("c=") || is("a=candidate") || is("a=end-of") || is("a=ssrc") || is("a=msid:") ||
        is("a=ice-") || is("a=fingerprint") || is("a=setup") || is("a=rtcp-mux") || is("a=rtcp:") || is("a=sendrecv") ||
        is("a=sendonly") || is("a=recvonly") || is("a=inactive"))
      continue;
    sdp << line << "\r\n";
  }
  end_media();
  return sdp.str();
}

// ---- a call on each of the plugins: who sends, and who receives first ----

struct Call {
  Session* sender;
  Session* receiver;
};

Call videocall(int) {
  Session &a = new_session(), &b = new_session();
  ask(a, R"({"request":"register","username":"a"})");
  await(a, "username");
  ask(b, R"({"request":"register","username":"b"})");
  await(b, "username");
  ask(a, R"({"request":"call","username":"b"})", "offer", offer("sendrecv"));
  ask(b, R"({"request":"accept"})", "answer", answer(await(b).sdp, "sendrecv"));
  await(a);
  for (Session* each : {&a, &b}) {
    target->setup_media(&each->janus);
    ask(*each, R"({"request":"set","audio":true,"video":true})");
    await(*each, "event");
  }
  return {&a, &b};
}

Call videoroom(int receivers) {
  Session& sender = new_session();
  ask(sender, R"({"request":"create","room":1,"publishers":64,"audiocodec":"opus","videocodec":"vp8","bitrate":0})");
  await(sender, "room");
  ask(sender, R"({"request":"join","ptype":"publisher","room":1})");
  const std::string feed = text(await(sender, "id"), "id");
  ask(sender, R"({"request":"configure","audio":true,"video":true})", "offer", offer("sendonly"));
  await(sender);
  target->setup_media(&sender.janus);
  Session* first = nullptr;
  for (int i = 0; i < receivers; ++i) {
    Session& receiver = new_session();
    ask(receiver, R"({"request":"join","ptype":"subscriber","room":1,"streams":[{"feed":)" + feed + "}]}");
    ask(receiver, R"({"request":"start"})", "answer", answer(await(receiver).sdp, "recvonly"));
    await(receiver, "started");
    target->setup_media(&receiver.janus);
    if (first == nullptr) first = &receiver;
  }
  return {&sender, first};
}

Call callroom(int receivers) {
  Call call{nullptr, nullptr};
  for (int i = 0; i <= receivers; ++i) {
    Session& signaling = new_session();
    if (i == 0) {
      ask(signaling,
          R"({"request":"create","room":"bench","media":"relay","audiocodec":"opus","videocodec":"vp8","capacity":)" +
              std::to_string(receivers + 1) + "}");
      await(signaling, "room");
    }
    ask(signaling, R"({"request":"join","room":"bench","user_id":"user-)" + std::to_string(i) + "\"}");
    const Event joined = await(signaling, "receive_token");
    if (i == 0) {
      ask(signaling, R"({"request":"negotiate","negotiation":1})", "offer", offer("sendonly"));
      await(signaling);
      target->setup_media(&signaling.janus);
      call.sender = &signaling;
      continue;
    }
    Session& receiver = new_session();
    ask(receiver, R"({"request":"receive","session_id":")" + text(joined, "session_id") + R"(","receive_token":")" +
                      text(joined, "receive_token") + "\"}");
    const Event offered = await(receiver);
    ask(receiver, R"({"request":"answer","negotiation":)" + text(offered, "negotiation") + "}", "answer",
        answer(offered.sdp, "recvonly"));
    await(receiver, "callroom");
    target->setup_media(&receiver.janus);
    if (call.receiver == nullptr) call.receiver = &receiver;
  }
  return call;
}

// ---- what packets cost ----

// Counts what `body` costs `times` over into a dump of the name: "audio", "audio-loop" and so on.
void count(const std::string& name, const std::function<void()>& body) {
  CALLGRIND_START_INSTRUMENTATION;
  CALLGRIND_ZERO_STATS;
  for (int i = 0; i < kPackets; ++i) body();
  CALLGRIND_DUMP_STATS_AT(name.c_str());
  CALLGRIND_STOP_INSTRUMENTATION;
}

[[gnu::noinline]] void no_rtp(janus_plugin_session*, janus_plugin_rtp*) {
  asm volatile("" ::: "memory");
}
[[gnu::noinline]] void no_rtcp(janus_plugin_session*, janus_plugin_rtcp*) {
  asm volatile("" ::: "memory");
}

void measure_rtp(const Call& call, bool video, int receivers) {
  Source source(video);
  noting = true;
  for (int i = 0; i < 40; ++i) {
    source.next();
    target->incoming_rtp(&call.sender->janus, &source.packet);
  }
  noting = false;
  const std::string name = video ? "video" : "audio";
  relayed = 0;
  for (const bool loop : {false, true}) {
    void (*volatile in)(janus_plugin_session*, janus_plugin_rtp*) = loop ? no_rtp : target->incoming_rtp;
    count(loop ? name + "-loop" : name, [&] {
      source.next();
      in(&call.sender->janus, &source.packet);
    });
  }
  if (relayed != static_cast<unsigned long>(kPackets) * static_cast<unsigned long>(receivers)) {
    throw std::runtime_error(name + ": " + std::to_string(relayed) + " relayed");
  }
}

// A report of the sender with its source description, or of the first receiver on its video, or audio.
void measure_reports(const Call& call, bool of_sender) {
  std::array<std::uint8_t, 52> bytes{};
  janus_plugin_rtcp packet{};
  packet.mindex = of_sender ? 1 : call.receiver->last_sequence.rbegin()->first;
  packet.video = TRUE;
  packet.buffer = reinterpret_cast<char*>(bytes.data());
  packet.length = of_sender ? 52 : 32;
  const std::string name = of_sender ? "sr" : "rr";
  std::uint32_t number = 0;
  for (const bool loop : {false, true}) {
    void (*volatile in)(janus_plugin_session*, janus_plugin_rtcp*) = loop ? no_rtcp : target->incoming_rtcp;
    count(loop ? name + "-loop" : name, [&] {
      put_32(bytes.data(), of_sender ? 0x80C80006 : 0x81C90007);
      put_32(&bytes[4], of_sender ? kVideoSsrc : 1);
      if (of_sender) {
        put_32(&bytes[20], ++number);
        put_32(&bytes[28], 0x81CA0005);
        put_32(&bytes[32], kVideoSsrc);
      } else {
        put_32(&bytes[8], kVideoSsrc);
        put_32(&bytes[16], call.receiver->last_sequence.rbegin()->second);
        put_32(&bytes[24], 0x1000);
        put_32(&bytes[28], 0x800);
      }
      in(of_sender ? &call.sender->janus : &call.receiver->janus, &packet);
    });
  }
}

void run() {
  const std::string path = std::getenv("BENCH_TARGET"), kind = std::getenv("BENCH_KIND");
  const int receivers = std::atoi(std::getenv("BENCH_RECEIVERS"));
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL);
  if (library == nullptr) throw std::runtime_error(dlerror());
  target = reinterpret_cast<janus_plugin* (*)()>(dlsym(library, "create"))();
  if (target->init(&core, std::getenv("BENCH_CONFIG")) != 0) throw std::runtime_error("init failed");
  const Call call = kind == "videocall"   ? videocall(receivers)
                    : kind == "videoroom" ? videoroom(receivers)
                                          : callroom(receivers);
  measure_rtp(call, false, receivers);
  measure_rtp(call, true, receivers);
  measure_reports(call, true);
  measure_reports(call, false);
}

int init(janus_callbacks*, const char*) {
  try {
    run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "plugin_cost: %s\n", error.what());
    _exit(1);
  }
  _exit(0);
}

janus_plugin bench = {
    .init = init,
    .destroy = [] {},
    .get_api_compatibility = [] { return JANUS_PLUGIN_API_VERSION; },
    .get_version = [] { return 1; },
    .get_version_string = []() -> const char* { return "1"; },
    .get_description = []() -> const char* { return "Measures other plugins"; },
    .get_name = []() -> const char* { return "Plugin cost"; },
    .get_author = []() -> const char* { return "The Callroom authors"; },
    .get_package = []() -> const char* { return "janus.plugin.cost"; },
    .create_session = [](janus_plugin_session*, int* error) { *error = -1; },
    .handle_message = [](janus_plugin_session*, char*, json_t*, json_t*) -> janus_plugin_result* { return nullptr; },
    .handle_admin_message = nullptr,
    .setup_media = [](janus_plugin_session*) {},
    .incoming_rtp = nullptr,
    .incoming_rtcp = nullptr,
    .incoming_data = nullptr,
    .data_ready = nullptr,
    .slow_link = nullptr,
    .hangup_media = [](janus_plugin_session*) {},
    .destroy_session = [](janus_plugin_session*, int*) {},
    .query_session = [](janus_plugin_session*) -> json_t* { return nullptr; },
};

}  // namespace

extern "C" __attribute__((visibility("default"))) janus_plugin* create() {
  return &bench;
}
