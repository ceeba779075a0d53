#include "turn/test_service.hpp"

#include <algorithm>
#include <atomic>

#include "turn/digest.hpp"

namespace callroom::turn {
namespace {

constexpr std::size_t kKeptTests = 32;
constexpr std::size_t kServersAtOnce = 8;  // of one test: eight dead servers take as long as one
constexpr std::chrono::seconds kCheckCredentialLifetime{300};
constexpr MonotonicUs kIdleUs = 3'600'000'000;

// What must not be tested twice at once, and rests between two tests: a quota of one would refuse the second.
std::string key_of(const CheckTarget& target) {
  if (!target.server_id.empty()) return target.server_id;
  return target.url.host + ":" + std::to_string(target.url.port);
}

// Steps of a healthy check, for the progress of one that runs.
std::size_t expected_steps(const CheckReport& report) {
  if (!report.relays) return 2;
  const std::size_t by_transport = report.transport == Transport::kUdp   ? 0
                                   : report.transport == Transport::kTcp ? 1
                                                                         : 2;
  return 7 + by_transport;  // resolve, allocate, permission, channel, echo, hardening, release
}

int progress_of(const CheckReport& report) {
  if (report.finished) return 100;
  std::size_t longest = 0;
  for (const auto& path : report.paths) longest = std::max(longest, path.steps.size());
  const std::size_t done = report.steps.size() + longest;
  return std::min(95, static_cast<int>(100 * done / (expected_steps(report) + 1)));
}

std::optional<Credentials> credentials_of(const std::optional<std::string>& username,
                                          const std::optional<std::string>& password,
                                          const std::optional<std::string>& secret) {
  if (secret)
    return mint_rest_credentials(*secret, username.value_or("callroom"), wall_now() + kCheckCredentialLifetime);
  if (username && password) return Credentials{*username, *password};
  return std::nullopt;
}

// Made anew for each check: time-limited credentials would end while the service runs.
CheckTarget target_of(const ServerConfig& server) {
  CheckTarget target;
  target.server_id = server.id;
  target.url = *parse_server_url(server.url);  // validate() has parsed it
  target.credentials = credentials_of(server.username, server.password, server.secret);
  target.ca_file = server.ca_file;
  return target;
}

CheckReport blank_report(const CheckTarget& target) {
  CheckReport report;
  report.server_id = target.server_id;
  report.url = target.url.text();
  report.transport = target.url.transport;
  report.relays = target.url.relays();
  report.scheme_added = target.url.scheme_added;
  return report;
}

}  // namespace

std::string_view test_state_name(TestState state) {
  constexpr std::string_view kNames[] = {"waiting", "running", "finished", "cancelled"};
  return kNames[static_cast<std::size_t>(state)];
}

// Everything but `targets`, `cancel` and `trigger`, which do not change, is under the service's lock.
struct TestService::Test {
  std::string id;
  std::vector<CheckTarget> targets;
  Trigger trigger = Trigger::kRequest;
  Cancel cancel;
  TestState state = TestState::kWaiting;
  std::vector<CheckReport> reports;
  std::optional<WallTime> started_at;
  std::thread thread;
};

TestService::TestService(TestOptions options) : options_(std::move(options)) {
  const auto now = monotonic_now();
  for (const auto& server : options_.servers) schedule_.add(server.id, server.check_every, now);
  coordinator_ = std::thread([this] { coordinate(); });
}

TestService::~TestService() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    for (auto& test : tests_) test->cancel.request();
  }
  changed_.notify_all();
  coordinator_.join();
  for (auto& test : tests_) {
    if (test->thread.joinable()) test->thread.join();
  }
}

Result<std::string> TestService::start(const TestRequest& request) {
  auto targets = targets_of(request);
  if (!targets) return targets.error();
  return enqueue(*std::move(targets), Trigger::kRequest);
}

Result<std::vector<CheckTarget>> TestService::targets_of(const TestRequest& request) const {
  if (const auto* adhoc = std::get_if<TestAdHoc>(&request)) {
    auto target = adhoc_target(*adhoc);
    if (!target) return target.error();
    std::vector<CheckTarget> one;
    one.push_back(*std::move(target));
    return one;
  }
  const auto* wanted = std::get_if<TestOne>(&request);
  std::vector<CheckTarget> targets;
  for (const auto& server : options_.servers) {
    if (wanted == nullptr || wanted->server_id == server.id) targets.push_back(target_of(server));
  }
  if (!targets.empty()) return targets;
  return Error{ErrorCode::kNoSuchServer,
               wanted == nullptr ? "No STUN or TURN server is configured" : "No such server is configured"};
}

