// One m-line on which a participant sends: everything that its RTP tells.
//
// Threads: what takes a packet and on_sender_report() on the loop thread of the sending handle; set_*() anywhere;
// take_window() on the sampling thread. Nothing blocks anything.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "base/time.hpp"
#include "quality/codec.hpp"
#include "quality/counter.hpp"
#include "quality/rtp_source.hpp"

namespace callroom::quality {

// What a stream did since the window before. Counts are of this window alone.
struct UplinkWindow {
  MediaKind kind = MediaKind::kAudio;
  bool muted = false;  // the participant said so
  bool screen_share = false;
  std::int64_t duration_us = 0;
  std::int64_t quiet_us = 0;  // of it, the longest time at either end or across in which nothing arrived
  std::uint32_t expected = 0;
  std::uint32_t lost = 0;      // on the way here
  std::uint32_t residual = 0;  // of them, not made good within a second
  std::uint32_t bursts = 0;
  std::uint64_t bytes = 0;
  std::uint32_t frames = 0;
  std::uint32_t freezes = 0;
  std::int64_t frozen_us = 0;
  std::optional<double> jitter_ms;
  FrameSize size;                                 // of the largest layer that flows
  std::uint16_t best_height = 0;                  // of the stream so far
  std::uint32_t packets_reported = 0;             // by the peer's sender reports
  bool reports_seen = false;                      // there was a sender report at all
  MonotonicUs last_arrival = 0;                   // 0: nothing yet
  MonotonicUs silent_from = 0, silent_until = 0;  // the last silence over 0.2 s; until 0: it goes on; from 0: none
};

class UplinkStream {
 public:
  UplinkStream(MediaKind kind, Codec codec, MonotonicUs now)
      : kind_(kind), codec_(codec), first_(kind, codec), taken_at_(now) {}
  ~UplinkStream();
  UplinkStream(const UplinkStream&) = delete;
  UplinkStream& operator=(const UplinkStream&) = delete;

  // One packet from the peer, as the core hands it over: take_ordinary(), and where that does not take it,
  // on_special(). Precondition of these two: kRtpHeaderSize bytes at least; shorter ones are on_malformed().

  // See RtpSource::take_ordinary(). No clock needs to be read for the packets it takes.
  [[gnu::always_inline]] inline bool take_ordinary(RtpHead head, std::size_t size, std::uint64_t& count) {
    return first_.take_ordinary(head, size, count);
  }
  [[gnu::always_inline]] inline PacketEvents on_special(std::span<const std::uint8_t> packet, RtpHead head,
                                                        MonotonicUs now) {
    if (first_.owns(head)) [[likely]]
      return first_.on_packet(packet, head, now);
    return on_other_source(packet, head, now);
  }
  void on_malformed() { malformed_.add(1); }

  // All three in one; `clock()` is asked for the time only where it matters.
  template <typename Clock>
  PacketEvents on_rtp(std::span<const std::uint8_t> packet, Clock&& clock) {
    if (packet.size() < kRtpHeaderSize) {
      on_malformed();
      return {};
    }
    const RtpHead head = RtpHead::read(packet.data());
    std::uint64_t count = 0;
    return take_ordinary(head, packet.size(), count) ? PacketEvents{} : on_special(packet, head, clock());
  }

  // The running count of the m-line's source (see CountStep), and after a packet that was not in order, what it was
  // before that.
  std::uint64_t count() const { return first_.count(); }
  std::uint64_t count_before() const { return first_.count_before(); }

  void on_sender_report(std::uint32_t ssrc, std::uint32_t packet_count);

  void set_codec(Codec codec);
  void set_muted(bool muted) { muted_.set(muted); }  // the participant turned the medium off
  void set_screen_share(bool screen_share) { screen_share_.set(screen_share); }
  void set_simulcast(bool simulcast) { simulcast_.set(simulcast); }  // several SSRCs at once are layers of one picture
  void set_round_trip(std::uint32_t rtt_us);                         // sharpens telling late from retransmitted

  UplinkWindow take_window(MonotonicUs now);

  // When packets were missed of which some will not come any more, so that only a key frame mends the picture; 0: none
  // of the last second. Any thread. Of one source to the m-line: layers mend each by itself.
  MonotonicUs broken_since(MonotonicUs now) const { return first_.given_up_since(now); }

  MediaKind kind() const { return kind_; }
  FrameSize size() const { return first_.size(); }
  std::uint32_t malformed() const { return malformed_.get(); }

 private:
  static constexpr std::size_t kMoreLayers = 2;
  static constexpr std::int64_t kSilenceUs = 200'000;

  [[gnu::cold]] PacketEvents on_other_source(std::span<const std::uint8_t> packet, RtpHead head, MonotonicUs now);
  PacketEvents on_layer(std::span<const std::uint8_t> packet, RtpHead head, MonotonicUs now);
  void note_loss_by_reports(UplinkWindow& window);
  void note_silence(MonotonicUs now, UplinkWindow& window);

  const MediaKind kind_;
  Counter<Codec> codec_;
  Counter<bool> muted_{}, screen_share_{}, simulcast_{};
  Counter<std::uint32_t> malformed_{};
  Counter<std::uint32_t> reported_{};  // packets by the sender reports of the SSRCs, summed over restarts
  Counter<std::uint32_t> reports_{};
  std::uint32_t last_reported_ = 0, last_report_ssrc_ = 0, report_base_ = 0, expected_at_report_ = 0;
  Counter<std::uint32_t> unseen_{};
  RtpSource first_;
  std::array<std::atomic<RtpSource*>, kMoreLayers> layers_{};

  // Sampling thread.
  std::uint32_t taken_reported_ = 0;
  MonotonicUs taken_at_;
  MonotonicUs silent_from_ = 0;
  std::uint32_t credited_ = 0;  // lost by the sender reports' count, before the sequence numbers showed it
  std::uint16_t best_height_ = 0;
};

}  // namespace callroom::quality
