// A number with one writing thread and any number of reading ones. Loads and stores are relaxed, so that on the packet
// path it costs what a plain variable costs; readers see some recent value of each number, not one instant of all.
#pragma once

#include <atomic>

namespace callroom::quality {

template <typename T>
class Counter {
 public:
  Counter() = default;
  explicit Counter(T value) : value_(value) {}

  [[gnu::always_inline]] T get() const { return value_.load(std::memory_order_relaxed); }

  // Of the writing thread alone.
  [[gnu::always_inline]] void set(T value) { value_.store(value, std::memory_order_relaxed); }
  [[gnu::always_inline]] void add(T amount) { set(static_cast<T>(get() + amount)); }

 private:
  std::atomic<T> value_{};
  static_assert(std::atomic<T>::is_always_lock_free);
};

}  // namespace callroom::quality
