// Rewrites the RTP header (RFC 3550, 5.1) of one outgoing m-line of one receiver, so that what the receiver sees is one
// continuous stream whatever the sources behind it do: after a change of source the sequence number goes on by one
// and the timestamp by the time that passed. Within a source, gaps and reordering are passed on as they are, so that
// the receiver's NACKs and its loss figures stay true.
//
// In the common case a packet costs one addition for payload type and sequence number together, one for the timestamp,
// and three stores; all that is not so common happens in begin(), hold() and where the numbering is irregular.
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "base/relay_count.hpp"
#include "base/rtp_head.hpp"
#include "base/time.hpp"

namespace callroom::media {

// Big-endian loads and stores that cost one instruction more than a plain one; the caller has checked the size.
constexpr std::uint16_t big_endian(std::uint16_t value) {
  return std::endian::native == std::endian::little ? __builtin_bswap16(value) : value;
}
constexpr std::uint32_t big_endian(std::uint32_t value) {
  return std::endian::native == std::endian::little ? __builtin_bswap32(value) : value;
}
template <typename T>
T load(const std::uint8_t* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof(value));
  return big_endian(value);
}
template <typename T>
void store(std::uint8_t* bytes, T value) {
  value = big_endian(value);
  std::memcpy(bytes, &value, sizeof(value));
}
inline std::uint16_t load_u16(const std::uint8_t* bytes) {
  return load<std::uint16_t>(bytes);
}
inline std::uint32_t load_u32(const std::uint8_t* bytes) {
  return load<std::uint32_t>(bytes);
}
inline void store_u16(std::uint8_t* bytes, std::uint16_t value) {
  store(bytes, value);
}
inline void store_u32(std::uint8_t* bytes, std::uint32_t value) {
  store(bytes, value);
}

// What rewriting changes of a header (its first eight bytes), to be put back once the packet has been relayed: the
// core's own statistics read the header afterwards.
class SavedHeader {
 public:
  explicit SavedHeader(const std::uint8_t* header) { std::memcpy(&bytes_, header, sizeof(bytes_)); }
  void restore(std::uint8_t* header) const { std::memcpy(header, &bytes_, sizeof(bytes_)); }

 private:
  std::uint64_t bytes_ = 0;
};

// One packet of a source, read once and handed to every receiver's rewriter. On the common path the compiler keeps its
// members in registers: it is passed on by value, and never by address.
struct SourcePacket {
  std::uint64_t index = 0;    // extended sequence number
  std::uint64_t highest = 0;  // index of the source's newest packet, this one included
  std::uint64_t count = 0;    // CountStep::after
  std::uint32_t head = 0;     // sequence number << 16 | first byte << 8 | marker bit
  std::uint32_t timestamp = 0;

  bool is_newest() const { return index == highest; }

  // What a rewriter needs of a packet of which it is known that it is the next.
  static SourcePacket next(RtpHead head, std::uint64_t count) { return {0, 0, count, head_of(head), head.timestamp()}; }
  static std::uint32_t head_of(RtpHead head) { return std::rotl(head.front, 16) & ~0x7fu; }
};

// Where a source stands: gives each packet its extended sequence number. Written by the source's thread alone.
//
// Packets that follow directly are not counted here again: the caller's running count (see CountStep) stands for them,
// as long as it expects the same number next.
class SourceProgress {
 public:
  // Whether the caller's count, as it is before a packet, and the numbering here expect the same one next.
  bool agrees_with(std::uint64_t count) const {
    return agrees_ && static_cast<std::uint16_t>(count) == static_cast<std::uint16_t>(next_index(count));
  }

  // Before a packet that the caller's count does not vouch for. `count`: before that packet.
  void catch_up(std::uint64_t count) {
    if (agrees_) highest_index_ = next_index(count) - 1;
    agrees_ = false;
  }
  // After it: from here on the count vouches for the packets in order, if it agrees.
  void follow(std::uint64_t count) {
    count_ = count;
    agrees_ = static_cast<std::uint16_t>(count) == static_cast<std::uint16_t>(highest_index_ + 1);
  }
  bool agrees() const { return agrees_; }

  // Whether it continues the source's numbering, if not directly; where not, ask restarts() before anything else.
  bool continues(std::uint16_t sequence) const {
    const auto steps = static_cast<std::uint16_t>(sequence - static_cast<std::uint16_t>(highest_index_));
    return highest_index_ != kNothingYet && static_cast<std::uint16_t>(steps + kBehind) <= kBehind + kAhead;
  }