Result<CheckTarget> TestService::adhoc_target(const TestAdHoc& request) const {
  if (!options_.allow_adhoc) {
    return Error{ErrorCode::kNotAllowed, "Only configured servers may be tested (general.allow_adhoc_tests is off)"};
  }
  auto url = parse_server_url(request.url);
  if (!url) return url.error();
  // A literal is judged at once; what a name resolves to is judged when it is resolved.
  if (const auto literal = parse_ip(url->host, url->port); literal && !is_public(*literal)) {
    return Error{ErrorCode::kAddressRefused,
                 std::string("A ") + kind_name(classify(*literal)) + " address may not be tested"};
  }
  CheckTarget target;
  target.url = *std::move(url);
  target.credentials = credentials_of(request.username, request.password, request.secret);
  target.only_public = true;
  return target;
}

Result<std::string> TestService::enqueue(std::vector<CheckTarget> targets, Trigger trigger) {
  auto test = std::make_shared<Test>();
  test->id = random_uuid();
  for (const auto& target : targets) test->reports.push_back(blank_report(target));
  test->targets = std::move(targets);
  test->trigger = trigger;
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return Error{ErrorCode::kShuttingDown, "The plugin is stopping"};
    const auto waiting = std::count_if(tests_.begin(), tests_.end(),
                                       [](const auto& other) { return other->state == TestState::kWaiting; });
    if (static_cast<std::size_t>(waiting) >= options_.tests_waiting) {
      return Error{ErrorCode::kBusy, "Too many tests are waiting; try again in a few seconds"};
    }
    tests_.push_back(test);
  }
  changed_.notify_all();
  return test->id;
}

std::shared_ptr<TestService::Test> TestService::find(const std::string& id) const {
  const auto found = std::find_if(tests_.begin(), tests_.end(), [&](const auto& test) { return test->id == id; });
  return found == tests_.end() ? nullptr : *found;
}

Result<TestStatus> TestService::status(const std::string& id) const {
  const std::lock_guard lock(mutex_);
  const auto test = find(id);
  if (!test) return Error{ErrorCode::kNoSuchTest, "No such test"};
  TestStatus status;
  status.test = id;
  status.state = test->state;
  status.reports = test->reports;
  status.started_at = test->started_at;
  int sum = 0;
  for (const auto& report : test->reports) sum += progress_of(report);
  status.progress = sum / static_cast<int>(test->reports.size());
  if (test->state == TestState::kFinished || test->state == TestState::kCancelled) status.progress = 100;
  return status;
}

Result<void> TestService::cancel(const std::string& id) {
  {
    const std::lock_guard lock(mutex_);
    const auto test = find(id);
    if (!test) return Error{ErrorCode::kNoSuchTest, "No such test"};
    test->cancel.request();
    if (test->state == TestState::kWaiting) test->state = TestState::kCancelled;
  }
  changed_.notify_all();
  return {};
}

std::vector<ServerSummary> TestService::servers() const {
  std::vector<ServerSummary> summaries;
  const std::lock_guard lock(mutex_);
  for (const auto& server : options_.servers) {
    const auto url = *parse_server_url(server.url);
    ServerSummary summary;
    summary.id = server.id;
    summary.url = url.text();
    summary.transport = url.transport;
    summary.relays = url.relays();
    summary.credentials = server.secret ? "secret" : server.password ? "static" : "none";
    summary.check_every = server.check_every;
    if (const auto last = last_.find(server.id); last != last_.end()) summary.last = last->second;
    summaries.push_back(std::move(summary));
  }
  return summaries;
}

AvailabilityReport TestService::availability() const {
  const std::lock_guard lock(mutex_);
  return availability_locked();
}

// Where TURN servers are configured they alone count: an address from a STUN server does not carry a call. Likewise
// those that are checked on a schedule, where any is. Unknown until each of them was checked once: the first failing of
// several is no outage.
AvailabilityReport TestService::availability_locked() const {
  const auto any = [&](const auto& predicate) {
    return std::any_of(options_.servers.begin(), options_.servers.end(), predicate);
  };
  const auto relays = [](const ServerConfig& server) { return parse_server_url(server.url)->relays(); };
  const auto scheduled = [](const ServerConfig& server) { return server.check_every.count() > 0; };
  const bool only_relays = any(relays), only_scheduled = any(scheduled);
  std::vector<LastVerdict> verdicts;
  for (const auto& server : options_.servers) {
    if ((only_relays && !relays(server)) || (only_scheduled && !scheduled(server))) continue;
    const auto last = last_.find(server.id);
    if (last == last_.end()) return turn::availability({});
    verdicts.push_back({server.id, last->second.verdict});
  }
  return turn::availability(verdicts);
}

