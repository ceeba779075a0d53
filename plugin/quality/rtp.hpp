// Reading RTP (RFC 3550 section 5.1). Pure; any thread. Nothing is read outside the span, whatever its bytes say.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "base/rtp_head.hpp"

namespace callroom::quality {

// The payload: what follows the fixed header, the contributing sources and the header extension, without the padding.
// Absent where the packet is not RTP version 2 or its lengths do not fit it.
std::optional<std::span<const std::uint8_t>> rtp_payload(std::span<const std::uint8_t> packet);

}  // namespace callroom::quality
