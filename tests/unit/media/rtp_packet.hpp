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

// The running count of who receives the packets before they are relayed (see CountStep): what is told of a packet in
// order, of one after a gap, of a late one, and of one that starts over.
class Count {
 public:
  CountStep step(std::uint16_t sequence, std::size_t size) {
    const std::uint64_t before = count_;
    const std::uint64_t bytes = std::uint64_t{size} << 32;
    const auto ahead = static_cast<std::int16_t>(sequence - static_cast<std::uint16_t>(before));
    if (ahead >= 0 && ahead < 16'384) {
      count_ += bytes + static_cast<std::uint64_t>(ahead) + 1;
    } else if (ahead < 0 && ahead >= -2048) {
      count_ += bytes;
    } else if (sequence == restart_at_) {
      count_ += bytes + (1 << 16) + static_cast<std::uint16_t>(ahead) + 1;
    } else {
      restart_at_ = static_cast<std::uint16_t>(sequence + 1);
    }
    return {before, count_};
  }

 private:
  std::uint64_t count_ = 0;
  std::uint16_t restart_at_ = 0;
};

}  // namespace callroom::media::test
