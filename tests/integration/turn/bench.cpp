#include "bench.hpp"

#include <algorithm>
#include <cstdio>
#include <thread>

namespace turn_test {

using namespace callroom::turn;

void Bench::print(const std::string& name, const Seen& seen) {
  const std::lock_guard lock(mutex_);
  seen.complaints.empty() ? ++passed_ : ++failed_;
  std::printf("%-4s  %-58s %-22s %8.0f ms\n", seen.complaints.empty() ? "ok" : "FAIL", name.c_str(),
              seen.verdict.c_str(), seen.ms);
  for (const auto& complaint : seen.complaints) std::printf("      - %s\n", complaint.c_str());
  std::fflush(stdout);
}

void Bench::one_by_one(const std::vector<Case>& cases) {
  for (const auto& one : cases) {
    if (wanted(one)) print(one.name, one.run());
  }
}

void Bench::side_by_side(const std::vector<Case>& cases) {
  std::vector<std::thread> threads;
  for (const auto& one : cases) {
    if (wanted(one)) threads.emplace_back([this, &one] { print(one.name, one.run()); });
  }
  for (auto& thread : threads) thread.join();
}

int Bench::finish() const {
  std::printf("%d passed, %d failed\n", passed_, failed_);
  return failed_ == 0 && passed_ > 0 ? 0 : 1;
}

CheckTarget target(const std::string& url) {
  CheckTarget made;
  made.server_id = "test";
  made.url = *parse_server_url(url);
  return made;
}

CheckTarget target(const std::string& url, const std::string& username, const std::string& password) {
  auto made = target(url);
  made.credentials = Credentials{username, password};
  return made;
}

const PathReport& Checked::path() const {
  static const PathReport kNone;
  return report.paths.empty() ? kNone : report.paths.front();
}

bool Checked::has_step(const std::string& name, StepState state) const {
  for (const auto& step : report.steps) {
    if (step.name == name && step.state == state) return true;
  }
  for (const auto& path : report.paths) {
    for (const auto& step : path.steps) {
      if (step.name == name && step.state == state) return true;
    }
  }
  return false;
}

bool Checked::recommends(const std::string& code) const {
  for (const auto& one : report.recommendations) {
    if (one.code == code) return true;
  }
  return false;
}

namespace {

// The thread sanitizer makes everything several times slower.
#ifdef __SANITIZE_THREAD__
constexpr double kSlowdown = 5;
#else
constexpr double kSlowdown = 1;
#endif
constexpr double kWholeCheckMs = 10'000;

// What ends by itself after the ten seconds of a check does so under any tool.
double allowed(double limit_ms) {
  return limit_ms >= kWholeCheckMs ? limit_ms : std::min(limit_ms * kSlowdown, kWholeCheckMs);
}

}  // namespace

Checked check(const CheckTarget& target, const std::string& expected, double limit_ms) {
  Checked checked;
  const Cancel cancel;
  int updates = 0;
  checked.report = check_server(target, cancel, [&](const CheckReport&) { ++updates; });
  auto& seen = checked.seen;
  seen.verdict = verdict_name(checked.report.verdict);
  seen.ms = checked.report.duration_ms;
  seen.require(seen.verdict == expected, "expected " + expected + "; reason: " + checked.report.reason);
  seen.require(seen.ms <= allowed(limit_ms), "took longer than " + std::to_string(static_cast<int>(limit_ms)) + " ms");
  seen.require(updates > 0, "no progress was told");
  seen.require(checked.report.finished, "not finished");
  for (const auto& path : checked.report.paths) {
    for (const auto& step : path.steps) {
      seen.require(step.state != StepState::kRunning, "step " + step.name + " still runs");
    }
  }
  const auto status = status_of(checked.report.verdict);
  if (status == Status::kFail || status == Status::kWarn) {
    seen.require(checked.recommends(expected), "no recommendation names " + expected);
  }
  return checked;
}

}  // namespace turn_test
