// Reading RTP (RFC 3550 section 5.1). Pure; any thread. Nothing is read outside the span, whatever its bytes say.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

namespace callroom::quality {

constexpr std::size_t kRtpHeaderSize = 12;

// Precondition of these three: at least kRtpHeaderSize bytes.
inline std::uint16_t rtp_sequence(const std::uint8_t* packet) {
  std::uint16_t value;
  std::memcpy(&value, packet + 2, sizeof(value));
  return __builtin_bswap16(value);
}
inline std::uint32_t rtp_timestamp(const std::uint8_t* packet) {
  std::uint32_t value;
  std::memcpy(&value, packet + 4, sizeof(value));
  return __builtin_bswap32(value);
}
inline std::uint32_t rtp_ssrc(const std::uint8_t* packet) {
  std::uint32_t value;
  std::memcpy(&value, packet + 8, sizeof(value));
  return __builtin_bswap32(value);
}

// The payload: what follows the fixed header, the contributing sources and the header extension, without the padding.
// Absent where the packet is not RTP version 2 or its lengths do not fit it.
std::optional<std::span<const std::uint8_t>> rtp_payload(std::span<const std::uint8_t> packet);

}  // namespace callroom::quality
