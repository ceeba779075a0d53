// Makes a receiver forget what it misses of pictures that have stopped.
//
// What was lost before a stop it asks for again, for a second and more, and the core repeats that: on a way of
// 300 kbit/s, 700 to 1,300 were offered for 1.5 s though nothing was relayed. libwebrtc gives up all that is missing,
// and asks for a key frame, where more than a thousand sequence numbers are missing at once (NackRequester). So the
// numbers of what has stopped jump, and a packet with nothing in it says so, again and again until its receiver has
// asked for a key frame. Where two packets in a row confirm a jump, libwebrtc counts none of it as lost
// (StreamStatistician).
//
// The Switchboard's, under its lock.
#pragma once

#include "base/time.hpp"
#include "host/call_session.hpp"

namespace callroom::host {

// To be called often while the receiver's estimator says that nothing is to be relayed, its video being paused.
void go_on_forgetting(Downlink& downlink, MonotonicUs now);

// Where it is to be relayed again.
void end_forgetting(Downlink& downlink);

}  // namespace callroom::host
