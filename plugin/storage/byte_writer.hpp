// Big-endian bytes into a buffer of fixed size, the counterpart of base/byte_reader.hpp: the first write that does not
// fit makes it fail, and nothing is written after that. Check ok() once, at the end.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace callroom::storage {

class ByteWriter {
 public:
  explicit ByteWriter(std::span<std::uint8_t> bytes) : bytes_(bytes) {}

  bool ok() const { return ok_; }
  std::size_t size() const { return size_; }

  void u8(std::uint8_t value) { big_endian(value, 1); }
  void u16(std::uint16_t value) { big_endian(value, 2); }
  void u32(std::uint32_t value) { big_endian(value, 4); }
  void u64(std::uint64_t value) { big_endian(value, 8); }
  void i64(std::int64_t value) { u64(static_cast<std::uint64_t>(value)); }
  void f64(double value) { u64(std::bit_cast<std::uint64_t>(value)); }

  void bytes(std::span<const std::uint8_t> source) {
    u32(static_cast<std::uint32_t>(source.size()));
    if (!has(source.size())) return;
    std::copy(source.begin(), source.end(), bytes_.begin() + static_cast<std::ptrdiff_t>(size_));
    size_ += source.size();
  }
  void text(std::string_view source) { bytes({reinterpret_cast<const std::uint8_t*>(source.data()), source.size()}); }

 private:
  bool has(std::size_t count) {
    if (ok_ && count <= bytes_.size() - size_) return true;
    ok_ = false;
    return false;
  }

  void big_endian(std::uint64_t value, std::size_t count) {
    if (!has(count)) return;
    for (std::size_t i = count; i > 0; --i) bytes_[size_++] = static_cast<std::uint8_t>(value >> (8 * (i - 1)));
  }

  std::span<std::uint8_t> bytes_;
  std::size_t size_ = 0;
  bool ok_ = true;
};

}  // namespace callroom::storage
