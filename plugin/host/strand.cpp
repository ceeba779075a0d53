#include "host/strand.hpp"

#include <utility>

#include "host/boundary.hpp"

namespace callroom::host {

bool Strand::post(Task task, bool is_request) {
  {
    const std::lock_guard lock(mutex_);
    std::size_t& count = is_request ? requests_ : events_;
    if (count >= (is_request ? kMaxRequests : kMaxEvents)) return false;
    ++count;
    items_.push_back({std::move(task), is_request});
    if (scheduled_) return true;
    scheduled_ = true;
  }
  pool_.schedule(shared_from_this());
  return true;
}

bool Strand::run_one() {
  Item item;
  {
    const std::lock_guard lock(mutex_);
    item = std::move(items_.front());
    items_.pop_front();
    --(item.is_request ? requests_ : events_);
  }
  guarded("a request or event", [&item] { item.task(); });
  const std::lock_guard lock(mutex_);
  scheduled_ = !items_.empty();
  return scheduled_;
}

std::size_t Strand::waiting() const {
  const std::lock_guard lock(mutex_);
  return items_.size();
}

WorkerPool::WorkerPool(std::size_t threads) {
  threads_.reserve(threads);
  for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
}

WorkerPool::~WorkerPool() {
  stop();
}

void WorkerPool::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void WorkerPool::schedule(std::shared_ptr<Strand> strand) {
  {
    const std::lock_guard lock(mutex_);
    ready_.push_back(std::move(strand));
  }
  wake_.notify_one();
}

void WorkerPool::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || !ready_.empty(); });
    if (ready_.empty()) return;
    const std::shared_ptr<Strand> strand = std::move(ready_.front());
    ready_.pop_front();
    lock.unlock();
    const bool more = strand->run_one();
    lock.lock();
    if (more) {
      ready_.push_back(strand);
      wake_.notify_one();
    }
  }
}

}  // namespace callroom::host
