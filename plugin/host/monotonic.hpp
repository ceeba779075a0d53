// The clocks. Only the host reads them; everything below it is told the time.
#pragma once

#include <ctime>

#include "base/time.hpp"

namespace callroom::host {

inline MonotonicUs monotonic_now() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  // Under 2^32, and unsigned: a multiplication and a shift instead of a division.
  return static_cast<MonotonicUs>(now.tv_sec) * 1'000'000 + static_cast<std::uint32_t>(now.tv_nsec) / 1'000;
}

// The time of one packet, read when somebody asks for it and not again: most packets go by without.
class PacketClock {
 public:
  PacketClock() = default;
  explicit PacketClock(MonotonicUs now) : now_(now) {}

  MonotonicUs operator()() {
    if (now_ == 0) now_ = monotonic_now();
    return now_;
  }
  MonotonicUs if_read() const { return now_; }  // 0: nobody asked

 private:
  MonotonicUs now_ = 0;
};

inline WallTime wall_now() {
  return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
}

}  // namespace callroom::host
