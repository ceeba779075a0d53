// One m-line of a receiving PeerConnection: what was relayed on it, and what the peer reports of it.
//
// Threads: on_…frame() on the loop thread of the source; on_report_block(), on_repair_block() and on_request() on the
// loop thread of the receiving handle; set_screen_share() anywhere; on_source() and take_window() by turns, as on the
// sampling thread. Nothing blocks anything.
//
// A packet that is relayed costs this nothing: who relays counts packets, bytes and sequence numbers anyway, and is
// asked for them.
//
// The peer counts as lost whatever is missing from its sequence numbers, also what never reached the relay. So the
// relay's own gaps, as far as the report has got, are taken out of each report.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/relay_count.hpp"
#include "base/time.hpp"
#include "quality/codec.hpp"
#include "quality/counter.hpp"
#include "quality/model.hpp"
#include "quality/rtcp.hpp"
#include "quality/rtp_source.hpp"

namespace callroom::quality {

// What a stream did since the window before. Counts are of this window alone.
struct DownlinkWindow {
  MediaKind kind = MediaKind::kAudio;
  bool screen_share = false;
  std::int64_t duration_us = 0;
  std::int64_t quiet_us = 0;  // of it, how long no frame was relayed (video)
  std::uint32_t relayed = 0;  // packets
  std::uint64_t bytes = 0;
  std::uint32_t frames = 0;
  FrameSize size;
  std::uint16_t best_height = 0;  // of its source so far, but no more than is asked for
  bool begins_anew = false;       // its client asked for another height, or it is another source's
  bool reported = false;          // the peer said something new; the two below are of what it said
  std::uint32_t expected = 0;     // that were relayed
  std::uint32_t lost = 0;         // between relay and peer
  // The latest that is known, for as long as it may stand: see model::kKeepSamples and kAudioLossSamples.
  std::optional<double> loss_pct, residual_loss_pct, jitter_ms;
  std::int64_t unreported_us = 0;  // how long it has been relayed to without a report
  std::uint32_t requests = 0;      // PLI and FIR
  std::uint32_t freezes = 0;       // from such a request to the next key frame relayed
  std::int64_t frozen_us = 0;
};

class DownlinkStream {
 public:
  // `relay` outlives this. `first_sequence`: what the first packet ever relayed carries.
  DownlinkStream(MediaKind kind, const RelayCount& relay, std::uint32_t first_sequence, MonotonicUs now)
      : kind_(kind), relay_(relay), before_first_(first_sequence - 1), taken_at_(now) {}
  DownlinkStream(const DownlinkStream&) = delete;
  DownlinkStream& operator=(const DownlinkStream&) = delete;

  // A packet was relayed of which UplinkStream::on_rtp() said something (events.any()).
  void on_frame(PacketEvents events, MonotonicUs now);
  // The same for one with events.usual_frame(), after a key frame.
  [[gnu::always_inline]] inline void on_usual_frame(MonotonicUs now) {
    frames_.add(1);
    last_frame_.set(now);
  }

  // A participant's medium begins here, with sequence numbers that follow on. `whose` tells it from any other; what was
  // seen of one is no measure of the next. Not beside take_window().
  void on_source(FrameSize size, std::uint32_t whose);

  // Whether a block with this extended highest sequence number can be about what was relayed here.
  bool fits(std::uint32_t highest) const { return fits(highest, relay_.progress()); }

  // False, and nothing changed, where the block does not fit.
  [[gnu::always_inline]] inline bool on_report_block(const ReportBlock& block, MonotonicUs now) {
    const RelayCount::Progress relayed = relay_.progress();
    if (!fits(block.highest, relayed)) [[unlikely]]
      return false;
    note_report(block, relayed, now);
    return true;
  }
  void on_repair_block(const ReportBlock& block);  // of the RTX stream beside this one
  void on_request(MonotonicUs now);                // PLI or FIR

  // Since when the core sends again what the peer misses on this m-line; 0: it does not yet. Thread of the reports.
  MonotonicUs repeated_from() const { return repeated_from_; }
  // … and each of the first round trips may be what changes that; later it is enough to look at some of them.
  bool may_begin_to_repeat() const { return repeated_from_ == 0 && round_trips_ < kFirstRoundTrips; }
  void note_round_trip(bool core_has_it, MonotonicUs now) {
    if (round_trips_ < kFirstRoundTrips) ++round_trips_;
    if (core_has_it) repeated_from_ = now;
  }

  // Before so many numbers are passed over, of which the peer then counts none as lost (it takes that for a restart of
  // the numbering): they are neither expected nor lost. By whoever may relay.
  void on_jump(std::uint32_t numbers);

  void set_screen_share(bool screen_share) { screen_share_.set(screen_share); }

  // asked_height: the client asks for no more.
  DownlinkWindow take_window(MonotonicUs now, std::uint16_t asked_height = UINT16_MAX);

  MediaKind kind() const { return kind_; }
  RelayCount::Progress relayed() const { return relay_.progress(); }
  MonotonicUs last_report() const { return last_report_.get(); }  // 0: none yet
  std::uint32_t ssrc() const { return ssrc_; }  // what its blocks name it by; thread of the reports; 0: none yet

