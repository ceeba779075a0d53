// The thread that puts finished sessions on disk: all that waits goes into one write and one fsync.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <variant>
#include <vector>

#include "storage/journal.hpp"
#include "storage/outbox.hpp"
#include "storage/store.hpp"

namespace callroom::storage {

class Intake {
 public:
  // `on_new_rows` is called on this thread after rows reached the disk, or could not.
  Intake(Outbox& outbox, Journal& journal, LogSink log, std::function<void()> on_new_rows);
  ~Intake();

  void finish(SessionRecord record, JournalSlot slot, Store::Done done);
  // A row of another kind, encoded already: it goes the same way.
  void keep(Outbox::Bytes payload);

  // A row that the disk would not take, to be delivered from memory. Lent out: give it back or settle it.
  struct Held {
    Outbox::Bytes payload;
    JournalSlot slot;
  };
  std::vector<Held> lend(std::size_t max_rows);
  void give_back(std::vector<Held> rows);
  void settle(const std::vector<Held>& rows);  // committed

  std::uint64_t memory_rows() const;
  std::uint64_t finished() const { return finished_; }
  std::uint64_t dropped() const { return dropped_; }

  // Writes what waits and ends the thread.
  void stop();

 private:
  struct Finished {
    std::variant<SessionRecord, Outbox::Bytes> row;
    JournalSlot slot;
    Store::Done done;
  };

  bool enqueue(Finished finished);
  void run();
  void keep(std::deque<Finished> batch);
  void retry_held();

  Outbox& outbox_;
  Journal& journal_;
  const LogSink log_;
  const std::function<void()> on_new_rows_;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Finished> waiting_;  // which grows without moving what is in it
  std::deque<Held> held_;
  std::size_t lent_ = 0;
  bool stopping_ = false;

  std::atomic<std::uint64_t> finished_ = 0, dropped_ = 0;
  bool disk_refuses_ = false;  // this thread's own
  std::thread thread_;
};

}  // namespace callroom::storage
