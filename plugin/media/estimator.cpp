#include "media/estimator.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace callroom::media {

namespace {

constexpr MonotonicUs kMs = 1'000;
constexpr MonotonicUs kSecond = 1'000'000;

constexpr double kLongQueueMs = 150;      // two feedbacks of it: congested
constexpr double kVeryLongQueueMs = 300;  // one is enough
constexpr double kUncertainPackets = 3;
constexpr std::uint8_t kLongQueues = 2;    // feedbacks in a row, or three of a queue that is not very long …
constexpr std::uint8_t kProvenQueues = 8;  // … and leaving no doubt, among several senders
constexpr std::uint8_t kLongTrips = 4;     // of several senders: single ones tell of a busy machine
constexpr std::uint32_t kBetweenTripsMs = 200;
constexpr double kShortQueueMs = 60;  // less: the queue has drained
constexpr double kMuchLoss = 0.10;    // over the usual: congested
constexpr double kLittleLoss = 0.03;  // over the usual: still clean
constexpr double kMostUsualLoss = 0.20;
constexpr double kHeavyLoss = 0.30;
constexpr double kNeedsKeyFrame = 0.10;     // lost at once: retransmissions alone take too long
constexpr double kFarTooMuch = 1.3;         // sent, of what arrives: stop, and begin anew with a key frame
constexpr double kFarTooMuchOfMany = 1.7;   // … of several, where a lower layer may be enough
constexpr double kDrainsLonger = 1.15;      // than by the estimate, which has the time before the limit in it
constexpr double kLeastAfterPause = 0.8;    // of the estimate
constexpr double kKeyFrameAfterStop = 0.5;  // of the estimate: a key frame is many times as large as what follows it
constexpr MonotonicUs kLongestStop = 800 * kMs;
constexpr MonotonicUs kRepeatedWithin = 250 * kMs;  // by the core, and told of
constexpr double kStillFull = 0.75;                 // arrives, of what the way takes
constexpr double kFlood = 1.3;                      // told of, of what was relayed: the rest are retransmissions
constexpr double kFloodPackets = 10;
// The core repeats what is up to a second old, and that waits in the queue: up to 1.8 s of it were seen.
constexpr MonotonicUs kFloodStop = 2 * kSecond;
constexpr MonotonicUs kFloodStopOfTwo = 1'200 * kMs;  // where one sender alone has been stopped
constexpr MonotonicUs kLongRoundTrip = 120 * kMs;     // over the minimum
constexpr MonotonicUs kWarmUp = kSecond;  // what was sent before the receiver was ready is lost, and says nothing
constexpr MonotonicUs kSettlesAfterPause = 1'500 * kMs;  // until then the receive rate has the pause in it
constexpr MonotonicUs kSilence = 700 * kMs;
constexpr MonotonicUs kSilenceIfLate = 2 * kSecond;  // the way of feedback is full: it gets lost there
constexpr MonotonicUs kUndoWithin = 2 * kSecond;     // what was halved for a silence
constexpr std::uint64_t kSilentPackets = 10;

constexpr double kCut = 0.82;                     // of what arrives
constexpr double kCutForLoss = 0.92;              // … where there is no queue, so that the loss may be the path's own
constexpr double kDrain = 0.35;                   // less, at most, while a queue of 1 s and more drains
constexpr MonotonicUs kHold = kSecond;            // and one round trip: until then nothing new can be seen
constexpr MonotonicUs kHoldIfSevere = 400 * kMs;  // … but that the cut was not enough
constexpr MonotonicUs kCleanBeforeGrowing = kSecond;
constexpr MonotonicUs kCutBeforeGrowing = 3 * kSecond / 2;

constexpr double kIdleGrowth = 0.4;                  // where nothing is sent, growing loads nothing
constexpr double kGrowth = 0.08, kFastGrowth = 0.3;  // a second
constexpr MonotonicUs kFastAfter = 2 * kSecond;
constexpr double kNoQueueMs = 5;                             // more: the rate is not far away, so no fast growth
constexpr double kNearGrowth = 0.03, kNearStepBps = 10'000;  // a second, near the rate that failed
constexpr MonotonicUs kNearFor = 20 * kSecond;
constexpr double kBeyondSent = 1.5, kBeyondSentBps = 40'000;

constexpr MonotonicUs kFeedbackSpread = 60 * kMs;    // from a packet's arrival to its feedback
constexpr MonotonicUs kMostLateness = 10 * kSecond;  // more: another clock
constexpr MonotonicUs kClockDrift = 2'000;           // 1 us of so many, more than any clock's
constexpr MonotonicUs kFeedbackWithin = 100 * kMs;   // of the one before, as long as there are packets
constexpr MonotonicUs kMinimumFor = 5 * kSecond;     // how long a minimum of the queue counts
constexpr MonotonicUs kRttMinimumFor = 30 * kSecond;

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
  const bool warm = now - began_at_ >= kWarmUp;
  const MonotonicUs late_before = late_us_;
  update_lateness(now, told.arrived);
  const MonotonicUs gap = now - std::exchange(feedback_at_, now);
  give_back(told.late);
  keep(now, warm ? told : Feedback{told.covered, 0, told.skipped});
  relayed_at_feedback_ = relayed.packets;
  remember(now, relayed);
  if (!warm) return;
  update_queue(now);
  undo_silence(now, told);
  settle_round_trip(now, std::max<MonotonicUs>(late_us_ - late_before, 0));
  count_long_queues(gap);
  update_usual_loss(now);
  if (is_stopped()) learn_from_flood(now);
  if (const std::optional<Cause> cause = congestion(now)) cut(now, *cause);
}