void TestService::coordinate() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const auto now = monotonic_now();
    start_due(now);
    const auto wake = start_what_may(now);
    changed_.wait_for(lock, std::chrono::microseconds(std::max<MonotonicUs>(wake - now, 1000)));
  }
}

// All that are due make one test. Where the last such still waits they are left out until their next turn.
void TestService::start_due(MonotonicUs now) {
  const auto due = schedule_.take_due(now);
  const bool behind = std::any_of(tests_.begin(), tests_.end(), [](const auto& test) {
    return test->trigger == Trigger::kSchedule && test->state == TestState::kWaiting;
  });
  if (due.empty() || behind) return;
  auto test = std::make_shared<Test>();
  test->id = random_uuid();
  test->trigger = Trigger::kSchedule;
  for (const auto& server : options_.servers) {
    if (std::find(due.begin(), due.end(), server.id) != due.end()) test->targets.push_back(target_of(server));
  }
  for (const auto& target : test->targets) test->reports.push_back(blank_report(target));
  tests_.push_back(std::move(test));
}

bool TestService::may_start(const Test& test, MonotonicUs now, MonotonicUs& not_before) const {
  for (const auto& target : test.targets) {
    const auto key = key_of(target);
    for (const auto& other : tests_) {
      if (other->state != TestState::kRunning) continue;
      const bool shared = std::any_of(other->targets.begin(), other->targets.end(),
                                      [&](const CheckTarget& running) { return key_of(running) == key; });
      if (shared) return false;  // its end wakes the coordinator
    }
    const auto ended = ended_.find(key);
    if (ended == ended_.end()) continue;
    const auto ready = ended->second + std::chrono::microseconds(options_.pause_per_server).count();
    if (ready > now) {
      not_before = std::min(not_before, ready);
      return false;
    }
  }
  return true;
}

// Starts in order of asking, but lets one pass whose servers rest. Gives the time to look again.
MonotonicUs TestService::start_what_may(MonotonicUs now) {
  for (auto& test : tests_) {
    const bool over = test->state == TestState::kFinished || test->state == TestState::kCancelled;
    if (over && test->thread.joinable()) test->thread.join();  // its last act was to set that state
  }
  while (tests_.size() > kKeptTests) {
    const auto& oldest = tests_.front();
    if (oldest->state == TestState::kWaiting || oldest->state == TestState::kRunning) break;
    tests_.erase(tests_.begin());
  }
  MonotonicUs wake = schedule_.next_due().value_or(now + kIdleUs);
  for (auto& test : tests_) {
    const auto running = std::count_if(tests_.begin(), tests_.end(),
                                       [](const auto& other) { return other->state == TestState::kRunning; });
    if (static_cast<std::size_t>(running) >= options_.tests_at_once) break;
    if (test->state != TestState::kWaiting || !may_start(*test, now, wake)) continue;
    test->state = TestState::kRunning;
    test->started_at = wall_now();
    test->thread = std::thread([this, test] { run(*test); });
  }
  return wake;
}

void TestService::run(Test& test) {
  std::atomic<std::size_t> next{0};
  std::vector<std::thread> threads;
  const auto work = [&] {
    for (std::size_t i = next++; i < test.targets.size(); i = next++) run_target(test, i);
  };
  for (std::size_t i = 0; i < std::min(kServersAtOnce, test.targets.size()); ++i) threads.emplace_back(work);
  for (auto& thread : threads) thread.join();
  announce();
  const std::lock_guard lock(mutex_);
  const auto now = monotonic_now();
  for (const auto& target : test.targets) ended_[key_of(target)] = now;
  std::erase_if(ended_, [&](const auto& entry) { return entry.second + kIdleUs < now; });
  test.state = test.cancel.requested() ? TestState::kCancelled : TestState::kFinished;
  changed_.notify_all();
}

void TestService::run_target(Test& test, std::size_t index) {
  const auto observe = [&](const CheckReport& report) {
    const std::lock_guard lock(mutex_);
    test.reports[index] = report;
  };
  const auto report = check_server(test.targets[index], test.cancel, observe);
  keep(test, report);
}

void TestService::keep(const Test& test, const CheckReport& report) {
  if (report.server_id.empty() || report.verdict == Verdict::kCancelled) return;
  {
    const std::lock_guard lock(mutex_);
    last_[report.server_id] = report;
  }
  const std::lock_guard callbacks(callback_mutex_);
  if (options_.on_record) options_.on_record(record_from(report, test.trigger, random_uuid()));
}

void TestService::announce() {
  const std::lock_guard callbacks(callback_mutex_);
  const auto now = availability();
  if (now.level == announced_ || now.level == Availability::kUnknown || !options_.on_availability) return;
  announced_ = now.level;
  options_.on_availability(now);
}

}  // namespace callroom::turn
