#include "host/random.hpp"

#include <sys/random.h>

#include <array>
#include <cstdint>
#include <stdexcept>
#include <vector>

namespace callroom::host {
namespace {

std::vector<std::uint8_t> random_bytes(std::size_t count) {
  std::vector<std::uint8_t> bytes(count);
  if (getrandom(bytes.data(), count, 0) != static_cast<ssize_t>(count)) throw std::runtime_error("getrandom failed");
  return bytes;
}

std::string hex(const std::vector<std::uint8_t>& bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

}  // namespace

std::string random_hex(int bytes) {
  return hex(random_bytes(static_cast<std::size_t>(bytes)));
}

std::string random_uuid() {
  auto bytes = random_bytes(16);
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3f) | 0x80);
  std::string text = hex(bytes);
  for (const std::size_t at : {20u, 16u, 12u, 8u}) text.insert(at, "-");
  return text;
}

}  // namespace callroom::host
