// One SSRC of an m-line: what its packets tell, counted as they arrive.
//
// Threads: what takes a packet belongs to the loop thread of the sending handle; the sampling thread reads the
// counters, and pokes. The packet path of a stream in order takes no lock, no locked instruction and no memory.
//
// Few things are counted per packet and the rest is derived when a sample is taken: packets received are those expected
// less those missing, and only an irregular packet (a gap, a late one) pays for finding out which. Most packets are
// ordinary: they follow the one before and belong to the same frame, or to a stretch of sound that need not be timed.
// Two comparisons tell them.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <span>

#include "base/rtp_head.hpp"
#include "base/time.hpp"
#include "quality/codec.hpp"
#include "quality/counter.hpp"
#include "quality/gap_log.hpp"
#include "quality/key_frame.hpp"
#include "quality/rtp.hpp"

namespace callroom::quality {

// A picture is quiet when there has been no frame of it for longer.
inline constexpr std::uint32_t kQuietUs = 200'000;

// What one packet was, for whoever relays it. One register.
class PacketEvents {
 public:
  PacketEvents() = default;
  static PacketEvents new_frame_event() { return PacketEvents(kNewFrame); }
  static PacketEvents key_frame_event(FrameSize size) {
    return PacketEvents(kKeyFrame | std::uint64_t{size.width} << 32 | std::uint64_t{size.height} << 48);
  }
  static PacketEvents after_quiet_event() { return PacketEvents(kAfterQuiet); }
  static PacketEvents in_order_event() { return PacketEvents(kInOrder); }
  friend PacketEvents operator|(PacketEvents a, PacketEvents b) { return PacketEvents(a.bits_ | b.bits_); }

  // Something of which whoever counts what is relayed has to know.
  bool any() const { return (bits_ & (kNewFrame | kKeyFrame)) != 0; }
  bool in_order() const { return (bits_ & kInOrder) != 0; }  // what it did to the count is a CountStep in order
  // The first packet of a frame like most: in order, no key frame, and not long after the frame before.
  bool usual_frame() const { return bits_ == (kNewFrame | kInOrder); }
  PacketEvents out_of_order() const { return PacketEvents(bits_ & ~kInOrder); }
  bool new_frame() const { return (bits_ & kNewFrame) != 0; }  // the first packet of a frame to arrive
  bool key_frame() const { return (bits_ & kKeyFrame) != 0; }  // a decoder can start here
  FrameSize size() const {                                     // with a key frame, where it tells
    return {static_cast<std::uint16_t>(bits_ >> 32), static_cast<std::uint16_t>(bits_ >> 48)};
  }

 private:
  static constexpr std::uint64_t kNewFrame = 1, kKeyFrame = 2, kInOrder = 4, kAfterQuiet = 8;
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
  std::uint64_t bytes = 0;       // whole RTP packets; in all: modulo 2^32
  std::uint32_t freezes = 0;
  std::uint64_t frozen_us = 0;
  std::uint32_t key_frames = 0;
};

class RtpSource {
 public:
  RtpSource(MediaKind kind, Codec codec)
      : ordinary_for_(kind == MediaKind::kAudio ? kUntimedAudio : 1), kind_(kind), codec_(codec) {}

  // Precondition of all that take a packet: kRtpHeaderSize bytes at least.

  // An ordinary packet is counted and has nothing else to tell; `count` becomes the running count (see CountStep) with
  // it. False, and nothing done, for any other.
  [[gnu::always_inline]] inline bool take_ordinary(RtpHead head, std::size_t size, std::uint64_t& count) {
    if (head.stamp - ordinary_from_.get() >= ordinary_for_) return false;
    const std::uint64_t before = count_.get();
    if (head.sequence() != static_cast<std::uint16_t>(before)) return false;
    count = before + Tally::unit(size);
    count_.set(count);
    return true;
  }

