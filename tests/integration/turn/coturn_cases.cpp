// Debian's coturn in its configurations.
#include <atomic>

#include "cases.hpp"
#include "certificates.hpp"
#include "turn/link.hpp"
#include "turn/turn_client.hpp"

namespace turn_test {

using namespace callroom::turn;

namespace {

const std::vector<std::string> kStatic = {"--lt-cred-mech", "--user=bob:pw", "--allow-loopback-peers", "--no-tls"};

std::vector<std::string> with(std::vector<std::string> options, std::initializer_list<std::string> more) {
  options.insert(options.end(), more);
  return options;
}

// Every case against coturn ends so: its own count of allocations is back at 0.
Seen freed(Checked checked, const Coturn& server) {
  checked.seen.require(server.becomes_free(),
                       "coturn still counts " + std::to_string(server.allocations()) + " allocations");
  return checked.seen;
}

Seen healthy(const Coturn& server, const CheckTarget& target) {
  auto checked = check(target, "ok", 1000);
  const auto& path = checked.path();
  auto& seen = checked.seen;
  seen.require(checked.report.status == Status::kPass, "status is not pass");
  seen.require(path.echo && path.echo->received == path.echo->sent && path.echo->sent == 10,
               "not all ten packets came back");
  seen.require(path.echo && path.echo->rtt_avg_ms && path.echo->jitter_ms, "round trip and jitter were not measured");
  seen.require(path.software.value_or("").find("Coturn-4.6") == 0, "software: " + path.software.value_or("none"));
  seen.require(path.realm == "callroom.test", "realm: " + path.realm.value_or("none"));
  seen.require(path.mapped && path.relayed, "no mapped or relayed address");
  seen.require(path.lifetime_s == 600U, "lifetime");
  seen.require(checked.has_step("release", StepState::kPass), "the release was not confirmed");
  seen.require(path.retransmissions == 0 || path.transport == Transport::kUdp, "a stream was sent on twice");
  return freed(std::move(checked), server);
}

Seen plain(const std::vector<std::string>& options, const std::string& expected, const std::string& username = "bob",
           const std::string& password = "pw", double limit_ms = 2500) {
  const Coturn server(options);
  return freed(check(target(server.turn(), username, password), expected, limit_ms), server);
}

Seen rest(bool right) {
  const Coturn server({"--use-auth-secret", "--static-auth-secret=north", "--allow-loopback-peers", "--no-tls"});
  const auto made = mint_rest_credentials(right ? "north" : "south", "alice", wall_now() + std::chrono::minutes(5));
  return freed(check(target(server.turn(), made.username, made.password), right ? "ok" : "credentials_rejected", 1000),
               server);
}

Seen milliseconds() {
  const Coturn server({"--use-auth-secret", "--static-auth-secret=north", "--allow-loopback-peers", "--no-tls"});
  // As an application makes them that multiplies once too often.
  const auto in_ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(wall_now().time_since_epoch()) + std::chrono::minutes(5);
  const auto as_seconds = callroom::WallTime(std::chrono::seconds(in_ms.count()));
  const auto made = mint_rest_credentials("north", "alice", as_seconds);
  auto checked = check(target(server.turn(), made.username, made.password), "credentials_rejected", 1000);
  checked.seen.require(checked.recommends("expiry_in_milliseconds"), "the milliseconds were not recognised");
  return freed(std::move(checked), server);
}

// Another client of the same user holds the one allocation that the quota leaves.
Seen quota() {
  const Coturn server(with(kStatic, {"--user-quota=1"}));
  const Cancel cancel;
  Waiter waiter(cancel.get());
  auto opened = open_udp(*parse_ip("127.0.0.1", server.port()), waiter);
  Exchange exchange(*opened.link);
  TurnClient holder(exchange, Credentials{"bob", "pw"});
  const auto until = monotonic_now() + 2'000'000;
  const auto fill = [](MessageBuilder& b) { b.u32(Attribute::kRequestedTransport, 17U << 24); };
  const auto challenged = holder.ask(Method::kAllocate, fill, until);
  const bool adopted = challenged.reply != nullptr && holder.adopt_challenge(challenged.reply->view());
  const auto granted = holder.ask(Method::kAllocate, fill, until);
  const bool held = granted.reply != nullptr && granted.reply->view().message_class() == MessageClass::kSuccess;
  auto checked = check(target(server.turn(), "bob", "pw"), "quota_reached", 1000);
  checked.seen.require(adopted && held, "the test holds no allocation");
  checked.seen.require(server.allocations() == 1, "the check touched the other client's allocation");
  checked.seen.require(holder.release(monotonic_now() + 1'000'000), "the holder's release");
  checked.seen.require(server.becomes_free(), "the holder's allocation stays");
  auto after = check(target(server.turn(), "bob", "pw"), "ok", 1000);
  for (auto& complaint : after.seen.complaints) checked.seen.complaints.push_back("after the release: " + complaint);
  return freed(std::move(checked), server);
}

// The one port that it may relay from is another program's.
Seen no_port_left() {
  const FakeUdp occupied([](Bytes) { return std::vector<Frame>{}; });
  const auto port = std::to_string(occupied.port());
  // coturn tries its only port some thousand times before it gives up: 1.4 s of a processor to itself.
  return plain(with(kStatic, {"--min-port=" + port, "--max-port=" + port}), "at_capacity", "bob", "pw", 8000);
}

// Only an IPv6 relay, where clients ask for an IPv4 one.
Seen ipv6_relay_only() {
  const Coturn server(kStatic, "::1");
  return freed(check(target(server.turn(), "bob", "pw"), "no_relay_for_family", 1000), server);
}

Seen open_relay() {
  const Coturn server({"--no-auth", "--allow-loopback-peers", "--no-tls"});
  auto checked = check(target(server.turn()), "ok_but_open_relay", 1000);
  checked.seen.require(checked.report.status == Status::kWarn, "an open relay must not pass");
  checked.seen.require(checked.report.recommendations.front().code == "ok_but_open_relay",
                       "not the first recommendation");
  return freed(std::move(checked), server);
}

Seen hardened() {
  const Coturn server(
      with(kStatic, {"--denied-peer-ip=0.0.0.0-0.255.255.255", "--denied-peer-ip=10.0.0.0-10.255.255.255",
                     "--denied-peer-ip=169.254.0.0-169.254.255.255"}));
  auto checked = check(target(server.turn(), "bob", "pw"), "ok", 1000);
  int accepted = 0, refused = 0;
  for (const auto& fact : checked.path().hardening) {
    if (fact.accepted == true) ++accepted;
    if (fact.accepted == false) ++refused;
  }
  // Loopback is open here for the sake of these tests.
  checked.seen.require(accepted == 1 && refused == 4,
                       "hardening: " + std::to_string(accepted) + " accepted, " + std::to_string(refused) + " refused");
  checked.seen.require(checked.recommends("open_to_internal"), "open loopback was not reported");
  return freed(std::move(checked), server);
}

Seen redirect() {
  FakeUdp sentinel([](Bytes) { return std::vector<Frame>{}; });
  const Coturn server(with(kStatic, {"--alternate-server=127.0.0.1:" + std::to_string(sentinel.port())}));
  auto checked = check(target(server.turn(), "bob", "pw"), "redirected", 1000);
  checked.seen.require(checked.path().alternate == parse_ip("127.0.0.1", sentinel.port()),
                       "the other server is not named");
  checked.seen.require(sentinel.received() == 0, "the redirect was followed");
  return freed(std::move(checked), server);
}

Seen both_families() {
  const Coturn server(kStatic);
  auto checked = check(target("turn:localhost:" + std::to_string(server.port()), "bob", "pw"), "ok", 1000);
  const bool two = checked.report.paths.size() == 2;
  checked.seen.require(two && checked.report.paths[1].verdict == Verdict::kRefused, "IPv6 was not judged apart");
  checked.seen.require(checked.report.status == Status::kWarn, "a dead IPv6 path is worth a warning");
  checked.seen.require(checked.recommends("refused"), "and a recommendation");
  return freed(std::move(checked), server);
}

Seen ipv6() {
  const Coturn server(with(kStatic, {"--listening-ip=127.0.0.1", "--relay-ip=127.0.0.1"}), "::1");
  return freed(check(target(server.turn(), "bob", "pw"), "ok", 2500), server);
}

Seen tls(const Certificates& made, const std::string& kind, bool trusted, const std::string& expected,
         const std::string& host = "localhost") {
  const Coturn server({"--lt-cred-mech", "--user=bob:pw", "--allow-loopback-peers", "--cert=" + made.certificate(kind),
                       "--pkey=" + made.key()});
  auto wanted = target(server.turns(host), "bob", "pw");
  if (trusted) wanted.ca_file = made.authority();
  auto checked = check(wanted, expected, 1000);
  const auto& certificate = checked.path().certificate;
  checked.seen.require(certificate && certificate->subject.find("CN=") == 0 && certificate->days_left,
                       "the certificate's facts are missing");
  checked.seen.require(certificate && certificate->issuer == "CN=Callroom test authority", "issuer");
  if (kind == "expired") checked.seen.require(certificate && certificate->days_left < 0, "days left of an expired one");
  if (expected == "ok")
    checked.seen.require(checked.recommends("janus_tls_is_tcp"), "what Janus's own tls is was not said");
  return freed(std::move(checked), server);
}

// Cancelled while the allocation is held: it is given back all the same, and at once.
Seen cancelled() {
  const Coturn server(kStatic);
  const Cancel cancel;
  bool held = false;
  const auto wanted = target(server.turn(), "bob", "pw");
  const auto report = check_server(wanted, cancel, [&](const CheckReport& so_far) {
    for (const auto& path : so_far.paths) {
      if (path.steps.empty() || path.steps.back().name != "echo") continue;
      held = held || server.allocations() == 1;
      g_cancellable_cancel(cancel.get());
    }
  });
  Seen seen{std::string(verdict_name(report.verdict)), report.duration_ms, {}};
  seen.require(report.verdict == Verdict::kCancelled, "not cancelled");
  seen.require(report.duration_ms < 1500, "took too long to end");
  seen.require(held, "no allocation was held when it was cancelled");
  seen.require(server.becomes_free(), "the allocation was not given back");
  return seen;
}

// The server grants the allocation but its answer is lost: the check cannot know, and gives it back all the same.
Seen lost_answer() {
  const Coturn server(kStatic);
  std::atomic<bool> held{false};
  const Cancel cancel;
  Waiter waiter(cancel.get());
  auto upstream = open_udp(*parse_ip("127.0.0.1", server.port()), waiter);
  const FakeUdp proxy([&](Bytes request) {
    upstream.link->send(request);
    std::vector<Frame> answers;
    Frame frame;
    if (upstream.link->receive(monotonic_now() + 100'000, frame) == Link::Event::kFrame) {
      const auto view = MessageView::parse(frame);
      const bool granted = view && view->is(MessageClass::kSuccess, Method::kAllocate);
      if (!granted) answers.push_back(frame);
      if (granted && !held) held = server.allocations() == 1;
    }
    return answers;
  });
  auto checked = check(target(proxy.turn(), "bob", "pw"), "inconclusive");
  checked.seen.require(held, "coturn granted nothing: the case proves nothing");
  return freed(std::move(checked), server);
}

}  // namespace

std::vector<Case> healthy_cases() {
  return {
      {"coturn, UDP",
       [] {
         const Coturn s(kStatic);
         return healthy(s, target(s.turn(), "bob", "pw"));
       }},
      {"coturn, TCP",
       [] {
         const Coturn s(kStatic);
         return healthy(s, target(s.turn("tcp"), "bob", "pw"));
       }},
      {"coturn, STUN only asked for",
       [] {
         const Coturn s(kStatic);
         return freed(check(target("stun:127.0.0.1:" + std::to_string(s.port())), "ok", 200), s);
       }},
      {"coturn, IPv6", ipv6},
      {"coturn, IPv4 good and IPv6 dead", both_families},
      {"coturn, REST credentials", [] { return rest(true); }},
      {"coturn, REST time in milliseconds", milliseconds},
  };
}

std::vector<Case> coturn_cases(const Certificates& made) {
  return {
      {"coturn, wrong password", [] { return plain(kStatic, "credentials_rejected", "bob", "no"); }},
      {"coturn, unknown user", [] { return plain(kStatic, "credentials_rejected", "eve", "pw"); }},
      {"coturn, no credentials configured",
       [] {
         const Coturn s(kStatic);
         return freed(check(target(s.turn()), "credentials_rejected", 1000), s);
       }},
      {"coturn, REST with a wrong secret", [] { return rest(false); }},
      {"coturn, no authentication", open_relay},
      {"coturn, quota of 1 in use", quota},
      {"coturn, no relay port left", [] { return no_port_left(); }},
      {"coturn, loopback peers denied",
       [] {
         return plain({"--lt-cred-mech", "--user=bob:pw", "--no-tls"}, "forbidden");
       }},
      {"coturn, all peers denied",
       [] { return plain(with(kStatic, {"--denied-peer-ip=0.0.0.0-255.255.255.255"}), "forbidden"); }},
      {"coturn, peers denied one by one", hardened},
      {"coturn, no UDP relay", [] { return plain(with(kStatic, {"--no-udp-relay"}), "no_relay_for_transport"); }},
      {"coturn, STUN only",
       [] {
         return plain({"--stun-only", "--no-tls"}, "turn_not_offered", "bob", "pw", 6000);
       }},
      {"coturn, no IPv4 relay", ipv6_relay_only},
      {"coturn, redirects", redirect},
      {"coturn, cancelled during the echo", cancelled},
      {"coturn, its success is lost", lost_answer},
      {"coturn, TLS with a good certificate", [&] { return tls(made, "good", true, "ok"); }},
      {"coturn, TLS, unknown authority", [&] { return tls(made, "good", false, "tls_untrusted"); }},
      {"coturn, TLS, expired", [&] { return tls(made, "expired", true, "tls_expired"); }},
      {"coturn, TLS, not yet valid", [&] { return tls(made, "future", true, "tls_not_yet_valid"); }},
      {"coturn, TLS, another name", [&] { return tls(made, "other-name", true, "tls_wrong_name"); }},
      {"coturn, TLS, by address", [&] { return tls(made, "good", true, "tls_wrong_name", "127.0.0.1"); }},
      {"coturn, TLS asked of its TCP port",
       [] {
         const Coturn s(kStatic);
         return freed(check(target("turns:127.0.0.1:" + std::to_string(s.port()), "bob", "pw"), "tls_not_spoken"), s);
       }},
  };
}

}  // namespace turn_test
