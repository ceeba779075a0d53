#include "quality/rtcp.hpp"

#include <algorithm>
#include <limits>

namespace callroom::quality {

std::optional<std::uint32_t> read_remb(std::span<const std::uint8_t> body) {
  if (body.size() < 8 || std::memcmp(body.data(), "REMB", 4) != 0) return std::nullopt;
  const unsigned ssrcs = body[4];
  if (body.size() < 8 + 4 * std::size_t{ssrcs}) return std::nullopt;
  const unsigned exponent = body[5] >> 2;
  const std::uint64_t mantissa = (body[5] & 0x03U) << 16 | static_cast<unsigned>(body[6]) << 8 | body[7];
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint32_t>::max();
  if (exponent > 32 && mantissa != 0) return static_cast<std::uint32_t>(kMost);
  return static_cast<std::uint32_t>(std::min(kMost, exponent > 32 ? 0 : mantissa << exponent));
}

std::optional<TransportFeedback> read_transport_feedback(std::span<const std::uint8_t> body) {
  if (body.size() < 8) return std::nullopt;
  return TransportFeedback{rtcp::load_16(body.data()), rtcp::load_16(body.data() + 2), body.subspan(8)};
}

}  // namespace callroom::quality
