// One SSRC of an m-line: what its packets tell, counted as they arrive.
//
// Threads: on_packet() and what else writes belongs to the loop thread of the sending handle; the sampling thread reads
// the counters, and pokes. The packet path of a stream in order takes no lock, no locked instruction and no memory.
//
// Few things are counted per packet and the rest is derived when a sample is taken: packets received are those expected
// less those missing, and only an irregular packet (a gap, a late one) pays for finding out which.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <span>

#include "base/time.hpp"
#include "quality/codec.hpp"
#include "quality/counter.hpp"
#include "quality/gap_log.hpp"
#include "quality/rtp.hpp"

namespace callroom::quality {

// What one packet was, for whoever relays it. One register; all zero for most packets.
class PacketEvents {
 public:
  PacketEvents() = default;
  static PacketEvents new_frame_event() { return PacketEvents(kNewFrame); }
  static PacketEvents key_frame_event(FrameSize size) {
    return PacketEvents(kKeyFrame | std::uint64_t{size.width} << 32 | std::uint64_t{size.height} << 48);
  }
  friend PacketEvents operator|(PacketEvents a, PacketEvents b) { return PacketEvents(a.bits_ | b.bits_); }

  bool any() const { return bits_ != 0; }
  bool new_frame() const { return (bits_ & kNewFrame) != 0; }  // the first packet of a frame to arrive
  bool key_frame() const { return (bits_ & kKeyFrame) != 0; }  // a decoder can start here
  FrameSize size() const {                                     // with a key frame, where it tells
    return {static_cast<std::uint16_t>(bits_ >> 32), static_cast<std::uint16_t>(bits_ >> 48)};
  }

 private:
  static constexpr std::uint64_t kNewFrame = 1, kKeyFrame = 2;
  explicit PacketEvents(std::uint64_t bits) : bits_(bits) {}

  std::uint64_t bits_ = 0;
};

// What a source did, in all or since it was last asked.
struct RtpTotals {
  std::uint32_t expected = 0;    // by sequence numbers
  std::uint32_t lost = 0;        // missing when passed over, reordered packets not counted
  std::uint32_t bursts = 0;      // gaps that those were lost in
  std::uint32_t residual = 0;    // of the lost ones, not retransmitted within a second
  std::uint32_t frames = 0;      // distinct RTP timestamps (video)
  std::uint32_t jittered = 0;    // how many differences jitter_sum is made of
  std::uint64_t jitter_sum = 0;  // of the differences in transit time, in 1/clock_khz microseconds
  std::uint64_t bytes = 0;       // whole RTP packets
  std::uint32_t freezes = 0;
  std::uint64_t frozen_us = 0;
  std::uint32_t key_frames = 0;
};

class RtpSource {
 public:
  RtpSource(MediaKind kind, Codec codec) : kind_(kind), codec_(codec) {}

  // Whether the fast path takes this packet. False for another SSRC, for the first packet, and for the first one after
  // poke(). Precondition of all that take a packet: kRtpHeaderSize bytes at least.
  bool expects(const std::uint8_t* packet) const { return raw_ssrc(packet) == gate_.get(); }

  // Whether it is this source's packet, where expects() said no.
  bool owns(const std::uint8_t* packet) const { return started_ && raw_ssrc(packet) == ssrc_.get(); }
  bool started() const { return started_; }
  std::uint32_t expected() const { return next_sequence_.get() - base_sequence_.get(); }  // packets, by their numbers

  // The first packet, or the first with another SSRC where there is one source to the m-line.
  PacketEvents start(std::span<const std::uint8_t> packet, MonotonicUs now);

  // The first packet after a silence: notes when it ended.
  PacketEvents resume(std::span<const std::uint8_t> packet, MonotonicUs now);

  // `clock` is asked for the time only by the packets that need it: the first of a frame, a pair of audio packets in
  // eight, and whatever is irregular.
  template <typename Clock>
  [[gnu::always_inline]] inline PacketEvents on_packet(std::span<const std::uint8_t> packet, Clock& clock) {
    const std::uint32_t next = next_sequence_.get();
    if (rtp_sequence(packet.data()) != static_cast<std::uint16_t>(next)) [[unlikely]]
      return on_irregular(packet, clock());
    next_sequence_.set(next + 1);
    bytes_.add(packet.size());
    const std::uint32_t timestamp = rtp_timestamp(packet.data());
    if (kind_ == MediaKind::kAudio) {
      const std::uint32_t phase = next % kTimedOfAudio;
      if (phase > 1) return {};
      const MonotonicUs now = clock();
      last_arrival_.set(now);
      if (phase == 1) compare_transit<kAudioKhz>(timestamp, now);
      transit_ = transit<kAudioKhz>(timestamp, now);
      return {};
    }
    if (timestamp != timestamp_) return on_new_frame(packet, timestamp, clock());
    return codec_.get() == Codec::kH264 ? key_frame_events(packet) : PacketEvents{};
  }

