// Which packets of a layered source one receiver gets, as one continuous stream: numbers without the gaps of what was
// left out, and without a break where the layer changes. A layer is changed at a key frame of the new one; a temporal
// layer is left at any frame, and entered at one that depends on the lowest alone. Where the source does not send the
// layer that was chosen, or does not yet do so steadily, the next lower one stands in.
//
// choose() and the rest of the public state may be used by any thread; take() belongs to the source's thread, hold() to
// whoever took the leg out of the route.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>

#include "base/time.hpp"
#include "media/header_rewriter.hpp"
#include "media/layered_source.hpp"

namespace callroom::media {

class LayerFilter {
 public:
  void choose(Layer wanted) { wanted_.store(pack(wanted), std::memory_order_relaxed); }
  Layer wanted() const { return unpack(wanted_.load(std::memory_order_relaxed)); }

  // True while a key frame is missing to show the layer that was chosen, or what stands in for it.
  bool waits_for_key_frame() const { return waits_.load(std::memory_order_relaxed); }

  // The source begins, or begins anew after it was left out.
  void begin();
  bool has_begun() const { return spatial_.has_value(); }  // of the source's thread

  struct Taken {
    std::uint64_t index = 0, highest = 0;  // of what the receiver gets, however the source numbers it
    std::uint32_t timestamp = 0;
    std::uint16_t frames_left_out_since = 0;  // after this packet, which is late
    bool switched = false;                    // the first packet of another layer
  };
  // Absent: not for this receiver.
  std::optional<Taken> take(const LayeredPacket& packet, MonotonicUs now);

  // What was passed on last: where the receiver's stream stands. Not during take().
  std::uint32_t newest_timestamp() const { return last_timestamp_; }
  MonotonicUs newest_at() const { return last_at_; }

  Vp8Continuity continuity;  // for what is passed on

 private:
  static constexpr std::size_t kRemembered = 128;
  static constexpr std::uint64_t kFirstIndex = std::uint64_t{1} << 20;

  static std::uint16_t pack(Layer layer) { return static_cast<std::uint16_t>(layer.spatial << 8 | layer.temporal); }
  static Layer unpack(std::uint16_t packed) {
    return {static_cast<std::uint8_t>(packed >> 8), static_cast<std::uint8_t>(packed)};
  }

  bool may_switch(const LayeredPacket& packet, Layer wanted) const;
  void switch_to(const LayeredPacket& packet, Layer wanted, MonotonicUs now);
  void follow_temporal(const LayeredPacket& packet, Layer wanted);
  void leave_out(const LayeredPacket& packet);

  struct LeftOut {
    std::uint64_t index = 0;
    bool starts_frame = false;
  };

  std::atomic<std::uint16_t> wanted_{0};
  std::atomic<bool> waits_{true};
  std::optional<std::uint8_t> spatial_;  // what flows now
  std::uint8_t temporal_ = 0;            // the highest that flows
  std::uint64_t offset_ = 0;             // from the layer's index to the receiver's
  std::uint64_t first_ = 0;              // index of the layer's first packet that was passed on
  std::uint64_t highest_ = kFirstIndex;  // the receiver's
  std::uint32_t timestamp_offset_ = 0, last_timestamp_ = 0;
  MonotonicUs last_at_ = 0;
  std::array<LeftOut, kRemembered> left_out_{};  // of the layer that flows, the newest ones
  std::uint32_t left_out_count_ = 0;
};

}  // namespace callroom::media
