// Ordered work of one handle, on a small pool of threads: tasks of one strand run one after another in the order in
// which they were posted; tasks of different strands run side by side. A task that blocks delays its own strand only.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/fifo.hpp"
#include "base/task.hpp"

namespace callroom::host {

class WorkerPool;

class Strand : public std::enable_shared_from_this<Strand> {
 public:
  // Two bounds in one order: what the client asked for, and what it is told.
  static constexpr std::size_t kMaxRequests = 64;
  static constexpr std::size_t kMaxEvents = 2048;

  explicit Strand(WorkerPool& pool) : pool_(pool) {}

  // False, and nothing changed, where as many are waiting already. Any thread; never blocks on a task.
  [[nodiscard]] bool post_request(Task task) { return post(std::move(task), true); }
  [[nodiscard]] bool post_event(Task task) { return post(std::move(task), false); }

  std::size_t waiting() const;

 private:
  friend class WorkerPool;
  struct Item {
    Task task;
    bool is_request = false;
  };

  bool post(Task task, bool is_request);
  // Runs the next task; true where another one waits.
  bool run_one();

  WorkerPool& pool_;
  mutable std::mutex mutex_;
  Fifo<Item> items_;
  std::size_t requests_ = 0, events_ = 0;
  bool scheduled_ = false;  // in the pool's queue, or running
};

class WorkerPool {
 public:
  explicit WorkerPool(std::size_t threads);
  ~WorkerPool();  // as stop()
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // Runs what is queued to its end, then ends the threads. What is posted later is never run.
  void stop();

 private:
  friend class Strand;
  void schedule(std::shared_ptr<Strand> strand);
  void work();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::shared_ptr<Strand>> ready_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace callroom::host
