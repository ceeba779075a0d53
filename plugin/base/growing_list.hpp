// Pointers that one thread appends and any number read without a lock: what was once in the list stays where it is. A
// full block gives way to a copy twice as large and is kept until the end, since a reader may still be looking at it;
// all of them together are no larger than the last.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <memory>
#include <span>
#include <vector>

namespace callroom {

template <typename T>
class GrowingList {
 public:
  GrowingList() = default;
  GrowingList(const GrowingList&) = delete;
  GrowingList& operator=(const GrowingList&) = delete;

  // The writer's.
  void append(T* item) {
    const std::size_t count = count_.load(std::memory_order_relaxed);
    if (count == capacity_) grow(count);
    block_.load(std::memory_order_relaxed)[count] = item;
    count_.store(count + 1, std::memory_order_release);
  }

  // Any thread.
  std::span<T* const> all() const {
    const std::size_t count = count_.load(std::memory_order_acquire);  // first: the block is then no older
    return {block_.load(std::memory_order_acquire), count};
  }

 private:
  void grow(std::size_t count) {
    capacity_ = std::max<std::size_t>(2, 2 * count);
    auto block = std::make_unique<T*[]>(capacity_);
    std::copy_n(block_.load(std::memory_order_relaxed), count, block.get());
    block_.store(block.get(), std::memory_order_release);
    blocks_.push_back(std::move(block));
  }

  std::atomic<std::size_t> count_{0};
  std::atomic<T**> block_{nullptr};
  std::size_t capacity_ = 0;
  std::vector<std::unique_ptr<T*[]>> blocks_;
};

}  // namespace callroom