  // ---- sampling thread ----
  RtpTotals totals(MonotonicUs now) const;
  RtpTotals take(
      MonotonicUs now);  // since the last call; losses younger than a second wait for the next as to being residual
  MonotonicUs last_arrival() const { return last_arrival_.get(); }    // 0: nothing yet
  MonotonicUs first_arrival() const { return first_arrival_.get(); }  // 0: nothing yet
  MonotonicUs resumed_at() const { return resumed_at_.get(); }        // end of the last silence that was poked; 0: none
  FrameSize size() const { return size_.get(); }
  // When packets were passed over of which some will not come any more; 0: none of the last second.
  MonotonicUs given_up_since(MonotonicUs now) const;
  void poke() { gate_.set(~ssrc_.get()); }  // the next packet will be asked when it came

  // Anybody: how long after a gap a packet still counts as overtaken.
  void set_reorder_us(std::uint32_t reorder_us) { reorder_us_.set(reorder_us); }
  void set_codec(Codec codec) { codec_.set(codec); }

 private:
  static constexpr std::uint32_t kAudioKhz = clock_khz(MediaKind::kAudio), kVideoKhz = clock_khz(MediaKind::kVideo);
  static constexpr std::uint32_t kTimedOfAudio = 8;  // two neighbours in so many packets are timed
  static constexpr std::uint32_t kLikelyReorderUs = 40'000;
  static constexpr std::int32_t kSenselessJitterUs = 1'000'000;
  static constexpr MonotonicUs kPauseUs = 5'000'000;  // a longer gap between frames is a pause, not a freeze

  static std::uint32_t raw_ssrc(const std::uint8_t* packet) {
    std::uint32_t value;
    std::memcpy(&value, packet + 8, sizeof(value));
    return value;
  }

  // Relative transit time of RFC 3550 A.8 in 1/kKhz microseconds. Modular: differences are exact across wraps of either
  // clock.
  template <std::uint32_t kKhz>
  static std::uint32_t transit(std::uint32_t timestamp, MonotonicUs now) {
    return static_cast<std::uint32_t>(now) * kKhz - timestamp * 1000U;
  }

  // Adds up |D|. RFC 3550 smooths it by a sixteenth a packet, which has the same mean; here a sample takes the mean.
  template <std::uint32_t kKhz>
  void compare_transit(std::uint32_t timestamp, MonotonicUs now) {
    const auto difference = static_cast<std::int32_t>(transit<kKhz>(timestamp, now) - transit_);
    const std::int32_t size = difference < 0 ? -(difference + 1) : difference;  // - INT_MIN does not exist
    if (size >= kSenselessJitterUs * static_cast<std::int32_t>(kKhz)) [[unlikely]]
      return;
    jitter_sum_.add(static_cast<std::uint32_t>(size));
    jittered_.add(1);
  }

  PacketEvents on_new_frame(std::span<const std::uint8_t> packet, std::uint32_t timestamp, MonotonicUs now);
  PacketEvents on_gap(std::span<const std::uint8_t> packet, MonotonicUs now);
  [[gnu::cold]] PacketEvents on_irregular(std::span<const std::uint8_t> packet, MonotonicUs now);
  [[gnu::cold]] PacketEvents on_late(std::span<const std::uint8_t> packet, MonotonicUs now);
  PacketEvents key_frame_events(std::span<const std::uint8_t> packet);
  void restart_sequence(std::uint16_t sequence);
  void note_frame_gap(std::uint32_t gap_us);
  bool frame_is_known(std::uint32_t timestamp) const;
  void remember_frame(std::uint32_t timestamp);

  // Written per packet.
  Counter<std::uint32_t> gate_{};           // the SSRC as it stands in the packet; its complement after poke()
  Counter<std::uint32_t> next_sequence_{};  // extended; its low half is expected next
  Counter<std::uint64_t> bytes_{};
  Counter<MonotonicUs> last_arrival_{};
  Counter<std::uint64_t> jitter_sum_{};
  std::uint32_t transit_ = 0;
  std::uint32_t timestamp_ = 0;
  const MediaKind kind_;
  bool started_ = false;
  Counter<Codec> codec_;
  // Written per frame.
  std::uint32_t last_frame_us_ = 0;  // low half of the clock
  std::uint32_t mean_frame_us_ = 0;  // between frames; 0: not known yet
  Counter<std::uint32_t> frames_{};
  // Written now and then.
  Counter<std::uint32_t> ssrc_{};  // as it stands in the packet
  Counter<std::uint32_t> base_sequence_{};
  Counter<std::uint32_t> passed_over_{}, overtaken_{}, bursts_{}, repaired_{}, late_frames_{}, jittered_{};
  Counter<std::uint32_t> freezes_{}, frozen_ms_{}, key_frames_{};
  Counter<std::uint32_t> reorder_us_{};  // 0: nobody knows yet
  Counter<FrameSize> size_{};
  Counter<MonotonicUs> resumed_at_{}, first_arrival_{};
  std::uint32_t restart_candidate_ = 1U << 16;  // sequence number that would confirm a restart; above 16 bits: none
  std::uint8_t next_recent_ = 0;
  std::array<std::uint16_t, 16> recent_frames_{};  // of the last frames' timestamps, bits 6 to 21
  std::atomic<GapLog*> gaps_{nullptr};             // made when the first packet is missing
  std::unique_ptr<GapLog> owned_gaps_;
  RtpTotals taken_;  // sampling thread
};

}  // namespace callroom::quality
