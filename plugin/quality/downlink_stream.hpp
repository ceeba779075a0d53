// One m-line of a receiving PeerConnection: what was relayed on it, and what the peer reports of it.
//
// Threads: on_relayed() and on_source() on the loop thread of the source; on_report_block() and on_request() on the
// loop thread of the receiving handle; set_screen_share() anywhere; take_window() on the sampling thread. Nothing
// blocks anything.
//
// The peer counts as lost whatever is missing from its sequence numbers, also what never reached the relay. So the
// relay's own gaps are remembered by the sequence number they stand at, and taken out of each report.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>

#include "base/time.hpp"
#include "quality/codec.hpp"
#include "quality/counter.hpp"
#include "quality/rtcp.hpp"
#include "quality/rtp_source.hpp"

namespace callroom::quality {

// What a stream did since the window before. Counts are of this window alone.
struct DownlinkWindow {
  MediaKind kind = MediaKind::kAudio;
  bool screen_share = false;
  std::int64_t duration_us = 0;
  std::uint32_t relayed = 0;  // packets
  std::uint64_t bytes = 0;
  std::uint32_t frames = 0;
  FrameSize size;
  bool reported = false;       // the peer said something new; the four below are of its reports
  std::uint32_t expected = 0;  // that were relayed
  std::uint32_t lost = 0;      // between relay and peer
  std::uint32_t repaired = 0;  // retransmissions that reached the peer
  std::optional<double> jitter_ms;
  std::uint32_t requests = 0;  // PLI and FIR
  std::uint32_t freezes = 0;   // from such a request to the next key frame relayed
  std::int64_t frozen_us = 0;
};

class DownlinkStream {
 public:
  DownlinkStream(MediaKind kind, MonotonicUs now) : kind_(kind), taken_at_(now) {}
  DownlinkStream(const DownlinkStream&) = delete;
  DownlinkStream& operator=(const DownlinkStream&) = delete;

  // One packet relayed: the sequence number it left with, its size with header, and what UplinkStream::on_rtp() said of
  // it.
  void on_relayed(std::uint16_t sequence, std::size_t bytes, PacketEvents events, MonotonicUs now) {
    bytes_.add(bytes);
    const std::uint32_t next = next_sequence_.get();
    if (sequence == static_cast<std::uint16_t>(next)) [[likely]] {
      next_sequence_.set(next + 1);
    } else {
      on_irregular(sequence);
    }
    if (events.any()) on_frame(events, now);
  }

  // Another participant's medium, or another layer, begins here with sequence numbers that follow on.
  void on_source(FrameSize size) { size_.set(size); }

  // Whether a block with this extended highest sequence number can be about what was relayed here.
  bool fits(std::uint32_t highest) const;

  void on_report_block(const ReportBlock& block, MonotonicUs now);
  void on_repair_block(const ReportBlock& block);  // of the RTX stream beside this one
  void on_request(MonotonicUs now);                // PLI or FIR

  void set_screen_share(bool screen_share) { screen_share_.set(screen_share); }

  DownlinkWindow take_window(MonotonicUs now);

  MediaKind kind() const { return kind_; }
  MonotonicUs last_report() const { return last_report_.get(); }  // 0: none yet
  std::uint32_t relayed() const;                                  // packets so far
  std::uint32_t ssrc() const { return ssrc_; }  // what its blocks name it by; thread of the reports; 0: none yet

 private:
  // Gaps of the relay so far, at a sequence number.
  struct GapMark {
    std::uint16_t sequence;
    std::uint16_t gaps;
  };
  using GapMarks = std::array<Counter<GapMark>, 32>;

  [[gnu::cold]] void on_irregular(std::uint16_t sequence);
  void on_frame(PacketEvents events, MonotonicUs now);
  void mark_gaps(std::uint16_t sequence);
  std::uint32_t gaps_at(std::uint32_t highest) const;

  // Thread of the source.
  Counter<std::uint64_t> bytes_{};
  Counter<std::uint32_t> next_sequence_{};  // extended; its low half is expected next
  Counter<std::uint32_t> frames_{};
  Counter<std::uint32_t> base_sequence_{};
  Counter<std::uint32_t> gaps_{};  // packets of others' numbering that never were relayed
  Counter<FrameSize> size_{};
  Counter<MonotonicUs> last_key_frame_{};
  Counter<bool> started_{};
  Counter<std::uint8_t> next_mark_{};
  std::atomic<GapMarks*> marks_{nullptr};  // made with the first gap
  std::unique_ptr<GapMarks> owned_marks_;
  const MediaKind kind_;
  Counter<bool> screen_share_{};

  // Thread of the reports.
  Counter<std::uint32_t> highest_{}, lost_{}, gaps_reported_{}, repaired_{}, jitter_{}, reports_{}, requests_{};
  Counter<std::uint32_t> freezes_{}, frozen_ms_{};
  Counter<MonotonicUs> last_report_{};
  Counter<MonotonicUs> request_open_{};  // the first request since the last key frame; 0: none
  std::uint32_t ssrc_ = 0, repair_ssrc_ = 0, repair_highest_ = 0;
  std::int32_t repair_lost_ = 0;

  // Sampling thread.
  struct Taken {
    std::uint32_t relayed = 0, frames = 0, expected = 0, lost = 0, repaired = 0, reports = 0, requests = 0, freezes = 0,
                  frozen_ms = 0;
    std::uint64_t bytes = 0;
  } taken_;
  MonotonicUs taken_at_;
};

}  // namespace callroom::quality
