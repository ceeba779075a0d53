#include "quality/rtp.hpp"

namespace callroom::quality {

std::optional<std::span<const std::uint8_t>> rtp_payload(std::span<const std::uint8_t> packet) {
  if (packet.size() < kRtpHeaderSize || packet[0] >> 6 != 2) return std::nullopt;
  const bool padded = (packet[0] & 0x20) != 0;
  const bool extended = (packet[0] & 0x10) != 0;
  std::size_t start = kRtpHeaderSize + std::size_t{4} * (packet[0] & 0x0F);
  if (extended) {
    if (start + 4 > packet.size()) return std::nullopt;
    const std::size_t words = static_cast<std::size_t>(packet[start + 2]) << 8 | packet[start + 3];
    start += 4 + 4 * words;
  }
  if (start > packet.size()) return std::nullopt;
  auto payload = packet.subspan(start);
  if (padded) {
    if (payload.empty() || payload.back() == 0 || payload.back() > payload.size()) return std::nullopt;
    payload = payload.first(payload.size() - payload.back());
  }
  return payload;
}

}  // namespace callroom::quality
