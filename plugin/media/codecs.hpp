// Which codec a stream has, and under which payload type on which leg. What a sender's m-line supports becomes one
// chosen format, by the room's preference; towards receivers the plugin offers formats of its own with fixed payload
// types, so that a stream's payload type is mapped once per leg. Knows the names of SDP, not its parser.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace callroom::media {

enum class Kind : std::uint8_t { kAudio, kVideo };

enum class Codec : std::uint8_t { kOpus, kVp8, kVp9, kH264 };

const char* to_string(Kind kind);    // "audio", "video"
const char* to_string(Codec codec);  // "opus", "vp8", "vp9", "h264": as Janus and the room requests spell them
std::optional<Codec> codec_named(std::string_view name);  // any case, as SDP has it

constexpr Kind kind_of(Codec codec) {
  return codec == Codec::kOpus ? Kind::kAudio : Kind::kVideo;
}
constexpr std::uint16_t clock_khz(Kind kind) {
  return kind == Kind::kAudio ? 48 : 90;
}

// One format of an m-line, from its rtpmap and fmtp attributes (RFC 8866, 6.6 and 6.15).
struct OfferedFormat {
  std::uint8_t payload_type = 0;
  std::string name;  // encoding name: "VP8"
  std::string fmtp;  // "level-asymmetry-allowed=1;packetization-mode=1", empty where there is none
};

struct Format {
  Codec codec = Codec::kOpus;
  std::uint8_t payload_type = 0;
  bool inband_fec = false;  // Opus: the peer takes in-band FEC (RFC 7587, useinbandfec)
  bool operator==(const Format&) const = default;
};

// The first codec of `preference` that the m-line has in a profile every receiver can be expected to decode: VP9
// profile 0, H.264 constrained baseline with packetization mode 1. Absent where there is none.
std::optional<Format> choose(std::span<const OfferedFormat> offered, std::span<const Codec> preference);

// What the plugin offers to receivers.
std::uint8_t outgoing_payload_type(Codec codec);
std::string_view outgoing_fmtp(Codec codec);  // empty where the codec needs none

// "vp9,vp8" -> preference. Error kInvalidField for an empty list, a name unknown, of the other kind, or twice.
Result<std::vector<Codec>> parse_preference(Kind kind, std::string_view names);

}  // namespace callroom::media
