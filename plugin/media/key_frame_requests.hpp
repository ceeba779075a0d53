// When to ask a sender of video for a key frame: as seldom as possible (each one costs every receiver bandwidth), as
// often as needed. Two reasons to ask:
// - a receiver asked, or a leg waits for one: at most one request in 300 ms, the last never forgotten;
// - a negotiation changed media: after it key frames get lost in ways that no receiver reports (feedback reaches the
//   wrong m-line, the decoder starts late), so ask until one was relayed well after the answer.
//
// One object per video stream that is sent; not synchronised: its owner holds the lock.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/time.hpp"

namespace callroom::media {

class KeyFrameRequests {
 public:
  static constexpr MonotonicUs kInterval = 300'000;  // between two requests to one sender
  static constexpr MonotonicUs kFirst = 50'000;      // after an answer, when both sides have applied it
  static constexpr MonotonicUs kSettled = 250'000;   // a key frame this long after the answer will be decoded
  static constexpr int kMostPerNegotiation = 8;

  // A PLI or FIR came from a receiver, or a leg of this stream is held back.
  void ask(MonotonicUs now) {
    if (!asked_at_) asked_at_ = now;
  }

  // A receiver's or the sender's answer changed what flows over this stream.
  void negotiated(MonotonicUs now) { negotiation_ = Negotiation{now, 0}; }

  // True where a request must go to the sender now; counted as sent. last_key_frame: when a key frame of this stream
  // was last relayed, if ever.
  bool take_due(MonotonicUs now, std::optional<MonotonicUs> last_key_frame) {
    settle(last_key_frame);
    const std::optional<MonotonicUs> due = next_due();
    if (!due || now < *due) return false;
    sent_at_ = now;
    asked_at_.reset();
    if (negotiation_ && now >= negotiation_->answered_at + kFirst) ++negotiation_->sent;
    return true;
  }

  // When to call take_due() next; absent where there is nothing to wait for.
  std::optional<MonotonicUs> next_due() const {
    std::optional<MonotonicUs> due = asked_at_;
    if (negotiation_ && negotiation_->sent < kMostPerNegotiation) {
      const MonotonicUs first = negotiation_->answered_at + kFirst;
      due = due ? std::min(*due, first) : first;
    }
    if (due && sent_at_) due = std::max(*due, *sent_at_ + kInterval);
    return due;
  }

 private:
  struct Negotiation {
    MonotonicUs answered_at;
    int sent;
  };

  // Forgets what a key frame has met, and what was asked often enough.
  void settle(std::optional<MonotonicUs> last_key_frame) {
    if (negotiation_ && negotiation_->sent >= kMostPerNegotiation) negotiation_.reset();
    if (!last_key_frame) return;
    if (asked_at_ && *last_key_frame >= *asked_at_) asked_at_.reset();
    if (negotiation_ && *last_key_frame >= negotiation_->answered_at + kSettled) negotiation_.reset();
  }

  std::optional<MonotonicUs> asked_at_;
  std::optional<MonotonicUs> sent_at_;
  std::optional<Negotiation> negotiation_;
};

}  // namespace callroom::media
