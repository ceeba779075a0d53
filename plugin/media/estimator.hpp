// How much one receiving PeerConnection can take, from what can be seen of it without touching packets: how many were
// relayed, how many the receiver's transport-wide feedback covers and how many of those it misses, and round-trip times
// from reports. Packets cannot be mapped to feedback (the core numbers them, retransmissions included), so the queue on
// the way is known by counts alone, against its own minimum.
//
// Feedback and reports may be late by themselves, on a way out that is full of what the receiver sends. When the newest
// packet arrived, by the receiver's clock, tells by how much; what was relayed in that time is not in the queue.
//
// Congested: the queue over 150 ms in two feedbacks (of several senders over 300 ms, or for longer, unless nothing was
// limited before: their large frames may come at once), loss well over what the path always has, the round-trip time
// 120 ms over its minimum, or silence where packets were sent. Then the estimate falls to 82 % of what arrives, for a
// while lower still where a queue has to drain. Where far more is sent than arrives, lowering is not enough: what is
// already on its way, and what the sender sends until it has heard, would be lost and asked for again for seconds. Then
// nothing is to be relayed until the queue has drained, repetitions and all, and a key frame after that, from a sender
// that is told half: what was lost is asked for again just then. What arrives meanwhile, of what waited and then of
// what is repeated and lost again, tells what the way takes. Clean: it grows, slowly near the rate that last failed,
// and by equal steps there, so that two who share a link end up with equal shares; fast where there is no queue at all.
// It never grows far beyond what is sent, because that would be guessing.
//
// Several senders' sound takes its part of the way too, and carries no such feedback. Where much is lost, so is much of
// the sound: what it is short of is not the video's to keep.
//
// One object per PeerConnection, driven by a timer of 250 ms and by feedback; nothing here is on a packet's path. Not
// synchronised.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/fifo.hpp"
#include "base/time.hpp"

namespace callroom::media {

// Running totals of what was relayed and carries transport-wide sequence numbers.
struct Relayed {
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;
};

enum class Cause : std::uint8_t { kQueue, kLoss, kRoundTrip, kSilence };

const char* to_string(Cause cause);  // "queue", "loss", "round_trip", "silence"

class Estimator {
 public:
  struct Limits {
    double initial_bps = 0;
    double max_bps = 0;  // what everything that could be sent to this receiver comes to
  };
  static constexpr double kFloorBps = 60'000;
  static constexpr MonotonicUs kFeltOverUs = 2'000'000;

  explicit Estimator(Limits limits) : max_bps_(limits.max_bps), capacity_bps_(limits.initial_bps) {}

  // One transport-wide feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01).
  struct Feedback {
    std::uint32_t covered = 0;  // packets whose status it tells
    std::uint32_t missing = 0;  // of them, those that have not arrived
    std::uint32_t skipped = 0;  // packets before those whose feedback was lost
    std::uint32_t late = 0;     // packets that were missing in feedback before, and have arrived after all
    std::uint32_t arrived = 0;  // when the newest arrived: 250 us of the receiver's clock, modulo 2^32; 0: not known
  };
  void feedback(MonotonicUs now, Feedback told, Relayed relayed);

  // A report block's round-trip time; sent_at: when the sender report left that it answers (now - DLSR - rtt).
  void round_trip(MonotonicUs now, MonotonicUs rtt, MonotonicUs sent_at);

  // Every 250 ms. beside_bytes: running total, modulo 2^32, of what was relayed on the same way and carries no such
  // numbers.
  void tick(MonotonicUs now, Relayed relayed, std::uint32_t beside_bytes = 0);

  // Among several: more is sent from now on, to see whether the way takes it. If it does not, it takes what it just
  // did.
  void note_try(MonotonicUs now);

  void set_max(double max_bps) {
    if (!is_limited()) capacity_bps_ = max_bps;
    max_bps_ = max_bps;
  }

  // What the next better picture would take: the estimate may grow so far without anything being sent that shows it,
  // also where nothing is sent at all and no feedback comes. 0: there is none.
  void set_wanted(double bps) { wanted_bps_ = bps; }

  // False: there are several, who send to others too and encode no smaller key frames for this receiver, so that a stop
  // has to last until these are not lost any more. And since a stop takes everybody's picture, and each of them is work
  // for the receiver's machine, one that is busy must not pass for a queue: what is handled late comes at intervals
  // that are not the usual ones, while over a full queue feedback goes on as ever, and tells of less.
  void set_sender_follows(bool follows) { sender_follows_ = follows; }

