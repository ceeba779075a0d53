// Evaluates the alert rules over the rollups, on a thread of its own.
//
// A rule looks at the window that runs now and at the one before it (rows can come late). Whichever node finds it met
// first raises it: the database keeps one alert for each rule and window.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "storage/alert_rule.hpp"
#include "storage/figures.hpp"
#include "storage/log.hpp"
#include "storage/reader.hpp"

namespace callroom::storage {

// The metric over a window's figures; nothing where there is too little to judge.
std::optional<double> alert_value(const AlertRule& rule, const Figures& figures);
// The windows that a rule looks at, the running one first.
std::vector<std::pair<WallTime, WallTime>> alert_windows(const AlertRule& rule, WallTime now);

class AlertWatch {
 public:
  // Asks for an alert to be stored; `stored` is told when it is (by this node or by another), never where that failed.
  using Raise = std::function<void(const Alert& alert, std::function<void()> stored)>;

  AlertWatch(std::vector<AlertRule> rules, std::chrono::milliseconds interval, Reader& reader, std::string admin_user,
             Raise raise, LogSink log);
  ~AlertWatch();

 private:
  void run();
  void evaluate(const AlertRule& rule, WallTime now);
  bool is_settled(const std::string& rule, WallTime window);

  const std::vector<AlertRule> rules_;
  const std::chrono::milliseconds interval_;
  Reader& reader_;
  const std::string admin_user_;
  const Raise raise_;
  const LogSink log_;
  std::string last_problem_;  // the thread's own

  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  // Alerts that are stored. Shared with callbacks that may outlive this watch.
  struct Settled {
    std::mutex mutex;
    std::set<std::pair<std::string, WallTime>> alerts;
  };
  const std::shared_ptr<Settled> settled_ = std::make_shared<Settled>();
  std::thread thread_;
};

}  // namespace callroom::storage
