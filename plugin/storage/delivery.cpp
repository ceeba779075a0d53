#include "storage/delivery.hpp"

#include <algorithm>
#include <utility>

#include "storage/row_text.hpp"

namespace callroom::storage {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kBatchBytes = 8 << 20;
constexpr auto kBackoffFirst = std::chrono::milliseconds(200);
constexpr auto kGrace = std::chrono::seconds(5);  // beyond the server's own statement timeout

WallTime wall_now() {
  return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
}

// Wrong role, table, function or type: no retry helps until somebody changes the database.
bool is_refusal(const DatabaseError& error) {
  return error.is_class("42") || error.is_class("28") || error.is_class("3D") || error.is_class("3F");
}

}  // namespace

const char* to_string(DatabaseState state) {
  switch (state) {
    case DatabaseState::kNotConfigured:
      return "not_configured";
    case DatabaseState::kConnecting:
      return "connecting";
    case DatabaseState::kConnected:
      return "connected";
    case DatabaseState::kSchemaTooOld:
      return "schema_too_old";
    case DatabaseState::kSchemaTooNew:
      return "schema_too_new";
    case DatabaseState::kRefused:
      break;
  }
  return "refused";
}

Delivery::Delivery(const StoreConfig& config, Outbox& outbox)
    : config_(config),
      outbox_(outbox),
      set_aside_(config.data_dir / "set_aside.jsonl", config.log),
      batch_rows_(kBatchRows),
      random_(std::random_device{}()) {
  seen_.schema_version_wanted = kSchemaVersion;
  if (!config.writer.empty()) seen_.database = DatabaseState::kConnecting;
}

Delivery::~Delivery() {
  stop(Clock::now());
}

void Delivery::start(Intake& intake) {
  intake_ = &intake;
  thread_ = std::thread([this] { run(); });
}

void Delivery::new_rows() {
  const std::lock_guard lock(mutex_);
  news_ = true;
  wake_.notify_one();
}

void Delivery::post(std::function<void(Connection&, Connection::Deadline)> work) {
  const std::lock_guard lock(mutex_);
  posted_.push_back(std::move(work));
  wake_.notify_one();
}

void Delivery::raise(const Alert& alert, std::function<void()> stored) {
  post([this, alert, stored = std::move(stored)](Connection& connection, Connection::Deadline deadline) {
    store_alert(connection, deadline, alert, stored);
  });
}

void Delivery::store_alert(Connection& connection, Connection::Deadline deadline, const Alert& alert,
                           const std::function<void()>& stored) {
  auto raised = connection.execute(
      "SELECT callroom_raise_alert($1, $2, $3, $4, $5, $6, $7, $8)",
      {alert.rule, to_string(alert.metric), std::to_string(alert.value), std::to_string(alert.threshold),
       std::to_string(alert.sessions), rfc3339(alert.window_start), rfc3339(alert.window_end), config_.node},
      deadline);
  if (!raised) {
    config_.log(LogLevel::kWarning, "alert \"" + alert.rule + "\" cannot be stored: " + raised.error().text);
    return;
  }
  stored();
  if (raised->text(0, 0) != "t") return;
  {
    const std::lock_guard lock(mutex_);
    ++seen_.alerts_raised;
  }
  if (config_.on_alert) config_.on_alert(alert);
}

bool Delivery::keep_going() const {
  const std::lock_guard lock(mutex_);
  return !stopping_ || Clock::now() < stop_by_;
}

void Delivery::idle(std::chrono::milliseconds at_most) {
  std::unique_lock lock(mutex_);
  wake_.wait_for(lock, at_most, [this] { return news_ || stopping_ || !posted_.empty(); });
  news_ = false;
}