  // What may be sent now, in bit/s.
  double target_bps() const;
  // … and once what is queued has gone.
  double capacity_bps() const;
  // True where the target is of the network, and not of the room.
  bool is_limited() const { return target_bps() < max_bps_; }
  // … and what was lost, or waited in a queue for long, leaves no doubt. Other delays may be those of a busy machine.
  bool is_proven() const { return proven_; }
  // … and what is sent comes near it: without the limit there would be more.
  bool is_felt(MonotonicUs now) const { return is_limited() && sent(now, kFeltOverUs).bits_per_s > 0.6 * target_bps(); }

  // True, once, where nothing more may be relayed until take_stop_over().
  bool take_stop_due() { return std::exchange(stop_due_, false); }
  bool is_stopped() const { return stopped_until_.has_value(); }
  // During a stop: the receiver has given up what it missed, so that nothing of that is asked for and lost any more;
  // and what told it to came through the queue behind all that was sent before.
  void note_forgotten() { forgotten_ = true; }
  // How long the way will still be full of what was lost since the stop began, and is repeated.
  MonotonicUs repetitions_take() const;
  // True, once, where the way is free again after a stop: the picture begins anew, with a key frame.
  bool take_stop_over(MonotonicUs now);
  // True, once, where many packets were lost without a stop, and that is past: the picture goes on, but may wait for
  // some of them for long.
  bool take_key_frame_due(MonotonicUs now);

  // True, once, where the last cut has been taken back: there was nothing in the way.
  bool take_corrected() { return std::exchange(corrected_, false); }

  std::uint32_t cuts() const { return cuts_; }
  std::optional<Cause> last_cause() const { return last_cause_; }
  double queue_ms() const { return queue_ms_; }
  double usual_loss() const { return usual_loss_; }  // share that the path loses without being congested

 private:
  struct Sample {  // one feedback
    MonotonicUs at;
    std::uint32_t covered;
    std::uint16_t missing, skipped;
  };
  struct Point {  // one tick or feedback
    MonotonicUs at;
    Relayed relayed;
  };
  struct Backlog {  // at one feedback
    MonotonicUs at;
    double packets;        // relayed less covered
    double packets_per_s;  // relayed
  };
  struct Total {
    double packets = 0, bytes = 0;
  };
  struct Rate {
    double packets_per_s = 0, bits_per_s = 0;
  };
  struct Loss {
    double share = 0;
    std::uint32_t packets = 0;
    MonotonicUs span = 0;
  };

  void keep(MonotonicUs now, const Feedback& told);
  void update_lateness(MonotonicUs now, std::uint32_t arrived);
  void settle_round_trip(MonotonicUs now, MonotonicUs later_by);
  void undo_silence(MonotonicUs now, const Feedback& told);
  void give_back(std::uint32_t late);
  void remember(MonotonicUs now, Relayed relayed);
  Total relayed_by(MonotonicUs at) const;
  double empty_packets(MonotonicUs from, MonotonicUs to) const;
  Rate sent(MonotonicUs now, MonotonicUs window) const;
  Rate received(MonotonicUs now, MonotonicUs window) const;
  Loss loss(MonotonicUs now, MonotonicUs at_least, MonotonicUs at_most) const;
  bool is_heavy(const Loss& lost) const;
  void update_queue(MonotonicUs now);
  void update_usual_loss(MonotonicUs now);
  void count_long_queues(MonotonicUs gap);
  bool is_queue_long() const;
  bool is_round_trip_long() const;
  std::optional<Cause> congestion(MonotonicUs now) const;
  bool is_warm(MonotonicUs now) const;
  bool is_clean(MonotonicUs now) const;
  double received_lately() const;  // packets a second, over two feedbacks
  bool has_just_narrowed(MonotonicUs now) const;
  double size_bits(MonotonicUs now) const;  // of a packet
  bool has_resumed(MonotonicUs now) const;  // just now, after a pause
  bool is_idle(MonotonicUs now) const;      // nothing was sent of late, so that no feedback can come
  void cut(MonotonicUs now, Cause cause);
  double arriving(MonotonicUs now, double queue_ms) const;
  void lower(MonotonicUs now, Cause cause, double queue_ms, const Loss& recent);
  bool is_slight(MonotonicUs now, double queue_ms, double share) const;
  bool is_young(double queue_ms) const;
  void drain(double queue_ms, double share, double arrives);
  bool is_flooded(MonotonicUs now) const;
  bool is_way_full(MonotonicUs now) const;
  void learn_from_stop(MonotonicUs now);
  void learn_from_flood(MonotonicUs now, double share);
  void learn_from_queue(MonotonicUs now);
  void fall_to(double arrives_bps);
  void note_beside(MonotonicUs elapsed, std::uint32_t bytes);
  double less_beside(double arrives_bps, double share) const;
  double waiting_share(MonotonicUs now, double queue_ms, double arrives) const;
  bool is_trying(MonotonicUs now) const;
  bool has_try_failed(MonotonicUs now) const;
  void undo_try(double queue_ms, double share);
  void stop(MonotonicUs now, MonotonicUs at_most);
  void correct_doubtful_cut(MonotonicUs now);
  bool tells_of_stopped(MonotonicUs now) const;
  void grow(MonotonicUs now, double seconds);

