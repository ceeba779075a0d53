#include "quality/downlink_stream.hpp"

#include <algorithm>
#include <utility>

namespace callroom::quality {

void DownlinkStream::on_source(FrameSize size, std::uint32_t whose) {
  size_.set(size);
  another_source_ = another_source_ || (whose_ != 0 && whose != whose_);
  whose_ = whose;
}

void DownlinkStream::on_frame(PacketEvents events, MonotonicUs now) {
  if (now - last_frame_.get() > kQuietUs) on_resumed(now);
  if (events.new_frame()) frames_.add(1);
  last_frame_.set(now);
  if (events.key_frame()) on_key_frame(events, now);
}

void DownlinkStream::on_resumed(MonotonicUs now) {
  resumed_at_.set(now);
  if (now - last_frame_.get() <= kPauseUs) return;
  pause_began_.set(last_frame_.get());
  pause_ended_.set(now);
}

void DownlinkStream::on_key_frame(PacketEvents events, MonotonicUs now) {
  last_key_frame_.set(now);
  const MonotonicUs open = request_open_.get();
  if (open != 0 && answered_at_.get() <= open) answered_at_.set(now);
  if (events.size().known()) size_.set(events.size());
}

// The report is a trip behind the relay: of the gaps since the report before, it has its share.
std::uint32_t DownlinkStream::gaps_at(std::uint32_t highest, const RelayCount::Progress& relayed) const {
  const std::uint32_t gaps = gaps_in(relayed);
  const std::uint32_t since = relayed.highest_sequence - seen_highest_;
  const std::uint32_t behind = relayed.highest_sequence - highest;
  if (behind >= since) return gaps;
  const auto more = static_cast<std::int64_t>(gaps) - seen_gaps_;
  return static_cast<std::uint32_t>(std::max<std::int64_t>(0, gaps - more * behind / since));
}

void DownlinkStream::on_jump(std::uint32_t numbers) {
  // In this order: a report that comes between takes too few numbers for expected, which the next one mends, and not
  // numbers that nobody sent.
  jumped_.add(numbers);
  jump_ends_.set(relay_.progress().highest_sequence + numbers);
  last_jump_.set(numbers);
}

// A report may still be about what was relayed before the last one.
std::uint32_t DownlinkStream::jumps_before(std::uint32_t highest) const {
  const bool reaches_last = static_cast<std::int32_t>(highest - jump_ends_.get()) >= 0;
  return jumped_.get() - (reaches_last ? 0 : last_jump_.get());
}

void DownlinkStream::on_repair_block(const ReportBlock& block) {
  if (repair_ssrc_ == block.ssrc) {
    const auto newer = static_cast<std::int32_t>(block.highest - repair_highest_);
    const auto arrived = std::int64_t{newer} - (std::int64_t{block.lost} - repair_lost_);
    if (arrived > 0 && arrived < 1 << 16) repaired_.add(static_cast<std::uint32_t>(arrived));
  }
  repair_ssrc_ = block.ssrc;
  repair_highest_ = block.highest;
  repair_lost_ = block.lost;
}

void DownlinkStream::on_request(MonotonicUs now) {
  requests_.add(1);
  const MonotonicUs open = request_open_.get(), answered = answered_at_.get();
  if (last_key_frame_.get() == 0 || (open != 0 && answered <= open))
    return;  // nothing to freeze yet, or frozen already
  const std::uint32_t ended_ms = open != 0 ? frozen_ms(open, answered) : 0;
  if (ended_ms != 0) {
    freezes_.add(1);
    frozen_ms_.add(ended_ms);
  }
  request_open_.set(now - last_frame_.get() > kPauseUs ? 0 : now);  // receivers ask also where the camera is off
}

// From a request to the key frame, less the time in which nothing was sent at all.
std::uint32_t DownlinkStream::frozen_ms(MonotonicUs open, MonotonicUs end) const {
  const MonotonicUs paused = std::min(end, pause_ended_.get()) - std::max(open, pause_began_.get());
  const MonotonicUs frozen = end - open - std::max<MonotonicUs>(0, paused);
  return frozen > 0 ? static_cast<std::uint32_t>(frozen / 1000) : 0;
}

namespace {

// What was added since the last time; where a total shrank, nothing until it has made up for that.
template <typename T>
T take(T& taken, T total) {
  if (total <= taken) return 0;
  return total - std::exchange(taken, total);
}

std::uint16_t clipped(std::uint32_t count) {
  return static_cast<std::uint16_t>(std::min<std::uint32_t>(count, 0xFFFF));
}

double percent(std::uint32_t part, std::uint32_t whole) {
  return whole == 0 ? 0.0 : 100.0 * part / whole;
}

}  // namespace

DownlinkWindow DownlinkStream::take_window(MonotonicUs now, std::uint16_t asked_height) {
  DownlinkWindow window;
  window.kind = kind_;
  window.screen_share = screen_share_.get();
  window.duration_us = now - taken_at_;
  const bool begins = taken_.packets == 0 && taken_.bytes == 0;
  const RelayCount::Progress relayed = relay_.progress();
  window.relayed = relayed.packets() - taken_.packets;
  taken_.packets = relayed.packets();
  window.bytes = relayed.bytes() - taken_.bytes;
  taken_.bytes = relayed.bytes();
  if (begins && window.relayed != 0)
    window.duration_us = std::min(window.duration_us, since_first(window.relayed, now));
  window.frames = take(taken_.frames, frames_.get());
  window.size = size_.get();
  take_heights(window, asked_height);
  window.requests = take(taken_.requests, requests_.get());
  take_reports(window);
  take_freezes(window, now);
  if (kind_ == MediaKind::kVideo) note_quiet(window, now);
  taken_at_ = now;
  return window;
}

void DownlinkStream::take_heights(DownlinkWindow& window, std::uint16_t asked_height) {
  const bool another = std::exchange(another_source_, false);
  if (another) best_height_ = 0;
  best_height_ = std::max(best_height_, window.size.height);
  // The larger picture takes its time to come, and the smaller one too.
  const std::uint16_t asked_before = another ? asked_height : asked_height_;
  asked_height_ = asked_height;
  window.best_height = std::min({best_height_, asked_height, asked_before});
  window.begins_anew = another || asked_height != asked_before;
}

// How long something has been relayed: from the first frame, or for audio by packets of the usual 20 ms.
std::int64_t DownlinkStream::since_first(std::uint32_t relayed, MonotonicUs now) const {
  if (kind_ == MediaKind::kAudio) return std::int64_t{relayed} * 20'000;
  // What began counts as a pause that began with nothing before it; a gap between frames is none.
  return pause_began_.get() == 0 && pause_ended_.get() != 0 ? now - pause_ended_.get() : now - taken_at_;
}

void DownlinkStream::take_reports(DownlinkWindow& window) {
  window.reported = take(taken_.reports, reports_.get()) != 0;
  unreported_us_ = window.reported || window.relayed == 0 ? 0 : unreported_us_ + window.duration_us;
  window.unreported_us = unreported_us_;
  if (window.reported) {
    const std::uint32_t gaps = gaps_reported_.get();
    const std::uint32_t span = highest_.get() - before_first_;
    const auto lost = static_cast<std::int64_t>(static_cast<std::int32_t>(lost_.get())) - gaps;
    window.expected = take(taken_.expected, span - std::min(span, gaps + jumps_reported_.get()));
    window.lost =
        std::min(window.expected, take(taken_.lost, static_cast<std::uint32_t>(std::max<std::int64_t>(0, lost))));
  }
  recent_[next_recent_] = {clipped(window.expected), clipped(window.lost)};
  next_recent_ = static_cast<std::uint8_t>((next_recent_ + 1U) % recent_.size());

  // Retransmissions are reported a round trip after the loss: what the window before lost has had its time by now.
  const std::uint32_t repaired = take(taken_.repaired, repaired_.get());
  const std::uint32_t repaired_before = std::min(pending_repair_, repaired);
  const std::uint32_t residual = pending_repair_ - repaired_before;
  const std::uint32_t residual_of = pending_of_;
  pending_repair_ = window.lost - std::min(window.lost, repaired - repaired_before);
  pending_of_ = window.expected;

  // A pause ends in packets whose timing is the pause's, and a receiver's report knows nothing of that.
  if (window.relayed == 0 && taken_.packets != 0) settles_for_ = kSettlingWindows;
  if (window.reported && window.expected > 0) {
    held_for_ = 0;
    held_loss_pct_ = static_cast<float>(percent(window.lost, window.expected));
    if (settles_for_ == 0) held_jitter_ms_ = static_cast<float>(jitter_.get()) / static_cast<float>(clock_khz(kind_));
  } else if (held_for_ < 255) {
    ++held_for_;
  }
  if (window.relayed != 0 && settles_for_ != 0) --settles_for_;
  held_residual_pct_ = static_cast<float>(percent(residual, residual_of));
  if (held_for_ > model::kKeepSamples) return;
  window.jitter_ms = held_jitter_ms_;
  window.loss_pct = held_loss_pct_;
  window.residual_loss_pct = held_residual_pct_;
  if (kind_ == MediaKind::kVideo) return;
  std::uint32_t expected = 0, lost = 0;
  for (const Recent& recent : recent_) {
    expected += recent.expected;
    lost += recent.lost;
  }
  window.loss_pct = window.residual_loss_pct = percent(lost, expected);
}

// A freeze that goes on counts by what has passed of it, and its end by the rest.
void DownlinkStream::take_freezes(DownlinkWindow& window, MonotonicUs now) {
  std::uint32_t all_ms = frozen_ms_.get(), freezes = freezes_.get();
  if (const MonotonicUs open = request_open_.get(); open != 0) {
    const MonotonicUs answered = answered_at_.get(), last = last_frame_.get();
    const MonotonicUs end = answered > open ? answered : now - last > kPauseUs ? last : now;
    const std::uint32_t open_ms = frozen_ms(open, end);
    all_ms += open_ms;
    if (open_ms != 0) ++freezes;
  }
  window.freezes = take(taken_.freezes, freezes);
  window.frozen_us = std::int64_t{take(taken_.frozen_ms, all_ms)} * 1000;
}

void DownlinkStream::note_quiet(DownlinkWindow& window, MonotonicUs now) {
  const MonotonicUs last = last_frame_.get();
  const MonotonicUs began = now - window.duration_us;
  if (last == 0) {
    window.quiet_us = window.duration_us;
    return;
  }
  if (quiet_from_ != 0 && last > quiet_from_) {
    const MonotonicUs resumed = resumed_at_.get() > quiet_from_ ? resumed_at_.get() : last;
    window.quiet_us += std::max<std::int64_t>(0, resumed - std::max(began, quiet_from_));
    quiet_from_ = 0;
  }
  if (now - last > kQuietUs) {
    quiet_from_ = last;
    window.quiet_us += now - std::max(last, began);
  }
  window.quiet_us = std::min(window.quiet_us, window.duration_us);
}

}  // namespace callroom::quality
