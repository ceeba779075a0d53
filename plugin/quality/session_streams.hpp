// What a sample of a session is taken from. Plain data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "quality/downlink_stream.hpp"
#include "quality/peer_rtcp.hpp"
#include "quality/uplink_stream.hpp"

namespace callroom::quality {

// What a session's media run over at the moment. Null entries are skipped; null RTCP: that PeerConnection does not
// exist.
struct SessionStreams {
  std::span<UplinkStream* const> uplinks;
  std::span<DownlinkStream* const> downlinks;
  const UplinkRtcp* uplink_rtcp = nullptr;
  DownlinkRtcp* downlink_rtcp = nullptr;
  std::size_t withheld = 0;  // of the downlinks' videos, those that the network had no room for most of the time
  // What the participant's client chose itself, which is no loss: the greatest height of each downlink (empty: all of
  // it), and what all that it sends keeps to.
  std::span<const std::uint16_t> asked_heights;
  std::optional<double> asked_kbps;
};

}  // namespace callroom::quality
