// Key frames and their size, read from the payload of one RTP packet (after header and extensions: see rtp_payload()).
// Pure; any thread; never reads past the payload.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "quality/codec.hpp"

namespace callroom::quality {

// Whether a decoder can start with this packet: the first of a key frame (RFC 7741, RFC 9628), or for H.264 (RFC 6184)
// one that carries a sequence parameter set or starts an IDR picture, for AV1 one that starts a coded video sequence.
bool is_key_frame(Codec codec, std::span<const std::uint8_t> payload);

// The size of the picture that the packet starts, where its bytes tell.
std::optional<FrameSize> key_frame_size(Codec codec, std::span<const std::uint8_t> payload);

}  // namespace callroom::quality
