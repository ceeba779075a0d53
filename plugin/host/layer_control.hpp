// In rooms that more than two people can be in: which layer of whose video each receiver gets, within what its network
// takes and what it wants, and what each sender is told to keep to. The speaker's picture comes first.
//
// The Switchboard's, under its lock. What is known of a receiver or a source is kept with them.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "host/call_session.hpp"
#include "media/active_speaker.hpp"
#include "media/layers.hpp"
#include "signaling/requests.hpp"

namespace callroom::host {

class LayerControl {
 public:
  using Sessions = std::span<const std::shared_ptr<CallSession>>;

  // `others`: everybody in the room but the one concerned; `members`: everybody.

  // Several times a second, before any choose(): who speaks in a room, and what its videos cost.
  void weigh(const std::string& room, Sessions members, MonotonicUs now);
  void forget(const std::string& room) { speakers_.erase(room); }

  // What a client said it wants of the others' videos.
  static void take_wishes(CallSession& receiver, Sessions others, const signaling::Configure& request);

  // Before a leg is put into the route of a source in layers. All of it at first where nothing is known to limit the
  // receiver, else the lowest, until choose() has weighed it against the others.
  static void begin(const CallSession& receiver, DownlinkTrack& track, const UplinkTrack& source);

  // False: in a call of two without layers there is nothing to choose; the other sends what fits.
  static bool chooses(const CallSession& receiver, Sessions others);
  // True where who is paused has changed.
  bool choose(CallSession& receiver, Sessions others, MonotonicUs now) const;

  // … to be called instead where there is nothing to choose any more: whoever was left out is relayed again.
  static bool choose_no_more(CallSession& receiver);

  // Key frames for all that is relayed: resume_next() asks for them.
  static void renew(Downlink& downlink);

  // On a way that is proven to be narrow one key frame after the other: all at once would fill it again. To be called
  // often.
  static void resume_next(Downlink& downlink, MonotonicUs now);

  // Asks for the key frames that the chosen layers begin with.
  static void ask_for_key_frames(const Downlink& downlink, MonotonicUs now);

  // What a sender is to keep to, all its media together.
  static std::uint32_t bitrate_for(const CallSession& sender, Sessions others);

 private:
  // What there is to choose among, and the track of each.
  struct Choice {
    std::vector<media::Candidate> candidates;
    std::vector<DownlinkTrack*> tracks;
  };
  Choice choice_of(const CallSession& receiver, Sessions others) const;

  std::map<std::string, media::ActiveSpeaker> speakers_;  // by room
};

}  // namespace callroom::host
