// How a payload lies in an outbox segment. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace callroom::storage {

// Segment: 8 bytes "CALLROOM", u32 format, u32 0. Then frames.
inline constexpr std::uint32_t kSegmentFormat = 1;
inline constexpr std::size_t kSegmentHeaderBytes = 16;
// Frame: u32 marker, u32 length of the payload, u32 CRC-32C over length and payload, payload. All big-endian.
inline constexpr std::size_t kFrameHeaderBytes = 12;

std::vector<std::uint8_t> segment_header();
// The format a segment's header names; nothing where this is no segment.
std::optional<std::uint32_t> segment_format(std::span<const std::uint8_t> bytes);

void append_frame(std::vector<std::uint8_t>& out, std::span<const std::uint8_t> payload);

struct Frame {
  enum class State {
    kWhole,
    kCut,      // begins like a frame, and the bytes end before it does
    kDamaged,  // no frame, or one whose checksum is wrong
  };
  State state = State::kDamaged;
  std::span<const std::uint8_t> payload;  // of a whole one
  std::size_t size = 0;                   // with its header
};

Frame parse_frame(std::span<const std::uint8_t> bytes);

// The offset of the next whole frame after the first byte; bytes.size() where there is none.
std::size_t find_frame(std::span<const std::uint8_t> bytes);

}  // namespace callroom::storage
