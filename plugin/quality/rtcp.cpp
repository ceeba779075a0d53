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
  const std::uint32_t reference = rtcp::load_32(body.data() + 4) >> 8;
  return TransportFeedback{rtcp::load_16(body.data()), rtcp::load_16(body.data() + 2), reference, body.subspan(8)};
}

std::optional<std::uint32_t> last_arrival(const TransportFeedback& feedback, std::size_t deltas_at) {
  constexpr std::uint32_t kDeltasPerReference = 256;  // 64 ms
  std::int32_t elapsed = 0;
  std::optional<std::int32_t> latest;  // packets that were overtaken have negative deltas
  bool whole = true;
  std::size_t at = deltas_at;
  for_each_arrival(feedback, [&](std::uint32_t, Arrival arrival) {
    const std::size_t size = arrival == Arrival::kSmallDelta ? 1 : arrival == Arrival::kLargeDelta ? 2 : 0;
    whole = whole && at + size <= feedback.chunks.size();
    if (!whole || size == 0) return;
    const std::uint8_t* delta = feedback.chunks.data() + at;
    elapsed += size == 1 ? *delta : static_cast<std::int16_t>(rtcp::load_16(delta));
    latest = std::max(latest.value_or(elapsed), elapsed);
    at += size;
  });
  if (!whole || !latest) return std::nullopt;
  return feedback.reference * kDeltasPerReference + static_cast<std::uint32_t>(*latest);
}

}  // namespace callroom::quality
