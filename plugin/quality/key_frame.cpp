#include "quality/key_frame.hpp"

#include <array>
#include <cstddef>

#include "base/byte_reader.hpp"
#include "quality/bit_reader.hpp"

namespace callroom::quality {
namespace {

using Bytes = std::span<const std::uint8_t>;

std::optional<FrameSize> frame_size(std::uint32_t width, std::uint32_t height) {
  constexpr std::uint32_t kLargest = 16384;  // anything above is damage, not a camera
  if (width == 0 || height == 0 || width > kLargest || height > kLargest) return std::nullopt;
  return FrameSize{static_cast<std::uint16_t>(width), static_cast<std::uint16_t>(height)};
}

// ---- VP8: RFC 7741 section 4.2 (payload descriptor), RFC 6386 section 9.1 (frame header) ----

// The frame header where the packet starts partition 0 of a frame, else empty.
Bytes vp8_frame_start(Bytes payload) {
  constexpr unsigned kStart = 0x10, kPartition = 0x07, kExtended = 0x80;
  if (payload.size() < 2 || (payload[0] & (kStart | kPartition)) != kStart) return {};
  std::size_t at = 1;
  if ((payload[0] & kExtended) != 0) {
    const unsigned extensions = payload[1];
    at = 2;
    if ((extensions & 0x80) != 0) {  // picture id, of 7 or 15 bits
      if (at >= payload.size()) return {};
      at += (payload[at] & 0x80) != 0 ? 2 : 1;
    }
    at += extensions >> 6 & 1;               // TL0PICIDX
    at += (extensions & 0x30) != 0 ? 1 : 0;  // TID, Y, KEYIDX
  }
  return at < payload.size() ? payload.subspan(at) : Bytes{};
}

bool vp8_is_key(Bytes payload) {
  const Bytes header = vp8_frame_start(payload);
  return !header.empty() && (header[0] & 0x01) == 0;
}

std::optional<FrameSize> vp8_size(Bytes payload) {
  const Bytes header = vp8_frame_start(payload);
  if (header.size() < 10 || (header[0] & 0x01) != 0) return std::nullopt;
  if (header[3] != 0x9D || header[4] != 0x01 || header[5] != 0x2A) return std::nullopt;
  const auto little_14 = [&](std::size_t at) {
    return (static_cast<std::uint32_t>(header[at + 1]) << 8 | header[at]) & 0x3FFFU;
  };
  return frame_size(little_14(6), little_14(8));
}

// ---- VP9: RFC 9628 section 4.2 ----

struct Vp9Start {
  bool key = false;
  bool has_structure = false;
  Bytes rest;  // the scalability structure where there is one, else the frame's own header
};

std::optional<Vp9Start> vp9_start(Bytes payload) {
  ByteReader reader(payload);
  const std::uint8_t flags = reader.u8();
  const bool inter_predicted = (flags & 0x40) != 0, layered = (flags & 0x20) != 0, flexible = (flags & 0x10) != 0;
  const bool begins_frame = (flags & 0x08) != 0;
  if ((flags & 0x80) != 0 && (reader.u8() & 0x80) != 0) reader.skip(1);  // 15-bit picture id
  unsigned spatial_layer = 0;
  if (layered) {
    spatial_layer = reader.u8() >> 1 & 0x07;
    if (!flexible) reader.skip(1);  // TL0PICIDX
  }
  if (flexible && inter_predicted) {
    for (int i = 0; i < 3 && (reader.u8() & 0x01) != 0; ++i) {  // P_DIFF, at most three
    }
  }
  if (!reader.ok()) return std::nullopt;
  return Vp9Start{!inter_predicted && begins_frame && spatial_layer == 0, (flags & 0x02) != 0,
                  payload.subspan(reader.position())};
}

// The largest layer of a scalability structure (RFC 9628 section 4.2.1).
std::optional<FrameSize> vp9_structure_size(Bytes structure) {
  ByteReader reader(structure);
  const std::uint8_t head = reader.u8();
  if ((head & 0x10) == 0) return std::nullopt;
  std::uint32_t width = 0, height = 0;
  for (int layer = head >> 5; layer >= 0; --layer) {
    width = reader.u16();
    height = reader.u16();
  }
  return reader.ok() ? frame_size(width, height) : std::nullopt;
}

// The uncompressed header of a key frame (VP9 bitstream specification, section 6.2).
std::optional<FrameSize> vp9_header_size(Bytes header) {
  BitReader reader(header);
  if (reader.bits(2) != 2) return std::nullopt;
  const std::uint32_t profile = reader.bit() | reader.bit() << 1;
  if (profile == 3) reader.bit();
  if (reader.bit() != 0) return std::nullopt;  // show_existing_frame
  if (reader.bit() != 0) return std::nullopt;  // not a key frame
  reader.bits(2);                              // show_frame, error_resilient_mode
  if (reader.bits(24) != 0x498342) return std::nullopt;
  if (profile >= 2) reader.bit();                                 // bit depth
  const bool is_rgb = reader.bits(3) == 7;                        // color_space
  if (!is_rgb) reader.bit();                                      // color_range
  if (profile == 1 || profile == 3) reader.bits(is_rgb ? 1 : 3);  // subsampling, reserved
  const std::uint32_t width = reader.bits(16) + 1;
  const std::uint32_t height = reader.bits(16) + 1;
  return reader.ok() ? frame_size(width, height) : std::nullopt;
}

std::optional<FrameSize> vp9_size(Bytes payload) {
  const auto start = vp9_start(payload);
  if (!start || !start->key) return std::nullopt;
  return start->has_structure ? vp9_structure_size(start->rest) : vp9_header_size(start->rest);
}

// ---- H.264: RFC 6184 section 5, ITU-T H.264 section 7.3.2.1.1 ----

constexpr unsigned kNalIdr = 5, kNalSps = 7, kNalStapA = 24, kNalFuA = 28;

// Calls visit(nal unit) for the packet's unit, or for each one of an aggregate. Fragments are left out.
template <typename Visit>
void for_each_h264_unit(Bytes payload, Visit visit) {
  if (payload.empty()) return;
  const unsigned type = payload[0] & 0x1FU;
  if (type < kNalStapA && type != 0) return visit(payload);
  if (type != kNalStapA) return;
  ByteReader reader(payload.subspan(1));
  while (reader.remaining() > 2) {
    const Bytes unit = reader.take(reader.u16());
    if (!reader.ok()) return;
    if (!unit.empty()) visit(unit);
  }
}

bool h264_is_key(Bytes payload) {
  if (payload.size() >= 2 && (payload[0] & 0x1FU) == kNalFuA) {
    return (payload[1] & 0x80) != 0 && (payload[1] & 0x1FU) == kNalIdr;
  }
  bool key = false;
  for_each_h264_unit(payload, [&](Bytes unit) {
    const unsigned type = unit[0] & 0x1FU;
    key = key || type == kNalSps || type == kNalIdr;
  });
  return key;
}

void skip_scaling_list(BitReader& reader, int entries) {
  std::int32_t last = 8, next = 8;
  for (int i = 0; i < entries && reader.ok(); ++i) {
    if (next != 0) next = (last + reader.signed_golomb() % 256 + 256) % 256;
    if (next != 0) last = next;
  }
}

bool h264_profile_has_chroma_format(std::uint32_t profile) {
  switch (profile) {
    case 44:
    case 83:
    case 86:
    case 100:
    case 110:
    case 118:
    case 122:
    case 128:
    case 134:
    case 135:
    case 138:
    case 139:
    case 244:
      return true;
    default:
      return false;
  }
}

// What of the parameter set the size depends on: samples per crop unit come from the chroma format.
std::uint32_t h264_read_chroma_format(BitReader& reader) {
  const std::uint32_t chroma_format = reader.unsigned_golomb();
  if (chroma_format == 3) reader.bit();  // separate_colour_plane_flag
  reader.unsigned_golomb();              // bit_depth_luma_minus8
  reader.unsigned_golomb();              // bit_depth_chroma_minus8
  reader.bit();                          // qpprime_y_zero_transform_bypass_flag
  if (reader.bit() != 0) {               // seq_scaling_matrix_present_flag
    for (int i = 0; i < (chroma_format == 3 ? 12 : 8); ++i) {
      if (reader.bit() != 0) skip_scaling_list(reader, i < 6 ? 16 : 64);
    }
  }
  return chroma_format;
}

void h264_skip_picture_order(BitReader& reader) {
  const std::uint32_t order_type = reader.unsigned_golomb();
  if (order_type == 0) {
    reader.unsigned_golomb();  // log2_max_pic_order_cnt_lsb_minus4
  } else if (order_type == 1) {
    reader.bit();  // delta_pic_order_always_zero_flag
    reader.signed_golomb();
    reader.signed_golomb();
    const std::uint32_t cycle = reader.unsigned_golomb();
    for (std::uint32_t i = 0; i < cycle && i < 256 && reader.ok(); ++i) reader.signed_golomb();
  }
}

// The parameter set without its emulation prevention bytes (00 00 03), as far as the size can lie in it.
struct UnescapedUnit {
  std::array<std::uint8_t, 256> bytes{};
  std::size_t size = 0;

