// A thread that calls a function at a steady interval, until it goes.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "host/boundary.hpp"

namespace callroom::host {

class Ticker {
 public:
  Ticker(std::chrono::milliseconds interval, std::function<void()> on_tick)
      : thread_([this, interval, on_tick = std::move(on_tick)] { run(interval, on_tick); }) {}

  // Returns when a call under way has ended; there is none after it.
  ~Ticker() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    thread_.join();
  }
  Ticker(const Ticker&) = delete;
  Ticker& operator=(const Ticker&) = delete;

 private:
  void run(std::chrono::milliseconds interval, const std::function<void()>& on_tick) {
    auto next = std::chrono::steady_clock::now() + interval;
    std::unique_lock lock(mutex_);
    while (!wake_.wait_until(lock, next, [this] { return stopping_; })) {
      lock.unlock();
      guarded("a tick", on_tick);
      lock.lock();
      next = std::max(next + interval, std::chrono::steady_clock::now());
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace callroom::host
