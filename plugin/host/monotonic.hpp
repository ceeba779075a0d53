// The clocks. Only the host reads them; everything below it is told the time.
#pragma once

#include <ctime>

#include "base/time.hpp"

namespace callroom::host {

inline MonotonicUs monotonic_now() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<MonotonicUs>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1'000;
}

inline WallTime wall_now() {
  return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
}

}  // namespace callroom::host
