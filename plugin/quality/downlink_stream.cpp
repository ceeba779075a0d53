#include "quality/downlink_stream.hpp"

#include <algorithm>

namespace callroom::quality {

void DownlinkStream::on_key_frame(PacketEvents events, MonotonicUs now) {
  last_key_frame_.set(now);
  if (events.size.known()) size_.set(events.size);
}

bool DownlinkStream::fits(std::uint32_t highest) const {
  const std::uint32_t newest = relay_.counts().highest_sequence;
  const std::uint32_t behind = newest - highest;
  return behind < 1U << 15 && behind < newest - before_first_;
}

// Numbers that were passed over, less those that came late after all.
std::uint32_t DownlinkStream::gaps_in(const RelayCounts::Counts& counts) const {
  const std::uint32_t span = counts.highest_sequence - before_first_;
  return span - std::min(span, static_cast<std::uint32_t>(counts.packets));
}

// The report is a trip behind the relay: of the gaps since the report before, it has its share.
std::uint32_t DownlinkStream::gaps_at(std::uint32_t highest) {
  const RelayCounts::Counts counts = relay_.counts();
  const std::uint32_t gaps = gaps_in(counts);
  const auto since = static_cast<double>(counts.highest_sequence - seen_highest_);
  const auto behind = static_cast<double>(counts.highest_sequence - highest);
  const double more = static_cast<double>(gaps) - static_cast<double>(seen_gaps_);
  const double unseen = since > 0 && behind < since ? more * behind / since : 0;
  seen_highest_ = counts.highest_sequence;
  seen_gaps_ = gaps;
  return static_cast<std::uint32_t>(std::max(0.0, static_cast<double>(gaps) - unseen + 0.5));
}

void DownlinkStream::on_report_block(const ReportBlock& block, MonotonicUs now) {
  const auto newer = static_cast<std::int32_t>(block.highest - highest_.get());
  if (reports_.get() != 0 && newer < 0) return;  // an old report, overtaken
  ssrc_ = block.ssrc;
  highest_.set(block.highest);
  lost_.set(static_cast<std::uint32_t>(block.lost));
  gaps_reported_.set(gaps_at(block.highest));
  jitter_.set(block.jitter);
  last_report_.set(now);
  reports_.add(1);
}

void DownlinkStream::on_repair_block(const ReportBlock& block) {
  if (repair_ssrc_ == block.ssrc) {
    const auto arrived = static_cast<std::int32_t>(block.highest - repair_highest_) - (block.lost - repair_lost_);
    if (arrived > 0 && arrived < 1 << 16) repaired_.add(static_cast<std::uint32_t>(arrived));
  }
  repair_ssrc_ = block.ssrc;
  repair_highest_ = block.highest;
  repair_lost_ = block.lost;
}

void DownlinkStream::on_request(MonotonicUs now) {
  requests_.add(1);
  const MonotonicUs key_frame = last_key_frame_.get();
  const MonotonicUs open = request_open_.get();
  if (key_frame == 0 || (open != 0 && key_frame <= open)) return;  // nothing to freeze yet, or frozen already
  if (open != 0) {
    freezes_.add(1);
    frozen_ms_.add(static_cast<std::uint32_t>((key_frame - open) / 1000));
  }
  request_open_.set(now);
}

DownlinkWindow DownlinkStream::take_window(MonotonicUs now) {
  const auto take = [](auto& taken, auto total) {
    const auto signed_delta = static_cast<std::int64_t>(total) - static_cast<std::int64_t>(taken);
    if (signed_delta <= 0) return decltype(total){};
    taken = total;
    return static_cast<decltype(total)>(signed_delta);
  };
  DownlinkWindow window;
  window.kind = kind_;
  window.screen_share = screen_share_.get();
  window.duration_us = now - taken_at_;
  taken_at_ = now;
  const RelayCounts::Counts counts = relay_.counts();
  window.relayed = take(taken_.relayed, static_cast<std::uint32_t>(counts.packets));
  window.bytes = take(taken_.bytes, counts.bytes);
  window.frames = take(taken_.frames, frames_.get());
  window.size = size_.get();
  window.requests = take(taken_.requests, requests_.get());
  window.reported = take(taken_.reports, reports_.get()) != 0;
  if (window.reported) {
    const std::uint32_t gaps = gaps_reported_.get();
    const std::uint32_t span = highest_.get() - before_first_;
    const auto lost = static_cast<std::int64_t>(static_cast<std::int32_t>(lost_.get())) - gaps;
    window.expected = take(taken_.expected, span - std::min(span, gaps));
    window.lost =
        std::min(window.expected, take(taken_.lost, static_cast<std::uint32_t>(std::max<std::int64_t>(0, lost))));
    window.repaired = take(taken_.repaired, repaired_.get());
    window.jitter_ms = static_cast<double>(jitter_.get()) / clock_khz(kind_);
  }
  // A freeze that goes on counts by what has passed of it, and its end by the rest.
  std::uint32_t frozen_ms = frozen_ms_.get(), freezes = freezes_.get();
  if (const MonotonicUs open = request_open_.get(); open != 0) {
    const MonotonicUs key_frame = last_key_frame_.get();
    frozen_ms += static_cast<std::uint32_t>(((key_frame > open ? key_frame : now) - open) / 1000);
    ++freezes;
  }
  window.freezes = take(taken_.freezes, freezes);
  window.frozen_us = std::int64_t{take(taken_.frozen_ms, frozen_ms)} * 1000;
  return window;
}

}  // namespace callroom::quality
