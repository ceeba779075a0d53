#include "quality/peer_rtcp.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace callroom::quality {
namespace {

// What the handlers of both directions leave alone, unless they say otherwise.
struct QuietHandler {
  void on_sender_report(const SenderReport&) {}
  void on_report_block(unsigned, const ReportBlock&) {}
  void on_picture_loss() {}
  void on_full_intra() {}
  void on_remb(std::uint32_t) {}
  bool on_transport_feedback(const TransportFeedback&) { return true; }
  void on_bye() {}
};

struct UplinkHandler : QuietHandler {
  UplinkStream* stream;
  RtcpDigest digest;

  explicit UplinkHandler(UplinkStream* target) : stream(target) {}
  void on_sender_report(const SenderReport& report) {
    if (stream != nullptr) stream->on_sender_report(report.ssrc, report.packets);
  }
  void on_bye() { digest.bye = true; }
};

}  // namespace

struct DownlinkHandler : QuietHandler {
  DownlinkRtcp& rtcp;
  DownlinkStream* stream;
  std::span<DownlinkStream* const> streams;
  MonotonicUs now;
  WallClock wall;
  RtcpDigest& digest;
  DownlinkStream* first_of_packet = nullptr;

  DownlinkHandler(DownlinkRtcp& owner, DownlinkStream* target, std::span<DownlinkStream* const> all, MonotonicUs at,
                  WallClock wall_at, RtcpDigest& told)
      : rtcp(owner), stream(target), streams(all), now(at), wall(wall_at), digest(told) {}

  DownlinkStream* with_ssrc(std::uint32_t ssrc) const {
    for (DownlinkStream* candidate : streams) {
      if (candidate != nullptr && candidate->ssrc() == ssrc) return candidate;
    }
    return nullptr;
  }

  // The core writes the SSRC it sends with into the first block alone. A further block is another m-line's where it has
  // that one's SSRC, else it is that of the RTX stream beside the first.
  [[gnu::always_inline]] inline void on_report_block(unsigned index, const ReportBlock& block) {
    if (index != 0) [[unlikely]]
      return on_further_block(block);
    first_of_packet = DownlinkRtcp::on_first_block(block, stream, streams, now);
    if (first_of_packet == stream && stream != nullptr && stream->repeated_from() == 0 && block.last_sr != 0)
        [[unlikely]] {
      if (stream->may_begin_to_repeat() || rtcp.wants_round_trip(block, now)) note_round_trip_of_core(block);
    }
    note(first_of_packet != nullptr, block);
  }

  // Until the core has a round trip of an m-line, in whole ms and not 0, it keeps none of its packets to send them
  // again. It has read its clock a little before.
  [[gnu::noinline]] void note_round_trip_of_core(const ReportBlock& block) {
    constexpr double kLeastOfCoreMs = 1.25;
    const auto rtt_ms = round_trip_ms(compact_ntp(wall()), block.last_sr, block.delay_since_last_sr);
    stream->note_round_trip(rtt_ms && *rtt_ms >= kLeastOfCoreMs, now);
  }

  [[gnu::noinline]] void on_further_block(const ReportBlock& block) {
    DownlinkStream* target = with_ssrc(block.ssrc);
    if (target == nullptr && first_of_packet != nullptr) return first_of_packet->on_repair_block(block);
    note(target != nullptr && target->on_report_block(block, now), block);
  }

  void note(bool attributed, const ReportBlock& block) {
    if (!attributed) return rtcp.unattributed_.add(1);
    if (rtcp.wants_round_trip(block, now)) [[unlikely]]
      rtcp.on_round_trip(block, now, wall, digest);
  }

  void on_picture_loss() {
    digest.picture_loss = true;
    if (stream != nullptr) stream->on_request(now);
  }
  void on_full_intra() {
    digest.full_intra = true;
    if (stream != nullptr) stream->on_request(now);
  }
  void on_remb(std::uint32_t bits_per_second) {
    digest.remb_bps = bits_per_second;
    rtcp.remb_.set(bits_per_second);
  }
  bool on_transport_feedback(const TransportFeedback& feedback) { return rtcp.on_feedback(feedback, digest); }
  void on_bye() { digest.bye = true; }
};

RtcpDigest UplinkRtcp::on_rtcp(std::span<const std::uint8_t> compound, UplinkStream* stream, MonotonicUs now) {
  silence_.heard(now);
  UplinkHandler handler(stream);
  if (!read_compound(compound, handler)) [[unlikely]] {
    handler.digest.malformed = true;
    malformed_.add(1);
  }
  return handler.digest;
}

RtcpDigest DownlinkRtcp::on_rtcp(std::span<const std::uint8_t> compound, DownlinkStream* stream,
                                 std::span<DownlinkStream* const> streams, MonotonicUs now, WallClock wall) {
  silence_.heard(now);
  RtcpDigest digest;
  DownlinkHandler handler(*this, stream, streams, now, wall, digest);
  if (!read_compound(compound, handler)) [[unlikely]] {
    digest.malformed = true;
    malformed_.add(1);
  }
  return digest;
}

