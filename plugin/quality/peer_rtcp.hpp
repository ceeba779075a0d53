// RTCP of a participant's two PeerConnections. Each of these belongs to one loop thread; what the sampling thread reads
// of them are counters. Nothing blocks, nothing is allocated.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <optional>
#include <span>

#include "base/time.hpp"
#include "quality/counter.hpp"
#include "quality/downlink_stream.hpp"
#include "quality/rtcp.hpp"
#include "quality/uplink_stream.hpp"

namespace callroom::quality {

// What a compound asks of the host.
struct RtcpDigest {
  bool picture_loss = false;  // PLI: a key frame, please
  bool full_intra = false;    // FIR: the same
  bool bye = false;
  bool malformed = false;
  std::optional<std::uint32_t> remb_bps;
  std::uint32_t twcc_covered = 0, twcc_lost = 0;  // packets that feedback in this compound is the first to tell of
  std::uint32_t twcc_late = 0;                // … that feedback before it told of as lost, and that arrived after all
  std::uint32_t twcc_skipped = 0;             // … and packets before those that no feedback told of: it was lost
  std::optional<std::uint32_t> twcc_arrived;  // when the last one arrived: see last_arrival()
  struct RoundTrip {
    MonotonicUs rtt = 0;
    MonotonicUs ago = 0;  // when the sender report left that the block answers
  };
  std::optional<RoundTrip> round_trip;

  bool wants_key_frame() const { return picture_loss || full_intra; }
};

// The clock that the core stamps its sender reports with: read only where a report block calls for it. Refers to the
// callable, and does not outlive it.
class WallClock {
 public:
  template <typename Read>
  WallClock(const Read& read)  // NOLINT: implicit by design
      : context_(&read), read_([](const void* context) { return (*static_cast<const Read*>(context))(); }) {}

  WallTime operator()() const { return read_(context_); }

 private:
  const void* context_;
  WallTime (*read_)(const void*);
};

// When something was last heard, and the last silence of more than a second.
class Silence {
 public:
  void heard(MonotonicUs now) {
    const MonotonicUs last = last_.get();
    if (last != 0 && now - last > 1'000'000) {
      from_.set(last);
      until_.set(now);
    }
    last_.set(now);
  }
  MonotonicUs last() const { return last_.get(); }
  MonotonicUs from() const { return from_.get(); }
  MonotonicUs until() const { return until_.get(); }

 private:
  Counter<MonotonicUs> last_{}, from_{}, until_{};
};

// The PeerConnection on which the participant sends: sender reports.
class UplinkRtcp {
 public:
  // `stream`: that of the m-line the core names, or null.
  RtcpDigest on_rtcp(std::span<const std::uint8_t> compound, UplinkStream* stream, MonotonicUs now);

  std::uint32_t malformed() const { return malformed_.get(); }
  const Silence& silence() const { return silence_; }

 private:
  Counter<std::uint32_t> malformed_{};
  Silence silence_;
};

// Round-trip times in ms, in no order.
class RoundTrips {
 public:
  static constexpr std::size_t kMost = 16;

  RoundTrips() = default;
  explicit RoundTrips(double ms) { add(ms); }
  void add(double ms) {
    if (count_ < kMost) ms_[count_++] = ms;
  }
  std::span<const double> all() const { return std::span(ms_).first(count_); }
  std::optional<double> mean() const;
  std::optional<double> median() const;

 private:
  std::array<double, kMost> ms_{};
  std::size_t count_ = 0;
};

// The PeerConnection on which the participant receives: report blocks, requests, feedback.
class DownlinkRtcp {
 public:
  // `stream`: that of the m-line the core names, or null; `streams`: all of this PeerConnection (null entries are
  RtcpDigest on_rtcp(std::span<const std::uint8_t> compound, DownlinkStream* stream,
                     std::span<DownlinkStream* const> streams, MonotonicUs now, WallClock wall);

