// Where far more was sent than arrives: nothing is to be relayed until that has gone, and then a key frame.
#include "media/estimator.hpp"

#include <algorithm>

#include "media/estimator_constants.hpp"

namespace callroom::media {

using namespace estimating;

namespace {

constexpr double kKeyFrameAfterStop = 0.5;  // of the estimate: a key frame is many times as large as what follows it
constexpr MonotonicUs kQueueLasts = 400 * kMs;      // a full one, of most networks
constexpr MonotonicUs kToldWithin = 800 * kMs;      // of the stop's end
constexpr MonotonicUs kRepeatedWithin = 250 * kMs;  // by the core, and told of
constexpr double kStillFull = 0.75;                 // arrives, of what the way takes
constexpr double kGoneByKeyFrameMs = 150;           // it takes a round trip, a frame and more, of several senders
constexpr double kFlood = 1.3;                      // told of, of what was relayed: the rest are retransmissions
constexpr double kFloodPackets = 10;
constexpr MonotonicUs kLearnsWithin = 250 * kMs;
constexpr double kSoonerThanSaid = 0.5;               // so much of the time that a queue should have taken
constexpr MonotonicUs kFloodStopOfTwo = 1'200 * kMs;  // where one sender alone has been stopped

}  // namespace

// How many of those that were relayed during a stop have nothing in them.
double Estimator::empty_packets(MonotonicUs from, MonotonicUs to) const {
  const Total before = relayed_by(from), after = relayed_by(std::max(from, to));
  return std::max(after.packets - before.packets - (after.bytes - before.bytes) * 8 / size_at_stop_, 0.0);
}

// While nothing is relayed, what arrives is what waited, and then what was lost and is repeated, and lost again where
// it is more than the way takes: as long as there is enough of it, what arrives is what the way takes, better known
// than when the cut was made, just after the limit began. Where receivers forget what they miss that is a short time.
void Estimator::learn_from_stop(MonotonicUs now) {
  if (now - *cut_at_ < kLearnsWithin) return;
  const Loss recent = loss(now, kLearnsWithin, kLearnsWithin);
  if (recent.packets >= kFloodPackets && recent.share >= kHeavyLoss) {
    learn_from_flood(now, recent.share);
  } else if (queue_ms_ > kLongQueueMs) {
    learn_from_queue(now);
  }
}

void Estimator::learn_from_flood(MonotonicUs now, double share) {
  proven_ = true;
  // What is still sent has nothing in it, and comes behind all that was sent before.
  const MonotonicUs behind = now - kQueueLasts;
  const double empty = empty_packets(std::max(*cut_at_, behind - kLearnsWithin), behind);
  const double empty_per_s = empty * kSecond / kLearnsWithin * (1 - share);
  const double packets_per_s = std::max(received(now, kLearnsWithin).packets_per_s - empty_per_s, 0.0);
  const double most = std::max<double>(before_flood_bps_ / kCut, flood_bps_);
  const double arrives = std::min(less_beside(packets_per_s * size_bits(now), share), most);
  // Of so short a time each measure is far off, so their mean.
  flood_bps_ = static_cast<float>(flood_bps_ == 0 ? arrives : (flood_bps_ + arrives) / 2);
  fall_to(flood_bps_);
}

// Sound that was sent meanwhile has not arrived before it either. Of several, whose machine may be busy, what arrives
// may be less than the way takes; but not more.
void Estimator::learn_from_queue(MonotonicUs now) {
  const double arrives = std::min<double>(less_beside(received(now, kLearnsWithin).bits_per_s, 1), before_cut_bps_);
  if (!sender_follows_ && arrives < failed_bps_) return;
  proven_ |= sender_follows_;
  flood_bps_ = static_cast<float>(arrives);
  fall_to(arrives);
}

void Estimator::fall_to(double arrives) {
  failed_bps_ = arrives;
  capacity_bps_ = std::max(kCut * failed_bps_, kFloorBps);
  draining_bps_ = kKeyFrameAfterStop * capacity_bps_;
}

// While nothing is relayed, what arrives is repetitions: as many as the way takes, there are more of them to come.
bool Estimator::is_way_full(MonotonicUs now) const {
  if (sender_follows_ || samples_.size() < 3 || now - feedback_at_ > 3 * kFeedbackWithin / 2) return false;
  const double repeated = received_lately() - sent(now, kSecond / 4).packets_per_s;  // what is still sent is empty
  return repeated * size_bits(now) > kStillFull * failed_bps_;
}

// What waited has gone, with little loss, in a part of the time that it should have taken: what looked like a narrow
// way was a machine that stood still.
void Estimator::correct_doubtful_cut(MonotonicUs now) {
  if (doubtful_ms_ == 0) return;
  const double took_ms = static_cast<double>(std::max(now - *cut_at_, kFeedbackWithin)) / kMs;
  const bool stopped = is_stopped() || resumed_at_ >= *cut_at_;
  if (took_ms > kSoonerThanSaid * (stopped ? doubtful_ms_ : 2 * (doubtful_ms_ - kShortQueueMs)) ||
      loss(now, kSecond / 2, kSecond).share > usual_loss_ + kMuchLoss) {
    doubtful_ms_ = 0;
    return;
  }
  if (queue_ms_ >= kShortQueueMs) return;
  capacity_bps_ = std::min<double>(before_cut_bps_, capacity_bps_ * doubtful_ms_ / took_ms);
  failed_bps_ = capacity_bps_ / kCut;
  draining_bps_.reset();
  doubtful_ms_ = 0;
  corrected_ = true;
}

// Once each, as the receiver has forgotten the rest; and what is more than the queue holds is lost once more.
MonotonicUs Estimator::repetitions_take() const {
  if (!cut_at_ || failed_bps_ <= 0) return 0;
  double lost = 0;
  for (const Sample& sample : samples_) {
    if (sample.at > *cut_at_) lost += sample.missing;
  }
  const double takes_s = lost * size_at_stop_ / (failed_bps_ + beside_bps_);
  return std::min(static_cast<MonotonicUs>(takes_s * kSecond), kQueueLasts);
}

// What was lost on a full way is told of when a packet behind it arrives; and of repetitions that nobody waits for any
// more, nothing follows.
bool Estimator::tells_of_stopped(MonotonicUs now) const {
  return forgotten_ && !is_stopped() && now - resumed_at_ < kToldWithin;
}

bool Estimator::take_stop_over(MonotonicUs now) {
  if (!stopped_until_) return false;
  // What is lost now, the receiver asks for again and again: a key frame would be lost among that.
  const MonotonicUs flood_stop = sender_follows_ ? kFloodStopOfTwo : kFloodStop;
  const MonotonicUs told_within = sender_follows_ ? kHoldIfSevere : kRepeatedWithin;
  const bool loses = loss(now, kHoldIfSevere / 2, told_within).share > kHeavyLoss;
  const bool lossy = loses || is_way_full(now);
  const bool waits = queue_ms_ >= (sender_follows_ ? kShortQueueMs : kGoneByKeyFrameMs);
  const bool drained = forgotten_ || (feedback_at_ > *cut_at_ && !waits && !lossy);
  const MonotonicUs longest = lossy ? flood_stop : waits ? kLongestStop : 0;
  if (now < std::max(*stopped_until_, *cut_at_ + longest) && !drained) return false;
  // Loss may be told of later than that; everybody's key frame at once would be the next stop.
  proven_ |= long_queues_ >= kLastingQueues;
  stopped_until_.reset();
  resumed_at_ = now;
  broken_ = false;
  if (forgotten_ || !sender_follows_) {  // what comes of this is still to be seen, too
    const MonotonicUs round_trip = std::min(rtt_min_.value_or(100 * kMs), kSecond);
    hold_until_ = std::max(hold_until_, now + kHold + round_trip);
    may_cut_again_at_ = std::max(may_cut_again_at_, now + kHoldIfSevere + round_trip);
  }
  return true;
}

// What was lost in a crowd is past: the receiver itself would ask for a key frame after seconds only.
bool Estimator::take_key_frame_due(MonotonicUs now) {
  if (!broken_ || is_stopped()) return false;
  if (!cut_at_ || now - *cut_at_ < kHoldIfSevere || queue_ms_ > kShortQueueMs) return false;
  const Loss newest = loss(now, kHoldIfSevere / 2, kHoldIfSevere);
  if (newest.share > usual_loss_ + kLittleLoss) return false;
  broken_ = false;
  return true;
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
  size_at_stop_ = static_cast<float>(size_bits(now));
  stopped_until_ = now + at_most;
  stop_due_ = true;
  forgotten_ = false;
  before_flood_bps_ = static_cast<float>(capacity_bps_);
  flood_bps_ = 0;
  // What was lost before will be asked for again just when the key frame comes; both have to fit.
  draining_bps_ = kKeyFrameAfterStop * capacity_bps_;
}

}  // namespace callroom::media
