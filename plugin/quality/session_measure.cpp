#include "quality/session_measure.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace callroom::quality {

Measured measure(const SessionStreams& streams, MonotonicUs now, bool fec, Liveness& liveness) {
  Measured measured;
  for (UplinkStream* stream : streams.uplinks) {
    if (stream == nullptr) continue;
    const UplinkWindow window = stream->take_window(now);
    measured.in.add(window, fec);
    liveness.hear(window.last_arrival, window.silent_until);
    measured.media_at = std::max(measured.media_at, window.last_arrival);
  }
  for (std::size_t i = 0; i < streams.downlinks.size(); ++i) {
    DownlinkStream* stream = streams.downlinks[i];
    const std::uint16_t asked = i < streams.asked_heights.size() ? streams.asked_heights[i] : UINT16_MAX;
    if (stream != nullptr) measured.out.add(stream->take_window(now, asked), fec);
  }
  measured.out.add_withheld(streams.withheld);
  measured.in.asked_kbps = streams.asked_kbps;
  if (streams.uplink_rtcp != nullptr) {
    liveness.hear(streams.uplink_rtcp->silence().last(), streams.uplink_rtcp->silence().until());
  }
  if (streams.downlink_rtcp != nullptr) {
    DownlinkRtcp& rtcp = *streams.downlink_rtcp;
    liveness.hear(rtcp.silence().last(), rtcp.silence().until());
    measured.round_trips = rtcp.take_round_trips();
    measured.out.add(rtcp.take_feedback());
  }
  measured.in.finish();
  measured.out.finish();
  return measured;
}

}  // namespace callroom::quality
