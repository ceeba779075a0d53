// A queue in one block of memory, which takes none while nothing is in it (an empty std::deque takes half a kilobyte,
// of which a session has several). Not synchronised.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace callroom {

template <typename T>
class Fifo {
 public:
  bool empty() const { return first_ == items_.size(); }
  std::size_t size() const { return items_.size() - first_; }

  void push_back(T item) { items_.push_back(std::move(item)); }

  // Precondition of these: not empty.
  T& front() { return items_[first_]; }
  const T& front() const { return items_[first_]; }
  const T& back() const { return items_.back(); }
  void pop_front() {
    items_[first_++] = T{};  // what it held goes now
    if (first_ == items_.size()) {
      clear();
    } else if (2 * first_ >= items_.size()) {
      items_.erase(items_.begin(), items_.begin() + static_cast<std::ptrdiff_t>(first_));
      first_ = 0;
    }
  }

  void clear() {
    items_ = std::vector<T>();
    first_ = 0;
  }

  auto begin() const { return items_.begin() + static_cast<std::ptrdiff_t>(first_); }
  auto end() const { return items_.end(); }
  auto rbegin() { return items_.rbegin(); }
  auto rend() { return items_.rend() - static_cast<std::ptrdiff_t>(first_); }
  auto rbegin() const { return items_.rbegin(); }
  auto rend() const { return items_.rend() - static_cast<std::ptrdiff_t>(first_); }

 private:
  std::vector<T> items_;
  std::size_t first_ = 0;
};

}  // namespace callroom
