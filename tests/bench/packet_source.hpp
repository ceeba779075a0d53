// The packets that plugins are measured with.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "host/janus.hpp"

namespace callroom::bench {

inline constexpr std::uint32_t kAudioSsrc = 1'000, kVideoSsrc = 2'000;

inline void put_16(std::uint8_t* at, std::uint32_t value) {
  at[0] = static_cast<std::uint8_t>(value >> 8);
  at[1] = static_cast<std::uint8_t>(value);
}
inline void put_32(std::uint8_t* at, std::uint32_t value) {
  put_16(at, value >> 16);
  put_16(at + 2, value);
}

// Opus of 160 bytes, or VP8 of 1,100 bytes: five packets a frame, a key frame each 300 frames.
class Source {
 public:
  explicit Source(bool video) : video_(video), bytes_(video ? 1'128 : 188) {
    constexpr std::array<std::uint8_t, 16> kExtensions{0xBE, 0xDE, 0, 3, 0x40, '0', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    bytes_[0] = 0x90;
    bytes_[1] = video ? 96 : 111;
    put_32(&bytes_[8], video ? kVideoSsrc : kAudioSsrc);
    std::copy(kExtensions.begin(), kExtensions.end(), bytes_.begin() + 12);
    bytes_[17] = video ? '1' : '0';
    janus_plugin_rtp_reset(&packet);
    packet.mindex = video;
    packet.video = video;
    packet.buffer = reinterpret_cast<char*>(bytes_.data());
    packet.length = static_cast<std::uint16_t>(bytes_.size());
  }
  void next() {
    const std::uint32_t frame = video_ ? count_ / 5 : count_;
    put_16(&bytes_[2], count_);
    put_32(&bytes_[4], frame * (video_ ? 3'000 : 960));
    if (video_) {
      const bool first = count_ % 5 == 0, key = frame % 300 == 0;
      const std::array<std::uint8_t, 16> start{static_cast<std::uint8_t>(first ? 0x90 : 0x80),
                                               0xE0,
                                               static_cast<std::uint8_t>(0x80 | (frame >> 8 & 0x7F)),
                                               static_cast<std::uint8_t>(frame),
                                               1,
                                               0x20,
                                               static_cast<std::uint8_t>(key ? 0x10 : 0x11),
                                               2,
                                               0,
                                               0x9D,
                                               1,
                                               0x2A,
                                               0x80,
                                               2,
                                               0x68,
                                               1};
      std::copy(start.begin(), start.end(), bytes_.begin() + 28);
      bytes_[1] = static_cast<std::uint8_t>(count_ % 5 == 4 ? 0x80 | 96 : 96);
    }
    ++count_;
  }
  janus_plugin_rtp packet;

 private:
  const bool video_;
  std::vector<std::uint8_t> bytes_;
  std::uint32_t count_ = 0;
};

}  // namespace callroom::bench
