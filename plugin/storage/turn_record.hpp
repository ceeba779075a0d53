// Checks of TURN servers in the outbox, beside the sessions: the same files, the same delivery, each once. Pure.
//
// A payload is its kind's byte, the format's version, and one JSON object that Postgres takes apart; kinds are letters,
// so that they are never a session's format number (record_codec.hpp).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "turn/availability.hpp"
#include "turn/check_record.hpp"

namespace callroom::storage {

// That the number of working TURN servers has reached a new level.
struct TurnAlert {
  turn::AvailabilityReport availability;
  WallTime raised_at{};
  std::string node;
};

// The rule that such an alert is listed under: "turn_servers_warning" or "turn_servers_critical".
const char* rule_name(const TurnAlert& alert);

enum class TurnRecordKind : std::uint8_t { kCheck = 'T', kAlert = 'A' };

std::vector<std::uint8_t> encode(const turn::CheckRecord& record);
std::vector<std::uint8_t> encode(const TurnAlert& alert);

struct TurnRecord {
  TurnRecordKind kind = TurnRecordKind::kCheck;
  std::string_view json;  // borrowed from the payload
};

// Nothing where the payload is none of these.
std::optional<TurnRecord> decode_turn_record(std::span<const std::uint8_t> payload);

// Takes one parameter: a JSON array of such records. A record that is there already counts for nothing.
const char* insert_sql(TurnRecordKind kind);

}  // namespace callroom::storage
