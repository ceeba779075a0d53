// Room requests of the Janus API: JSON -> one type for each.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "json/json.hpp"
#include "quality/client_sample.hpp"
#include "signaling/requests.hpp"

namespace callroom::json {

// How a client says that its direct connection to somebody is.
enum class PeerConnectionState { kConnected, kDisconnected, kFailed };

struct TransportUsed {
  std::string candidate_type, protocol;
  std::string relay_url;  // without credentials; empty: no relay, or not known
};

// What a client measured itself, where media goes past the server.
struct Report {
  std::string to;  // the other end's participant id; empty: all of them together
  std::vector<quality::ClientSample> samples;
  std::optional<TransportUsed> transport;
  std::optional<PeerConnectionState> connection;
};

// The caller's own rows, newest first.
struct History {
  std::size_t limit = 0;
  std::optional<WallTime> before;  // by created_at, itself excluded
};

template <typename Variant, typename... More>
struct Extended;
template <typename... Types, typename... More>
struct Extended<std::variant<Types...>, More...> {
  using Type = std::variant<Types..., More...>;
};
using RoomRequest = Extended<signaling::Request, Report, History>::Type;

inline constexpr std::size_t kMaxDescriptionBytes = std::size_t{128} * 1024;
inline constexpr std::size_t kMaxCandidateBytes = 1024;
inline constexpr std::size_t kMostCandidatesAtOnce = 32;
inline constexpr std::size_t kMaxSamples = 16;  // in one report

// Errors: kInvalidRequest, kUnknownRequest, kMissingField, kInvalidField; the text names the field.
Result<RoomRequest> parse_room_request(JsonView message);

}  // namespace callroom::json
