// Points in time as the APIs give and take them: RFC 3339.
#pragma once

#include <chrono>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"

namespace callroom {

// In UTC, with milliseconds.
inline std::string rfc3339_ms(WallTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::milliseconds>(time - day));
  char text[48];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  return text;
}

// "2026-11-22T17:42:24.123456+01:00"; also with Z, without a fraction, with a space for the T. Years 2000 to 2199.
std::optional<WallTime> parse_rfc3339(std::string_view text);

}  // namespace callroom