  // The report that costs the least, and comes the most where there is no loss: a compound of one receiver report with
  // one block, when no round trip is to be measured. True: it was read. False: it is no such, and on_rtcp() has it all.
  [[gnu::always_inline]] inline bool take_lone_report(std::span<const std::uint8_t> compound, DownlinkStream* stream,
                                                      std::span<DownlinkStream* const> streams, MonotonicUs now) {
    constexpr std::uint32_t kOneBlock = 0x81C90007;  // version 2, one block, receiver report, eight words
    if (compound.size() != 8 + rtcp::kBlockSize || rtcp::load_32(compound.data()) != kOneBlock) return false;
    const ReportBlock block = rtcp::read_report_block(compound.data() + 8);
    if (wants_round_trip(block, now)) return false;
    if (block.last_sr != 0 && stream != nullptr && stream->may_begin_to_repeat()) [[unlikely]]
      return false;
    silence_.heard(now);
    if (on_first_block(block, stream, streams, now) == nullptr) [[unlikely]]
      unattributed_.add(1);
    return true;
  }

  std::uint32_t malformed() const { return malformed_.get(); }
  std::uint32_t unattributed() const { return unattributed_.get(); }  // report blocks that fit nothing that was relayed
  const Silence& silence() const { return silence_; }

  // Since the last call of each, sampling thread: the newest round-trip times, and the packets that transport-wide
  // feedback tells of.
  RoundTrips take_round_trips();
  struct Feedback {
    std::uint32_t covered = 0, lost = 0, bursts = 0;
  };
  Feedback take_feedback();
  std::optional<std::uint32_t> remb_bps() const;

 private:
  friend struct DownlinkHandler;
  // Evenly spread: reports come in bunches where there is loss, which is no reason for those moments to count more.
  static constexpr MonotonicUs kRoundTripSpacingUs = 375'000;
  static constexpr std::size_t kRecent = 512;

  // The core names the m-line of the packet; numbers that were never relayed there disprove it. The stream that the
  // block is about, or null.
  [[gnu::always_inline]] static inline DownlinkStream* on_first_block(const ReportBlock& block, DownlinkStream* stream,
                                                                      std::span<DownlinkStream* const> streams,
                                                                      MonotonicUs now) {
    if (stream != nullptr && stream->on_report_block(block, now)) [[likely]]
      return stream;
    DownlinkStream* found = nullptr;  // the only other one whose relayed numbers the block fits
    for (DownlinkStream* candidate : streams) {
      if (candidate == nullptr || candidate == stream || !candidate->fits(block.highest)) continue;
      if (found != nullptr) return nullptr;
      found = candidate;
    }
    if (found != nullptr) found->on_report_block(block, now);
    return found;
  }

  bool wants_round_trip(const ReportBlock& block, MonotonicUs now) const {
    return block.last_sr != 0 && now - last_round_trip_ >= kRoundTripSpacingUs;
  }
  void on_round_trip(const ReportBlock& block, MonotonicUs now, WallClock wall, RtcpDigest& digest);
  bool on_feedback(const TransportFeedback& feedback, RtcpDigest& digest);

  Counter<std::uint32_t> malformed_{}, unattributed_{};
  Silence silence_;
  MonotonicUs last_round_trip_ = 0;
  Counter<std::uint32_t> round_trips_{};
  std::array<Counter<std::uint16_t>, RoundTrips::kMost> round_trip_quarter_ms_{};
  Counter<std::uint32_t> remb_{};  // bits per second; 0: none yet
  Counter<std::uint32_t> covered_{}, missing_{}, bursts_{};
  std::uint16_t next_status_ = 0;  // transport-wide number after the newest that was told of
  bool feedback_seen_ = false, last_status_lost_ = false;
  std::bitset<kRecent> arrived_;  // by transport-wide number, of the newest kRecent

  // Sampling thread.
  std::uint32_t taken_round_trips_ = 0;
  Feedback taken_feedback_;
};

// The middle 32 bits of the NTP time (RFC 3550 section 4), in 1/65536 s.
std::uint32_t compact_ntp(WallTime wall);

// RFC 3550 section 6.4.1: A - LSR - DLSR. Absent without a sender report to go by, and for what cannot be: a negative
// time, or one over 10 s.
std::optional<double> round_trip_ms(std::uint32_t now, std::uint32_t last_sr, std::uint32_t delay_since_last_sr);

}  // namespace callroom::quality
