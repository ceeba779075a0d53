// Where finished sessions go: onto disk at once, into Postgres when it can be reached. The facade of this layer.
//
// Threads: every function may be called from any thread, and none waits for the disk or for Postgres, except open() and
// stop(). Two threads of its own do the work: one writes and fsyncs the outbox, one talks to Postgres.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "storage/alert_rule.hpp"
#include "storage/health.hpp"
#include "storage/log.hpp"
#include "storage/session_record.hpp"
#include "storage/turn_record.hpp"

namespace callroom::storage {

class Reader;

struct StoreConfig {
  std::filesystem::path data_dir;  // created where missing; one process at a time
  std::string writer;              // connection string of callroom_writer; empty: rows wait in data_dir
  std::string node;                // this Janus, as rows name it

  int retention_days = 90;  // 1 to 3650
  std::chrono::milliseconds statement_timeout{10'000};
  std::chrono::milliseconds maintenance_interval{60'000};  // partitions ahead, retention
  std::chrono::milliseconds backoff_max{15'000};           // longest pause between two attempts to reach Postgres

  // The crash journal: room for this many open sessions, each with a quality snapshot of at most this many bytes.
  std::size_t max_sessions = 2'000;
  std::size_t snapshot_capacity = 16'384;
  // Turns a snapshot that a killed process left behind into its summary; nothing where it cannot be read.
  std::function<std::optional<quality::Summary>(std::span<const std::uint8_t>)> recover;

  std::vector<AlertRule> alert_rules;
  std::chrono::milliseconds alert_interval{10'000};
  std::function<void(const Alert&)> on_alert;  // called on a thread of this layer, once per alert that this node raised

  LogSink log;  // never called with a lock held
};

// How a finished session was kept when its end was acknowledged.
enum class Kept {
  kOnDisk,    // fsynced: it survives a crash
  kInMemory,  // the disk would not take it; it is still delivered to Postgres, or written as soon as there is room
  kRefused,   // the store is stopped, or too much waits in memory: this row is lost, and health counts it
};

// One open session's place in the crash journal. A null slot (the journal is full or off) is valid to pass everywhere.
class JournalSlot {
 public:
  JournalSlot() = default;
  explicit operator bool() const { return index_ != 0; }

 private:
  friend class Journal;
  explicit JournalSlot(std::uint32_t index) : index_(index) {}

  std::uint32_t index_ = 0;  // from 1
};

class Store {
 public:
  using Done = std::function<void(Kept)>;

  // Locks data_dir, turns the crash journal of a killed process into rows, and starts the threads. An error where
  // another process has data_dir. A folder that cannot be written is no error: calls go on, rows are kept in memory,
  // health says it.
  static Result<std::unique_ptr<Store>> open(StoreConfig config);

  virtual ~Store();  // stop() with no time left
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // A session was opened: from now on it has a row, whatever happens to this process.
  virtual JournalSlot begin(const SessionRecord& so_far) = 0;
  // Its state at a sample; `now` becomes ended_at if the process dies before the next one. A copy into mapped memory,
  // no system call. One thread at a time per slot.
  virtual void update(JournalSlot slot, const SessionRecord& so_far, WallTime now,
                      std::span<const std::uint8_t> snapshot) = 0;
  // The session has ended. Returns at once; `done` is called on the store's thread when the row is on disk (after the
  // fsync of its batch) and never twice. Gives the slot back.
  virtual void finish(SessionRecord record, JournalSlot slot = {}, Done done = {}) = 0;

  // A check of a TURN server, or what the checks together say: by the same way as a session's row.
  virtual void keep(const turn::CheckRecord& record) = 0;
  virtual void keep(const TurnAlert& alert) = 0;

  virtual StoreHealth health() const = 0;

  // Starts evaluating the alert rules with a reader, which must outlive stop(). Once, right after open().
  virtual void watch_with(Reader* reader, std::string admin_user) = 0;

  // Writes what was finished to disk, then delivers what it can until the deadline. What is left is delivered by the
  // next start. finish() after this answers kRefused.
  virtual void stop(std::chrono::milliseconds deadline) = 0;

 protected:
  Store() = default;
};

}  // namespace callroom::storage