  explicit UnescapedUnit(Bytes unit) {
    int zeros = 0;
    for (const std::uint8_t byte : unit) {
      if (size == bytes.size()) break;
      if (zeros >= 2 && byte == 3) {
        zeros = 0;
        continue;
      }
      zeros = byte == 0 ? zeros + 1 : 0;
      bytes[size++] = byte;
    }
  }
};

std::optional<FrameSize> h264_parameter_set_size(Bytes unit) {
  const UnescapedUnit unescaped(unit);
  BitReader reader(Bytes(unescaped.bytes).first(unescaped.size));
  reader.bits(8);  // the unit's header
  const std::uint32_t profile = reader.bits(8);
  reader.bits(16);           // constraint flags, level
  reader.unsigned_golomb();  // seq_parameter_set_id
  std::uint32_t chroma_format = 1;
  if (h264_profile_has_chroma_format(profile)) chroma_format = h264_read_chroma_format(reader);
  reader.unsigned_golomb();  // log2_max_frame_num_minus4
  h264_skip_picture_order(reader);
  reader.unsigned_golomb();  // max_num_ref_frames
  reader.bit();              // gaps_in_frame_num_value_allowed_flag
  const std::uint64_t width_blocks = std::uint64_t{reader.unsigned_golomb()} + 1;
  const std::uint64_t height_units = std::uint64_t{reader.unsigned_golomb()} + 1;
  const std::uint32_t frames_only = reader.bit();
  if (frames_only == 0) reader.bit();  // mb_adaptive_frame_field_flag
  reader.bit();                        // direct_8x8_inference_flag
  std::uint64_t crop_x = 0, crop_y = 0;
  if (reader.bit() != 0) {
    const std::uint64_t unit_x = chroma_format == 1 || chroma_format == 2 ? 2 : 1;
    const std::uint64_t unit_y = std::uint64_t{chroma_format == 1 ? 2U : 1U} * (2 - frames_only);
    crop_x = unit_x * reader.unsigned_golomb() + unit_x * reader.unsigned_golomb();
    crop_y = unit_y * reader.unsigned_golomb() + unit_y * reader.unsigned_golomb();
  }
  if (!reader.ok() || width_blocks > 1024 || height_units > 1024) return std::nullopt;
  const std::uint64_t width = 16 * width_blocks, height = 16 * height_units * (2 - frames_only);
  if (crop_x >= width || crop_y >= height) return std::nullopt;
  return frame_size(static_cast<std::uint32_t>(width - crop_x), static_cast<std::uint32_t>(height - crop_y));
}

std::optional<FrameSize> h264_size(Bytes payload) {
  std::optional<FrameSize> size;
  for_each_h264_unit(payload, [&](Bytes unit) {
    if ((unit[0] & 0x1FU) == kNalSps && !size) size = h264_parameter_set_size(unit);
  });
  return size;
}

// ---- AV1: RTP payload format for AV1, section 4.4; AV1 bitstream specification, section 5.5 ----

bool av1_is_key(Bytes payload) {
  return !payload.empty() && (payload[0] & 0x88) == 0x08;
}  // N set, Z not

std::uint32_t read_leb128(ByteReader& reader) {
  std::uint32_t value = 0;
  for (unsigned i = 0; i < 4; ++i) {
    const std::uint8_t byte = reader.u8();
    value |= (byte & 0x7FU) << (7 * i);
    if ((byte & 0x80) == 0) break;
  }
  return value;
}

void av1_skip_unsigned_variable(BitReader& reader) {
  unsigned zeros = 0;
  while (reader.ok() && reader.bit() == 0) ++zeros;
  reader.bits(zeros < 32 ? zeros : 0);
}

// Everything between the reduced-header flag and the operating points; returns how many bits a buffer delay has, 0 for
// none.
unsigned av1_skip_timing(BitReader& reader) {
  if (reader.bit() == 0) return 0;  // timing_info_present_flag
  reader.bits(32);                  // num_units_in_display_tick
  reader.bits(32);                  // time_scale
  if (reader.bit() != 0) av1_skip_unsigned_variable(reader);
  if (reader.bit() == 0) return 0;  // decoder_model_info_present_flag
  const unsigned delay_bits = reader.bits(5) + 1;
  reader.bits(32);  // num_units_in_decoding_tick
  reader.bits(10);  // buffer_removal_time_length, frame_presentation_time_length
  return delay_bits;
}

void av1_skip_operating_points(BitReader& reader, unsigned delay_bits) {
  const bool display_delays = reader.bit() != 0;
  const std::uint32_t points = reader.bits(5) + 1;
  for (std::uint32_t i = 0; i < points && reader.ok(); ++i) {
    reader.bits(12);                       // operating_point_idc
    if (reader.bits(5) > 7) reader.bit();  // seq_level_idx, seq_tier
    if (delay_bits != 0 && reader.bit() != 0) {
      reader.bits(delay_bits);
      reader.bits(delay_bits);
      reader.bit();
    }
    if (display_delays && reader.bit() != 0) reader.bits(4);
  }
}

std::optional<FrameSize> av1_sequence_header_size(Bytes body) {
  BitReader reader(body);
  reader.bits(4);           // seq_profile, still_picture
  if (reader.bit() != 0) {  // reduced_still_picture_header
    reader.bits(5);
  } else {
    const unsigned delay_bits = av1_skip_timing(reader);
    av1_skip_operating_points(reader, delay_bits);
  }
  const unsigned width_bits = reader.bits(4) + 1;
  const unsigned height_bits = reader.bits(4) + 1;
  const std::uint32_t width = reader.bits(width_bits) + 1;
  const std::uint32_t height = reader.bits(height_bits) + 1;
  return reader.ok() ? frame_size(width, height) : std::nullopt;
}

std::optional<FrameSize> av1_size(Bytes payload) {
  if (!av1_is_key(payload)) return std::nullopt;
  constexpr unsigned kSequenceHeader = 1;
  ByteReader reader(payload);
  const unsigned elements = reader.u8() >> 4 & 0x03U;  // W; 0: each one has its length before it
  for (unsigned i = 1; reader.remaining() > 0 && (elements == 0 || i <= elements); ++i) {
    const bool has_length = elements == 0 || i < elements;
    const std::size_t length = has_length ? read_leb128(reader) : reader.remaining();
    ByteReader unit(reader.take(length));
    if (!reader.ok()) return std::nullopt;
    const std::uint8_t header = unit.u8();
    if ((header & 0x04) != 0) unit.skip(1);       // extension
    if ((header & 0x02) != 0) read_leb128(unit);  // obu_size
    if (unit.ok() && (header >> 3 & 0x0FU) == kSequenceHeader)
      return av1_sequence_header_size(unit.take(unit.remaining()));
  }
  return std::nullopt;
}

}  // namespace

bool is_key_frame(Codec codec, std::span<const std::uint8_t> payload) {
  switch (codec) {
    case Codec::kVp8:
      return vp8_is_key(payload);
    case Codec::kVp9: {
      const auto start = vp9_start(payload);
      return start && start->key;
    }
    case Codec::kH264:
      return h264_is_key(payload);
    case Codec::kAv1:
      return av1_is_key(payload);
    case Codec::kOpus:
    case Codec::kUnknown:
      break;
  }
  return false;
}

std::optional<FrameSize> key_frame_size(Codec codec, std::span<const std::uint8_t> payload) {
  switch (codec) {
    case Codec::kVp8:
      return vp8_size(payload);
    case Codec::kVp9:
      return vp9_size(payload);
    case Codec::kH264:
      return h264_size(payload);
    case Codec::kAv1:
      return av1_size(payload);
    case Codec::kOpus:
    case Codec::kUnknown:
      break;
  }
  return std::nullopt;
}

}  // namespace callroom::quality
