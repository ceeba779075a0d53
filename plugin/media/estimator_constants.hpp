// What more than one part of the estimator goes by. For these parts alone.
#pragma once

#include <cstdint>

#include "base/time.hpp"

namespace callroom::media::estimating {

inline constexpr MonotonicUs kMs = 1'000;
inline constexpr MonotonicUs kSecond = 1'000'000;

inline constexpr double kLongQueueMs = 150;        // two feedbacks of it: congested
inline constexpr double kVeryLongQueueMs = 300;    // one is enough
inline constexpr std::uint8_t kLastingQueues = 5;  // … in a row, of several senders, of less than a very long one
inline constexpr std::uint8_t kProvenQueues = 8;   // feedbacks in a row of a long queue: no doubt is left
inline constexpr double kShortQueueMs = 60;        // less: the queue has drained
inline constexpr double kLittleLoss = 0.03;        // over the usual: still clean
inline constexpr double kMuchLoss = 0.10;          // over the usual: congested
inline constexpr double kHeavyLoss = 0.30;
inline constexpr double kFarTooMuchOfMany = 1.7;    // sent, of what arrives, of several: a lower layer is not enough
inline constexpr double kLargeFramesBps = 500'000;  // of several: less is small pictures alone
inline constexpr MonotonicUs kLongestStop = 800 * kMs;  // for what waits
// The core repeats what is up to a second old, and that waits in the queue: up to 1.8 s of it were seen.
inline constexpr MonotonicUs kFloodStop = 2 * kSecond;

inline constexpr double kCut = 0.82;                     // of what arrives
inline constexpr MonotonicUs kHold = kSecond;            // and one round trip: until then nothing new can be seen
inline constexpr MonotonicUs kHoldIfSevere = 400 * kMs;  // … but that the cut was not enough

inline constexpr MonotonicUs kFeedbackWithin = 100 * kMs;  // of the one before, as long as there are packets

}  // namespace callroom::media::estimating