  double max_bps_;
  double capacity_bps_;
  double wanted_bps_ = 0;
  std::optional<double> draining_bps_;  // lower than the capacity while a queue drains
  double queue_ms_ = 0;
  float queue_peak_ms_ = 0;  // the longest of late, fading
  double usual_loss_ = 0;
  float before_flood_bps_ = 0, flood_bps_ = 0;  // the capacity at the last stop; what arrived of repetitions since
  float size_at_stop_ = 0;                      // bits of a packet
  float before_cut_bps_ = 0;                    // the capacity
  float doubtful_ms_ = 0;                       // the queue that led to the last cut; 0: there is no doubt of it
  float before_silence_bps_ = 0;                // 0: the last cut was for something else
  float beside_bps_ = 0;                        // relayed beside the video, smoothed
  std::uint32_t beside_bytes_ = 0;
  float before_try_bps_ = 0;    // sent, when the last try began; 0: there was none
  std::uint32_t tried_ms_ = 0;  // when that was

  Fifo<Sample> samples_;    // of the last 2 s
  Fifo<Point> points_;      // of the last 2 s
  Fifo<Backlog> backlogs_;  // of the last 5 s
  std::int64_t covered_ = 0;
  std::uint64_t relayed_at_feedback_ = 0;
  MonotonicUs began_at_ = 0, feedback_at_ = 0, ticked_at_ = 0;  // began: with the first feedback
  bool sender_follows_ = true;
  std::uint8_t feedbacks_ = 0;      // counted up to kWarmFeedbacks
  std::uint8_t long_queues_ = 0;    // feedbacks in a row; counted up to kProvenQueues
  std::uint8_t long_trips_ = 0;     // reports in a row, some way apart; counted up to kLongTrips
  std::uint32_t usual_gap_us_ = 0;  // between two feedbacks

  // How much later than at other times feedback comes, by when the packets arrived that it tells of: it waits on the
  // receiver's own way out. From a packet's arrival to its feedback, modulo 2^32, with the clocks' difference in it.
  std::uint32_t shortest_us_ = 0;
  std::int32_t late_us_ = 0;

  std::optional<MonotonicUs> rtt_, rtt_min_;  // rtt_: less what it was late by, once settled
  bool rtt_settled_ = false;
  MonotonicUs rtt_min_at_ = 0;

  std::optional<MonotonicUs> cut_at_;
  MonotonicUs clean_since_ = 0, growing_since_ = 0, usual_loss_at_ = 0;  // 0: not
  MonotonicUs hold_until_ = 0;
  MonotonicUs may_cut_again_at_ = 0;
  std::uint32_t long_trip_ms_ = 0;  // when the last of long_trips_ came; of use for their distance alone
  bool proven_ = false;
  bool broken_ = false;  // much was lost since the last key frame that was due
  bool stop_due_ = false;
  bool corrected_ = false;
  bool forgotten_ = false;                    // since the stop
  std::optional<MonotonicUs> stopped_until_;  // nothing is to be relayed until then
  MonotonicUs resumed_at_ = 0;                // when it last was again; 0: never
  MonotonicUs relayed_at_ = 0;                // when something last had been relayed
  double failed_bps_ = 0;                     // the receive rate at the last cut
  std::optional<Cause> last_cause_;
  std::uint32_t cuts_ = 0;
};

}  // namespace callroom::media
