// The fixed RTP header (RFC 3550, 5.1), read once per packet into two registers; and what a source's packets are
// counted in. Pure; any thread.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace callroom {

constexpr std::size_t kRtpHeaderSize = 12;

struct RtpHead {
  std::uint32_t front = 0;  // version, padding, extension, sources; marker and payload type; sequence number
  std::uint64_t stamp = 0;  // SSRC << 32 | timestamp

  // Precondition: at least kRtpHeaderSize bytes.
  static RtpHead read(const std::uint8_t* packet) {
    std::uint32_t front;
    std::uint64_t stamp;
    std::memcpy(&front, packet, sizeof(front));
    std::memcpy(&stamp, packet + 4, sizeof(stamp));
    static_assert(std::endian::native == std::endian::little);
    return {__builtin_bswap32(front), std::rotl(__builtin_bswap64(stamp), 32)};
  }

  std::uint16_t sequence() const { return static_cast<std::uint16_t>(front); }
  std::uint32_t timestamp() const { return static_cast<std::uint32_t>(stamp); }
  std::uint32_t ssrc() const { return static_cast<std::uint32_t>(stamp >> 32); }
};

// Packets and bytes in one word, so that both are counted by one addition and read as one consistent pair. The
// difference of two readings is exact as long as fewer than 2^32 of each lie between them.
struct Tally {
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;

  static constexpr std::uint64_t unit(std::size_t packet_size) { return (std::uint64_t{packet_size} << 32) + 1; }
  static constexpr Tally between(std::uint64_t earlier, std::uint64_t later) {
    const std::uint64_t delta = later - earlier;
    return {delta & 0xFFFF'FFFF, delta >> 32};
  }
};

// What one packet did to the running count of its source: bytes << 32 | extended number of the packet that is expected
// next. A packet in order adds exactly Tally::unit() of its size; any other adds something else, or nothing.
struct CountStep {
  std::uint64_t before = 0, after = 0;

  bool in_order(std::size_t packet_size) const { return after - before == Tally::unit(packet_size); }
};

}  // namespace callroom