 private:
  static constexpr std::uint8_t kFirstRoundTrips = 16;
  static constexpr std::uint8_t kSettlingWindows = 2;  // in which it resumes, and in which the estimate forgets that
  static constexpr std::int64_t kPauseUs = 1'000'000;  // nothing to relay for so long: no picture to be frozen

  void on_resumed(MonotonicUs now);
  std::uint32_t frozen_ms(MonotonicUs open, MonotonicUs end) const;
  void on_key_frame(PacketEvents events, MonotonicUs now);
  [[gnu::always_inline]] inline void note_report(const ReportBlock& block, const RelayCount::Progress& relayed,
                                                 MonotonicUs now) {
    const auto newer = static_cast<std::int32_t>(block.highest - highest_.get());
    if (newer < 0 && reports_.get() != 0) return;  // an old report, overtaken
    ssrc_ = block.ssrc;
    highest_.set(block.highest);
    lost_.set(static_cast<std::uint32_t>(block.lost));
    const std::uint32_t gaps = gaps_in(relayed);
    gaps_reported_.set(gaps == seen_gaps_ ? gaps : gaps_at(block.highest, relayed));
    if (jumped_.get() != 0) [[unlikely]]
      jumps_reported_.set(jumps_before(block.highest));
    seen_highest_ = relayed.highest_sequence;
    seen_gaps_ = gaps;
    jitter_.set(block.jitter);
    last_report_.set(now);
    reports_.add(1);
  }
  // Numbers that were passed over, less those that came late after all.
  std::uint32_t gaps_in(const RelayCount::Progress& relayed) const {
    const std::uint32_t gaps = relayed.highest_sequence - before_first_ - jumped_.get() - relayed.packets();
    return gaps >> 31 == 0 ? gaps : 0;
  }
  std::uint32_t gaps_at(std::uint32_t highest, const RelayCount::Progress& relayed) const;
  std::uint32_t jumps_before(std::uint32_t highest) const;
  bool fits(std::uint32_t highest, const RelayCount::Progress& relayed) const {
    const std::uint32_t behind = relayed.highest_sequence - highest;
    return behind < 1U << 15 && behind < relayed.highest_sequence - before_first_;
  }

  const MediaKind kind_;
  Counter<bool> screen_share_{};
  bool another_source_ = false;   // since the last window; sampling thread
  std::uint8_t round_trips_ = 0;  // until the core repeats, counted up to kFirstRoundTrips; thread of the reports
  const RelayCount& relay_;
  const std::uint32_t before_first_;

  // Thread of the source.
  Counter<std::uint32_t> frames_{};
  Counter<FrameSize> size_{};
  std::uint32_t whose_ = 0;  // of the source; sampling thread; 0: nobody's yet
  Counter<MonotonicUs> last_frame_{}, resumed_at_{}, pause_began_{}, pause_ended_{};
  Counter<MonotonicUs> last_key_frame_{};
  Counter<MonotonicUs> answered_at_{};                // the first key frame after the request that is open
  Counter<std::uint32_t> jumped_{};                   // numbers in all
  Counter<std::uint32_t> jump_ends_{}, last_jump_{};  // the last number of the last one, and of how many it was

  // Thread of the reports.
  Counter<std::uint32_t> highest_{}, lost_{}, gaps_reported_{}, repaired_{}, jitter_{}, reports_{}, requests_{};
  Counter<std::uint32_t> freezes_{}, frozen_ms_{};
  Counter<std::uint32_t> jumps_reported_{};  // numbers
  Counter<MonotonicUs> last_report_{};
  Counter<MonotonicUs> request_open_{};                         // the first request since it was answered; 0: none
  std::uint32_t seen_highest_ = before_first_, seen_gaps_ = 0;  // of the relay, at the report before
  std::uint32_t ssrc_ = 0, repair_ssrc_ = 0, repair_highest_ = 0;
  std::int32_t repair_lost_ = 0;
  MonotonicUs repeated_from_ = 0;

  // Sampling thread.
  void take_heights(DownlinkWindow& window, std::uint16_t asked_height);
  std::int64_t since_first(std::uint32_t relayed, MonotonicUs now) const;
  void take_reports(DownlinkWindow& window);
  void take_freezes(DownlinkWindow& window, MonotonicUs now);
  void note_quiet(DownlinkWindow& window, MonotonicUs now);

  struct Taken {
    std::uint32_t packets = 0, bytes = 0, frames = 0, expected = 0, lost = 0, repaired = 0, reports = 0, requests = 0,
                  freezes = 0, frozen_ms = 0;
  } taken_;
  struct Recent {
    std::uint16_t expected = 0, lost = 0;
  };
  std::array<Recent, model::kAudioLossSamples> recent_{};  // of the last windows
  float held_residual_pct_ = 0, held_jitter_ms_ = 0, held_loss_pct_ = 0;
  std::uint32_t pending_repair_ = 0;  // lost in the window before, and not repaired yet
  std::uint32_t pending_of_ = 0;      // expected in it
  std::uint8_t next_recent_ = 0;
  std::uint8_t held_for_ = 255;   // windows since the peer said something
  std::uint8_t settles_for_ = 0;  // windows after a pause in which its jitter is not taken
  std::uint16_t best_height_ = 0, asked_height_ = UINT16_MAX;
  std::int64_t unreported_us_ = 0;
  MonotonicUs quiet_from_ = 0;
  MonotonicUs taken_at_;
};

}  // namespace callroom::quality
