// The tests of STUN and TURN servers: asked for, scheduled, bounded, and run on threads of their own. Every member
// function returns at once and may be called from any thread; none waits for a check.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "turn/availability.hpp"
#include "turn/check.hpp"
#include "turn/check_record.hpp"
#include "turn/schedule.hpp"
#include "turn/server_config.hpp"

namespace callroom::turn {

struct TestOne {
  std::string server_id;
};
struct TestAll {};
struct TestAdHoc {
  std::string url;
  std::optional<std::string> username, password, secret;
};
using TestRequest = std::variant<TestOne, TestAll, TestAdHoc>;

enum class TestState { kWaiting, kRunning, kFinished, kCancelled };
std::string_view test_state_name(TestState state);  // "waiting", …

struct TestStatus {
  std::string test;  // id
  TestState state = TestState::kWaiting;
  int progress = 0;                  // 0 to 100
  std::vector<CheckReport> reports;  // one a server, in the order of the configuration; as far as they have come
  std::optional<WallTime> started_at;
};

struct ServerSummary {
  std::string id;
  std::string url;
  Transport transport = Transport::kUdp;
  bool relays = true;
  std::string credentials;  // "static", "secret", "none": which kind, never what
  std::chrono::seconds check_every{0};
  std::optional<CheckReport> last;  // the last that finished
};

struct TestOptions {
  std::vector<ServerConfig> servers;  // each passed validate()
  bool allow_adhoc = false;           // and an admin secret is set: the host knows
  std::size_t tests_at_once = 2;
  std::size_t tests_waiting = 4;
  std::chrono::milliseconds pause_per_server{2000};  // between the end of a check and the start of the next

  // Called on threads of the service, one at a time and never under its lock; must not call back into it.
  std::function<void(const CheckRecord&)> on_record;
  std::function<void(const AvailabilityReport&)> on_availability;  // when its level changes
};

class TestService {
 public:
  explicit TestService(TestOptions options);
  // Cancels what runs, waits for it to give back what it allocated (under a second), and ends.
  ~TestService();
  TestService(const TestService&) = delete;
  TestService& operator=(const TestService&) = delete;

  // The test's id. Errors: kNoSuchServer, kNotAllowed (ad-hoc tests are off), kInvalidField (the URL), kAddressRefused
  // (an address that is not public), kBusy, kShuttingDown.
  Result<std::string> start(const TestRequest& request);
  // Errors of both: kNoSuchTest. The last 32 tests are kept. Cancelling a finished test changes nothing.
  Result<TestStatus> status(const std::string& test) const;
  Result<void> cancel(const std::string& test);

  std::vector<ServerSummary> servers() const;
  AvailabilityReport availability() const;

 private:
  struct Test;

  Result<std::vector<CheckTarget>> targets_of(const TestRequest& request) const;
  Result<CheckTarget> adhoc_target(const TestAdHoc& request) const;
  Result<std::string> enqueue(std::vector<CheckTarget> targets, Trigger trigger);
  void coordinate();
  MonotonicUs start_what_may(MonotonicUs now);
  void start_due(MonotonicUs now);
  bool may_start(const Test& test, MonotonicUs now, MonotonicUs& not_before) const;
  void run(Test& test);
  void run_target(Test& test, std::size_t index);
  void keep(const Test& test, const CheckReport& report);
  void announce();
  AvailabilityReport availability_locked() const;
  std::shared_ptr<Test> find(const std::string& id) const;

  const TestOptions options_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  Schedule schedule_;
  std::vector<std::shared_ptr<Test>> tests_;         // oldest first
  std::map<std::string, CheckReport> last_;          // by server id
  std::map<std::string, MonotonicUs> ended_;         // by target key: when its last check ended
  std::mutex callback_mutex_;                        // keeps the callbacks one at a time and in order
  Availability announced_ = Availability::kUnknown;  // under callback_mutex_
  std::thread coordinator_;
};

}  // namespace callroom::turn
