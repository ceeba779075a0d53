#include "quality/rtp_source.hpp"

#include <algorithm>

#include "quality/key_frame.hpp"

namespace callroom::quality {
namespace {

// RFC 3550 A.1: further ahead or behind than these, a packet is no gap and no late arrival but perhaps a sender that
// started over, which a second packet in sequence confirms. The RFC's own 3000 is less than 5 s of video.
constexpr int kMaxDropout = 16384;
constexpr int kMaxMisorder = 2048;

}  // namespace

PacketEvents RtpSource::start(std::span<const std::uint8_t> packet, RtpHead head, MonotonicUs now) {
  ssrc_.set(head.ssrc());
  count_before_ = count_.get();
  if (!started()) {
    base_sequence_.set(head.sequence());
    set_next(head.sequence());
    first_arrival_.set(now);
    state_.set(State::kRunning);
  } else {
    restart_sequence(head.sequence());
  }
  restart_candidate_ = 1U << 16;
  set_next(next() + 1);
  last_frame_us_ = static_cast<std::uint32_t>(now);
  timestamp_ = ~head.timestamp();
  return on_gap(packet, head, now);
}

// The first packet after something was missing: where comparing begins anew.
PacketEvents RtpSource::on_gap(std::span<const std::uint8_t> packet, RtpHead head, MonotonicUs now) {
  add_bytes(packet.size());
  last_arrival_.set(now);
  if (kind_ == MediaKind::kAudio) {
    pair_open_ = false;
    on_audio(head, now);
    return {};
  }
  if (head.timestamp() == timestamp_) return key_frame_events(packet);
  if (frames_.get() != 0) compare_transit<kVideoKhz>(head.timestamp(), now);
  return on_new_frame(packet, head, now);
}

// The first packet after a silence that was poked, or one out of order, or both.
PacketEvents RtpSource::on_unusual(std::span<const std::uint8_t> packet, RtpHead head, MonotonicUs now) {
  if (state_.get() == State::kPoked) {
    state_.set(State::kRunning);
    resumed_at_.set(now);
    pair_open_ = false;
    return on_packet(packet, head, now);
  }
  count_before_ = count_.get();
  return on_irregular(packet, head, now);
}

// Another packet of a frame that has begun, after a silence or of H.264: there every packet is asked, since the
// parameter sets need not come in the frame's first.
PacketEvents RtpSource::on_same_frame(std::span<const std::uint8_t> packet, RtpHead head) {
  if (codec_.get() == Codec::kH264) return key_frame_events(packet) | PacketEvents::in_order_event();
  ordinary_from_.set(head.stamp);
  return PacketEvents::in_order_event();
}

// What was expected so far stays expected; the new number follows on it.
void RtpSource::restart_sequence(std::uint16_t sequence) {
  const std::uint32_t restarted = (next() & 0xFFFF0000U) + 0x10000U + sequence;
  base_sequence_.add(restarted - next());
  set_next(restarted);
}

PacketEvents RtpSource::on_irregular(std::span<const std::uint8_t> packet, RtpHead head, MonotonicUs now) {
  const std::uint16_t sequence = head.sequence();
  const std::uint32_t next = this->next();
  const auto ahead = static_cast<std::int16_t>(sequence - static_cast<std::uint16_t>(next));
  if (ahead < 0 && ahead >= -kMaxMisorder) return on_late(packet, head, now);
  if (ahead < 0 || ahead > kMaxDropout) {
    if (restart_candidate_ == sequence) return start(packet, head, now);
    restart_candidate_ = static_cast<std::uint16_t>(sequence + 1);
    return {};
  }
  if (!owned_gaps_) {
    owned_gaps_ = std::make_unique<GapLog>();
    gaps_.store(owned_gaps_.get(), std::memory_order_release);
  }
  const auto missing = static_cast<std::uint32_t>(ahead);
  owned_gaps_->add(static_cast<std::uint16_t>(next), missing, now);
  passed_over_.add(missing);
  bursts_.add(1);
  set_next(next + missing + 1);
  return on_gap(packet, head, now);
}

PacketEvents RtpSource::on_late(std::span<const std::uint8_t> packet, RtpHead head, MonotonicUs now) {
  if (!owned_gaps_) return {};
  // Nobody retransmits audio. Of video, it takes a round trip to tell the one from the other.
  const std::uint32_t reorder_us = reorder_us_.get();
  const MonotonicUs overtaken_for = kind_ == MediaKind::kAudio ? GapLog::kRepairableUs
                                    : reorder_us == 0          ? GapLog::kUndecided
                                                               : MonotonicUs{reorder_us};
  const GapLog::Filled filled = owned_gaps_->fill(head.sequence(), now, overtaken_for);
  switch (filled.how) {
    case GapLog::Late::kOvertaken:
      overtaken_.add(1);
      if (filled.burst_gone) bursts_.add(bursts_.get() > 0 ? ~0U : 0U);
      break;
    case GapLog::Late::kRepaired:
      repaired_.add(1);
      break;
    case GapLog::Late::kNoted:
    case GapLog::Late::kTooLate:
      break;
    case GapLog::Late::kUnknown:
      return {};  // a duplicate, or of before we began
  }
  add_bytes(packet.size());
  last_arrival_.set(now);
  if (kind_ == MediaKind::kAudio) return {};
  const PacketEvents events = key_frame_events(packet);
  if (!frame_is_known(head.timestamp())) {
    remember_frame(head.timestamp());
    frames_.add(1);
    late_frames_.add(1);
    return events | PacketEvents::new_frame_event();
  }
  return events;
}

PacketEvents RtpSource::on_possible_key_frame(std::span<const std::uint8_t> packet, RtpHead head) {
  if (codec_.get() == Codec::kH264) ordinary_from_.set(nothing_of(head.ssrc()));
  return key_frame_events(packet);
}

PacketEvents RtpSource::key_frame_events(std::span<const std::uint8_t> packet) {
  const Codec codec = codec_.get();
  const auto payload = rtp_payload(packet);
  if (!payload || !is_key_frame(codec, *payload)) return {};
  const auto size = key_frame_size(codec, *payload);
  if (size) size_.set(*size);
  key_frames_.add(1);
  return PacketEvents::key_frame_event(size.value_or(FrameSize{}));
}

void RtpSource::note_long_gap(std::uint32_t gap_us) {
  if (gap_us > kPauseUs) return;
  const std::uint32_t mean = mean_frame_us_;
  if (mean != 0 && gap_us > std::max(3 * mean, mean + 150'000U)) {
    freezes_.add(1);
    frozen_ms_.add((gap_us - mean) / 1000U);
    return;
  }
  mean_frame_us_ = mean == 0 ? gap_us : mean + (gap_us >> 5) - (mean >> 5);
}

bool RtpSource::frame_is_known(std::uint32_t timestamp) const {
  return std::find(recent_frames_.begin(), recent_frames_.end(), frame_mark(timestamp)) != recent_frames_.end();
}

// The core asks for a missing packet once, 12 ms after it missed it, and never again: what has not come by a generous
// round trip later was lost on its way again, or the request was. The grace is for networks that reorder.
MonotonicUs RtpSource::given_up_since(MonotonicUs now) const {
  constexpr MonotonicUs kGraceUs = 100'000;
  const GapLog* gaps = gaps_.load(std::memory_order_acquire);
  if (gaps == nullptr) return 0;
  const std::uint32_t reorder_us = reorder_us_.get() != 0 ? reorder_us_.get() : 4 * kLikelyReorderUs;
  return gaps->unfilled_since(now, kGraceUs + 2 * MonotonicUs{reorder_us});
}

RtpTotals RtpSource::totals(MonotonicUs now) const {
  RtpTotals totals;
  const std::uint32_t passed_over = passed_over_.get();
  totals.expected = expected();
  const GapLog* gaps = gaps_.load(std::memory_order_acquire);
  // Until a round trip is known, the usual one of a home stands in: reordering by more is rare.
  const std::uint32_t reorder_us = reorder_us_.get() != 0 ? reorder_us_.get() : kLikelyReorderUs;
  const GapLog::Decided decided = gaps != nullptr ? gaps->undecided(reorder_us) : GapLog::Decided{};
  totals.lost = passed_over - std::min(passed_over, overtaken_.get() + decided.overtaken);
  const std::uint32_t made_good = repaired_.get() + decided.repaired + (gaps != nullptr ? gaps->pending(now) : 0);
  totals.residual = totals.lost - std::min(totals.lost, made_good);
  totals.bursts = bursts_.get();
  totals.frames = frames_.get();
  totals.jittered = jittered_.get();
  totals.jitter_sum = jitter_sum_.get();
  totals.bytes = count_.get() >> 32;
  totals.freezes = freezes_.get();
  totals.frozen_us = std::uint64_t{frozen_ms_.get()} * 1000U;
  totals.key_frames = key_frames_.get();
  return totals;
}

RtpTotals RtpSource::take(MonotonicUs now) {
  // Counters are read one by one while packets arrive, and a loss may turn out to have been none: what would be
  // negative is 0 now and made up for later.
  const auto take_one = [](auto& taken, auto total) {
    const auto delta = total > taken ? total - taken : decltype(total){};
    taken = std::max(taken, total);
    return static_cast<decltype(total)>(delta);
  };
  const RtpTotals total = totals(now);
  RtpTotals delta;
  delta.expected = take_one(taken_.expected, total.expected);
  delta.lost = take_one(taken_.lost, total.lost);
  delta.residual = take_one(taken_.residual, total.residual);
  delta.bursts = take_one(taken_.bursts, total.bursts);
  delta.frames = take_one(taken_.frames, total.frames);
  delta.jittered = take_one(taken_.jittered, total.jittered);
  delta.jitter_sum = take_one(taken_.jitter_sum, total.jitter_sum);
  delta.bytes = static_cast<std::uint32_t>(total.bytes - taken_.bytes);
  taken_.bytes = total.bytes;
  delta.freezes = take_one(taken_.freezes, total.freezes);
  delta.frozen_us = take_one(taken_.frozen_us, total.frozen_us);
  delta.key_frames = take_one(taken_.key_frames, total.key_frames);
  return delta;
}

}  // namespace callroom::quality
