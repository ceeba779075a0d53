// A first-in first-out queue that refuses what exceeds its capacity. Not synchronised: its owner holds the lock.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <utility>

namespace callroom {

template <typename T>
class BoundedQueue {
 public:
  explicit BoundedQueue(std::size_t capacity) : capacity_(capacity) {}

  // False, and nothing changed, when the queue is full.
  [[nodiscard]] bool push(T item) {
    if (items_.size() >= capacity_) return false;
    items_.push_back(std::move(item));
    return true;
  }

  std::optional<T> pop() {
    if (items_.empty()) return std::nullopt;
    std::optional<T> item(std::move(items_.front()));
    items_.pop_front();
    return item;
  }

  std::size_t size() const { return items_.size(); }
  bool empty() const { return items_.empty(); }
  std::size_t capacity() const { return capacity_; }

 private:
  std::size_t capacity_;
  std::deque<T> items_;
};

}  // namespace callroom
