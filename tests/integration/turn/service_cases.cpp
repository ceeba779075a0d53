// The service around the checks: bounds, cancelling, ad-hoc targets, the schedule, and what it tells.
#include <condition_variable>

#include "cases.hpp"
#include "turn/test_service.hpp"

namespace turn_test {

using namespace callroom::turn;
using callroom::ErrorCode;

namespace {

const std::vector<std::string> kStatic = {"--lt-cred-mech", "--user=bob:pw", "--allow-loopback-peers", "--no-tls"};

ServerConfig server(const std::string& id, const std::string& url, const std::string& password = "pw") {
  ServerConfig config;
  config.id = id;
  config.url = url;
  config.username = "bob";
  config.password = password;
  return config;
}

Answer say_nothing() {
  return [](Bytes) { return std::vector<Frame>{}; };
}

TestStatus wait_for(const TestService& service, const std::string& test, int limit_ms, auto&& done) {
  const auto until = monotonic_now() + limit_ms * 1000;
  while (true) {
    auto status = service.status(test);
    if (!status || done(*status) || monotonic_now() > until) return status ? *status : TestStatus{};
    g_usleep(10'000);
  }
}

bool over(const TestStatus& status) {
  return status.state == TestState::kFinished || status.state == TestState::kCancelled;
}

// Eight servers, four of them dead in the slowest ways.
Seen eight_servers() {
  const Coturn good(kStatic);
  const FakeUdp silent_a(say_nothing()), silent_b(say_nothing());
  const FakeTcp silent_tcp({});
  const FullListener full;
  TestOptions options;
  options.servers = {server("udp", good.turn()),
                     server("tcp", good.turn("tcp")),
                     server("wrong", good.turn(), "no"),
                     server("stopped", "turn:127.0.0.1:" + std::to_string(free_port())),
                     server("silent-a", silent_a.turn()),
                     server("silent-b", silent_b.turn()),
                     server("silent-tcp", silent_tcp.turn()),
                     server("full", full.turn())};
  TestService service(options);
  const auto began = monotonic_now();
  const auto test = service.start(TestAll{});
  const auto status = wait_for(service, test ? *test : "", 20'000, over);
  Seen seen;
  seen.ms = static_cast<double>(monotonic_now() - began) / 1000.0;
  const char* expected[] = {"ok",          "ok",          "credentials_rejected", "refused",
                            "no_response", "no_response", "no_response",          "connect_timeout"};
  seen.require(status.reports.size() == 8, "not eight reports");
  for (std::size_t i = 0; i < status.reports.size(); ++i) {
    const std::string got(verdict_name(status.reports[i].verdict));
    seen.require(got == expected[i], status.reports[i].server_id + " is " + got);
  }
  seen.require(status.progress == 100, "progress");
  seen.require(seen.ms < 15'000, "took longer than 15 s");
  seen.require(good.becomes_free(), "allocations are left");
  seen.verdict = "8 verdicts";
  return seen;
}

// Two run, four wait, a seventh is refused; cancelling ends all of them at once.
Seen bounds() {
  std::vector<std::unique_ptr<FakeUdp>> silent;
  TestOptions options;
  for (int i = 0; i < 7; ++i) {
    silent.push_back(std::make_unique<FakeUdp>(say_nothing()));
    options.servers.push_back(server("s" + std::to_string(i), silent.back()->turn()));
  }
  TestService service(options);
  std::vector<std::string> tests;
  Seen seen;
  for (int i = 0; i < 2; ++i) {
    const auto test = service.start(TestOne{"s" + std::to_string(i)});
    tests.push_back(test ? *test : "");
    wait_for(service, tests.back(), 2000, [](const TestStatus& s) { return s.state == TestState::kRunning; });
  }
  for (int i = 2; i < 6; ++i) {
    const auto test = service.start(TestOne{"s" + std::to_string(i)});
    tests.push_back(test ? *test : "");
  }
  const auto refused = service.start(TestOne{"s6"});
  seen.require(!refused && refused.error().code == ErrorCode::kBusy, "the seventh was not refused");
  int running = 0, waiting = 0;
  for (const auto& test : tests) {
    const auto status = service.status(test);
    running += status && status->state == TestState::kRunning ? 1 : 0;
    waiting += status && status->state == TestState::kWaiting ? 1 : 0;
  }
  seen.require(running == 2 && waiting == 4, std::to_string(running) + " run, " + std::to_string(waiting) + " wait");
  const auto began = monotonic_now();
  for (const auto& test : tests) {
    const auto cancelled = service.cancel(test);
    seen.require(static_cast<bool>(cancelled), "cancel");
  }
  for (const auto& test : tests) {
    const auto status = wait_for(service, test, 3000, over);
    seen.require(status.state == TestState::kCancelled, "a test is " + std::string(test_state_name(status.state)));
  }
  seen.ms = static_cast<double>(monotonic_now() - began) / 1000.0;
  seen.require(seen.ms < 1500, "cancelling took too long");
  seen.require(silent[5]->received() == 0, "a test that waited has sent something");
  seen.verdict = "2 run, 4 wait, 1 busy";
  return seen;
}

Seen pause() {
  const Coturn good(kStatic);
  TestOptions options;
  options.servers = {server("a", good.turn())};
  options.pause_per_server = std::chrono::milliseconds(1200);
  TestService service(options);
  const auto first = service.start(TestOne{"a"});
  const auto second = service.start(TestOne{"a"});
  const auto one = wait_for(service, first ? *first : "", 5000, over);
  const auto two = wait_for(service, second ? *second : "", 5000, over);
  Seen seen{"ok, ok", 0, {}};
  seen.require(one.state == TestState::kFinished && two.state == TestState::kFinished, "not both finished");
  if (one.started_at && two.started_at) {
    seen.ms = static_cast<double>((*two.started_at - *one.started_at).count()) / 1000.0;
  }
  seen.require(seen.ms >= 1200 + 200, "the second began without a pause");
  seen.require(seen.ms < 3000, "the second began too late");
  return seen;
}

Seen adhoc() {
  TestOptions off;
  TestService closed(off);
  TestOptions on;
  on.allow_adhoc = true;
  TestService open(on);
  const auto ask = [](TestService& service, const std::string& url) {
    TestAdHoc request;
    request.url = url;
    return service.start(request);
  };
  Seen seen{"refused", 0, {}};
  const auto began = monotonic_now();
  const auto not_allowed = ask(closed, "turn:8.8.8.8");
  seen.require(!not_allowed && not_allowed.error().code == ErrorCode::kNotAllowed,
               "ad-hoc is on without being asked for");
  for (const auto* url : {"turn:127.0.0.1", "turn:10.0.0.1", "turn:169.254.169.254", "turn:[::1]", "turn:[fe80::1]",
                          "turn:[::ffff:127.0.0.1]", "turn:[64:ff9b::a9fe:a9fe]", "turn:224.0.0.1", "turn:0.0.0.0",
                          "turn:255.255.255.255"}) {
    const auto refused = ask(open, url);
    seen.require(!refused && refused.error().code == ErrorCode::kAddressRefused, std::string(url) + " was not refused");
  }
  const auto bad = ask(open, "http://example.org");
  seen.require(!bad && bad.error().code == ErrorCode::kInvalidField, "a bad URL");
  const auto by_name = ask(open, "turn:localhost");
  const auto status = wait_for(open, by_name ? *by_name : "", 6000, over);
  const bool refused = !status.reports.empty() && status.reports[0].verdict == Verdict::kAddressRefused;
  seen.require(refused, "a name that leads to loopback was not refused");
  seen.require(!status.reports.empty() && status.reports[0].paths.empty(), "something was sent to it");
  seen.ms = static_cast<double>(monotonic_now() - began) / 1000.0;
  return seen;
}

Seen unknown_names() {
  TestOptions options;
  TestService service(options);
  const auto one = service.start(TestOne{"nobody"});
  const auto all = service.start(TestAll{});
  const auto status = service.status("00000000");
  const auto cancel = service.cancel("00000000");
  Seen seen{"errors", 0, {}};
  seen.require(!one && one.error().code == ErrorCode::kNoSuchServer, "start of an unknown server");
  seen.require(!all && all.error().code == ErrorCode::kNoSuchServer, "start of all of none");
  seen.require(!status && status.error().code == ErrorCode::kNoSuchTest, "status");
  seen.require(!cancel && cancel.error().code == ErrorCode::kNoSuchTest, "cancel");
  return seen;
}

// On the schedule: records are written, and the level changes once.
Seen schedule() {
  const Coturn good(kStatic);
  std::mutex mutex;
  std::vector<CheckRecord> records;
  std::vector<AvailabilityReport> levels;
  TestOptions options;
  options.servers = {server("good", good.turn()), server("wrong", good.turn(), "no")};
  for (auto& one : options.servers) one.check_every = std::chrono::seconds(3600);
  options.on_record = [&](const CheckRecord& record) {
    const std::lock_guard lock(mutex);
    records.push_back(record);
  };
  options.on_availability = [&](const AvailabilityReport& report) {
    const std::lock_guard lock(mutex);
    levels.push_back(report);
  };
  TestService service(options);
  const auto began = monotonic_now();
  const auto done = [&] {
    const std::lock_guard lock(mutex);
    return records.size() >= 2 && !levels.empty();
  };
  while (!done() && monotonic_now() < began + 9'000'000) g_usleep(20'000);
  const std::lock_guard lock(mutex);
  Seen seen{"warning", static_cast<double>(monotonic_now() - began) / 1000.0, {}};
  seen.require(records.size() == 2, std::to_string(records.size()) + " records");
  for (const auto& record : records) {
    seen.require(record.trigger == "schedule", "trigger " + record.trigger);
    seen.require(record.verdict == (record.server_id == "good" ? "ok" : "credentials_rejected"), record.verdict);
    seen.require(record.reachable == (record.server_id == "good"), "reachable");
    seen.require(record.ipv4_verdict == record.verdict && !record.ipv6_verdict, "verdicts per family");
    seen.require(record.check_id.size() == 36, "id");
    seen.require((record.server_id == "good") == record.loss_pct.has_value(), "figures through the relay");
  }
  seen.require(levels.size() == 1 && levels[0].level == Availability::kWarning, "one of two is a warning, told once");
  const auto summaries = service.servers();
  seen.require(summaries.size() == 2 && summaries[0].last && summaries[0].credentials == "static", "summaries");
  return seen;
}

// The plugin must not hang when Janus stops in the middle of tests.
Seen stop() {
  const FakeUdp silent(say_nothing());
  TestOptions options;
  options.servers = {server("a", silent.turn())};
  auto service = std::make_unique<TestService>(options);
  const auto test = service->start(TestOne{"a"});
  wait_for(*service, test ? *test : "", 2000, [](const TestStatus& s) { return s.state == TestState::kRunning; });
  const auto began = monotonic_now();
  service.reset();
  Seen seen{"stopped", static_cast<double>(monotonic_now() - began) / 1000.0, {}};
  seen.require(seen.ms < 1000, "took too long to stop");
  return seen;
}

}  // namespace

std::vector<Case> service_cases() {
  return {
      {"service: eight servers, five of them dead", eight_servers},
      {"service: bounds and cancelling", bounds},
      {"service: a pause for each server", pause},
      {"service: ad-hoc targets", adhoc},
      {"service: unknown names", unknown_names},
      {"service: schedule, records, availability", schedule},
      {"service: stops in the middle of a test", stop},
  };
}

}  // namespace turn_test
