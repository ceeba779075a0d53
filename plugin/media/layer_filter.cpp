#include "media/layer_filter.hpp"

#include <algorithm>
#include <bit>
#include <span>

namespace callroom::media {

namespace {

// The highest layer up to the wanted one that flows; whole, where it is a lower one: that costs less even so.
Layer best_of(Layer wanted, std::uint8_t steady) {
  const unsigned up_to_wanted = steady & ((2U << wanted.spatial) - 1);
  if (up_to_wanted == 0) return wanted;
  const auto highest = static_cast<std::uint8_t>(std::bit_width(up_to_wanted) - 1);
  return highest == wanted.spatial ? wanted : Layer{highest, kMostTemporal - 1};
}

}  // namespace

void LayerFilter::begin() {
  spatial_.reset();
  waits_.store(true, std::memory_order_relaxed);
}

// Where nothing flows yet, anything up to the wanted layer will do; then only what comes nearer to it.
bool LayerFilter::may_switch(const LayeredPacket& packet, Layer wanted) const {
  if (!packet.key_frame || !packet.is_newest || packet.is_empty) return false;
  if (!spatial_) return packet.spatial <= wanted.spatial;
  if (packet.spatial == wanted.spatial) return true;
  return packet.spatial > *spatial_ && packet.spatial < wanted.spatial;
}

void LayerFilter::switch_to(const LayeredPacket& packet, Layer wanted, MonotonicUs now) {
  constexpr std::uint32_t kClockKhz = 90;
  std::uint32_t timestamp = last_timestamp_;
  if (last_at_ != 0) {
    const MonotonicUs elapsed = std::max<MonotonicUs>(now - last_at_, 0);
    timestamp += std::max(static_cast<std::uint32_t>(elapsed * kClockKhz / 1000), std::uint32_t{1});
  }
  timestamp_offset_ = timestamp - packet.timestamp;
  offset_ = highest_ + 1 - packet.index;
  first_ = packet.index;
  spatial_ = packet.spatial;
  temporal_ = wanted.temporal;
  left_out_count_ = 0;
  continuity.switch_source();
}

// Down at once; up with a frame of the next layer that needs nothing of the layers between.
void LayerFilter::follow_temporal(const LayeredPacket& packet, Layer wanted) {
  if (!packet.starts_frame || !packet.is_newest) return;
  // On the way down to a layer whose key frame has not come yet, as little as possible of the higher one.
  const std::uint8_t most = wanted.spatial < *spatial_ ? 0 : wanted.temporal;
  if (most < temporal_) {
    temporal_ = most;
  } else if (packet.temporal > temporal_ && packet.temporal <= most && packet.is_layer_sync) {
    temporal_ = packet.temporal;
  }
}

void LayerFilter::leave_out(const LayeredPacket& packet) {
  if (!packet.is_newest) return;
  --offset_;
  left_out_[left_out_count_++ % kRemembered] = {packet.index, packet.starts_frame};
  if (packet.starts_frame) continuity.leave_out_frame();
}

std::optional<LayerFilter::Taken> LayerFilter::take(const LayeredPacket& packet, MonotonicUs now) {
  const Layer wanted = best_of(this->wanted(), packet.steady);
  bool switched = false;
  // On the way down: with a layer's key frame come those of all others, and it is the largest of what is not wanted.
  if (spatial_ == packet.spatial && wanted.spatial < *spatial_ && packet.key_frame && packet.is_newest) begin();
  if (spatial_ != packet.spatial) {
    if (!may_switch(packet, wanted)) {
      waits_.store(spatial_ != wanted.spatial, std::memory_order_relaxed);
      return std::nullopt;
    }
    switch_to(packet, wanted, now);
    switched = true;
  }
  waits_.store(*spatial_ != wanted.spatial, std::memory_order_relaxed);
  follow_temporal(packet, wanted);
  if (packet.index < first_) return std::nullopt;
  // An empty one would be given a number by the core, and not be sent.
  if (packet.temporal > temporal_ || packet.is_empty) {
    leave_out(packet);
    return std::nullopt;
  }
  Taken taken;
  taken.switched = switched;
  std::uint64_t later = 0;
  if (!packet.is_newest) {
    const std::uint32_t known = std::min<std::uint32_t>(left_out_count_, kRemembered);
    // So late that what was left out since is not known any more.
    if (left_out_count_ > kRemembered && left_out_[left_out_count_ % kRemembered].index > packet.index) {
      return std::nullopt;
    }
    for (const LeftOut& one : std::span(left_out_).first(known)) {
      if (one.index <= packet.index) continue;
      ++later;
      if (one.starts_frame) ++taken.frames_left_out_since;
    }
  }
  taken.index = packet.index + offset_ + later;
  highest_ = std::max(highest_, taken.index);
  taken.highest = highest_;
  taken.timestamp = packet.timestamp + timestamp_offset_;
  if (packet.is_newest) {
    last_timestamp_ = taken.timestamp;
    last_at_ = now;
  }
  return taken;
}

}  // namespace callroom::media