  // A jump counts as a restart of the source's numbering when the next packet confirms it (RFC 3550, A.1); the very
  // first packet always starts one. False: the packet belongs nowhere.
  bool restarts(std::uint16_t sequence) {
    const bool confirmed = highest_index_ == kNothingYet || sequence == restart_at_;
    restart_at_ = static_cast<std::uint16_t>(sequence + 1);
    if (!confirmed) return false;
    // The next stretch of numbers that ends in this packet's, far enough on that no old packet can reach it.
    highest_index_ = ((highest_index_ >> 16) + 2) << 16 | sequence;
    return true;
  }

  // The packet that follows directly, by the caller's count.
  SourcePacket next(RtpHead head, CountStep step) const {
    const std::uint64_t index = next_index(step.before);
    return {index, index, step.after, SourcePacket::head_of(head), head.timestamp()};
  }

  // Any other packet that continues the numbering, or has restarted it.
  SourcePacket place(RtpHead head, std::uint64_t count) {
    const auto step = static_cast<std::int16_t>(head.sequence() - static_cast<std::uint16_t>(highest_index_));
    const std::uint64_t index = highest_index_ + static_cast<std::uint64_t>(static_cast<std::int64_t>(step));
    if (step >= 0) highest_index_ = index;
    return {index, highest_index_, count, SourcePacket::head_of(head), head.timestamp()};
  }

  // Of the newest packet; and where somebody looked at the clock, when it arrived.
  void note(std::uint32_t timestamp) { timestamp_.store(timestamp, std::memory_order_relaxed); }
  void note_arrival(std::uint32_t timestamp, MonotonicUs now) {
    timed_timestamp_.store(timestamp, std::memory_order_relaxed);
    timed_at_.store(now, std::memory_order_relaxed);
  }

  std::uint32_t newest_timestamp() const { return timestamp_.load(std::memory_order_relaxed); }

  // When the packet with this timestamp arrived, within the source's jitter.
  MonotonicUs arrival(std::uint32_t timestamp, std::uint32_t clock_khz) const {
    const auto behind = static_cast<std::int32_t>(timed_timestamp_.load(std::memory_order_relaxed) - timestamp);
    return timed_at_.load(std::memory_order_relaxed) -
           static_cast<std::int64_t>(behind) * 1000 / static_cast<std::int64_t>(clock_khz);
  }

 private:
  static constexpr std::uint16_t kBehind = 2048;  // no retransmission comes later than this many packets
  static constexpr std::uint16_t kAhead = 16384;
  static constexpr std::uint64_t kNothingYet = 1 << 20;

  // Precondition: agrees_ since count_.
  std::uint64_t next_index(std::uint64_t count) const {
    return highest_index_ + 1 + static_cast<std::uint32_t>(count - count_);
  }

  std::uint64_t highest_index_ = kNothingYet;      // when the count was count_
  std::uint64_t count_ = 0;                        // the caller's
  std::atomic<std::uint32_t> timestamp_{0};        // of the newest packet
  std::atomic<std::uint32_t> timed_timestamp_{0};  // of the last packet whose arrival was timed
  std::atomic<MonotonicUs> timed_at_{0};           // … and when that was
  std::uint16_t restart_at_ = 0;
  bool agrees_ = false;  // count_ and what was added to it since tell where the numbering is
};

// Owned by one thread at a time: by the thread of the source it is attached to while it is published in that source's
// routes, and by whoever publishes otherwise. progress() may be called by any thread.
class HeaderRewriter {
 public:
  // first_sequence: what the first packet ever relayed carries, at least 1; m-lines of one PeerConnection start apart,
  // so that a report block can be told by its sequence number. clock_khz: 48 for Opus, 90 for video.
  HeaderRewriter(std::uint16_t first_sequence, std::uint32_t first_timestamp, std::uint16_t clock_khz)
      : relayed_(std::uint32_t{first_sequence} - 1),
        last_sequence_(std::uint32_t{first_sequence} - 1),
        last_timestamp_(first_timestamp),
        clock_khz_(clock_khz) {}

  // Before a source's first packet. A video source is held back until begin() sees its key frame.
  void attach(std::uint8_t payload_type, bool needs_key_frame) {
    payload_type_ = payload_type;
    needs_key_frame_ = needs_key_frame;
  }

  bool takes(const SourcePacket& packet) const { return packet.index >= start_; }
  bool is_held() const { return start_ == kHeld; }

  // Precondition: it takes the packet, which is the next of its source by the caller's count.
  void rewrite(const SourcePacket& packet, std::uint8_t* header) {
    write(packet, header);
    relayed_.note(packet.count);
  }

