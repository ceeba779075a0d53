// CRC-32C (Castagnoli, RFC 3720 B.4), as records on disk carry it.
#pragma once

#include <cstdint>
#include <span>

namespace callroom::storage {

// Chainable: the checksum of a then b is crc32c(b, crc32c(a)).
std::uint32_t crc32c(std::span<const std::uint8_t> bytes, std::uint32_t seed = 0);

}  // namespace callroom::storage
