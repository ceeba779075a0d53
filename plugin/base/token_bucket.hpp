// How often something may happen: so many at once, and so many a second on average. Any thread; nobody waits.
//
// Instead of tokens there is the moment at which the bucket would be full again: each taken puts it off by the time
// that one takes to come back, and it may not lie further ahead than all of them take.
#pragma once

#include <algorithm>
#include <atomic>

#include "base/time.hpp"

namespace callroom {

template <MonotonicUs kPerSecond, MonotonicUs kAtOnce>
class TokenBucket {
 public:
  // False: too many; nothing was taken.
  [[nodiscard]] bool take(MonotonicUs now) {
    MonotonicUs full_at = full_at_.load(std::memory_order_relaxed);
    for (;;) {
      const MonotonicUs then = std::max(full_at, now) + kSpacing;
      if (then - now > kAtOnce * kSpacing) return false;
      if (full_at_.compare_exchange_weak(full_at, then, std::memory_order_relaxed)) return true;
    }
  }

 private:
  static constexpr MonotonicUs kSpacing = 1'000'000 / kPerSecond;
  static_assert(kSpacing * kPerSecond == 1'000'000, "a whole number of microseconds for each");

  std::atomic<MonotonicUs> full_at_{0};
};

}  // namespace callroom
