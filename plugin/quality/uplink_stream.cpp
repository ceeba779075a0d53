#include "quality/uplink_stream.hpp"

#include <algorithm>

namespace callroom::quality {

UplinkStream::~UplinkStream() {
  for (auto& layer : layers_) delete layer.load(std::memory_order_acquire);
}

PacketEvents UplinkStream::on_other_source(std::span<const std::uint8_t> packet, RtpHead head, MonotonicUs now) {
  if (!first_.started() || !simulcast_.get()) return first_.start(packet, head, now);
  first_.pass_by();
  return on_layer(packet, head, now).out_of_order();
}

PacketEvents UplinkStream::on_layer(std::span<const std::uint8_t> packet, RtpHead head, MonotonicUs now) {
  for (auto& slot : layers_) {
    RtpSource* layer = slot.load(std::memory_order_relaxed);
    if (layer == nullptr) {
      layer = new RtpSource(kind_, codec_.get());
      slot.store(layer, std::memory_order_release);
      return layer->start(packet, head, now);
    }
    if (!layer->owns(head)) continue;
    std::uint64_t count = 0;
    return layer->take_ordinary(head, packet.size(), count) ? PacketEvents{} : layer->on_packet(packet, head, now);
  }
  return {};  // a fourth SSRC is none of ours
}

void UplinkStream::on_sender_report(std::uint32_t ssrc, std::uint32_t packet_count) {
  const std::uint32_t expected = first_.expected();
  const std::uint32_t growth = packet_count - last_reported_;
  const bool same = ssrc == last_report_ssrc_ && growth < 1U << 24;
  if (same) reported_.add(growth);
  // Packets that the peer counts and the sequence numbers do not show. While packets arrive, their numbers tell what is
  // missing; and the peer's count, which has retransmissions in it, runs ahead of them.
  const bool arriving = expected != expected_at_report_;
  expected_at_report_ = expected;
  if (!same || arriving) report_base_ = packet_count - expected;
  unseen_.set(packet_count - expected - report_base_);
  reports_.add(1);
  last_reported_ = packet_count;
  last_report_ssrc_ = ssrc;
}

void UplinkStream::set_codec(Codec codec) {
  codec_.set(codec);
  first_.set_codec(codec);
  for (auto& slot : layers_) {
    if (RtpSource* layer = slot.load(std::memory_order_acquire)) layer->set_codec(codec);
  }
}

// The core asks for a missing packet 12 ms after it missed it at the earliest, so what comes before that and a round
// trip was merely overtaken.
void UplinkStream::set_round_trip(std::uint32_t rtt_us) {
  const std::uint32_t reorder_us = 12'000U + std::min(rtt_us, 500'000U) * 3 / 4;
  first_.set_reorder_us(reorder_us);
  for (auto& slot : layers_) {
    if (RtpSource* layer = slot.load(std::memory_order_acquire)) layer->set_reorder_us(reorder_us);
  }
}

UplinkWindow UplinkStream::take_window(MonotonicUs now) {
  UplinkWindow window;
  window.kind = kind_;
  window.muted = muted_.get();
  window.screen_share = screen_share_.get();
  // Media begins with the first packet, not with the negotiation.
  window.duration_us = now - std::max(taken_at_, first_.first_arrival());

  std::uint64_t jitter_sum = 0;
  std::uint32_t jittered = 0;
  bool flows = false;
  const auto add = [&](RtpSource& source) {
    const RtpTotals delta = source.take(now);
    window.expected += delta.expected;
    window.lost += delta.lost;
    window.residual += delta.residual;
    window.bursts += delta.bursts;
    window.bytes += delta.bytes;
    jitter_sum += delta.jitter_sum;
    jittered += delta.jittered;
    if (delta.expected == 0) return;
    // The picture is the largest layer's that flows, and moves as the liveliest does: a browser that stops a layer for
    // a while shows less, and nothing stands still.
    if (!window.size.known() || source.size().height > window.size.height) window.size = source.size();
    if (flows && delta.frames <= window.frames) return;
    flows = true;
    window.frames = delta.frames;
    window.freezes = delta.freezes;
    window.frozen_us = static_cast<std::int64_t>(delta.frozen_us);
  };
  add(first_);
  for (auto& slot : layers_) {
    if (RtpSource* layer = slot.load(std::memory_order_acquire)) add(*layer);
  }
  if (jittered != 0) {
    const double unit_per_ms = 1000.0 * clock_khz(kind_);
    window.jitter_ms = static_cast<double>(jitter_sum) / jittered / unit_per_ms;
  }
  window.reports_seen = reports_.get() != 0;
  window.packets_reported = reported_.get() - taken_reported_;
  taken_reported_ = reported_.get();
  window.best_height = best_height_ = std::max(best_height_, window.size.height);
  note_loss_by_reports(window);
  note_silence(now, window);
  taken_at_ = now;
  return window;
}

// Where the peer's own count grows and nothing arrives, that is loss; when something arrives again, the gap in the
// sequence numbers shows the same packets once more.
void UplinkStream::note_loss_by_reports(UplinkWindow& window) {
  if (window.expected == 0) {
    const std::uint32_t unseen = unseen_.get();
    if (unseen <= credited_) return;
    window.expected = window.lost = window.residual = unseen - credited_;
    window.bursts = 1;
    credited_ = unseen;
    return;
  }
  const std::uint32_t known = std::min({credited_, window.lost, window.residual});
  window.expected -= known;
  window.lost -= known;
  window.residual -= known;
  credited_ = 0;
}

// Silence is not timed per packet: a source that has been silent at a sample is poked, and its next packet says when it
// came.
void UplinkStream::note_silence(MonotonicUs now, UplinkWindow& window) {
  MonotonicUs last = 0, resumed = 0;
  const auto look = [&](RtpSource& source) {
    last = std::max(last, source.last_arrival());
    if (source.resumed_at() > silent_from_)
      resumed = resumed == 0 ? source.resumed_at() : std::min(resumed, source.resumed_at());
    if (source.last_arrival() != 0 && now - source.last_arrival() > kSilenceUs) source.poke();
  };
  look(first_);
  for (auto& slot : layers_) {
    if (RtpSource* layer = slot.load(std::memory_order_acquire)) look(*layer);
  }
  window.last_arrival = last;
  if (last == 0) {
    window.quiet_us = window.duration_us;
    return;
  }
  const MonotonicUs began = now - window.duration_us;
  if (silent_from_ != 0 && last > silent_from_) {  // it ended in this window
    window.silent_from = silent_from_;
    window.silent_until = resumed > silent_from_ ? resumed : last;
    window.quiet_us += std::max<std::int64_t>(0, window.silent_until - std::max(began, silent_from_));
    silent_from_ = 0;
  }
  if (now - last > kSilenceUs) {
    silent_from_ = last;
    window.quiet_us += now - std::max(last, began);
    if (window.silent_from == 0) window.silent_from = last;  // and goes on
  }
}

}  // namespace callroom::quality
