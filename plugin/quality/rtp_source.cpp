#include "quality/rtp_source.hpp"

#include <algorithm>

#include "quality/key_frame.hpp"

namespace callroom::quality {
namespace {

// RFC 3550 A.1: further ahead or behind than these, a packet is no gap and no late arrival but perhaps a sender that
// started over, which a second packet in sequence confirms. The RFC's own 3000 is less than 5 s of video.
constexpr int kMaxDropout = 16384;
constexpr int kMaxMisorder = 2048;

std::uint16_t frame_mark(std::uint32_t timestamp) {
  return static_cast<std::uint16_t>(timestamp >> 6);
}

}  // namespace

PacketEvents RtpSource::start(std::span<const std::uint8_t> packet, MonotonicUs now) {
  const std::uint16_t sequence = rtp_sequence(packet.data());
  ssrc_.set(raw_ssrc(packet.data()));
  gate_.set(ssrc_.get());
  if (!started_) {
    base_sequence_.set(sequence);
    next_sequence_.set(sequence);
    first_arrival_.set(now);
    started_ = true;
  } else {
    restart_sequence(sequence);
  }
  restart_candidate_ = 1U << 16;
  next_sequence_.add(1);
  last_frame_us_ = static_cast<std::uint32_t>(now);
  timestamp_ = ~rtp_timestamp(packet.data());
  return on_gap(packet, now);
}

// The first packet after something was missing: where comparing begins anew.
PacketEvents RtpSource::on_gap(std::span<const std::uint8_t> packet, MonotonicUs now) {
  bytes_.add(packet.size());
  last_arrival_.set(now);
  const std::uint32_t timestamp = rtp_timestamp(packet.data());
  if (kind_ == MediaKind::kAudio) {
    transit_ = transit<kAudioKhz>(timestamp, now);
    return {};
  }
  if (timestamp != timestamp_) return on_new_frame(packet, timestamp, now);
  return key_frame_events(packet);
}

PacketEvents RtpSource::resume(std::span<const std::uint8_t> packet, MonotonicUs now) {
  gate_.set(ssrc_.get());
  resumed_at_.set(now);
  const auto clock = [now] { return now; };
  return on_packet(packet, clock);
}

// What was expected so far stays expected; the new number follows on it.
void RtpSource::restart_sequence(std::uint16_t sequence) {
  const std::uint32_t next = next_sequence_.get();
  const std::uint32_t restarted = (next & 0xFFFF0000U) + 0x10000U + sequence;
  base_sequence_.add(restarted - next);
  next_sequence_.set(restarted);
}

PacketEvents RtpSource::on_irregular(std::span<const std::uint8_t> packet, MonotonicUs now) {
  if (!started_) return start(packet, now);
  const std::uint16_t sequence = rtp_sequence(packet.data());
  const std::uint32_t next = next_sequence_.get();
  const auto ahead = static_cast<std::int16_t>(sequence - static_cast<std::uint16_t>(next));
  if (ahead < 0 && ahead >= -kMaxMisorder) return on_late(packet, now);
  if (ahead < 0 || ahead > kMaxDropout) {
    if (restart_candidate_ == sequence) return start(packet, now);
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
  next_sequence_.set(next + missing + 1);
  return on_gap(packet, now);
}

PacketEvents RtpSource::on_late(std::span<const std::uint8_t> packet, MonotonicUs now) {
  if (!owned_gaps_) return {};
  // Nobody retransmits audio. Of video, it takes a round trip to tell the one from the other.
  const std::uint32_t reorder_us = reorder_us_.get();
  const MonotonicUs overtaken_for = kind_ == MediaKind::kAudio ? GapLog::kRepairableUs
                                    : reorder_us == 0          ? GapLog::kUndecided
                                                               : MonotonicUs{reorder_us};
  const GapLog::Filled filled = owned_gaps_->fill(rtp_sequence(packet.data()), now, overtaken_for);
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
  bytes_.add(packet.size());
  last_arrival_.set(now);
  if (kind_ == MediaKind::kAudio) return {};
  const PacketEvents events = key_frame_events(packet);
  const std::uint32_t timestamp = rtp_timestamp(packet.data());
  if (!frame_is_known(timestamp)) {
    remember_frame(timestamp);
    frames_.add(1);
    late_frames_.add(1);
    return events | PacketEvents::new_frame_event();
  }
  return events;
}

PacketEvents RtpSource::on_new_frame(std::span<const std::uint8_t> packet, std::uint32_t timestamp, MonotonicUs now) {
  timestamp_ = timestamp;
  last_arrival_.set(now);
  if (frames_.get() != 0) compare_transit<kVideoKhz>(timestamp, now);
  transit_ = transit<kVideoKhz>(timestamp, now);
  const auto now_us = static_cast<std::uint32_t>(now);
  const std::uint32_t gap_us = now_us - last_frame_us_;
  last_frame_us_ = now_us;
  note_frame_gap(gap_us);
  frames_.add(1);
  remember_frame(timestamp);
  return key_frame_events(packet) | PacketEvents::new_frame_event();
}

// Of H.264 every packet is asked: the parameter sets need not come in the frame's first.
PacketEvents RtpSource::key_frame_events(std::span<const std::uint8_t> packet) {
  const Codec codec = codec_.get();
  const auto payload = rtp_payload(packet);
  if (!payload || !is_key_frame(codec, *payload)) return {};
  const auto size = key_frame_size(codec, *payload);
  if (size) size_.set(*size);
  key_frames_.add(1);
  return PacketEvents::key_frame_event(size.value_or(FrameSize{}));
}

// A frame that comes later than three times the usual, and than 150 ms over it, was a freeze to whoever watched.
void RtpSource::note_frame_gap(std::uint32_t gap_us) {
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

void RtpSource::remember_frame(std::uint32_t timestamp) {
  recent_frames_[next_recent_] = frame_mark(timestamp);
  next_recent_ = static_cast<std::uint8_t>((next_recent_ + 1U) % recent_frames_.size());
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
  totals.expected = next_sequence_.get() - base_sequence_.get();
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
  totals.bytes = bytes_.get();
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
  delta.bytes = take_one(taken_.bytes, total.bytes);
  delta.freezes = take_one(taken_.freezes, total.freezes);
  delta.frozen_us = take_one(taken_.frozen_us, total.frozen_us);
  delta.key_frames = take_one(taken_.key_frames, total.key_frames);
  return delta;
}

}  // namespace callroom::quality
