// What the estimator knows: what was sent and what arrived, what was lost, what waits, and how late it hears of that.
#include "media/estimator.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "media/estimator_constants.hpp"

namespace callroom::media {

using namespace estimating;

namespace {

constexpr double kUncertainPackets = 3;
constexpr std::uint8_t kLongQueues = 2;  // feedbacks in a row
constexpr double kFullQueueMs = 600;     // more than most hold: some of it is lost already
constexpr std::uint8_t kLongTrips = 4;   // of several senders: single ones tell of a busy machine
constexpr std::uint32_t kBetweenTripsMs = 200;
constexpr double kEnoughToTell = 10;  // packets
constexpr double kMostUsualLoss = 0.20;
constexpr MonotonicUs kLongRoundTrip = 120 * kMs;        // over the minimum
constexpr MonotonicUs kPause = 400 * kMs;                // nothing is relayed: what arrives then says nothing
constexpr MonotonicUs kSettlesAfterPause = 1'500 * kMs;  // until then the receive rate has the pause in it

constexpr MonotonicUs kFeedbackSpread = 60 * kMs;    // from a packet's arrival to its feedback
constexpr MonotonicUs kMostLateness = 10 * kSecond;  // more: another clock
constexpr MonotonicUs kClockDrift = 2'000;           // 1 us of so many, more than any clock's
constexpr MonotonicUs kMinimumFor = 5 * kSecond;     // how long a minimum of the queue counts
constexpr MonotonicUs kPeakFades = kSecond;          // to a third
constexpr MonotonicUs kRttMinimumFor = 30 * kSecond;

}  // namespace

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

void Estimator::remember(MonotonicUs now, Relayed relayed) {
  if (points_.empty() || relayed.packets != points_.back().relayed.packets) {
    if (!is_stopped() && relayed_at_ != 0 && now - relayed_at_ > kPause) resumed_at_ = now;
    relayed_at_ = now;
  }
  points_.push_back({now, relayed});
  while (points_.front().at < now - 2 * kSecond) points_.pop_front();
}

Estimator::Total Estimator::relayed_by(MonotonicUs at) const {
  auto later = points_.rbegin(), point = later;
  while (point != points_.rend() && point->at > at) later = point++;
  const Relayed next = later->relayed;
  Total total{static_cast<double>(next.packets), static_cast<double>(next.bytes)};
  if (point == points_.rend() || point == later) return total;
  const double share = static_cast<double>(later->at - at) / static_cast<double>(later->at - point->at);
  total.packets -= share * static_cast<double>(next.packets - point->relayed.packets);
  total.bytes -= share * static_cast<double>(next.bytes - point->relayed.bytes);
  return total;
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
  const double out_per_s = sent(now, kSecond / 4).packets_per_s;
  const double told_of = out_per_s * 2 * usual_gap_us_ / kSecond;  // of fewer, a few more or less are half of them
  return !sender_follows_ && told_of >= kEnoughToTell && out_per_s > kFarTooMuchOfMany * received_lately();
}

double Estimator::size_bits(MonotonicUs now) const {
  if (is_stopped()) return size_at_stop_;
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

// More than what is much by any chance: of few packets a path that loses a tenth may lose a third.
bool Estimator::is_heavy(const Loss& lost) const {
  const double much = usual_loss_ + kMuchLoss;
  const double spread = 4 * std::sqrt(much * (1 - much) / std::max<std::uint32_t>(lost.packets, 1));
  return lost.packets >= 10 && lost.share > std::max(kHeavyLoss, much + spread);
}

void Estimator::note_beside(MonotonicUs elapsed, std::uint32_t bytes) {
  const std::uint32_t more = bytes - std::exchange(beside_bytes_, bytes);
  if (elapsed <= 0) return;
  const double seconds = static_cast<double>(elapsed) / kSecond;
  beside_bps_ += static_cast<float>(std::min(seconds, 1.0) * (more * 8 / seconds - beside_bps_));
}

// Of video that arrives while that share of what is sent does not, so much as may be kept: the sound, which does not
// arrive either, comes first.
double Estimator::less_beside(double arrives_bps, double share) const {
  if (sender_follows_ || share <= 0) return arrives_bps;
  return std::max(arrives_bps - beside_bps_ * share, kFloorBps);
}

void Estimator::update_queue(MonotonicUs now) {
  const MonotonicUs elapsed = backlogs_.empty() ? 0 : std::min(now - backlogs_.back().at, kPeakFades);
  backlogs_.push_back(
      {now, relayed_by(now - late_us_).packets - static_cast<double>(covered_), sent(now, kSecond / 2).packets_per_s});
  while (backlogs_.front().at < now - kMinimumFor) backlogs_.pop_front();
  // Under way without any queue: what was sent during the delay of the path, more where more is sent. By what is known
  // of the delay today: the first round trips may have been those of a full queue.
  const double one_way_s = static_cast<double>(rtt_min_.value_or(100 * kMs)) / 2 / kSecond;
  const auto queued = [&](const Backlog& backlog) { return backlog.packets - backlog.packets_per_s * one_way_s; };
  double least = queued(backlogs_.back());
  for (const Backlog& backlog : backlogs_) least = std::min(least, queued(backlog));
  // The shorter time tells the rate of a link that has just become narrow.
  double per_s = std::max(std::min(received(now, kSecond).packets_per_s, received(now, 400 * kMs).packets_per_s), 5.0);
  // Several senders' frames that come at once are gone as fast as the way takes, and before them it was not full.
  if (!sender_follows_) per_s = std::max(per_s, received(now, kSecond / 4).packets_per_s);
  if (has_just_narrowed(now)) per_s = std::max(std::min(per_s, received_lately()), 5.0);
  if (has_resumed(now)) per_s = std::max(per_s, capacity_bps_ / size_bits(now));
  // Feedback comes at intervals, so a few packets more or less under way say nothing.
  const double waiting = queued(backlogs_.back()) - least - kUncertainPackets - per_s * 0.02;
  queue_ms_ = std::max(waiting, 0.0) / per_s * 1000;
  const double faded = queue_peak_ms_ * (1 - static_cast<double>(elapsed) / kPeakFades);
  queue_peak_ms_ = static_cast<float>(std::max(queue_ms_, faded));
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
  if (queue_ms_ > kFullQueueMs) return long_queues_ >= 1;
  if (queue_ms_ > kVeryLongQueueMs) return long_queues_ >= kLongQueues;
  const bool in_small_frames = sent(feedback_at_, kSecond).bits_per_s < kLargeFramesBps;
  if (in_small_frames || !is_limited()) return long_queues_ > kLongQueues;
  // The key frame that a larger picture begins with makes a queue that goes by itself.
  return long_queues_ >= (is_trying(feedback_at_) ? kProvenQueues : kLastingQueues);
}

bool Estimator::is_round_trip_long() const {
  return rtt_ && rtt_settled_ && rtt_min_ && *rtt_ - *rtt_min_ > kLongRoundTrip &&
         (sender_follows_ || long_trips_ >= kLongTrips);
}

bool Estimator::is_idle(MonotonicUs now) const {
  return !is_stopped() && !points_.empty() && points_.front().at < now - kSecond &&
         sent(now, kSecond).packets_per_s == 0;
}

bool Estimator::has_resumed(MonotonicUs now) const {
  return resumed_at_ != 0 && now - resumed_at_ < kSettlesAfterPause;
}

}  // namespace callroom::media
