// What only some owners ever need, made when they first do: until then one pointer. get() may be called by any thread
// at any time; make() by one.
#pragma once

#include <atomic>

namespace callroom {

template <typename T>
class MadeOnce {
 public:
  MadeOnce() = default;
  MadeOnce(const MadeOnce&) = delete;
  MadeOnce& operator=(const MadeOnce&) = delete;
  ~MadeOnce() { delete get(); }

  // Null until it was made; then the same for good.
  T* get() const { return made_.load(std::memory_order_acquire); }

  T& make() {
    if (T* made = get()) return *made;
    T* made = new T();
    made_.store(made, std::memory_order_release);
    return *made;
  }

 private:
  std::atomic<T*> made_{nullptr};
};

}  // namespace callroom
