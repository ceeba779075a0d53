// How often something may happen: so many at once, and so many a second on average. Not synchronised.
#pragma once

#include <algorithm>

#include "base/time.hpp"

namespace callroom {

class TokenBucket {
 public:
  TokenBucket(double per_second, double burst) : per_second_(per_second), burst_(burst), tokens_(burst) {}

  // False: too many; nothing was taken.
  [[nodiscard]] bool take(MonotonicUs now) {
    if (last_ != 0) tokens_ = std::min(burst_, tokens_ + per_second_ * static_cast<double>(now - last_) / 1e6);
    last_ = now;
    if (tokens_ < 1) return false;
    tokens_ -= 1;
    return true;
  }

 private:
  double per_second_, burst_, tokens_;
  MonotonicUs last_ = 0;
};

}  // namespace callroom
