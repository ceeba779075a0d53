// A bounded queue between one thread that writes and one that reads; neither waits for the other.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <optional>

namespace callroom {

template <typename T, std::size_t kCapacity>
class SpscRing {
  static_assert((kCapacity & (kCapacity - 1)) == 0, "a power of two, so that the counters may wrap");

 public:
  // The writer's. False, and nothing changed, when the ring is full.
  [[nodiscard]] bool push(const T& item) {
    const std::size_t written = written_.load(std::memory_order_relaxed);
    if (written - read_.load(std::memory_order_acquire) == kCapacity) return false;
    items_[written % kCapacity] = item;
    written_.store(written + 1, std::memory_order_release);
    return true;
  }

  // The reader's. Absent when the ring is empty.
  std::optional<T> pop() {
    const std::size_t read = read_.load(std::memory_order_relaxed);
    if (read == written_.load(std::memory_order_acquire)) return std::nullopt;
    const T item = items_[read % kCapacity];
    read_.store(read + 1, std::memory_order_release);
    return item;
  }

 private:
  std::array<T, kCapacity> items_{};
  std::atomic<std::size_t> written_{0}, read_{0};
};

}  // namespace callroom