  // Precondition: it takes the packet, of which the caller's count tells something else.
  void rewrite_irregular(const SourcePacket& packet, std::size_t size, std::uint8_t* header) {
    write(packet, header);
    const std::uint32_t highest = static_cast<std::uint32_t>(packet.highest) + sequence_offset_;
    relayed_.settle(packet.count, {progress().relayed + Tally::unit(size), highest});
  }
  // A packet that it does not take, of which the same holds.
  void pass_over(std::uint64_t count) { relayed_.settle(count, progress()); }

  // For a packet that is not taken: true where the source begins with it, after which it is taken. A packet that
  // others overtook begins nothing: those would be missing for good. `now` is when it arrived, `size` how large it is.
  template <typename IsKeyFrame>
  bool begin(const SourcePacket& packet, std::size_t size, MonotonicUs now, IsKeyFrame&& is_key_frame) {
    if (!is_held() || !packet.is_newest()) return false;
    if (needs_key_frame_ && !is_key_frame()) return false;
    start(packet, size, now);
    return true;
  }

  // Ends what begin() began: the next source (or the same one after a pause or a jump) goes on from here.
  void hold(const SourceProgress& source) {
    const std::uint32_t timestamp = source.newest_timestamp();  // this leg relayed all that the source sent
    hold(timestamp, source.arrival(timestamp, clock_khz_));
  }
  // Where what it relayed ended with this timestamp of the source, at that time.
  void hold(std::uint32_t newest_timestamp, MonotonicUs arrived) {
    if (is_held()) return;
    last_sequence_ = progress().highest_sequence;
    last_timestamp_ = newest_timestamp + timestamp_offset_;
    last_at_ = arrived;
    start_ = kHeld;
  }

  // While it is held: passes over that many numbers, so that the receiver gives up whatever it still misses.
  void jump(std::uint32_t numbers) {
    last_sequence_ += numbers;
    relayed_.settle(0, {progress().relayed, last_sequence_});
  }
  // … and the header of a packet of nobody's, `size` bytes in all, that takes the next number.
  void write_own(std::span<std::uint8_t, kRtpHeaderSize> header, std::size_t size, MonotonicUs now) {
    relayed_.settle(0, {progress().relayed + Tally::unit(size), ++last_sequence_});
    std::ranges::fill(header, std::uint8_t{0});
    header[0] = 0x80;  // version 2
    header[1] = payload_type_;
    store_u16(header.data() + 2, static_cast<std::uint16_t>(last_sequence_));
    store_u32(header.data() + 4, timestamp_at(now));
  }

  using Progress = RelayCount::Progress;
  Progress progress() const { return relayed_.progress(); }  // any thread
  const RelayCount& relayed() const { return relayed_; }

 private:
  static constexpr std::uint64_t kHeld = UINT64_MAX;

  // Of what begins now.
  std::uint32_t timestamp_at(MonotonicUs now) const {
    if (last_at_ == 0) return last_timestamp_;
    const MonotonicUs elapsed = std::max<MonotonicUs>(now - last_at_, 0);
    return last_timestamp_ + std::max(static_cast<std::uint32_t>(elapsed * clock_khz_ / 1000), std::uint32_t{1});
  }

  void start(const SourcePacket& packet, std::size_t size, MonotonicUs now) {
    timestamp_offset_ = timestamp_at(now) - packet.timestamp;
    sequence_offset_ = last_sequence_ + 1 - static_cast<std::uint32_t>(packet.index);
    head_offset_ = sequence_offset_ << 16 | payload_type_;
    relayed_.settle(packet.count - Tally::unit(size), {progress().relayed, last_sequence_});
    start_ = packet.index;
  }

  void write(const SourcePacket& packet, std::uint8_t* header) const {
    store_u32(header, std::rotl(packet.head + head_offset_, 16));
    store_u32(header + 4, packet.timestamp + timestamp_offset_);
  }

  // Read or written for each packet.
  std::uint64_t start_ = kHeld;    // index of the first packet of the source that is relayed
  std::uint32_t head_offset_ = 0;  // as SourcePacket::head, the payload type in the low byte
  std::uint32_t timestamp_offset_ = 0;
  RelayCount relayed_;
  // Only when a source begins, and where its numbering is irregular.
  std::uint32_t sequence_offset_ = 0;  // from SourcePacket::index to what the receiver sees, extended
  MonotonicUs last_at_ = 0;            // 0: nothing was ever relayed
  std::uint32_t last_sequence_;
  std::uint32_t last_timestamp_;
  std::uint16_t clock_khz_;
  std::uint8_t payload_type_ = 0;
  bool needs_key_frame_ = false;
};

}  // namespace callroom::media
