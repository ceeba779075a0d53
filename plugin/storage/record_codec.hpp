// A session record as bytes, for the outbox and the crash journal. Pure.
//
// The first byte is the format's version. A record of an older version stays readable by every later plugin; one of a
// newer version is an error here, so that a plugin that was set back keeps what it cannot read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "storage/session_record.hpp"

namespace callroom::storage {

inline constexpr std::uint8_t kRecordFormat = 1;
inline constexpr std::size_t kMaxRecordBytes = 1 << 20;

std::vector<std::uint8_t> encode(const SessionRecord& record);

// Into a buffer of fixed size, without allocating. The number of bytes written; 0 where they do not fit.
std::size_t encode_into(const SessionRecord& record, std::span<std::uint8_t> buffer);

Result<SessionRecord> decode(std::span<const std::uint8_t> bytes);

// Microseconds since 1970 as a time, where Postgres and the row's text have a year for it: 1970 to 9999.
std::optional<WallTime> storable_time(std::int64_t us);

// The id alone, without reading the rest; empty where the bytes are no record of a format that this plugin reads.
std::string session_id_of(std::span<const std::uint8_t> bytes);

}  // namespace callroom::storage