void DownlinkRtcp::on_round_trip(const ReportBlock& block, MonotonicUs now, WallClock wall, RtcpDigest& digest) {
  last_round_trip_ = now;
  const auto rtt_ms = round_trip_ms(compact_ntp(wall()), block.last_sr, block.delay_since_last_sr);
  if (!rtt_ms) return;
  const auto rtt_us = static_cast<MonotonicUs>(*rtt_ms * 1000);
  digest.round_trip = {rtt_us, rtt_us + static_cast<MonotonicUs>(block.delay_since_last_sr) * 1'000'000 / 65536};
  const std::uint32_t count = round_trips_.get();
  round_trip_quarter_ms_[count % RoundTrips::kMost].set(static_cast<std::uint16_t>(std::lround(*rtt_ms * 4)));
  round_trips_.set(count + 1);
}

RoundTrips DownlinkRtcp::take_round_trips() {
  const std::uint32_t count = round_trips_.get();
  const auto fresh = std::min<std::uint32_t>(count - taken_round_trips_, RoundTrips::kMost);
  taken_round_trips_ = count;
  RoundTrips trips;
  for (std::uint32_t i = 1; i <= fresh; ++i)
    trips.add(round_trip_quarter_ms_[(count - i) % RoundTrips::kMost].get() / 4.0);
  return trips;
}

std::optional<double> RoundTrips::mean() const {
  if (count_ == 0) return std::nullopt;
  return std::accumulate(ms_.begin(), ms_.begin() + static_cast<std::ptrdiff_t>(count_), 0.0) /
         static_cast<double>(count_);
}

std::optional<double> RoundTrips::median() const {
  if (count_ == 0) return std::nullopt;
  auto sorted = ms_;
  std::sort(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(count_));
  return (sorted[count_ / 2] + sorted[(count_ - 1) / 2]) / 2;
}

// Feedback overlaps where packets arrive late: each is told of as lost first, and as arrived by a later message.
bool DownlinkRtcp::on_feedback(const TransportFeedback& feedback, RtcpDigest& digest) {
  if (!feedback_seen_) {
    next_status_ = feedback.base;
    feedback_seen_ = true;
  }
  std::int32_t covered = 0, missing = 0, late = 0, bursts = 0;
  const auto deltas_at = for_each_arrival(feedback, [&](std::uint32_t offset, Arrival arrival) {
    const bool received = arrival != Arrival::kNone;
    const auto number = static_cast<std::uint16_t>(feedback.base + offset);
    const auto ahead = static_cast<std::int16_t>(number - next_status_);
    if (ahead >= 0) {
      digest.twcc_skipped += static_cast<std::uint32_t>(ahead);
      // Statuses between two messages that were themselves lost on the way tell nothing: they are not covered.
      for (std::int16_t i = 0; i < ahead && i < static_cast<std::int16_t>(kRecent); ++i) {
        arrived_.set(static_cast<std::uint16_t>(next_status_ + i) % kRecent);
      }
      next_status_ = static_cast<std::uint16_t>(number + 1);
      arrived_.set(number % kRecent, received);
      ++covered;
      if (!received) {
        ++missing;
        if (!last_status_lost_) ++bursts;
      }
      last_status_lost_ = !received;
    } else if (received && ahead >= -static_cast<std::int32_t>(kRecent) && !arrived_.test(number % kRecent)) {
      arrived_.set(number % kRecent);
      ++late;
    }
  });
  covered_.add(static_cast<std::uint32_t>(covered));
  missing_.add(static_cast<std::uint32_t>(missing - late));
  bursts_.add(static_cast<std::uint32_t>(bursts));
  digest.twcc_covered += static_cast<std::uint32_t>(covered);
  digest.twcc_lost += static_cast<std::uint32_t>(missing);
  digest.twcc_late += static_cast<std::uint32_t>(late);
  if (deltas_at) digest.twcc_arrived = last_arrival(feedback, *deltas_at);
  return deltas_at.has_value();
}

DownlinkRtcp::Feedback DownlinkRtcp::take_feedback() {
  const auto take = [](std::uint32_t& taken, std::uint32_t total) {
    const auto delta = static_cast<std::int32_t>(total - taken);
    if (delta <= 0) return 0U;
    taken = total;
    return static_cast<std::uint32_t>(delta);
  };
  Feedback delta;
  delta.covered = take(taken_feedback_.covered, covered_.get());
  delta.lost = std::min(delta.covered, take(taken_feedback_.lost, missing_.get()));
  delta.bursts = take(taken_feedback_.bursts, bursts_.get());
  return delta;
}

std::optional<std::uint32_t> DownlinkRtcp::remb_bps() const {
  const std::uint32_t remb = remb_.get();
  return remb != 0 ? std::optional(remb) : std::nullopt;
}

std::uint32_t compact_ntp(WallTime wall) {
  constexpr std::uint64_t kUnixToNtpSeconds = 2'208'988'800;
  const auto us = static_cast<std::uint64_t>(wall.time_since_epoch().count());
  const std::uint64_t seconds = us / 1'000'000 + kUnixToNtpSeconds;
  const std::uint64_t fraction = us % 1'000'000 * 65536 / 1'000'000;
  return static_cast<std::uint32_t>(seconds << 16 | fraction);
}

std::optional<double> round_trip_ms(std::uint32_t now, std::uint32_t last_sr, std::uint32_t delay_since_last_sr) {
  if (last_sr == 0) return std::nullopt;
  const auto units = static_cast<std::int32_t>(now - last_sr - delay_since_last_sr);
  constexpr std::int32_t kMostUnits = 10 * 65536;
  if (units < 0 || units > kMostUnits) return std::nullopt;
  return units * (1000.0 / 65536.0);
}

}  // namespace callroom::quality
