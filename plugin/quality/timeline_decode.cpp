#include <algorithm>

#include "base/byte_reader.hpp"
#include "quality/bit_reader.hpp"
#include "quality/timeline_codes.hpp"

namespace callroom::quality {
namespace {

constexpr std::uint32_t kMostDecodedPoints = 512;  // more than any encoder of version 1 writes

std::optional<std::uint32_t> read_integer(ByteReader& reader) {
  std::uint32_t value = 0;
  for (unsigned shift = 0; shift < 32; shift += 7) {
    const std::uint8_t byte = reader.u8();
    if (shift == 28 && byte > 0x0F) return std::nullopt;
    value |= (byte & 0x7FU) << shift;
    if ((byte & 0x80) == 0) return reader.ok() ? std::optional(value) : std::nullopt;
  }
  return std::nullopt;
}

int unzigzag(unsigned value) {
  return value % 2 != 0 ? -static_cast<int>(value / 2) - 1 : static_cast<int>(value / 2);
}

// One column into the points; how many bytes it took, absent where they end too soon.
std::optional<std::size_t> read_column(std::span<const std::uint8_t> bytes, std::size_t column,
                                       std::vector<TimelinePoint>& points) {
  if (bytes.empty() || bytes[0] > kMostRice) return std::nullopt;
  const unsigned parameter = bytes[0];
  BitReader reader(bytes.subspan(1));
  std::size_t bits = 0;
  std::uint8_t code = 0;
  for (auto& point : points) {
    unsigned ones = 0;
    while (ones < kEscape && reader.bit() != 0) ++ones;
    bits += std::min(ones + 1, kEscape);
    const unsigned length = ones == kEscape ? 8 : parameter;
    const unsigned value = (ones == kEscape ? 0 : ones << parameter) | reader.bits(length);
    bits += length;
    if (!reader.ok() || value > 255) return std::nullopt;
    code = static_cast<std::uint8_t>(code + unzigzag(value));
    point.*kTimelineColumns[column] = timeline_value(column, code);
  }
  return 1 + (bits + 7) / 8;
}

}  // namespace

std::optional<DecodedTimeline> decode_timeline(std::span<const std::uint8_t> bytes) {
  ByteReader reader(bytes);
  if (reader.u8() != 1) return std::nullopt;
  const auto interval = read_integer(reader), per_point = read_integer(reader), points = read_integer(reader);
  if (!interval || !per_point || !points || *points > kMostDecodedPoints) return std::nullopt;
  DecodedTimeline timeline{*interval, *per_point, std::vector<TimelinePoint>(*points), {}};
  for (std::size_t column = 0; column < Timeline::kColumns; ++column) {
    const auto size = read_column(bytes.subspan(reader.position()), column, timeline.points);
    if (!size) return std::nullopt;
    reader.skip(*size);
  }
  const auto events = read_integer(reader);
  if (!events || *events > reader.remaining() / 3) return std::nullopt;
  std::uint32_t sample = 0;
  for (std::uint32_t i = 0; i < *events; ++i) {
    const auto since = read_integer(reader);
    const std::uint8_t what = reader.u8(), detail = reader.u8();
    if (!since || !reader.ok() || *since > 0xFFFF) return std::nullopt;
    sample = std::min<std::uint32_t>(sample + *since, 0xFFFF);
    timeline.events.push_back({static_cast<Happening>(what), detail, static_cast<std::uint16_t>(sample)});
  }
  return timeline;
}

}  // namespace callroom::quality
