// Key frames and their size, read from the payload of one RTP packet (after header and extensions: see rtp_payload()).
// Pure; any thread; never reads past the payload.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/rtp_head.hpp"
#include "quality/codec.hpp"

namespace callroom::quality {

// Whether the RTP packet plainly is no start of a VP8 key frame, by its payload descriptor (RFC 7741 section 4.2) and
// the frame header behind it (RFC 6386 section 9.1). Asked of every frame, so it looks at packets of the usual form
// only, with padding and contributing sources left to is_key_frame(): false says nothing. Precondition: kRtpHeaderSize
// bytes.
[[gnu::always_inline]] inline bool is_vp8_inter_frame(std::span<const std::uint8_t> packet) {
  constexpr unsigned kAllButExtension = 0xEF, kExtension = 0x10, kVersion2 = 0x80;
  constexpr std::size_t kLongestDescriptor = 6;
  if ((packet[0] & kAllButExtension) != kVersion2 || packet.size() < kRtpHeaderSize + 4) return false;
  std::size_t at = kRtpHeaderSize;
  if ((packet[0] & kExtension) != 0) at += 4 + 4 * (std::size_t{packet[14]} << 8 | packet[15]);
  if (at + kLongestDescriptor >= packet.size()) return false;
  const std::uint8_t* descriptor = packet.data() + at;
  if ((descriptor[0] & 0x80) == 0) return (descriptor[1] & 0x01) != 0;
  const unsigned fields = descriptor[1];
  std::size_t size = 2 + (fields >> 6 & 1) + ((fields & 0x30) != 0 ? 1 : 0);  // TL0PICIDX; TID, Y, KEYIDX
  if ((fields & 0x80) != 0) size += 1 + (descriptor[2] >> 7);                 // picture id, of 7 or 15 bits
  return (descriptor[size] & 0x01) != 0;
}

// Whether a decoder can start with this packet: the first of a key frame (RFC 7741, RFC 9628), or for H.264 (RFC 6184)
// one that carries a sequence parameter set or starts an IDR picture, for AV1 one that starts a coded video sequence.
bool is_key_frame(Codec codec, std::span<const std::uint8_t> payload);

// The size of the picture that the packet starts, where its bytes tell.
std::optional<FrameSize> key_frame_size(Codec codec, std::span<const std::uint8_t> payload);

}  // namespace callroom::quality
