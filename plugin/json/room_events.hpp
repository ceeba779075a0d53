// What participants are told, as JSON: {"callroom": <name>, …}.
#pragma once

#include <vector>

#include "base/error.hpp"
#include "json/json.hpp"
#include "signaling/events.hpp"
#include "signaling/pair.hpp"
#include "signaling/rooms.hpp"

namespace callroom::json {

Json error_json(const Error& error);  // {"callroom": "error", "error_code", "error"}
Json named_event(const char* name);   // {"callroom": name}
// Between two participants whose media goes directly between them.
Json signal_json(const std::string& from, std::int64_t negotiation, signaling::DescriptionType type,
                 const std::string& sdp);
Json signal_json(const std::string& from, std::int64_t negotiation, const std::string& candidate);  // JSON text
Json glare_json(const std::string& with, std::int64_t negotiation);
Json negotiate_json(const char* reason);  // please offer again
Json event_json(const signaling::Event& event);
Json joined_json(const signaling::Joined& joined, double sample_interval_ms);
Json participants_json(const std::string& room, const std::vector<signaling::PeerEntry>& participants);
Json rooms_json(const std::vector<signaling::RoomListing>& rooms);

}  // namespace callroom::json
