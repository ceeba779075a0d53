// Bits, most significant first, as H.264, VP9 and AV1 headers have them. Past the end it fails and yields zeros.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace callroom::quality {

class BitReader {
 public:
  explicit BitReader(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  bool ok() const { return ok_; }

  std::uint32_t bit() {
    if (position_ >= bytes_.size() * 8) {
      ok_ = false;
      return 0;
    }
    const std::uint32_t value = bytes_[position_ / 8] >> (7 - position_ % 8) & 1U;
    ++position_;
    return value;
  }

  std::uint32_t bits(unsigned count) {  // at most 32
    std::uint32_t value = 0;
    for (unsigned i = 0; i < count; ++i) value = value << 1 | bit();
    return value;
  }

  // Exponential Golomb codes, ITU-T H.264 section 9.1.
  std::uint32_t unsigned_golomb() {
    unsigned zeros = 0;
    while (ok_ && bit() == 0) {
      if (++zeros > 31) ok_ = false;
    }
    if (!ok_) return 0;
    return (1U << zeros) - 1 + bits(zeros);
  }
  std::int32_t signed_golomb() {
    const std::uint32_t code = unsigned_golomb();
    const auto half = static_cast<std::int32_t>((code + 1) / 2);
    return code % 2 != 0 ? half : -half;
  }

 private:
  std::span<const std::uint8_t> bytes_;
  std::size_t position_ = 0;
  bool ok_ = true;
};

}  // namespace callroom::quality
