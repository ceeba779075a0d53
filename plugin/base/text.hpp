// Checks on text that clients and administrators send.
#pragma once

#include <cstddef>
#include <string_view>

namespace callroom {

inline constexpr std::size_t kMaxIdLength = 64;
inline constexpr std::size_t kMaxDisplayLength = 128;

// Compares without stopping at the first difference, so that timing tells nothing but the length of `given`.
inline bool equal_in_constant_time(std::string_view expected, std::string_view given) {
  unsigned difference = expected.size() == given.size() ? 0 : 1;
  for (std::size_t i = 0; i < given.size(); ++i) {
    const char reference = expected.empty() ? '\0' : expected[i % expected.size()];
    difference |= static_cast<unsigned char>(reference ^ given[i]);
  }
  return difference == 0;
}

// An id of a room, user or participant: 1 to 64 printable ASCII bytes, no space at either end.
inline bool is_valid_id(std::string_view text) {
  if (text.empty() || text.size() > kMaxIdLength || text.front() == ' ' || text.back() == ' ') return false;
  for (const char c : text) {
    if (c < 0x20 || c > 0x7e) return false;
  }
  return true;
}

// Free text that people read: no control characters (C0 and DEL). That it is UTF-8 is the JSON parser's business.
inline bool is_plain_text(std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) return false;
  }
  return true;
}

}  // namespace callroom
