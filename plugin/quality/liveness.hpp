// Drops and recoveries of a session, from when its peer was heard. Pure; not synchronised.
//
// A sample every few seconds sees that a peer is silent, not when it fell silent or came back: every source of signs of
// life says that itself (see UplinkWindow::silent_from and Silence).
#pragma once

#include <cstdint>
#include <limits>

#include "base/time.hpp"

namespace callroom::quality {

class Liveness {
 public:
  struct Change {
    bool dropped = false;
    bool recovered = false;
  };

  // One source of signs of life at a sample: when it was last heard (0: never), and the end of its last silence (0:
  // none ended).
  void hear(MonotonicUs last, MonotonicUs resumed) {
    heard_ = heard_ > last ? heard_ : last;
    if (silent_from_ != 0 && last > silent_from_) {
      const MonotonicUs at = resumed > silent_from_ ? resumed : last;
      resumed_ = resumed_ < at ? resumed_ : at;
    }
  }

  // After hear() of every source. `media_at`: when RTP last came in; where it came until the silence began, a shorter
  // silence is a drop.
  Change conclude(MonotonicUs now, MonotonicUs media_at);

  // Where nobody is heard by the server: the peer says that media flows again.
  Change recover();

  // ICE or DTLS failed.
  Change fail(MonotonicUs now);

  bool is_dropped() const { return dropped_; }

 private:
  static constexpr MonotonicUs kNever = std::numeric_limits<MonotonicUs>::max();

  MonotonicUs heard_ = 0;
  MonotonicUs silent_from_ = 0;  // 0: the peer is heard
  MonotonicUs resumed_ = kNever;
  bool silence_is_media_ = false;
  bool dropped_ = false;  // and not recovered yet
};

}  // namespace callroom::quality
