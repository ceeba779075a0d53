// A session's state as plain bytes: for the crash journal of the same build on the same machine, not for exchange.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "quality/session_totals.hpp"

namespace callroom::quality {

// How many bytes were written; 0 where they do not fit.
std::size_t write_snapshot(const SessionState& state, std::span<std::byte> out);

// Absent where the bytes are no snapshot, or one of another layout. Reads nothing outside them, whatever they say.
std::optional<SessionState> read_snapshot(std::span<const std::byte> snapshot);

}  // namespace callroom::quality
