// RTP packets for the tests: a header and a few bytes of payload.
#pragma once

#include <array>
#include <cstdint>

#include "media/header_rewriter.hpp"

namespace callroom::media::test {

using Packet = std::array<std::uint8_t, kRtpHeaderSize + 4>;

inline Packet rtp(std::uint16_t sequence, std::uint32_t timestamp, bool marker = false,
                  std::uint8_t payload_type = 120) {
  Packet packet{0x90, static_cast<std::uint8_t>((marker ? 0x80 : 0) | payload_type)};
  store_u16(packet.data() + 2, sequence);
  store_u32(packet.data() + 4, timestamp);
  store_u32(packet.data() + 8, 0xcafe0001);
  return packet;
}

}  // namespace callroom::media::test
