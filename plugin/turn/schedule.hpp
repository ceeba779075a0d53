// Which servers are due for a check. Pure: time is an argument, in microseconds of a monotonic clock.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"

namespace callroom::turn {

class Schedule {
 public:
  // The first check of a server comes soon after the start, so that an alert does not wait for a whole interval.
  static constexpr MonotonicUs kFirstAfterUs = 5'000'000;

  void add(std::string id, std::chrono::seconds every, MonotonicUs now) {
    if (every.count() <= 0) return;
    entries_.push_back({std::move(id), std::chrono::microseconds(every).count(), now + kFirstAfterUs});
  }

  std::optional<MonotonicUs> next_due() const {
    std::optional<MonotonicUs> next;
    for (const auto& entry : entries_) {
      if (!next || entry.due < *next) next = entry.due;
    }
    return next;
  }

  // Those that are due, each once however late this is called: a machine that slept does not catch up.
  std::vector<std::string> take_due(MonotonicUs now) {
    std::vector<std::string> due;
    for (auto& entry : entries_) {
      if (entry.due > now) continue;
      due.push_back(entry.id);
      entry.due += ((now - entry.due) / entry.every_us + 1) * entry.every_us;
    }
    return due;
  }

 private:
  struct Entry {
    std::string id;
    MonotonicUs every_us, due;
  };
  std::vector<Entry> entries_;
};

}  // namespace callroom::turn
