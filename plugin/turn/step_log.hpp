// The steps of a check as they happen: one runs at a time. Used by one thread.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "turn/check_report.hpp"

namespace callroom::turn {

class StepLog {
 public:
  // `clock` gives the time now; `changed` is called after each change of `steps`, which must outlive this.
  StepLog(std::vector<Step>& steps, MonotonicUs began, std::function<MonotonicUs()> clock,
          std::function<void()> changed)
      : steps_(steps), began_(began), clock_(std::move(clock)), changed_(std::move(changed)) {}

  void begin(std::string name) {
    steps_.push_back({std::move(name), StepState::kRunning, since_ms(began_), 0, ""});
    started_ = clock_();
    changed_();
  }

  // Ends the running step; without one nothing happens.
  void end(StepState state, std::string detail = "") {
    if (steps_.empty() || steps_.back().state != StepState::kRunning) return;
    steps_.back().state = state;
    steps_.back().duration_ms = since_ms(started_);
    steps_.back().detail = std::move(detail);
    changed_();
  }

  void skip(std::string name, std::string detail) {
    begin(std::move(name));
    end(StepState::kSkipped, std::move(detail));
  }

 private:
  double since_ms(MonotonicUs time) const { return static_cast<double>(clock_() - time) / 1000.0; }

  std::vector<Step>& steps_;
  MonotonicUs began_, started_ = 0;
  std::function<MonotonicUs()> clock_;
  std::function<void()> changed_;
};

}  // namespace callroom::turn
