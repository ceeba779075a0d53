// What a receiver can begin with at once: the last key frame of the smallest size that a layered source sends, and what
// followed it. Kept where a stop is about to end: a key frame that is asked for then comes a tenth of a second later,
// and several from a busy machine. It may be a little old; what has followed makes up for that.
//
// want_until(), is_kept() and bits() may be used by any thread; the rest belongs to the source's.
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstdint>
#include <span>
#include <vector>

#include "base/time.hpp"
#include "media/layered_source.hpp"

namespace callroom::media {

// With: what else belongs to a packet.
template <typename With>
class KeptStart {
 public:
  static constexpr MonotonicUs kFreshFor = 800'000;
  static constexpr std::size_t kMost = 64;  // packets

  struct Packet {
    LayeredPacket layered;
    std::vector<std::uint8_t> bytes;
    MonotonicUs at;
    With with;
  };

  // A key frame that comes until then is kept.
  void want_until(MonotonicUs until) {
    if (until > wanted_until_.load(std::memory_order_relaxed)) wanted_until_.store(until, std::memory_order_relaxed);
  }

  // Whether a receiver that is put into the source's route now begins with what is kept.
  bool is_kept(MonotonicUs now) const {
    const MonotonicUs at = kept_at_.load(std::memory_order_relaxed);
    return at != 0 && now - at < kFreshFor;
  }

  // … and how much that is, at the lowest frame rate.
  std::uint32_t bits() const { return bits_.load(std::memory_order_relaxed); }

  // Each packet of the source, once it has been relayed.
  void note(const LayeredPacket& layered, std::span<const std::uint8_t> bytes, MonotonicUs now, With with) {
    const bool wanted = now < wanted_until_.load(std::memory_order_relaxed);
    if (!packets_.empty() && (!is_kept(now) || !wanted)) drop();
    const bool begins = layered.key_frame && layered.starts_frame && layered.is_newest && is_smallest(layered);
    if (!wanted || !(begins || belongs(layered))) return;
    if (begins) {
      drop();
      kept_at_.store(now, std::memory_order_relaxed);
    }
    if (layered.temporal == 0) bits_.fetch_add(static_cast<std::uint32_t>(8 * bytes.size()), std::memory_order_relaxed);
    packets_.push_back({layered, {bytes.begin(), bytes.end()}, now, with});
    if (packets_.size() > kMost) drop();
  }

  // In the order in which they came; empty: nothing is kept.
  std::span<const Packet> packets(MonotonicUs now) const {
    return is_kept(now) ? std::span<const Packet>(packets_) : std::span<const Packet>();
  }

 private:
  static bool is_smallest(const LayeredPacket& layered) {
    return layered.steady == 0 || layered.spatial <= std::countr_zero(layered.steady);
  }
  bool belongs(const LayeredPacket& layered) const {
    return !packets_.empty() && packets_.front().layered.spatial == layered.spatial;
  }
  void drop() {
    kept_at_.store(0, std::memory_order_relaxed);
    bits_.store(0, std::memory_order_relaxed);
    packets_ = {};
  }

  std::atomic<MonotonicUs> wanted_until_{0}, kept_at_{0};  // kept_at_: 0: nothing is
  std::atomic<std::uint32_t> bits_{0};
  std::vector<Packet> packets_;
};

}  // namespace callroom::media
