// A big-endian reader that cannot read out of bounds: the first read past the end makes it fail, and every read
// after that yields 0. Check ok() once, after a group of reads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace callroom {

class ByteReader {
 public:
  explicit ByteReader(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  bool ok() const { return ok_; }
  std::size_t position() const { return position_; }
  std::size_t remaining() const { return bytes_.size() - position_; }

  std::uint8_t u8() { return static_cast<std::uint8_t>(big_endian(1)); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(big_endian(2)); }
  std::uint32_t u24() { return static_cast<std::uint32_t>(big_endian(3)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(big_endian(4)); }
  std::uint64_t u64() { return big_endian(8); }

  // The next `count` bytes, without copying; empty (and failed) where there are fewer.
  std::span<const std::uint8_t> take(std::size_t count) {
    if (!has(count)) return {};
    const auto part = bytes_.subspan(position_, count);
    position_ += count;
    return part;
  }

  void skip(std::size_t count) {
    if (has(count)) position_ += count;
  }

 private:
  bool has(std::size_t count) {
    if (ok_ && count <= remaining()) return true;
    ok_ = false;
    return false;
  }

  std::uint64_t big_endian(std::size_t count) {
    if (!has(count)) return 0;
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < count; ++i) value = value << 8 | bytes_[position_++];
    return value;
  }

  std::span<const std::uint8_t> bytes_;
  std::size_t position_ = 0;
  bool ok_ = true;
};

}  // namespace callroom