  // Any packet of this source that take_ordinary() did not take.
  [[gnu::always_inline]] inline PacketEvents on_packet(std::span<const std::uint8_t> packet, RtpHead head,
                                                       MonotonicUs now) {
    const std::uint64_t count = count_.get();
    if (state_.get() != State::kRunning || head.sequence() != static_cast<std::uint16_t>(count)) [[unlikely]]
      return on_unusual(packet, head, now);
    count_.set(count + Tally::unit(packet.size()));
    last_arrival_.set(now);
    if (kind_ == MediaKind::kAudio) return on_audio(head, now);
    if (head.timestamp() == timestamp_) [[unlikely]]
      return on_same_frame(packet, head);
    compare_transit<kVideoKhz>(head.timestamp(), now);
    return on_new_frame(packet, head, now) | PacketEvents::in_order_event();
  }

  // The first packet, or the first with another SSRC where there is one source to the m-line.
  PacketEvents start(std::span<const std::uint8_t> packet, RtpHead head, MonotonicUs now);

  bool owns(RtpHead head) const { return head.ssrc() == ssrc_.get() && started(); }
  bool started() const { return state_.get() != State::kNew; }
  std::uint32_t expected() const { return next() - base_sequence_.get(); }  // packets, by their numbers
  std::uint64_t count() const { return count_.get(); }
  // What count() was before the last packet that was not in order, or was passed by; the loop thread's.
  std::uint64_t count_before() const { return count_before_; }
  void pass_by() { count_before_ = count_.get(); }  // a packet of the m-line that is another source's

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
  // The next packet will be asked when it came. Precondition: started(). The mark stays until one was, should the loop
  // thread just be about to say what is ordinary.
  void poke() {
    state_.set(State::kPoked);
    ordinary_from_.set(nothing_of(ssrc_.get()));
  }

  // Anybody: how long after a gap a packet still counts as overtaken.
  void set_reorder_us(std::uint32_t reorder_us) { reorder_us_.set(reorder_us); }
  void set_codec(Codec codec) { codec_.set(codec); }

 private:
  static constexpr std::uint32_t kAudioKhz = clock_khz(MediaKind::kAudio), kVideoKhz = clock_khz(MediaKind::kVideo);
  // Two neighbours of audio are timed, then none for seven packets of the usual 20 ms.
  static constexpr std::uint64_t kUntimedAudio = std::uint64_t{7} * 20 * kAudioKhz;
  static constexpr std::size_t kRecentFrames = 16;
  static constexpr std::uint32_t kLikelyReorderUs = 40'000;
  static constexpr std::int32_t kSenselessJitterUs = 1'000'000;
  static constexpr std::uint32_t kPauseUs = 5'000'000;  // a longer gap between frames is a pause, not a freeze

  // For ordinary_from_, where no packet of this SSRC is ordinary.
  static std::uint64_t nothing_of(std::uint32_t ssrc) { return std::uint64_t{~ssrc} << 32; }

  std::uint32_t next() const { return static_cast<std::uint32_t>(count_.get()); }
  void set_next(std::uint32_t next) { count_.set(count_.get() >> 32 << 32 | next); }
  void add_bytes(std::size_t size) { count_.add(std::uint64_t{size} << 32); }

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

  [[gnu::always_inline]] inline PacketEvents on_audio(RtpHead head, MonotonicUs now) {
    if (pair_open_) compare_transit<kAudioKhz>(head.timestamp(), now);
    transit_ = transit<kAudioKhz>(head.timestamp(), now);
    pair_open_ = !pair_open_;
    ordinary_from_.set(pair_open_ ? nothing_of(head.ssrc()) : head.stamp);
    return PacketEvents::in_order_event();
  }

  [[gnu::always_inline]] inline PacketEvents on_new_frame(std::span<const std::uint8_t> packet, RtpHead head,
                                                          MonotonicUs now) {
    timestamp_ = head.timestamp();
    transit_ = transit<kVideoKhz>(head.timestamp(), now);
    const auto now_us = static_cast<std::uint32_t>(now);
    const std::uint32_t gap_us = now_us - last_frame_us_;
    last_frame_us_ = now_us;
    note_frame_gap(gap_us);
    frames_.add(1);
    remember_frame(head.timestamp());
    ordinary_from_.set(head.stamp);
    PacketEvents events = PacketEvents::new_frame_event();
    if (gap_us > kQuietUs) [[unlikely]]
      events = events | PacketEvents::after_quiet_event();
    if (codec_.get() == Codec::kVp8 && is_vp8_inter_frame(packet)) [[likely]]
      return events;
    return events | on_possible_key_frame(packet, head);
  }

