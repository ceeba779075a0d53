// When to ask a sender of video for a key frame: as seldom as possible (each one costs every receiver bandwidth), as
// often as needed. Two reasons to ask:
// - a receiver asked, or a leg waits for one: at most one request in 300 ms, the last never forgotten; where no key
//   frame comes of it the request was lost, and is repeated a few times;
// - a negotiation changed media: after it key frames get lost in ways that no receiver reports (feedback reaches the
//   wrong m-line, the decoder starts late), so ask until one was relayed well after the answer.
//
// One object per video stream that is sent; not synchronised: its owner holds the lock.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>

#include "base/time.hpp"

namespace callroom::media {

class KeyFrameRequests {
 public:
  static constexpr MonotonicUs kInterval = 300'000;  // between two requests to one sender
  static constexpr MonotonicUs kFirst = 50'000;      // after an answer, when both sides have applied it
  static constexpr MonotonicUs kSettled = 250'000;   // a key frame this long after the answer will be decoded
  static constexpr int kMostPerNegotiation = 8;
  static constexpr MonotonicUs kUnmet = 700'000;  // a key frame takes a round trip and a frame to come
  static constexpr int kMostRepeats = 3;          // then the sender has none to send

  // A PLI or FIR came from a receiver, or a leg of this stream is held back.
  void ask(MonotonicUs now) {
    if (asked_at_ == kNever) asked_at_ = now;
  }

  // A receiver's or the sender's answer changed what flows over this stream.
  void negotiated(MonotonicUs now) { negotiation_ = Negotiation{now, 0}; }

  // True where a request must go to the sender now; counted as sent. last_key_frame: when a key frame of this stream
  // was last relayed, if ever.
  bool take_due(MonotonicUs now, std::optional<MonotonicUs> last_key_frame) {
    settle(last_key_frame);
    const std::optional<MonotonicUs> due = next_due();
    if (!due || now < *due) return false;
    if (asked_at_ != kNever) {
      unmet_since_ = asked_at_;
      repeats_ = 0;
    } else if (unmet_since_ != kNever && ++repeats_ >= kMostRepeats) {
      unmet_since_ = kNever;
    }
    sent_at_ = now;
    asked_at_ = kNever;
    if (negotiation_ && now >= negotiation_->answered_at + kFirst) ++negotiation_->sent;
    return true;
  }

  // When to call take_due() next; absent where there is nothing to wait for.
  std::optional<MonotonicUs> next_due() const {
    MonotonicUs due = kLater;
    if (asked_at_ != kNever) due = asked_at_;
    if (unmet_since_ != kNever) due = std::min(due, sent_at_ + kUnmet);
    if (negotiation_ && negotiation_->sent < kMostPerNegotiation) {
      due = std::min(due, negotiation_->answered_at + kFirst);
    }
    if (due == kLater) return std::nullopt;
    return sent_at_ == kNever ? due : std::max(due, sent_at_ + kInterval);
  }

 private:
  static constexpr MonotonicUs kNever = std::numeric_limits<MonotonicUs>::min();
  static constexpr MonotonicUs kLater = std::numeric_limits<MonotonicUs>::max();

  struct Negotiation {
    MonotonicUs answered_at;
    int sent;
  };

  // Forgets what a key frame has met, and what was asked often enough.
  void settle(std::optional<MonotonicUs> last_key_frame) {
    if (negotiation_ && negotiation_->sent >= kMostPerNegotiation) negotiation_.reset();
    if (!last_key_frame) return;
    if (*last_key_frame >= asked_at_) asked_at_ = kNever;
    if (*last_key_frame >= unmet_since_) unmet_since_ = kNever;
    if (negotiation_ && *last_key_frame >= negotiation_->answered_at + kSettled) negotiation_.reset();
  }

  MonotonicUs asked_at_ = kNever;     // and nothing was sent since
  MonotonicUs unmet_since_ = kNever;  // when it was asked what was sent for, and no key frame came yet
  MonotonicUs sent_at_ = kNever;
  std::optional<Negotiation> negotiation_;
  std::uint8_t repeats_ = 0;  // of the request that is unmet
};

}  // namespace callroom::media
