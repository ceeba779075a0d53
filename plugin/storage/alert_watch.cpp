#include "storage/alert_watch.hpp"

namespace callroom::storage {
namespace {

WallTime wall_now() {
  return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
}

std::uint64_t stands_on(AlertMetric metric, const Figures& figures) {
  switch (metric) {
    case AlertMetric::kPoorOrFailedSharePct:
      return figures.poor_or_failed.sessions;
    case AlertMetric::kLatencyAvgMs:
      return figures.latency.sessions;
    case AlertMetric::kPoorOrFailedSessions:
    case AlertMetric::kDropsSharePct:
      break;
  }
  return figures.sessions;
}

}  // namespace

std::optional<double> alert_value(const AlertRule& rule, const Figures& figures) {
  const std::uint64_t sessions = stands_on(rule.metric, figures);
  if (sessions == 0 || sessions < rule.min_sessions) return std::nullopt;
  switch (rule.metric) {
    case AlertMetric::kPoorOrFailedSessions:
      return static_cast<double>(figures.poor_or_failed.hits);
    case AlertMetric::kPoorOrFailedSharePct:
      return figures.poor_or_failed.percent();
    case AlertMetric::kLatencyAvgMs:
      return figures.latency.value;
    case AlertMetric::kDropsSharePct:
      return figures.dropped.percent();
  }
  return std::nullopt;
}

std::vector<std::pair<WallTime, WallTime>> alert_windows(const AlertRule& rule, WallTime now) {
  const std::chrono::microseconds length = rule.window;
  const WallTime start = now - now.time_since_epoch() % length;
  return {{start, start + length}, {start - length, start}};
}

AlertWatch::AlertWatch(std::vector<AlertRule> rules, std::chrono::milliseconds interval, Reader& reader,
                       std::string admin_user, Raise raise, LogSink log)
    : rules_(std::move(rules)),
      interval_(interval),
      reader_(reader),
      admin_user_(std::move(admin_user)),
      raise_(std::move(raise)),
      log_(std::move(log)) {
  thread_ = std::thread([this] { run(); });
}

AlertWatch::~AlertWatch() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    wake_.notify_one();
  }
  thread_.join();
}

void AlertWatch::run() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, interval_, [this] { return stopping_; })) {
    lock.unlock();
    for (const AlertRule& rule : rules_) evaluate(rule, wall_now());
    lock.lock();
  }
}

bool AlertWatch::is_settled(const std::string& rule, WallTime window) {
  const std::lock_guard lock(settled_->mutex);
  if (settled_->alerts.size() > 10'000) settled_->alerts.clear();  // the database knows them all the same
  return settled_->alerts.contains({rule, window});
}

void AlertWatch::evaluate(const AlertRule& rule, WallTime now) {
  for (const auto& [start, end] : alert_windows(rule, now)) {
    if (is_settled(rule.name, start)) continue;
    Scope scope;
    scope.from = start;
    scope.to = end;
    auto rows = reader_.run(admin_user_, Access::kAdmin, {figures_query(scope)});
    if (!rows) {
      if (rows.error().text != last_problem_) log_(LogLevel::kWarning, "alert rules: " + rows.error().text);
      last_problem_ = rows.error().text;
      return;
    }
    last_problem_.clear();
    const Figures figures = read_figures((*rows)[0], 0);
    const auto value = alert_value(rule, figures);
    if (!value || *value < rule.threshold) continue;
    const Alert alert{rule.name, rule.metric, *value, rule.threshold, stands_on(rule.metric, figures), start, end};
    raise_(alert, [settled = settled_, name = rule.name, window = start] {
      const std::lock_guard lock(settled->mutex);
      settled->alerts.emplace(name, window);
    });
  }
}

}  // namespace callroom::storage
