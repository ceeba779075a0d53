// Servers that are down, are something else, lie, loop, or stop in the middle.
#include <memory>

#include "cases.hpp"

namespace turn_test {

using namespace callroom::turn;

namespace {

Answer say_nothing() {
  return [](Bytes) { return std::vector<Frame>{}; };
}

Frame text_frame(const std::string& text) {
  return Frame(text.begin(), text.end());
}

Checked fake_udp(FakeTurn turn, const std::string& expected, double limit_ms = 10'100) {
  const FakeUdp server(std::move(turn));
  return check(target(server.turn(), "bob", "pw"), expected, limit_ms);
}

Checked fake_tcp(TcpBehaviour behaviour, const std::string& expected, double limit_ms = 10'100) {
  const FakeTcp server(std::move(behaviour));
  return check(target(server.turn(), "bob", "pw"), expected, limit_ms);
}

Seen refused_with(int code, const std::string& expected) {
  FakeTurn turn;
  turn.allocate_error = code;
  return fake_udp(turn, expected, 1000).seen;
}

Seen expired(std::int64_t time, const std::string& word) {
  const FakeUdp server(say_nothing());
  auto checked = check(target(server.turn(), std::to_string(time) + ":bob", "pw"), "credentials_expired", 100);
  checked.seen.require(server.received() == 0, "a packet was sent");
  checked.seen.require(checked.report.reason.find(word) != std::string::npos, "reason: " + checked.report.reason);
  return checked.seen;
}

Seen wrong_realm() {
  FakeTurn turn;
  turn.signs_with_realm = "another.realm";
  auto checked = fake_udp(turn, "no_response");
  checked.seen.require(checked.path().forged > 0, "wrongly signed answers were not counted");
  checked.seen.require(checked.recommends("forged_answers"), "and not recommended on");
  return checked.seen;
}

Seen realm_of(const std::string& realm) {
  FakeTurn turn;
  turn.realm = realm;
  return fake_udp(turn, "ok", 1500).seen;
}

Seen rejecting_realm_of(const std::string& realm) {
  FakeTurn turn;
  turn.realm = realm;
  turn.unauthorized_forever = true;
  return fake_udp(turn, "credentials_rejected", 1000).seen;
}

Seen hostile_text() {
  FakeTurn turn;
  turn.software = std::string("<img src=x onerror=alert(1)>\x1b[2J\r\n\0", 34) + std::string(600, 'A');
  turn.realm = "\xff\xfe\"'><script>";
  auto checked = fake_udp(turn, "ok", 1500);
  const std::string software = checked.path().software.value_or("");
  const std::string realm = checked.path().realm.value_or("");
  checked.seen.require(software.size() == 128 && software.find('\x1b') == std::string::npos, "software: " + software);
  checked.seen.require(software.find("<img src=x onerror=alert(1)>?[2J??") == 0, "software: " + software);
  checked.seen.require(realm == "??\"'><script>", "realm: " + realm);
  return checked.seen;
}

Seen spoofed_first() {
  FakeTurn turn;
  turn.forged_success_first = true;
  auto checked = fake_udp(turn, "ok", 1500);
  checked.seen.require(checked.path().relayed == parse_ip("127.0.0.1", 50000), "the forged address was believed");
  checked.seen.require(checked.path().forged > 0, "forged answers were not counted");
  return checked.seen;
}

Seen spoofed_only() {
  FakeTurn turn;
  turn.signs = false;
  auto checked = fake_udp(turn, "no_response");
  checked.seen.require(!checked.path().relayed, "an unsigned success was believed");
  return checked.seen;
}

Seen redirect_to(const std::string& ip, const std::string& kind) {
  FakeTurn turn;
  turn.allocate_error = 300;
  turn.with_error = [ip](MessageBuilder& b) { b.address(Attribute::kAlternateServer, *parse_ip(ip, 3478)); };
  auto checked = fake_udp(turn, "redirected", 1000);
  checked.seen.require(checked.report.reason.find(kind) != std::string::npos, "reason: " + checked.report.reason);
  return checked.seen;
}

Seen stream(std::size_t piece) {
  TcpBehaviour behaviour;
  behaviour.answer = FakeTurn();
  behaviour.piece = piece;
  return fake_tcp(std::move(behaviour), "ok", 9000).seen;
}

Seen speaks(const std::string& greeting, const std::string& answer, const std::string& named) {
  TcpBehaviour behaviour;
  behaviour.greeting = greeting;
  behaviour.on_first_bytes = answer;
  auto checked = fake_tcp(std::move(behaviour), "turn_not_offered", 1000);
  checked.seen.require(checked.report.reason.find(named) != std::string::npos, "reason: " + checked.report.reason);
  return checked.seen;
}

Seen tls_against(TcpBehaviour behaviour, double limit_ms) {
  const FakeTcp server(std::move(behaviour));
  return check(target(server.turns(), "bob", "pw"), "tls_not_spoken", limit_ms).seen;
}

Seen no_data() {
  FakeTurn turn;
  turn.echoes = false;
  int releases = 0;
  turn.releases = &releases;
  Checked checked;
  {
    const FakeUdp server(turn);
    checked = check(target(server.turn(), "bob", "pw"), "no_data", 4000);
  }
  checked.seen.require(releases > 0, "no Refresh with lifetime 0");
  return checked.seen;
}

Seen without_channels() {
  FakeTurn turn;
  turn.channels = false;
  auto checked = fake_udp(turn, "ok", 1500);
  checked.seen.require(checked.has_step("channel", StepState::kWarn), "the missing channel was not noted");
  return checked.seen;
}

Seen garbage_udp() {
  const FakeUdp server([](Bytes) { return std::vector<Frame>{text_frame("HTTP/1.1 400 Bad Request\r\n\r\n")}; });
  return check(target(server.turn(), "bob", "pw"), "turn_not_offered").seen;
}

Seen closed_port(const std::string& transport) {
  const auto url = "turn:127.0.0.1:" + std::to_string(free_port()) + "?transport=" + transport;
  return check(target(url, "bob", "pw"), "refused", 200).seen;
}

Seen full_queue() {
  const FullListener listener;
  return check(target(listener.turn(), "bob", "pw"), "connect_timeout").seen;
}

Seen silent_udp() {
  const FakeUdp server(say_nothing());
  auto checked = check(target(server.turn(), "bob", "pw"), "no_response");
  checked.seen.require(checked.report.duration_ms > 9000, "it gave up early");
  checked.seen.require(server.received() >= 8, "it asked too seldom: " + std::to_string(server.received()));
  checked.seen.require(server.received() <= 24, "it asked too often: " + std::to_string(server.received()));
  return checked.seen;
}

FakeTurn turn_that(void (*change)(FakeTurn&)) {
  FakeTurn turn;
  change(turn);
  return turn;
}

}  // namespace

std::vector<Case> fake_cases() {
  return {
      {"silent, UDP", silent_udp},
      {"silent, TCP", [] { return fake_tcp({}, "no_response").seen; }},
      {"silent, TLS", [] { return tls_against({}, 10'100); }},
      {"closed port, UDP", [] { return closed_port("udp"); }},
      {"closed port, TCP", [] { return closed_port("tcp"); }},
      {"SYNs dropped", full_queue},
      {"no route",
       [] { return check(target("turn:255.255.255.255?transport=tcp", "bob", "pw"), "unreachable", 200).seen; }},
      {"sending not allowed", [] { return check(target("turn:255.255.255.255", "bob", "pw"), "blocked", 200).seen; }},
      {"name that does not exist",
       [] { return check(target("turn:does-not-exist.invalid", "bob", "pw"), "dns_failed", 5200).seen; }},
      {"expired credentials", [] { return expired(1600000000, "is over"); }},
      {"expired credentials in milliseconds", [] { return expired(1600000000000, "milliseconds"); }},
      {"closes after accepting",
       [] {
         TcpBehaviour b;
         b.close_after_accept = true;
         return fake_tcp(std::move(b), "turn_not_offered", 1000).seen;
       }},
      {"closes after its 401",
       [] {
         TcpBehaviour b;
         b.answer = FakeTurn();
         b.close_after_error = true;
         return fake_tcp(std::move(b), "inconclusive", 1000).seen;
       }},
      {"HTTP on TCP", [] { return speaks("", "HTTP/1.1 400 Bad Request\r\n\r\n", "HTTP"); }},
      {"SSH on TCP", [] { return speaks("SSH-2.0-OpenSSH_9.2\r\n", "", "SSH"); }},
      {"TLS alert on TCP", [] { return speaks("", std::string("\x15\x03\x03\x00\x02\x02\x28", 7), "turns:"); }},
      {"HTTP where TLS is asked",
       [] {
         TcpBehaviour b;
         b.on_first_bytes = "HTTP/1.1 400 Bad Request\r\n\r\n";
         return tls_against(std::move(b), 2000);
       }},
      {"HTTP on UDP", garbage_udp},
      {"stops after its 401",
       [] { return fake_udp(turn_that([](FakeTurn& t) { t.silent_after_401 = true; }), "inconclusive").seen; }},
      {"401 for ever",
       [] {
         return fake_udp(turn_that([](FakeTurn& t) { t.unauthorized_forever = true; }), "credentials_rejected", 1000)
             .seen;
       }},
      {"438 for ever",
       [] { return fake_udp(turn_that([](FakeTurn& t) { t.stale_forever = true; }), "stale_nonce_loop", 1000).seen; }},
      {"signs with another realm", wrong_realm},
      {"realm in quotation marks", [] { return realm_of("\"callroom.test\""); }},
      {"realm of one quotation mark", [] { return realm_of("\""); }},
      {"realm of one apostrophe, rejecting", [] { return rejecting_realm_of("'"); }},
      {"empty realm", [] { return realm_of(""); }},
      {"hostile software and realm", hostile_text},
      {"forged success before the real one", spoofed_first},
      {"unsigned success only", spoofed_only},
      {"redirect to loopback", [] { return redirect_to("127.0.0.1", "loopback"); }},
      {"redirect to a private address", [] { return redirect_to("10.0.0.5", "private"); }},
      {"redirect to the metadata service", [] { return redirect_to("169.254.169.254", "metadata"); }},
      {"redirect to mapped metadata", [] { return redirect_to("::ffff:169.254.169.254", "metadata"); }},
      {"frames merged", [] { return stream(0); }},
      {"frames in pieces of 1 byte", [] { return stream(1); }},
      {"frames in pieces of 7 bytes", [] { return stream(7); }},
      {"no channels", without_channels},
      {"grants, but nothing comes back", no_data},
      {"403 to Allocate", [] { return refused_with(403, "forbidden"); }},
      {"440 to Allocate", [] { return refused_with(440, "no_relay_for_family"); }},
      {"442 to Allocate", [] { return refused_with(442, "no_relay_for_transport"); }},
      {"486 to Allocate", [] { return refused_with(486, "quota_reached"); }},
      {"508 to Allocate", [] { return refused_with(508, "at_capacity"); }},
      {"500 to Allocate", [] { return refused_with(500, "inconclusive"); }},
      {"works without credentials",
       [] {
         return fake_udp(turn_that([](FakeTurn& t) { t.asks_for_credentials = false; }), "ok_but_open_relay", 1500)
             .seen;
       }},
  };
}

}  // namespace turn_test
