// The VP8 payload descriptor (RFC 7741, 4.2): what choosing layers needs of it, and rewriting its picture id and
// TL0PICIDX in place, so that both stay continuous when a receiver is switched to another layer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace callroom::media {

struct Vp8Descriptor {
  std::size_t size = 0;        // of the descriptor; the VP8 payload follows
  bool starts_frame = false;   // S, with partition 0
  bool is_key_frame = false;   // the frame that starts here is one
  bool is_layer_sync = false;  // Y: depends on the base layer alone
  std::optional<std::uint16_t> picture_id;
  bool long_picture_id = false;  // 15 bits, else 7
  std::optional<std::uint8_t> tl0_picture_index;
  std::optional<std::uint8_t> temporal_layer;
  std::size_t picture_id_at = 0, tl0_picture_index_at = 0;  // offsets into the payload
};

// Absent where the payload is cut short within the descriptor, or holds nothing after it.
std::optional<Vp8Descriptor> parse_vp8_descriptor(std::span<const std::uint8_t> payload);

// Keeps picture id and TL0PICIDX continuous over changes of the source. One per receiving m-line.
class Vp8Continuity {
 public:
  // The next frame comes from another source: it goes on one after what was last sent.
  void switch_source() { switching_ = true; }

  // A frame of the source was left out: the ids of those that follow close up, or a decoder would wait for it.
  void leave_out_frame() { --picture_id_offset_; }

  // Writes into the payload that `descriptor` was parsed from. left_out_since: frames that were left out after this
  // packet, where it is late.
  void rewrite(const Vp8Descriptor& descriptor, std::span<std::uint8_t> payload, std::uint16_t left_out_since = 0);

 private:
  bool switching_ = true;
  bool sent_ = false;
  std::uint16_t picture_id_offset_ = 0, last_picture_id_ = 0;
  std::uint8_t tl0_offset_ = 0, last_tl0_ = 0;
};

}  // namespace callroom::media
