#include "media/vp8_descriptor.hpp"

#include "base/byte_reader.hpp"

namespace callroom::media {

namespace {

constexpr std::uint8_t kExtended = 0x80, kStart = 0x10, kPartition = 0x0f;                  // first byte
constexpr std::uint8_t kPictureId = 0x80, kTl0 = 0x40, kTemporal = 0x20, kKeyIndex = 0x10;  // extension byte
constexpr std::uint8_t kLong = 0x80, kSync = 0x20;
constexpr std::uint8_t kInterFrame = 0x01;  // P of the VP8 payload header (RFC 7741, 4.3)

// Later than `last` in a numbering of `mask` + 1 values.
bool is_newer(std::uint16_t value, std::uint16_t last, std::uint16_t mask) {
  const auto ahead = static_cast<std::uint16_t>((value - last) & mask);
  return ahead != 0 && ahead <= mask / 2;
}

}  // namespace

std::optional<Vp8Descriptor> parse_vp8_descriptor(std::span<const std::uint8_t> payload) {
  ByteReader reader(payload);
  Vp8Descriptor descriptor;
  const std::uint8_t first = reader.u8();
  descriptor.starts_frame = (first & kStart) != 0 && (first & kPartition) == 0;
  const std::uint8_t fields = (first & kExtended) != 0 ? reader.u8() : std::uint8_t{0};
  if ((fields & kPictureId) != 0) {
    descriptor.picture_id_at = reader.position();
    const std::uint8_t high = reader.u8();
    descriptor.long_picture_id = (high & kLong) != 0;
    descriptor.picture_id =
        static_cast<std::uint16_t>(descriptor.long_picture_id ? (high & 0x7f) << 8 | reader.u8() : high);
  }
  if ((fields & kTl0) != 0) {
    descriptor.tl0_picture_index_at = reader.position();
    descriptor.tl0_picture_index = reader.u8();
  }
  if ((fields & (kTemporal | kKeyIndex)) != 0) {
    const std::uint8_t layers = reader.u8();
    if ((fields & kTemporal) != 0) {
      descriptor.temporal_layer = static_cast<std::uint8_t>(layers >> 6);
      descriptor.is_layer_sync = (layers & kSync) != 0;
    }
  }
  descriptor.size = reader.position();
  const std::uint8_t payload_header = reader.u8();
  if (!reader.ok()) return std::nullopt;
  descriptor.is_key_frame = descriptor.starts_frame && (payload_header & kInterFrame) == 0;
  return descriptor;
}

void Vp8Continuity::rewrite(const Vp8Descriptor& descriptor, std::span<std::uint8_t> payload,
                            std::uint16_t left_out_since) {
  if (switching_ && sent_) {
    picture_id_offset_ = static_cast<std::uint16_t>(last_picture_id_ + 1 - descriptor.picture_id.value_or(0));
    tl0_offset_ = static_cast<std::uint8_t>(last_tl0_ + 1 - descriptor.tl0_picture_index.value_or(0));
  }
  if (descriptor.picture_id) {
    const auto id = static_cast<std::uint16_t>((*descriptor.picture_id + picture_id_offset_ + left_out_since) & 0x7fff);
    if (switching_ || is_newer(id, last_picture_id_, 0x7fff)) last_picture_id_ = id;
    if (descriptor.long_picture_id) {
      payload[descriptor.picture_id_at] = static_cast<std::uint8_t>(kLong | id >> 8);
      payload[descriptor.picture_id_at + 1] = static_cast<std::uint8_t>(id);
    } else {
      payload[descriptor.picture_id_at] = static_cast<std::uint8_t>(id & 0x7f);
    }
  }
  if (descriptor.tl0_picture_index) {
    const auto index = static_cast<std::uint8_t>(*descriptor.tl0_picture_index + tl0_offset_);
    if (switching_ || is_newer(index, last_tl0_, 0xff)) last_tl0_ = index;
    payload[descriptor.tl0_picture_index_at] = index;
  }
  switching_ = false;
  sent_ = true;
}

}  // namespace callroom::media
