// The seven columns of a timeline point and the byte that each value becomes.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "quality/timeline.hpp"

namespace callroom::quality {

constexpr std::uint8_t kNoValue = 255;

// Of the Rice code: so many ones mean that the value itself follows in 8 bits; and the largest parameter.
constexpr unsigned kEscape = 10;
constexpr unsigned kMostRice = 7;

using TimelineColumn = std::optional<double> TimelinePoint::*;
inline constexpr std::array<TimelineColumn, Timeline::kColumns> kTimelineColumns{
    &TimelinePoint::score,   &TimelinePoint::rtt_ms,   &TimelinePoint::loss_in_pct, &TimelinePoint::loss_out_pct,
    &TimelinePoint::kbps_in, &TimelinePoint::kbps_out, &TimelinePoint::frame_rate};

// 0 to 254: the score in halves, loss by its square root (finest where it is small), frame rate in halves to 60 and
// coarser above, the others logarithmically (3 to 4 % a step).
std::uint8_t timeline_code(std::size_t column, std::optional<double> value);
std::optional<double> timeline_value(std::size_t column, std::uint8_t code);

}  // namespace callroom::quality
