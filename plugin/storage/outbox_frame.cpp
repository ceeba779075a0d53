#include "storage/outbox_frame.hpp"

#include <array>
#include <cstring>

#include "base/byte_reader.hpp"
#include "storage/byte_writer.hpp"
#include "storage/crc32c.hpp"
#include "storage/record_codec.hpp"

namespace callroom::storage {
namespace {

constexpr std::uint32_t kFrameMarker = 0xC4110B01;
constexpr std::array<std::uint8_t, 8> kMagic = {'C', 'A', 'L', 'L', 'R', 'O', 'O', 'M'};

std::uint32_t checksum(std::uint32_t length, std::span<const std::uint8_t> payload) {
  std::array<std::uint8_t, 4> prefix{};
  ByteWriter(prefix).u32(length);
  return crc32c(payload, crc32c(prefix));
}

}  // namespace

std::vector<std::uint8_t> segment_header() {
  std::vector<std::uint8_t> header(kSegmentHeaderBytes);
  std::memcpy(header.data(), kMagic.data(), kMagic.size());
  ByteWriter(std::span(header).subspan(kMagic.size())).u32(kSegmentFormat);
  return header;
}

std::optional<std::uint32_t> segment_format(std::span<const std::uint8_t> bytes) {
  if (bytes.size() < kSegmentHeaderBytes || std::memcmp(bytes.data(), kMagic.data(), kMagic.size()) != 0) {
    return std::nullopt;
  }
  return ByteReader(bytes.subspan(kMagic.size())).u32();
}

void append_frame(std::vector<std::uint8_t>& out, std::span<const std::uint8_t> payload) {
  const auto length = static_cast<std::uint32_t>(payload.size());
  std::array<std::uint8_t, kFrameHeaderBytes> header{};
  ByteWriter writer(header);
  writer.u32(kFrameMarker);
  writer.u32(length);
  writer.u32(checksum(length, payload));
  out.insert(out.end(), header.begin(), header.end());
  out.insert(out.end(), payload.begin(), payload.end());
}

Frame parse_frame(std::span<const std::uint8_t> bytes) {
  ByteReader reader(bytes);
  const std::uint32_t marker = reader.u32();
  const std::uint32_t length = reader.u32();
  const std::uint32_t crc = reader.u32();
  if (!reader.ok()) return {Frame::State::kCut, {}, 0};
  if (marker != kFrameMarker || length > kMaxRecordBytes) return {};
  const auto payload = reader.take(length);
  if (!reader.ok()) return {Frame::State::kCut, {}, 0};
  if (checksum(length, payload) != crc) return {};
  return {Frame::State::kWhole, payload, kFrameHeaderBytes + length};
}

std::size_t find_frame(std::span<const std::uint8_t> bytes) {
  const auto first = static_cast<std::uint8_t>(kFrameMarker >> 24);
  for (std::size_t at = 1; at < bytes.size(); ++at) {
    const void* found = std::memchr(bytes.data() + at, first, bytes.size() - at);
    if (found == nullptr) break;
    at = static_cast<std::size_t>(static_cast<const std::uint8_t*>(found) - bytes.data());
    if (parse_frame(bytes.subspan(at)).state == Frame::State::kWhole) return at;
  }
  return bytes.size();
}

}  // namespace callroom::storage