// 0.2 s, 0.4 s, … with jitter, so that many nodes do not come back in step. Ends early only for stop().
void Delivery::back_off() {
  const auto ceiling =
      std::min<std::chrono::milliseconds>(config_.backoff_max, kBackoffFirst * (1U << std::min(failures_, 10U)));
  ++failures_;
  std::uniform_int_distribution<std::int64_t> jitter(ceiling.count() / 2, ceiling.count());
  std::unique_lock lock(mutex_);
  posted_.clear();
  const auto pause = std::chrono::milliseconds(jitter(random_));
  if (stopping_) {
    wake_.wait_for(lock, std::min<Clock::duration>(pause, stop_by_ - Clock::now()), [] { return false; });
  } else {
    wake_.wait_for(lock, pause, [this] { return stopping_; });
  }
}

void Delivery::set_state(DatabaseState state, const std::string& error) {
  bool changed = false;
  {
    const std::lock_guard lock(mutex_);
    changed = seen_.database != state || seen_.database_error != error;
    seen_.database = state;
    seen_.database_error = error;
  }
  if (!changed) return;
  if (state == DatabaseState::kConnected) {
    config_.log(LogLevel::kInfo, "Postgres is reached; finished sessions are being delivered");
  } else {
    config_.log(LogLevel::kWarning, "Postgres (" + std::string(to_string(state)) + "): " + error +
                                        "; finished sessions wait in " + config_.data_dir.string());
  }
}

void Delivery::lost(const DatabaseError& error) {
  connection_.reset();
  helper_.reset();
  set_state(is_refusal(error) ? DatabaseState::kRefused : DatabaseState::kConnecting, error.text);
}

Connection::Deadline Delivery::statement_deadline() const {
  const auto deadline = Clock::now() + config_.statement_timeout + kGrace;
  const std::lock_guard lock(mutex_);
  return stopping_ ? std::min(deadline, stop_by_) : deadline;
}

bool Delivery::connect() {
  if (connection_ && connection_->alive()) return true;
  connection_.reset();
  auto deadline = std::min(statement_deadline(), Clock::now() + kConnectTimeout);
  auto opened = Connection::open({config_.writer, "callroom-writer " + config_.node, true, config_.statement_timeout},
                                 deadline, interrupt_);
  if (!opened) {
    set_state(DatabaseState::kConnecting, opened.error().text);
    return false;
  }
  connection_.emplace(*std::move(opened));
  if (check_schema()) return true;
  connection_.reset();
  return false;
}

// A newer schema fits as long as it says that this plugin's version may still write.
bool Delivery::check_schema() {
  auto rows =
      connection_->execute("SELECT version, writable_from FROM callroom_schema_version()", statement_deadline());
  if (!rows) {
    const bool absent = rows.error().is_class("42883");  // undefined function
    if (absent) {
      set_state(DatabaseState::kSchemaTooOld, "the database has no Callroom schema: run sql/migrate");
    } else {
      lost(rows.error());
    }
    return false;
  }
  const auto version = static_cast<int>(rows->integer(0, 0).value_or(0));
  const auto writable_from = static_cast<int>(rows->integer(0, 1).value_or(0));
  {
    const std::lock_guard lock(mutex_);
    seen_.schema_version = version;
  }
  const std::string versions = "the database has schema " + std::to_string(version) + ", this plugin writes schema " +
                               std::to_string(kSchemaVersion);
  if (version < kSchemaVersion) {
    set_state(DatabaseState::kSchemaTooOld, versions + ": run sql/migrate");
    return false;
  }
  if (writable_from > kSchemaVersion) {
    set_state(DatabaseState::kSchemaTooNew, versions + ": install a newer plugin");
    return false;
  }
  return true;
}

void Delivery::run() {
  outbox_.count_backlog();
  while (keep_going()) {
    if (config_.writer.empty()) {
      deliver();  // only looks how old the oldest row is
      const std::unique_lock lock(mutex_);
      if (stopping_) return;
    } else if (!connect()) {
      back_off();
      continue;
    } else {
      set_state(DatabaseState::kConnected, "");
      const Outcome outcome = deliver();
      if (outcome == Outcome::kTryLater) {
        back_off();
        continue;
      }
      failures_ = 0;
      run_posted();
      if (outcome == Outcome::kDelivered) continue;
      if (Clock::now() > helper_idle_at_) helper_.reset();
      {
        const std::lock_guard lock(mutex_);
        if (stopping_) return;  // and everything is delivered
      }
      maintain();
    }
    idle(std::chrono::seconds(1));
  }
}

