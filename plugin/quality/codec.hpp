// What is sent on an m-line, as far as measuring it needs to know.
#pragma once

#include <cstdint>

namespace callroom::quality {

enum class MediaKind : std::uint8_t { kAudio, kVideo };

enum class Codec : std::uint8_t { kUnknown, kOpus, kVp8, kVp9, kH264, kAv1 };

// RTP clock of a medium, in kHz (RFC 7587: Opus always 48; every video format 90).
constexpr std::uint32_t clock_khz(MediaKind kind) {
  return kind == MediaKind::kAudio ? 48 : 90;
}

struct alignas(4) FrameSize {  // one word, to be read and written at once
  std::uint16_t width = 0, height = 0;

  bool known() const { return height != 0; }
  friend bool operator==(const FrameSize&, const FrameSize&) = default;
};

}  // namespace callroom::quality
