// The three digests that STUN needs. Implemented over GLib in digest.cpp, so that the codec itself sees no GLib.
// Safe on any thread.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>

namespace callroom::turn {

using Bytes = std::span<const std::uint8_t>;
using Sha1Digest = std::array<std::uint8_t, 20>;
using Md5Digest = std::array<std::uint8_t, 16>;

Sha1Digest hmac_sha1(Bytes key, Bytes data);
Md5Digest md5(Bytes data);
std::string base64(Bytes data);

// A version 4 UUID, lower case.
std::string random_uuid();

// Unpredictable bytes from the kernel: transaction ids must not be guessable (RFC 8489 section 5).
void random_bytes(std::span<std::uint8_t> out);

}  // namespace callroom::turn
