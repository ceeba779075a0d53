#include "quality/downlink_stream.hpp"

#include <algorithm>

namespace callroom::quality {

void DownlinkStream::on_irregular(std::uint16_t sequence) {
  const std::uint32_t next = next_sequence_.get();
  if (!started_.get()) {
    base_sequence_.set(sequence);
    next_sequence_.set(sequence + 1U);
    started_.set(true);
    return;
  }
  const auto ahead = static_cast<std::int16_t>(sequence - static_cast<std::uint16_t>(next));
  if (ahead > 0) {
    gaps_.add(static_cast<std::uint32_t>(ahead));
    next_sequence_.set(next + static_cast<std::uint32_t>(ahead) + 1);
    mark_gaps(sequence);
  } else if (gaps_.get() > 0) {  // a late one fills a gap: the peer has it after what it has highest now
    gaps_.add(~0U);
    mark_gaps(static_cast<std::uint16_t>(next - 1));
  }
}

void DownlinkStream::mark_gaps(std::uint16_t sequence) {
  if (!owned_marks_) {
    owned_marks_ = std::make_unique<GapMarks>();
    marks_.store(owned_marks_.get(), std::memory_order_release);
  }
  const std::uint8_t at = next_mark_.get();
  (*owned_marks_)[at % owned_marks_->size()].set({sequence, static_cast<std::uint16_t>(gaps_.get())});
  next_mark_.set(static_cast<std::uint8_t>(at + 1));
}

void DownlinkStream::on_frame(PacketEvents events, MonotonicUs now) {
  if (events.new_frame()) frames_.add(1);
  if (!events.key_frame()) return;
  last_key_frame_.set(now);
  if (events.size.known()) size_.set(events.size);
}

std::uint32_t DownlinkStream::relayed() const {
  return next_sequence_.get() - base_sequence_.get() - gaps_.get();
}

bool DownlinkStream::fits(std::uint32_t highest) const {
  if (!started_.get()) return false;
  const std::uint32_t next = next_sequence_.get();
  const std::uint32_t behind = next - 1 - highest;
  return behind < 1U << 15 && behind < next - base_sequence_.get();
}

// Gaps at or before this sequence number: those of the newest mark that is not beyond it.
std::uint32_t DownlinkStream::gaps_at(std::uint32_t highest) const {
  const GapMarks* marks = marks_.load(std::memory_order_acquire);
  if (marks == nullptr) return 0;
  const std::uint32_t total = gaps_.get();
  const std::uint8_t next = next_mark_.get();
  std::uint16_t oldest = 0;
  for (std::size_t age = 1; age <= marks->size(); ++age) {
    const GapMark mark = (*marks)[(next - age) % marks->size()].get();
    if (static_cast<std::int16_t>(static_cast<std::uint16_t>(highest) - mark.sequence) >= 0) {
      // The mark has the low half of a count that may have grown since.
      return total - static_cast<std::uint16_t>(static_cast<std::uint16_t>(total) - mark.gaps);
    }
    oldest = mark.gaps;
  }
  return total - static_cast<std::uint16_t>(static_cast<std::uint16_t>(total) - oldest);
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
  window.relayed = take(taken_.relayed, relayed());
  window.bytes = take(taken_.bytes, bytes_.get());
  window.frames = take(taken_.frames, frames_.get());
  window.size = size_.get();
  window.requests = take(taken_.requests, requests_.get());
  window.reported = take(taken_.reports, reports_.get()) != 0;
  if (window.reported) {
    const std::uint32_t gaps = gaps_reported_.get();
    const std::uint32_t span = highest_.get() - base_sequence_.get() + 1;
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
