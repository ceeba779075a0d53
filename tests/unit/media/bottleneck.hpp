// A link with a rate, a delay, a queue of limited length and random loss; receivers behind it that send transport-wide
// feedback and reports; and senders that follow their receiver's estimate as Chromium does (within a second) and make
// key frames. What is lost is asked for and repeated, as Janus's core does it: every 200 ms, for a second. The picture
// stands still until nothing that it needs is missing any more, or a key frame has arrived whole.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <random>
#include <set>
#include <vector>

#include "media/estimator.hpp"

namespace callroom::media::test {

struct Link {
  std::function<double(double)> rate_bps;  // by time in s
  double queue_s = 0.5;                    // longest wait in the queue
  MonotonicUs delay = 25'000;              // one way
  double loss = 0;                         // at random, from that time in s
  double loss_from_s = 0;
  // The receivers' own way out, which feedback and reports take: how long they wait on it, and which share is lost.
  std::function<double(double)> back_wait_s = {}, back_loss = {};
};

class Flow {
 public:
  Flow(double sender_max_bps, Estimator::Limits limits) : estimator(limits), max_bps(sender_max_bps) {}

  Estimator estimator;
  const double max_bps;
  double rate_bps = 300'000;  // what it sends now
  std::uint64_t delivered_bytes = 0;
  MonotonicUs longest_standstill = 0;

 private:
  friend class Bottleneck;
  struct Packet {
    std::uint64_t number;
    MonotonicUs made_at;
    bool starts_key_frame, ends_key_frame;
  };
  struct Arrival {
    MonotonicUs at;
    bool lost;
    MonotonicUs sent_at;
    Packet packet;
  };
  struct Repetition {
    MonotonicUs at;
    Packet packet;
  };
  struct KeyFrame {
    std::uint64_t first, last;
  };
  struct Told {  // feedback on its way, or a report
    MonotonicUs at;
    Estimator::Feedback feedback;
    MonotonicUs round_trip, sent_at;  // 0: none
  };
  Relayed relayed;
  double credit = 0;
  bool stopped = false;                // nothing is relayed
  MonotonicUs key_frame_at = 0;        // when the sender will have made the one it was asked for; 0: none
  double key_frame_bytes = 0;          // still to be sent
  bool in_key_frame = false;           // the packet that was made last
  std::uint64_t key_frame_begins = 0;  // the last one of which something arrived
  std::set<std::uint64_t> lost;        // what the picture waits for
  std::deque<KeyFrame> key_frames;     // whose last packet has arrived
  std::deque<Repetition> asked_for;
  MonotonicUs shown_at = 0;
  std::deque<Arrival> under_way;
  std::deque<Told> told;
  std::uint32_t covered = 0, missing = 0, skipped = 0;
  MonotonicUs last_delay = 0, arrived_at = 0;
};

class Bottleneck {
 public:
  Bottleneck(Link link, std::uint32_t seed) : link_(std::move(link)), random_(seed) {}

  // Runs the flows until `seconds`, in steps of 5 ms; each(now) after every 250 ms.
  void run(std::vector<Flow*> flows, double seconds, const std::function<void(double)>& each = {}) {
    const auto end = static_cast<MonotonicUs>(seconds * 1e6);
    for (; now_ < end; now_ += kStep) {
      for (Flow* flow : flows) send(*flow);
      for (Flow* flow : flows) repeat(*flow);
      for (Flow* flow : flows) receive(*flow);
      if (now_ % 50'000 == 0) {
        for (Flow* flow : flows) obey(*flow);
      }
      if (now_ % 250'000 == 0) {
        for (Flow* flow : flows) {
          flow->estimator.tick(now_, flow->relayed);
          follow(*flow);
        }
        if (each) each(static_cast<double>(now_) / 1e6);
      }
    }
  }

 private:
  static constexpr MonotonicUs kStep = 5'000;
  static constexpr double kPacket = 1'100;
  static constexpr double kKeyFrameS = 0.3;       // of what the sender sends
  static constexpr double kPacing = 1.5;          // a key frame is sent at so many times its rate above it
  static constexpr MonotonicUs kAnswer = 60'000;  // from asking for a key frame to its first packet
  static constexpr MonotonicUs kRepeatEvery = 200'000, kRepeatFor = 1'000'000;

  double uniform() { return std::uniform_real_distribution<double>(0, 1)(random_); }

  void send(Flow& flow) {
    flow.credit += flow.rate_bps / 8 * kStep / 1e6 * (0.7 + 0.6 * uniform());
    if (flow.key_frame_at != 0 && now_ >= flow.key_frame_at) {
      flow.key_frame_at = 0;
      flow.key_frame_bytes = std::max(kKeyFrameS * flow.rate_bps / 8, 2 * kPacket);
      flow.stopped = false;
    }
    if (flow.key_frame_bytes > 0) flow.credit += flow.rate_bps / 8 * kStep / 1e6 * kPacing;
    if (flow.stopped) flow.credit = 0;
    while (flow.credit >= kPacket) {
      flow.credit -= kPacket;
      const bool was_in_key_frame = flow.in_key_frame;
      flow.in_key_frame = flow.key_frame_bytes > 0;
      flow.key_frame_bytes -= kPacket;
      ++flow.relayed.packets;
      flow.relayed.bytes += static_cast<std::uint64_t>(kPacket);
      const bool ends = flow.in_key_frame && flow.key_frame_bytes <= 0;
      put(flow, {flow.relayed.packets, now_, flow.in_key_frame && !was_in_key_frame, ends});
    }
  }

