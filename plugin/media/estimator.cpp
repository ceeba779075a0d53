// What the estimator makes of what it knows: when to cut, by how much, and when to grow again.
#include "media/estimator.hpp"

#include <algorithm>
#include <cmath>

#include "media/estimator_constants.hpp"

namespace callroom::media {

using namespace estimating;

namespace {

constexpr double kNeedsKeyFrame = 0.10;   // lost at once: retransmissions alone take too long
constexpr double kFarTooMuch = 1.3;       // sent, of what arrives: stop, and begin anew with a key frame
constexpr double kDrainsLonger = 1.15;    // than by the estimate, which has the time before the limit in it
constexpr double kLeastAfterPause = 0.8;  // of the estimate
// What was sent before the receiver was ready is lost, and says nothing. It is told of within a second, unless the
// machine that is still busy with beginning stands still for that long.
constexpr MonotonicUs kWarmUp = kSecond;
constexpr std::uint8_t kWarmFeedbacks = 8;
constexpr MonotonicUs kSilence = 700 * kMs;
constexpr MonotonicUs kSilenceIfLate = 2 * kSecond;  // the way of feedback is full: it gets lost there
constexpr MonotonicUs kUndoWithin = 2 * kSecond;     // what was halved for a silence
constexpr std::uint64_t kSilentPackets = 10;

constexpr double kSlightlyTooMuch = 0.9;  // sent, of what the way takes
constexpr double kCutForLoss = 0.92;  // of the target, where there is no queue, so that the loss may be the path's own
constexpr double kDrain = 0.35;       // less, at most, while a queue of 1 s and more drains
constexpr std::uint32_t kTriesForMs = 1'500;
constexpr double kStillTakes = 0.6;  // of what it took before a try: the way is as wide as it was
constexpr MonotonicUs kCleanBeforeGrowing = kSecond;
constexpr MonotonicUs kCutBeforeGrowing = 3 * kSecond / 2;
constexpr double kInBurstsBps = 1'000'000, kBurstMs = 100;  // several large frames at once are no queue

constexpr double kIdleGrowth = 0.4;                  // where nothing is sent, growing loads nothing
constexpr double kGrowth = 0.08, kFastGrowth = 0.3;  // a second
constexpr MonotonicUs kFastAfter = 2 * kSecond;
constexpr double kNoQueueMs = 5;         // more: the rate is not far away, so no fast growth
constexpr double kNoQueueOfManyMs = 30;  // one packet of the small pictures of several is 15 ms
constexpr double kFreed = 2;             // of the rate that failed: another limit, or none
constexpr double kFreedGrowth = 1, kFreedGrowthOfMany = 0.6;
constexpr double kShowsFree = 0.7;                              // … is sent
constexpr double kProvesFreed = 1.2, kProvesFreedOfMany = 1.4;  // … arrives
constexpr double kNearGrowth = 0.03, kNearStepBps = 10'000;     // a second, near the rate that failed
constexpr MonotonicUs kNearFor = 20 * kSecond;
constexpr double kNear = 1.05, kNearIfNarrow = 1.1;  // of that rate; narrow: a picture more of several is a large step
constexpr double kBeyondSent = 1.5, kBeyondSentIfFreed = 2, kBeyondSentBps = 40'000;

}  // namespace

const char* to_string(Cause cause) {
  switch (cause) {
    case Cause::kQueue:
      return "queue";
    case Cause::kLoss:
      return "loss";
    case Cause::kRoundTrip:
      return "round_trip";
    case Cause::kSilence:
      return "silence";
  }
  return "";
}

double Estimator::target_bps() const {
  return std::clamp(draining_bps_ ? std::min(*draining_bps_, capacity_bps_) : capacity_bps_,
                    std::min(kFloorBps, max_bps_), max_bps_);
}

double Estimator::capacity_bps() const {
  return std::clamp(capacity_bps_, std::min(kFloorBps, max_bps_), max_bps_);
}

void Estimator::feedback(MonotonicUs now, Feedback told, Relayed relayed) {
  if (began_at_ == 0) began_at_ = now;
  if (feedbacks_ < kWarmFeedbacks) ++feedbacks_;
  const bool warm = is_warm(now);
  const MonotonicUs late_before = late_us_;
  update_lateness(now, told.arrived);
  const MonotonicUs gap = now - std::exchange(feedback_at_, now);
  give_back(told.late);
  keep(now, warm && !tells_of_stopped(now) ? told : Feedback{told.covered, 0, told.skipped});
  relayed_at_feedback_ = relayed.packets;
  remember(now, relayed);
  if (!warm) return;
  update_queue(now);
  correct_doubtful_cut(now);
  undo_silence(now, told);
  settle_round_trip(now, std::max<MonotonicUs>(late_us_ - late_before, 0));
  count_long_queues(gap);
  update_usual_loss(now);
  if (is_stopped()) learn_from_stop(now);
  if (const std::optional<Cause> cause = congestion(now)) cut(now, *cause);
}

// After a silence feedback is late, or some before it was lost, but what it tells of has arrived, and soon nothing
// waits: it was the way of the feedback that was full.
void Estimator::undo_silence(MonotonicUs now, const Feedback& told) {
  if (before_silence_bps_ == 0) return;
  const bool way_back_is_full = late_us_ > 0 || told.skipped > 0;
  const bool lossy = told.missing > kLittleLoss * told.covered;
  if (!lossy && queue_ms_ > kShortQueueMs && now - *cut_at_ < kUndoWithin) return;  // not known yet
  if (way_back_is_full && !lossy && queue_ms_ <= kShortQueueMs) {
    capacity_bps_ = std::max<double>(capacity_bps_, before_silence_bps_);
  }
  before_silence_bps_ = 0;
}

void Estimator::tick(MonotonicUs now, Relayed relayed, std::uint32_t beside_bytes) {
  const MonotonicUs elapsed = ticked_at_ == 0 ? 0 : now - ticked_at_;
  ticked_at_ = now;
  note_beside(elapsed, beside_bytes);
  remember(now, relayed);
  if (feedback_at_ == 0) return;  // no transport-wide feedback: nothing is known
  if (!is_limited()) proven_ = false;
  if (is_idle(now)) {  // what was queued has gone, one way or the other
    samples_.clear();
    backlogs_.clear();
    queue_ms_ = 0;
    long_queues_ = 0;
  }
  if (const std::optional<Cause> cause = congestion(now)) return cut(now, *cause);
  if (!is_clean(now)) {
    clean_since_ = 0;
    growing_since_ = 0;
    return;
  }
  if (clean_since_ == 0) clean_since_ = now;
  if (draining_bps_) {  // drained
    draining_bps_.reset();
    hold_until_ = std::max(hold_until_, now + kSecond / 2);
  }
  const bool may_grow = now - clean_since_ >= kCleanBeforeGrowing && (!cut_at_ || now - *cut_at_ >= kCutBeforeGrowing);
  if (may_grow) grow(now, static_cast<double>(std::min(elapsed, kSecond)) / kSecond);
}

bool Estimator::is_warm(MonotonicUs now) const {
  return now - began_at_ >= kWarmUp && feedbacks_ >= kWarmFeedbacks;
}

std::optional<Cause> Estimator::congestion(MonotonicUs now) const {
  if (now - began_at_ < kWarmUp) return std::nullopt;
  const Loss newest = loss(now, kHoldIfSevere / 2, kHoldIfSevere);
  const bool severe = (is_queue_long() && queue_ms_ > kVeryLongQueueMs) || is_heavy(newest);
  if (is_stopped()) return std::nullopt;
  if (now < hold_until_ && !(severe && may_cut_again_at_ != 0 && now >= may_cut_again_at_)) return std::nullopt;
  if (now - feedback_at_ >= (late_us_ > 0 ? kSilenceIfLate : kSilence) && !points_.empty() &&
      points_.back().relayed.packets - relayed_at_feedback_ >= kSilentPackets) {
    return Cause::kSilence;
  }
  if (!is_warm(now)) return std::nullopt;
  if (is_queue_long()) return Cause::kQueue;
  if (is_round_trip_long()) return Cause::kRoundTrip;
  const Loss recent = loss(now, kSecond / 2, 3 * kSecond / 2);
  const double usual = std::max(usual_loss_, kLittleLoss);
  const double spread = 3 * std::sqrt(usual * (1 - usual) / std::max<std::uint32_t>(recent.packets, 1));
  // Where nothing was sent, repetitions are lost: of what has stopped already.
  const bool sends = sender_follows_ || sent(now, kSecond / 2).packets_per_s > 0;
  if (sends && recent.packets >= 10 && recent.share > usual_loss_ + kMuchLoss + spread) return Cause::kLoss;
  return std::nullopt;
}

bool Estimator::is_clean(MonotonicUs now) const {
  if (is_idle(now)) return true;
  const bool in_bursts = !sender_follows_ && sent(now, kSecond).bits_per_s > kInBurstsBps;
  return queue_ms_ < (in_bursts ? kBurstMs : kShortQueueMs) && now - feedback_at_ < kSilence &&
         loss(now, kSecond, 3 * kSecond / 2).share < usual_loss_ * 1.5 + kLittleLoss;
}

// What arrives, as a cut has to take it.
double Estimator::arriving(MonotonicUs now, double queue_ms) const {
  // Right after the limit began, the last second still tells of what went before; and at other times the shortest
  // tells of a burst.
  const double in_a_second = received(now, kSecond).bits_per_s, in_half = received(now, kSecond / 2).bits_per_s;
  double arrives = sender_follows_ ? std::min(in_a_second, in_half) : std::max(in_a_second, in_half);
  if (queue_ms > kLongQueueMs && sent(now, kSecond).bits_per_s > kFarTooMuch * in_half) {
    arrives = std::min(arrives, received(now, kSecond / 4).bits_per_s);
  }
  if (queue_ms > kVeryLongQueueMs && has_just_narrowed(now)) {
    arrives = std::min(arrives, received_lately() * size_bits(now));
  }
  // … and right after a pause, of a time when nothing was sent.
  return has_resumed(now) ? std::max(arrives, kLeastAfterPause * capacity_bps_) : arrives;
}

// Which share of what is sent does not arrive, because it waits; of the sound, too.
double Estimator::waiting_share(MonotonicUs now, double queue_ms, double arrives) const {
  const double out = sent(now, kSecond).bits_per_s;
  return queue_ms > kLongQueueMs && out > arrives ? 1 - arrives / out : 0;
}

// To a share of what arrives; where far more is sent, all is to stop.
void Estimator::lower(MonotonicUs now, Cause cause, double queue_ms, const Loss& recent) {
  const double share = recent.share;
  const double uncorrected = arriving(now, queue_ms);
  double arrives = less_beside(uncorrected, std::max(share - usual_loss_, waiting_share(now, queue_ms, uncorrected)));
  // Long round trips without a queue: one step down.
  const bool doubtful = !sender_follows_ && cause == Cause::kRoundTrip && queue_ms < kShortQueueMs;
  if (doubtful) arrives = std::max(arrives, target_bps());
  if (cause == Cause::kQueue && is_slight(now, queue_ms, share)) {
    arrives = std::max(arrives, kSlightlyTooMuch * std::min(sent(now, kSecond).bits_per_s, capacity_bps_));
  }
  failed_bps_ = doubtful ? 0 : arrives;
  const bool loss_alone = cause == Cause::kLoss && queue_ms < kShortQueueMs && !is_heavy(recent);
  // Loss without a queue may be the path's own: a step down from the target, whatever was sent of it.
  const double fallen = loss_alone ? std::max(arrives, target_bps() * (1 - share)) : arrives;
  capacity_bps_ = std::min(capacity_bps_, (loss_alone ? kCutForLoss : kCut) * fallen);
  drain(queue_ms, share, arrives);
  if (!loss_alone && sent(now, kSecond).bits_per_s > (sender_follows_ ? kFarTooMuch : kFarTooMuchOfMany) * arrives &&
      ((queue_ms > kLongQueueMs && !is_young(queue_ms)) || share > kNeedsKeyFrame)) {
    stop(now, std::min(static_cast<MonotonicUs>(kDrainsLonger * queue_ms * kMs), kLongestStop));
  }
  if (is_flooded(now)) stop(now, kFloodStop);
}

// Several senders' frames come in bursts: a queue that is not very long tells that they are too much for now, and what
// arrived while it grew tells less than the way takes.
bool Estimator::is_slight(MonotonicUs now, double queue_ms, double share) const {
  return !sender_follows_ && queue_ms <= kVeryLongQueueMs && share <= usual_loss_ + kLittleLoss &&
         !has_just_narrowed(now);
}

// Where a limit begins it is cut at once; but for so short a machine may stand still, too, and a stop takes everybody's
// picture: soon enough where the queue lasts.
bool Estimator::is_young(double queue_ms) const {
  return !sender_follows_ && queue_ms <= kVeryLongQueueMs && long_queues_ < kLastingQueues &&
         sent(feedback_at_, kSecond).bits_per_s >= kLargeFramesBps;
}

// Room is needed too for the retransmissions of what was lost.
void Estimator::drain(double queue_ms, double share, double arrives) {
  const double excess = std::clamp((queue_ms - kLongQueueMs) / 1000, 0.0, 1.0);
  draining_bps_.reset();
  if (excess > 0) draining_bps_ = (kCut - kDrain * excess - std::min(share, 0.3)) * arrives;
}

// What the way took before, it still takes: nobody's picture is to stop for the one that was too much.
bool Estimator::has_try_failed(MonotonicUs now) const {
  if (sender_follows_ || !is_trying(now) || is_flooded(now)) return false;
  // Half a second has in it what arrived before a limit that has just begun.
  const double lately = received_lately() * size_bits(now);
  return std::min(received(now, kSecond / 2).bits_per_s, lately) > kStillTakes * before_try_bps_;
}

void Estimator::undo_try(double queue_ms, double share) {
  failed_bps_ = before_try_bps_;
  capacity_bps_ = std::min<double>(capacity_bps_, before_try_bps_);
  drain(queue_ms, share, capacity_bps_);
  before_try_bps_ = 0;
}

bool Estimator::is_trying(MonotonicUs now) const {
  return before_try_bps_ != 0 && static_cast<std::uint32_t>(now / kMs) - tried_ms_ < kTriesForMs;
}

void Estimator::note_try(MonotonicUs now) {
  before_try_bps_ = static_cast<float>(sent(now, kSecond).bits_per_s);
  tried_ms_ = static_cast<std::uint32_t>(now / kMs);
}

void Estimator::cut(MonotonicUs now, Cause cause) {
  const MonotonicUs round_trip = rtt_.value_or(rtt_min_.value_or(100 * kMs));
  doubtful_ms_ = 0;
  bool slight = false;
  if (cause == Cause::kSilence) {
    if (before_silence_bps_ == 0) before_silence_bps_ = static_cast<float>(capacity_bps_);
    capacity_bps_ = target_bps() / 2;
    draining_bps_.reset();
  } else {
    before_silence_bps_ = 0;
    const double queue_ms = sender_follows_ || is_queue_long() ? queue_ms_ : 0;
    const Loss recent = loss(now, kSecond / 2, 3 * kSecond / 2);
    const double share = recent.share;
    slight = is_slight(now, queue_ms, share);
    proven_ |= share > usual_loss_ + kMuchLoss || long_queues_ >= kProvenQueues;
    broken_ |= share > kNeedsKeyFrame;
    before_cut_bps_ = static_cast<float>(capacity_bps_);
    if (!sender_follows_ && cause == Cause::kQueue) doubtful_ms_ = static_cast<float>(queue_ms);
    if (has_try_failed(now)) {
      undo_try(queue_ms, share);
    } else {
      lower(now, cause, queue_ms, recent);
    }
  }
  capacity_bps_ = std::max(capacity_bps_, kFloorBps);
  ++cuts_;
  last_cause_ = cause;
  cut_at_ = now;
  hold_until_ = now + kHold + std::min(round_trip, kSecond);
  // A slight cut comes early: a way that has just become narrow may look as if it took a little less.
  const bool early = cause == Cause::kQueue && (slight || is_young(queue_ms_));
  may_cut_again_at_ = now + (early ? kFeedbackWithin : kHoldIfSevere + std::min(rtt_min_.value_or(100 * kMs), kSecond));
  if (stopped_until_) {  // what comes after the stop is still to be seen
    hold_until_ += *stopped_until_ - now;
    may_cut_again_at_ += *stopped_until_ - now;
  }
  clean_since_ = 0;
  growing_since_ = 0;
  rtt_.reset();
  long_trips_ = 0;
  if (sender_follows_) long_queues_ = 0;
  if (cause == Cause::kSilence) {  // the next half only after as long a silence again, of as many packets
    feedback_at_ = now;
    relayed_at_feedback_ = points_.back().relayed.packets;
  }
}

void Estimator::grow(MonotonicUs now, double seconds) {
  if (now < hold_until_) return;
  const Rate out = sent(now, kSecond);
  const double proves = sender_follows_ ? kProvesFreed : kProvesFreedOfMany;
  const bool freed = failed_bps_ > 0 &&
                     (capacity_bps_ > kFreed * failed_bps_ || received(now, kSecond).bits_per_s > proves * failed_bps_);
  // … and the sender is yet to follow.
  const bool just_freed = sender_follows_ && freed && cut_at_ && now - *cut_at_ < kNearFor;
  const double beyond = (just_freed ? kBeyondSentIfFreed : kBeyondSent) * out.bits_per_s + kBeyondSentBps;
  const double ceiling = std::min(max_bps_, std::max(beyond, wanted_bps_));
  if (capacity_bps_ >= ceiling) return;
  if (out.packets_per_s == 0) {
    capacity_bps_ = std::min(capacity_bps_ * (1 + kIdleGrowth * seconds), ceiling);
    return;
  }
  const bool narrow = !sender_follows_ && failed_bps_ < kLargeFramesBps;
  const double near = (narrow ? kNearIfNarrow : kNear) * failed_bps_;
  // Of several, what is sent near a limit comes in bursts that wait: where nothing ever does there is none.
  const bool free = !sender_follows_ && queue_peak_ms_ < kNoQueueMs && out.bits_per_s > kShowsFree * failed_bps_;
  const bool near_failure =
      !free && cut_at_ && now - *cut_at_ < kNearFor && capacity_bps_ > 0.8 * failed_bps_ && capacity_bps_ < near;
  if (near_failure) {
    growing_since_ = 0;
    const double step_bps = narrow ? std::min(kNearStepBps, kNearGrowth * capacity_bps_) : kNearStepBps;
    capacity_bps_ += (capacity_bps_ * kNearGrowth + step_bps) * seconds;
  } else {
    if (growing_since_ == 0) growing_since_ = now;
    const bool fast =
        (free || now - growing_since_ > kFastAfter) && queue_ms_ < (sender_follows_ ? kNoQueueMs : kNoQueueOfManyMs);
    const double freed_growth = sender_follows_ ? kFreedGrowth : kFreedGrowthOfMany;
    capacity_bps_ *= 1 + (!fast ? kGrowth : freed ? freed_growth : kFastGrowth) * seconds;
  }
  capacity_bps_ = std::min(capacity_bps_, ceiling);
}

}  // namespace callroom::media
