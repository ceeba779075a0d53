// Runs cases, prints a table of case, verdict and time, and counts.
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "turn/check.hpp"

namespace turn_test {

using callroom::turn::CheckReport;
using callroom::turn::CheckTarget;
using callroom::turn::Credentials;

// What a case saw. `complaints` empty: passed.
struct Seen {
  std::string verdict;
  double ms = 0;
  std::vector<std::string> complaints;

  void require(bool holds, const std::string& otherwise) {
    if (!holds) complaints.push_back(otherwise);
  }
};

struct Case {
  std::string name;
  std::function<Seen()> run;
};

class Bench {
 public:
  explicit Bench(std::string filter) : filter_(std::move(filter)) {}

  void one_by_one(const std::vector<Case>& cases);    // where time is judged
  void side_by_side(const std::vector<Case>& cases);  // most of them wait for ten seconds
  int finish() const;                                 // prints the last line; the exit code

 private:
  bool wanted(const Case& one) const { return one.name.find(filter_) != std::string::npos; }
  void print(const std::string& name, const Seen& seen);

  std::string filter_;
  std::mutex mutex_;
  int passed_ = 0, failed_ = 0;
};

CheckTarget target(const std::string& url);
CheckTarget target(const std::string& url, const std::string& username, const std::string& password);

// Checks, and requires the verdict, that it ended in time, and that every step has ended.
struct Checked {
  CheckReport report;
  Seen seen;

  const callroom::turn::PathReport& path() const;  // the first; an empty one where there is none
  bool has_step(const std::string& name, callroom::turn::StepState state) const;
  bool recommends(const std::string& code) const;
};
Checked check(const CheckTarget& target, const std::string& expected, double limit_ms = 10'100);

}  // namespace turn_test