  // A frame that comes later than three times the usual, and than 150 ms over it, was a freeze to whoever watched.
  [[gnu::always_inline]] inline void note_frame_gap(std::uint32_t gap_us) {
    const std::uint32_t mean = mean_frame_us_;
    if (gap_us <= 2 * mean && gap_us <= kPauseUs) [[likely]] {
      mean_frame_us_ = mean + (gap_us >> 5) - (mean >> 5);
    } else {
      note_long_gap(gap_us);
    }
  }

  [[gnu::always_inline]] inline void remember_frame(std::uint32_t timestamp) {
    recent_frames_[next_recent_] = frame_mark(timestamp);
    next_recent_ = static_cast<std::uint8_t>((next_recent_ + 1U) % kRecentFrames);
  }
  static std::uint16_t frame_mark(std::uint32_t timestamp) { return static_cast<std::uint16_t>(timestamp >> 6); }

  [[gnu::cold]] PacketEvents on_unusual(std::span<const std::uint8_t> packet, RtpHead head, MonotonicUs now);
  [[gnu::noinline]] PacketEvents on_same_frame(std::span<const std::uint8_t> packet, RtpHead head);
  [[gnu::noinline]] PacketEvents on_possible_key_frame(std::span<const std::uint8_t> packet, RtpHead head);
  [[gnu::noinline]] void note_long_gap(std::uint32_t gap_us);
  [[gnu::noinline]] PacketEvents on_gap(std::span<const std::uint8_t> packet, RtpHead head, MonotonicUs now);
  [[gnu::cold]] PacketEvents on_irregular(std::span<const std::uint8_t> packet, RtpHead head, MonotonicUs now);
  [[gnu::cold]] PacketEvents on_late(std::span<const std::uint8_t> packet, RtpHead head, MonotonicUs now);
  PacketEvents key_frame_events(std::span<const std::uint8_t> packet);
  void restart_sequence(std::uint16_t sequence);
  bool frame_is_known(std::uint32_t timestamp) const;

  // Of each packet.
  Counter<std::uint64_t> ordinary_from_{};  // RtpHead::stamp of the first packet of those that are ordinary now …
  const std::uint64_t ordinary_for_;        // … and how many timestamps are so from there
  Counter<std::uint64_t> count_{};          // bytes << 32 | extended number expected next
  // Of the packets that are not ordinary.
  const MediaKind kind_;
  enum class State : std::uint8_t { kNew, kRunning, kPoked };
  Counter<State> state_{State::kNew};
  bool pair_open_ = false;  // audio: the next packet is timed, to be compared with this one
  Counter<Codec> codec_;
  std::uint32_t timestamp_ = 0;
  std::uint32_t transit_ = 0;
  Counter<MonotonicUs> last_arrival_{};
  Counter<std::uint64_t> jitter_sum_{};
  // Written per frame.
  std::uint32_t last_frame_us_ = 0;  // low half of the clock
  std::uint32_t mean_frame_us_ = 0;  // between frames; 0: not known yet
  Counter<std::uint32_t> frames_{};
  // Written now and then.
  Counter<std::uint32_t> ssrc_{};
  std::uint64_t count_before_ = 0;
  Counter<std::uint32_t> base_sequence_{};
  Counter<std::uint32_t> passed_over_{}, overtaken_{}, bursts_{}, repaired_{}, late_frames_{}, jittered_{};
  Counter<std::uint32_t> freezes_{}, frozen_ms_{}, key_frames_{};
  Counter<std::uint32_t> reorder_us_{};  // 0: nobody knows yet
  Counter<FrameSize> size_{};
  Counter<MonotonicUs> resumed_at_{}, first_arrival_{};
  std::uint32_t restart_candidate_ = 1U << 16;  // sequence number that would confirm a restart; above 16 bits: none
  std::uint8_t next_recent_ = 0;
  std::array<std::uint16_t, kRecentFrames> recent_frames_{};  // of the last frames' timestamps, bits 6 to 21
  std::atomic<GapLog*> gaps_{nullptr};                        // made when the first packet is missing
  std::unique_ptr<GapLog> owned_gaps_;
  RtpTotals taken_;  // sampling thread
};

}  // namespace callroom::quality