  // Into the link.
  void put(Flow& flow, const Flow::Packet& packet) {
    const double rate = link_.rate_bps(static_cast<double>(now_) / 1e6);
    free_at_ = std::max(free_at_, static_cast<double>(now_));
    const bool overflow = free_at_ - static_cast<double>(now_) > link_.queue_s * 1e6;
    if (!overflow) free_at_ += kPacket * 8 / rate * 1e6;
    const bool lost = overflow || (uniform() < link_.loss && static_cast<double>(now_) > link_.loss_from_s * 1e6);
    flow.under_way.push_back({static_cast<MonotonicUs>(free_at_) + link_.delay, lost, now_, packet});
  }

  // What was asked for a while ago, unless a key frame has made it needless.
  void repeat(Flow& flow) {
    std::erase_if(flow.asked_for, [&](const Flow::Repetition& repetition) {
      if (repetition.at > now_) return false;
      const bool needed = flow.lost.contains(repetition.packet.number);
      if (needed && now_ - repetition.packet.made_at < kRepeatFor) put(flow, repetition.packet);
      return true;
    });
  }

  void receive(Flow& flow) {
    while (!flow.under_way.empty() && flow.under_way.front().at <= now_) {
      const Flow::Arrival arrival = flow.under_way.front();
      flow.under_way.pop_front();
      ++flow.covered;
      if (arrival.lost) {
        ++flow.missing;
      } else {
        flow.delivered_bytes += static_cast<std::uint64_t>(kPacket);
        flow.arrived_at = arrival.at;
      }
      take(flow, arrival);
      flow.last_delay = arrival.at - arrival.sent_at;
    }
    if (now_ % 70'000 == 0 && flow.covered > 0) tell(flow);
    if (now_ % 1'000'000 == 0 && flow.last_delay > 0) {
      const MonotonicUs rtt = flow.last_delay + link_.delay + back_wait();
      put_back(flow, {0, {}, rtt, now_ - rtt - 100'000});
    }
    while (!flow.told.empty() && flow.told.front().at <= now_) {
      const Flow::Told told = flow.told.front();
      flow.told.pop_front();
      if (told.round_trip != 0) {
        flow.estimator.round_trip(now_, told.round_trip, told.sent_at);
      } else {
        flow.estimator.feedback(now_, told.feedback, flow.relayed);
      }
    }
  }

  // By a clock that began at some other time, and goes wrong by 100 ppm.
  static std::uint32_t receivers_clock(MonotonicUs at) {
    return at == 0 ? 0 : 4'000'000'000U + static_cast<std::uint32_t>((at + at / 10'000) / 250);
  }

  MonotonicUs back_wait() const {
    return link_.back_wait_s ? static_cast<MonotonicUs>(link_.back_wait_s(static_cast<double>(now_) / 1e6) * 1e6) : 0;
  }

  void tell(Flow& flow) {
    const Estimator::Feedback feedback{flow.covered, flow.missing, flow.skipped, 0, receivers_clock(flow.arrived_at)};
    const double lost = link_.back_loss ? link_.back_loss(static_cast<double>(now_) / 1e6) : 0;
    if (lost > 0 && uniform() < lost) {
      flow.skipped += flow.covered;
    } else {
      put_back(flow, {0, feedback, 0, 0});
      flow.skipped = 0;
    }
    flow.covered = flow.missing = 0;
  }

  void put_back(Flow& flow, Flow::Told told) {
    told.at = now_ + back_wait();
    if (!flow.told.empty()) told.at = std::max(told.at, flow.told.back().at);
    flow.told.push_back(told);
  }

  void take(Flow& flow, const Flow::Arrival& arrival) {
    const Flow::Packet& packet = arrival.packet;
    const bool is_repetition = arrival.sent_at != packet.made_at;
    if (packet.starts_key_frame && !is_repetition) flow.key_frame_begins = packet.number;
    if (packet.ends_key_frame && !is_repetition) flow.key_frames.push_back({flow.key_frame_begins, packet.number});
    if (arrival.lost) {
      const MonotonicUs again = now_ + link_.delay;
      flow.lost.insert(packet.number);
      flow.asked_for.push_back({is_repetition ? std::max(again, arrival.sent_at + kRepeatEvery) : again, packet});
      return;
    }
    flow.lost.erase(packet.number);
    const auto is_whole = [&](const Flow::KeyFrame& key_frame) {
      const auto missing = flow.lost.lower_bound(key_frame.first);
      return missing == flow.lost.end() || *missing > key_frame.last;
    };
    while (std::ranges::any_of(flow.key_frames, is_whole)) {
      flow.lost.erase(flow.lost.begin(), flow.lost.lower_bound(flow.key_frames.front().first));
      flow.key_frames.pop_front();
    }
    if (!flow.lost.empty()) return;
    if (flow.shown_at != 0) flow.longest_standstill = std::max(flow.longest_standstill, arrival.at - flow.shown_at);
    flow.shown_at = arrival.at;
  }

  void obey(Flow& flow) {
    if (flow.estimator.take_stop_due()) flow.stopped = true;
    const bool begins = flow.estimator.take_stop_over(now_);
    if (begins || flow.estimator.take_key_frame_due(now_)) flow.key_frame_at = now_ + kAnswer;
  }

  static void follow(Flow& flow) {
    const double target = std::min(flow.estimator.target_bps(), flow.max_bps);
    flow.rate_bps += (target - flow.rate_bps) * (target < flow.rate_bps ? 0.8 : 0.25);
  }

  Link link_;
  std::mt19937 random_;
  MonotonicUs now_ = kStep;
  double free_at_ = 0;
};

}  // namespace callroom::media::test