// While Postgres works on a batch the next one is read and put into its form: each takes a processor of its own.
Delivery::Outcome Delivery::deliver() {
  const Batch batch = ahead_ ? *std::exchange(ahead_, std::nullopt) : read(std::nullopt);
  {
    const std::lock_guard lock(mutex_);
    oldest_ = batch.oldest;
  }
  if (config_.writer.empty()) return Outcome::kNothingToDo;
  if (batch.entries == 0) return deliver_held();
  std::optional<Batch> next;
  if (!commit(batch, [&] { next = read(batch.after); })) return Outcome::kTryLater;
  outbox_.strike(batch.after, batch.entries);
  if (next && next->entries > 0) ahead_ = std::move(next);
  return Outcome::kDelivered;
}

Delivery::Batch Delivery::read(std::optional<Outbox::Position> after) {
  auto entries = outbox_.read(config_.writer.empty() ? 1 : batch_rows_, kBatchBytes, after);
  std::vector<Outbox::Bytes> payloads;
  payloads.reserve(entries.size());
  for (auto& entry : entries) payloads.push_back(std::move(entry.payload));
  Batch batch = prepare(std::move(payloads));
  batch.entries = entries.size();
  if (!entries.empty()) batch.after = entries.back().after;
  return batch;
}

Delivery::Outcome Delivery::deliver_held() {
  auto held = intake_->lend(batch_rows_);
  if (held.empty()) return Outcome::kNothingToDo;
  std::vector<Outbox::Bytes> payloads;
  payloads.reserve(held.size());
  for (const auto& row : held) payloads.push_back(row.payload);
  if (!commit(prepare(std::move(payloads)), {})) {
    intake_->give_back(std::move(held));
    return Outcome::kTryLater;
  }
  intake_->settle(held);
  return Outcome::kDelivered;
}

void Delivery::maintain() {
  if (Clock::now() < next_maintenance_) return;
  next_maintenance_ = Clock::now() + config_.maintenance_interval;
  auto done = connection_->execute("SELECT callroom_maintain($1)", {std::to_string(config_.retention_days)},
                                   statement_deadline());
  std::string problem;
  if (!done) {
    problem = done.error().text;
    config_.log(LogLevel::kWarning, "maintenance of the database: " + problem);
    if (done.error().connection_lost) connection_.reset();
  }
  const std::lock_guard lock(mutex_);
  seen_.maintenance_error = problem;
  if (problem.empty()) seen_.last_maintenance = wall_now();
}

void Delivery::run_posted() {
  std::deque<std::function<void(Connection&, Connection::Deadline)>> work;
  {
    const std::lock_guard lock(mutex_);
    work.swap(posted_);
  }
  for (const auto& item : work) item(*connection_, statement_deadline());
}

void Delivery::fill(StoreHealth& health) const {
  const std::uint64_t waiting = outbox_.rows();
  const std::lock_guard lock(mutex_);
  health.database = seen_.database;
  health.database_error = seen_.database_error;
  health.schema_version = seen_.schema_version;
  health.schema_version_wanted = seen_.schema_version_wanted;
  health.rows_committed = seen_.rows_committed;
  health.rows_inserted = seen_.rows_inserted;
  health.rows_set_aside = seen_.rows_set_aside;
  health.alerts_raised = seen_.alerts_raised;
  health.last_commit = seen_.last_commit;
  health.last_maintenance = seen_.last_maintenance;
  health.maintenance_error = seen_.maintenance_error;
  if (waiting > 0 && oldest_) {
    health.outbox_age_s = std::max(0.0, std::chrono::duration<double>(wall_now() - *oldest_).count());
  }
}

void Delivery::stop(Clock::time_point deadline) {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    stop_by_ = deadline;
    wake_.notify_one();
  }
  if (!thread_.joinable()) return;
  thread_.join();
}

}  // namespace callroom::storage
