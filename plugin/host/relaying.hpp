// Putting a receiving m-line into the route of its source, and taking it out again. With the Switchboard's lock held;
// not by a thread that is relaying a packet of that source.
#pragma once

#include "host/call_session.hpp"

namespace callroom::host {

void attach(DownlinkTrack& track, UplinkTrack& source, std::string source_session, std::uint8_t payload_type);
void detach(DownlinkTrack& track);
void pause(DownlinkTrack& track);   // its source stays
void resume(DownlinkTrack& track);  // with the next key frame

// Nothing more into a queue that is full of what will not arrive; and all of it again but for what is left out anyway.
void stop_video(Downlink& downlink);
void resume_video(Downlink& downlink);

}  // namespace callroom::host