void Estimator::keep(MonotonicUs now, const Feedback& told) {
  const auto packets = [](std::uint32_t count) {
    return static_cast<std::uint16_t>(std::min<std::uint32_t>(count, UINT16_MAX));
  };
  samples_.push_back({now, told.covered, packets(std::min(told.missing, told.covered)), packets(told.skipped)});
  while (samples_.front().at < now - 2 * kSecond) samples_.pop_front();
  covered_ += told.covered + told.skipped;
}

// The shortest time is one without a wait; clocks drift, so that it must not stand for ever.
void Estimator::update_lateness(MonotonicUs now, std::uint32_t arrived) {
  if (arrived == 0) return;
  const std::uint32_t took = static_cast<std::uint32_t>(now) - 250 * arrived;
  if (feedback_at_ == 0) shortest_us_ = took;
  shortest_us_ += static_cast<std::uint32_t>(std::min(now - feedback_at_, kSecond) / kClockDrift);
  const MonotonicUs over = static_cast<std::int32_t>(took - shortest_us_);
  if (over < 0 || over > kMostLateness) shortest_us_ = took;
  late_us_ = over > kMostLateness ? 0 : static_cast<std::int32_t>(std::max<MonotonicUs>(over - kFeedbackSpread, 0));
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

// They were most likely among the last of those that were missing.
void Estimator::give_back(std::uint32_t late) {
  for (auto sample = samples_.rbegin(); late > 0 && sample != samples_.rend(); ++sample) {
    const std::uint32_t arrived = std::min<std::uint32_t>(late, sample->missing);
    sample->missing = static_cast<std::uint16_t>(sample->missing - arrived);
    late -= arrived;
  }
}

void Estimator::round_trip(MonotonicUs now, MonotonicUs rtt, MonotonicUs sent_at) {
  if (rtt <= 0 || rtt > 10 * kSecond) return;
  if (!rtt_min_ || rtt <= *rtt_min_ || now - rtt_min_at_ > kRttMinimumFor) {
    rtt_min_ = rtt;
    rtt_min_at_ = now;
  }
  if (cut_at_ && sent_at < hold_until_) return;  // about packets that the last cut could not help yet
  rtt_ = rtt - late_us_;
  rtt_settled_ = false;
}

// A report waits as feedback does, maybe before any feedback has told of that: it counts with the next one.
void Estimator::settle_round_trip(MonotonicUs now, MonotonicUs later_by) {
  if (!rtt_ || std::exchange(rtt_settled_, true)) return;
  *rtt_ -= later_by;
  const auto now_ms = static_cast<std::uint32_t>(now / kMs);
  if (*rtt_ - *rtt_min_ <= kLongRoundTrip) {
    long_trips_ = 0;
  } else if (long_trips_ < kLongTrips && (long_trips_ == 0 || now_ms - long_trip_ms_ >= kBetweenTripsMs)) {
    ++long_trips_;
    long_trip_ms_ = now_ms;
  }
}

void Estimator::tick(MonotonicUs now, Relayed relayed) {
  const MonotonicUs elapsed = ticked_at_ == 0 ? 0 : now - ticked_at_;
  ticked_at_ = now;
  remember(now, relayed);
  if (feedback_at_ == 0) return;  // no transport-wide feedback: nothing is known
  if (!is_limited()) proven_ = false;
  const bool was_idle = std::exchange(idle_, is_idle(now));
  if (idle_) {  // what was queued has gone, one way or the other
    samples_.clear();
    backlogs_.clear();
    queue_ms_ = 0;
    long_queues_ = 0;
  } else if (was_idle) {
    resumed_at_ = now;
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

void Estimator::remember(MonotonicUs now, Relayed relayed) {
  points_.push_back({now, relayed});
  while (points_.front().at < now - 2 * kSecond) points_.pop_front();
}

double Estimator::relayed_by(MonotonicUs at) const {
  auto later = points_.rbegin(), point = later;
  while (point != points_.rend() && point->at > at) later = point++;
  if (point == points_.rend() || point == later) return static_cast<double>(later->relayed.packets);
  const double share = static_cast<double>(at - point->at) / static_cast<double>(later->at - point->at);
  const auto more = static_cast<double>(later->relayed.packets - point->relayed.packets);
  return static_cast<double>(point->relayed.packets) + share * more;
}

Estimator::Rate Estimator::sent(MonotonicUs now, MonotonicUs window) const {
  const Point* first = nullptr;
  for (const Point& point : points_) {
    if (point.at < now - window) continue;
    first = &point;
    break;
  }
  if (first == nullptr || first->at >= now) return {};
  const Point& last = points_.back();
  const double seconds = static_cast<double>(now - first->at) / kSecond;
  return {static_cast<double>(last.relayed.packets - first->relayed.packets) / seconds,
          static_cast<double>(last.relayed.bytes - first->relayed.bytes) * 8 / seconds};
}

// What arrived: the packets that feedback saw, of the mean size of those sent. Over the time that these feedbacks tell
// of, or a short window would have one too many or too few of them.
Estimator::Rate Estimator::received(MonotonicUs now, MonotonicUs window) const {
  MonotonicUs from = now - window - kFeedbackWithin, to = now - kFeedbackWithin;
  double packets = 0;
  for (const Sample& sample : samples_) {
    if (sample.at <= now - window) {
      from = std::max(from, sample.at);
      continue;
    }
    // What feedback that was lost did not tell of has arrived as the rest has.
    const double share = 1 - static_cast<double>(sample.missing) / std::max(sample.covered, 1U);
    packets += share * (sample.covered + sample.skipped);
    to = std::max(to, sample.at);
  }
  const double per_s = packets * kSecond / static_cast<double>(to - from);
  return {per_s, per_s * size_bits(now)};
}

// A way that has just become narrow shows within two feedbacks, a tenth of a second; longer times have what arrived
// before in them.
double Estimator::received_lately() const {
  double packets = 0;
  int feedbacks = 0;
  for (auto sample = samples_.rbegin(); sample != samples_.rend(); ++sample) {
    if (++feedbacks > 2) return packets * kSecond / static_cast<double>(std::max(feedback_at_ - sample->at, kMs));
    packets += sample->covered - sample->missing + sample->skipped;
  }
  return std::numeric_limits<double>::infinity();  // not known
}

// Among several, whose lost packets are repeated at once: the sooner it is seen, the fewer they are.
bool Estimator::has_just_narrowed(MonotonicUs now) const {
  return !sender_follows_ && sent(now, kSecond / 4).packets_per_s > kFarTooMuchOfMany * received_lately();
}

double Estimator::size_bits(MonotonicUs now) const {
  const Rate out = sent(now, kSecond);
  return out.packets_per_s > 0 ? out.bits_per_s / out.packets_per_s : 8'000;
}

// Over the shortest time of at least that long that holds enough packets to tell.
Estimator::Loss Estimator::loss(MonotonicUs now, MonotonicUs at_least, MonotonicUs at_most) const {
  constexpr std::uint32_t kEnough = 40;
  std::uint32_t covered = 0, missing = 0;
  MonotonicUs span = 0;
  for (auto sample = samples_.rbegin(); sample != samples_.rend(); ++sample) {
    const MonotonicUs age = now - sample->at;
    if (age > at_most || (age > at_least && covered >= kEnough)) break;
    covered += sample->covered;
    missing += sample->missing;
    span = age;
  }
  return {covered == 0 ? 0.0 : static_cast<double>(missing) / covered, covered, span};
}

void Estimator::update_queue(MonotonicUs now) {
  backlogs_.push_back(
      {now, relayed_by(now - late_us_) - static_cast<double>(covered_), sent(now, kSecond / 2).packets_per_s});
  while (backlogs_.front().at < now - kMinimumFor) backlogs_.pop_front();
  // Under way without any queue: what was sent during the delay of the path, more where more is sent. By what is known
  // of the delay today: the first round trips may have been those of a full queue.
  const double one_way_s = static_cast<double>(rtt_min_.value_or(100 * kMs)) / 2 / kSecond;
  const auto queued = [&](const Backlog& backlog) { return backlog.packets - backlog.packets_per_s * one_way_s; };
  double least = queued(backlogs_.back());
  for (const Backlog& backlog : backlogs_) least = std::min(least, queued(backlog));
  // The shorter time tells the rate of a link that has just become narrow.
  double per_s = std::max(std::min(received(now, kSecond).packets_per_s, received(now, 400 * kMs).packets_per_s), 5.0);
  if (has_just_narrowed(now)) per_s = std::max(std::min(per_s, received_lately()), 5.0);
  if (has_resumed(now)) per_s = std::max(per_s, capacity_bps_ / size_bits(now));
  // Feedback comes at intervals, so a few packets more or less under way say nothing.
  const double waiting = queued(backlogs_.back()) - least - kUncertainPackets - per_s * 0.02;
  queue_ms_ = std::max(waiting, 0.0) / per_s * 1000;
}

// What the path loses without being congested: cutting does not help against that, so it must not keep the estimate
// down. What is still lost just after a cut is of this kind; at other times it is learnt slowly, since loss that a
// rising rate brings about must not pass for it.
void Estimator::update_usual_loss(MonotonicUs now) {
  if (is_stopped() || queue_ms_ > kShortQueueMs || (usual_loss_at_ != 0 && now - usual_loss_at_ < kSecond)) return;
  const MonotonicUs since_cut = cut_at_ ? now - *cut_at_ : kMinimumFor;
  const MonotonicUs settled = since_cut - kSecond / 2;  // feedback from then on tells of the lower rate
  if (settled < kSecond / 2) return;
  const Loss recent = loss(now, std::min(settled, kSecond), std::min(settled, 3 * kSecond / 2));
  if (recent.packets < 10) return;
  usual_loss_at_ = now;
  const double weight = since_cut < 3 * kSecond ? 0.5 : recent.share < usual_loss_ ? 0.2 : 0.05;
  usual_loss_ = std::min(usual_loss_ + weight * (recent.share - usual_loss_), kMostUsualLoss);
}

// Among several senders only where feedback came when it should: after a gap, or in a heap, it was handled late, and so
// was told what had been relayed meanwhile.
void Estimator::count_long_queues(MonotonicUs gap) {
  const auto usual = static_cast<MonotonicUs>(usual_gap_us_);
  const bool regular = gap > usual / 3 && gap < 2 * usual;
  if (queue_ms_ <= kLongQueueMs || (!sender_follows_ && !regular)) {
    long_queues_ = 0;
  } else if (long_queues_ < kProvenQueues) {
    ++long_queues_;
  }
  const MonotonicUs bounded = usual == 0 ? gap : std::clamp(gap, usual / 2, 2 * usual);
  usual_gap_us_ = static_cast<std::uint32_t>(std::min(usual + (bounded - usual) / (usual == 0 ? 1 : 8), kSecond));
}

bool Estimator::is_queue_long() const {
  if (sender_follows_) return long_queues_ >= kLongQueues || queue_ms_ > kVeryLongQueueMs;
  return long_queues_ >= kLongQueues + (queue_ms_ > kVeryLongQueueMs ? 0 : 1);
}

bool Estimator::is_round_trip_long() const {
  return rtt_ && rtt_settled_ && rtt_min_ && *rtt_ - *rtt_min_ > kLongRoundTrip &&
         (sender_follows_ || long_trips_ >= kLongTrips);
}

std::optional<Cause> Estimator::congestion(MonotonicUs now) const {
  if (now - began_at_ < kWarmUp) return std::nullopt;
  const Loss newest = loss(now, kHoldIfSevere / 2, kHoldIfSevere);
  const bool severe =
      (is_queue_long() && queue_ms_ > kVeryLongQueueMs) || (newest.packets >= 10 && newest.share > kHeavyLoss);
  if (is_stopped()) return std::nullopt;
  if (now < hold_until_ && !(severe && may_cut_again_at_ != 0 && now >= may_cut_again_at_)) return std::nullopt;
  if (now - feedback_at_ >= (late_us_ > 0 ? kSilenceIfLate : kSilence) && !points_.empty() &&
      points_.back().relayed.packets - relayed_at_feedback_ >= kSilentPackets) {
    return Cause::kSilence;
  }
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

// While nothing is relayed, what was lost is repeated, and lost again where it is more than the way takes: then what
// arrives of it is what the way takes, better known than when the cut was made, just after the limit began.
void Estimator::learn_from_flood(MonotonicUs now) {
  const Loss recent = loss(now, kSecond / 2, kSecond);
  if (now - *cut_at_ < kSecond / 2 || recent.packets < kFloodPackets || recent.share < kHeavyLoss) return;
  proven_ = true;
  // The most of it: towards the end the way is not full any more.
  flood_bps_ = std::max(flood_bps_, static_cast<float>(received(now, kSecond / 2).bits_per_s));
  failed_bps_ = std::min<double>(flood_bps_, before_flood_bps_ / kCut);
  capacity_bps_ = std::max(kCut * failed_bps_, kFloorBps);
  draining_bps_ = kKeyFrameAfterStop * capacity_bps_;
}

// While nothing is relayed, what arrives is repetitions: as many as the way takes, there are more of them to come.
bool Estimator::is_way_full(MonotonicUs now) const {
  if (sender_follows_ || now - feedback_at_ > 3 * kFeedbackWithin / 2) return false;
  return received_lately() * size_bits(now) > kStillFull * failed_bps_;
}

// Once, when what was lost in a crowd is past: the receiver itself would ask for a key frame after seconds only.
bool Estimator::take_key_frame_due(MonotonicUs now) {
  if (stopped_until_) {
    // What is lost now, the receiver asks for again and again: a key frame would be lost among that.
    const MonotonicUs flood_stop = sender_follows_ ? kFloodStopOfTwo : kFloodStop;
    const MonotonicUs told_within = sender_follows_ ? kHoldIfSevere : kRepeatedWithin;
    const bool lossy = loss(now, kHoldIfSevere / 2, told_within).share > kHeavyLoss || is_way_full(now);
    const bool drained = feedback_at_ > *cut_at_ && queue_ms_ < kShortQueueMs && !lossy;
    if (now < (lossy ? std::max(*stopped_until_, *cut_at_ + flood_stop) : *stopped_until_) && !drained) return false;
    stopped_until_.reset();
    resumed_at_ = now;
    broken_ = false;
    if (!sender_follows_) {  // what comes of this is still to be seen, too
      const MonotonicUs round_trip = std::min(rtt_min_.value_or(100 * kMs), kSecond);
      hold_until_ = std::max(hold_until_, now + kHold + round_trip);
      may_cut_again_at_ = std::max(may_cut_again_at_, now + kHoldIfSevere + round_trip);
    }
    return true;
  }
  if (!broken_ || !cut_at_ || now - *cut_at_ < kHoldIfSevere || queue_ms_ > kShortQueueMs) return false;
  const Loss newest = loss(now, kHoldIfSevere / 2, kHoldIfSevere);
  if (newest.share > usual_loss_ + kLittleLoss) return false;
  broken_ = false;
  return true;
}

bool Estimator::is_idle(MonotonicUs now) const {
  return !is_stopped() && !points_.empty() && points_.front().at < now - kSecond &&
         sent(now, kSecond).packets_per_s == 0;
}

bool Estimator::has_resumed(MonotonicUs now) const {
  return resumed_at_ != 0 && now - resumed_at_ < kSettlesAfterPause;
}

bool Estimator::is_clean(MonotonicUs now) const {
  if (is_idle(now)) return true;
  return queue_ms_ < kShortQueueMs && now - feedback_at_ < kSilence &&
         loss(now, kSecond, 3 * kSecond / 2).share < usual_loss_ * 1.5 + kLittleLoss;
}

void Estimator::cut(MonotonicUs now, Cause cause) {
  const MonotonicUs round_trip = rtt_.value_or(rtt_min_.value_or(100 * kMs));
  const double queue_ms = sender_follows_ || is_queue_long() ? queue_ms_ : 0;
  if (cause == Cause::kSilence) {
    if (before_silence_bps_ == 0) before_silence_bps_ = static_cast<float>(capacity_bps_);
    capacity_bps_ = target_bps() / 2;
    draining_bps_.reset();
  } else {
    before_silence_bps_ = 0;
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
    if (has_resumed(now)) arrives = std::max(arrives, kLeastAfterPause * capacity_bps_);
    const double share = loss(now, kSecond / 2, 3 * kSecond / 2).share;
    proven_ |= share > usual_loss_ + kMuchLoss || long_queues_ >= kProvenQueues;
    // Long round trips without a queue: one step down.
    const bool doubtful = !sender_follows_ && cause == Cause::kRoundTrip && queue_ms < kShortQueueMs;
    if (doubtful) arrives = std::max(arrives, target_bps());
    failed_bps_ = doubtful ? 0 : arrives;
    const bool loss_alone = cause == Cause::kLoss && queue_ms < kShortQueueMs && share < kHeavyLoss;
    // Loss without a queue may be the path's own: a step down from the target, whatever was sent of it.
    const double fallen = loss_alone ? std::max(arrives, target_bps() * (1 - share)) : arrives;
    capacity_bps_ = std::min(capacity_bps_, (loss_alone ? kCutForLoss : kCut) * fallen);
    const double excess = std::clamp((queue_ms - kLongQueueMs) / 1000, 0.0, 1.0);
    draining_bps_.reset();
    // Room is needed too for the retransmissions of what was lost.
    if (excess > 0) draining_bps_ = (kCut - kDrain * excess - std::min(share, 0.3)) * arrives;
    if (share > kNeedsKeyFrame) broken_ = true;
    if (!loss_alone && sent(now, kSecond).bits_per_s > (sender_follows_ ? kFarTooMuch : kFarTooMuchOfMany) * arrives &&
        (queue_ms > kLongQueueMs || share > kNeedsKeyFrame)) {
      stop(now, std::min(static_cast<MonotonicUs>(kDrainsLonger * queue_ms * kMs), kLongestStop));
    }
    if (is_flooded(now)) stop(now, kFloodStop);
  }
  capacity_bps_ = std::max(capacity_bps_, kFloorBps);
  ++cuts_;
  last_cause_ = cause;
  cut_at_ = now;
  hold_until_ = now + kHold + std::min(round_trip, kSecond);
  may_cut_again_at_ = now + kHoldIfSevere + std::min(rtt_min_.value_or(100 * kMs), kSecond);
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

// Much is lost, and most of what is on the way are repetitions of that: with every packet that is relayed and lost
// there are more of them, so that a lower rate alone does not end it. They cannot be told from the queue, which is
// known by what was relayed.
bool Estimator::is_flooded(MonotonicUs now) const {
  if (sender_follows_) return false;
  const Loss recent = loss(now, kSecond / 2, kSecond / 2);
  const double relayed = sent(now, kSecond / 2).packets_per_s / 2;
  return recent.share > kHeavyLoss && recent.packets > kFlood * relayed + kFloodPackets;
}

void Estimator::stop(MonotonicUs now, MonotonicUs at_most) {
  stopped_until_ = now + at_most;
  stop_due_ = true;
  before_flood_bps_ = static_cast<float>(capacity_bps_);
  flood_bps_ = 0;
  // What was lost before will be asked for again just when the key frame comes; both have to fit.
  draining_bps_ = kKeyFrameAfterStop * capacity_bps_;
}

void Estimator::grow(MonotonicUs now, double seconds) {
  if (now < hold_until_) return;
  const Rate out = sent(now, kSecond);
  const double ceiling = std::min(max_bps_, std::max(kBeyondSent * out.bits_per_s + kBeyondSentBps, wanted_bps_));
  if (capacity_bps_ >= ceiling) return;
  if (out.packets_per_s == 0) {
    capacity_bps_ = std::min(capacity_bps_ * (1 + kIdleGrowth * seconds), ceiling);
    return;
  }
  const bool near_failure =
      cut_at_ && now - *cut_at_ < kNearFor && capacity_bps_ > 0.8 * failed_bps_ && capacity_bps_ < 1.05 * failed_bps_;
  if (near_failure) {
    growing_since_ = 0;
    capacity_bps_ += (capacity_bps_ * kNearGrowth + kNearStepBps) * seconds;
  } else {
    if (growing_since_ == 0) growing_since_ = now;
    const bool fast = now - growing_since_ > kFastAfter && queue_ms_ < kNoQueueMs;
    capacity_bps_ *= 1 + (fast ? kFastGrowth : kGrowth) * seconds;
  }
  capacity_bps_ = std::min(capacity_bps_, ceiling);
}

}  // namespace callroom::media
