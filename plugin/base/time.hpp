// Time is an argument everywhere. Two kinds, never mixed: monotonic for durations, wall for what people read.
#pragma once

#include <chrono>
#include <cstdint>

namespace callroom {

using MonotonicUs = std::int64_t;  // microseconds on a clock that only runs forward; its zero means nothing
using WallTime = std::chrono::time_point<std::chrono::system_clock, std::chrono::microseconds>;

}  // namespace callroom
