// Any bytes as RTCP, on both PeerConnections.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "quality/peer_rtcp.hpp"
#include "support/relay.hpp"

using namespace callroom;
using namespace callroom::quality;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const test::Relay relay(900, 90'000, 1999), video_relay(40'000, 40'000'000, 52'000);
  MonotonicUs now = 5'000'000;
  UplinkStream uplink(MediaKind::kVideo, Codec::kVp8, now);
  DownlinkStream audio(MediaKind::kAudio, relay, 1000, now), video(MediaKind::kVideo, video_relay, 12'001, now);
  const std::array<DownlinkStream*, 3> streams{&audio, nullptr, &video};
  UplinkRtcp from_sender;
  DownlinkRtcp from_receiver;
  // Compounds, each with its length before it.
  for (std::size_t at = 0; at + 1 < size;) {
    const std::size_t length = std::size_t{data[at]} * 2;
    const std::size_t take = length < size - at - 1 ? length : size - at - 1;
    const std::vector<std::uint8_t> compound(data + at + 1, data + at + 1 + take);
    now += 300'000;
    from_sender.on_rtcp(compound, &uplink, now);
    const RtcpDigest digest = from_receiver.on_rtcp(compound, take % 3 == 0 ? nullptr : streams[take % 3], streams, now,
                                                    [now] { return WallTime(std::chrono::microseconds(now)); });
    require(digest.twcc_lost <= digest.twcc_covered);
    at += 1 + take;
  }
  for (DownlinkStream* stream : {&audio, &video}) {
    const DownlinkWindow window = stream->take_window(now + 1);
    require(window.lost <= window.expected);
    require(window.frozen_us >= 0);
  }
  const auto feedback = from_receiver.take_feedback();
  require(feedback.lost <= feedback.covered);
  const auto rtt_ms = from_receiver.take_round_trips().mean();
  require(!rtt_ms || (*rtt_ms >= 0 && *rtt_ms <= 10'001));
  return 0;
}
