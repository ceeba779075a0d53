// What all streams of a session did since the sample before, each way.
#pragma once

#include "base/time.hpp"
#include "quality/direction_measure.hpp"
#include "quality/liveness.hpp"
#include "quality/peer_rtcp.hpp"
#include "quality/session_streams.hpp"

namespace callroom::quality {

struct Measured {
  DirectionMeasure in, out;
  RoundTrips round_trips;
  MonotonicUs media_at = 0;  // when RTP last came in
};

// Takes the streams' windows. fec: Opus in-band FEC was negotiated. `liveness` is told what was heard of the peer.
Measured measure(const SessionStreams& streams, MonotonicUs now, bool fec, Liveness& liveness);

}  // namespace callroom::quality
