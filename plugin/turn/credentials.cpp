#include "turn/credentials.hpp"

#include <algorithm>
#include <charconv>

#include "turn/digest.hpp"
#include "turn/server_url.hpp"

namespace callroom::turn {
namespace {

constexpr std::size_t kMaxName = 64;
constexpr std::size_t kMaxUsername = 513;  // RFC 8489 section 14.3: fewer than 509 bytes for new ones, 513 for old
constexpr std::int64_t kMillisecondsFrom = 100'000'000'000;  // as seconds: the year 5138; as milliseconds: 1973

Bytes bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// coturn ends the name at a colon of its own choosing, and control characters have no place in a log of the server.
std::string user_part(std::string_view name) {
  std::string out(name.substr(0, kMaxName));
  std::replace_if(
      out.begin(), out.end(), [](char c) { return c <= 0x20 || c > 0x7e || c == ':'; }, '_');
  return out.empty() ? "callroom" : out;
}

Error invalid(std::string text) {
  return Error{ErrorCode::kInvalidField, std::move(text)};
}

}  // namespace

Credentials mint_rest_credentials(std::string_view secret, std::string_view name, WallTime expires_at) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(expires_at.time_since_epoch()).count();
  Credentials credentials;
  credentials.username = std::to_string(seconds) + ":" + user_part(name);
  credentials.password = base64(hmac_sha1(bytes_of(secret), bytes_of(credentials.username)));
  return credentials;
}

ExpiryReading read_expiry(std::string_view username, WallTime now) {
  const auto colon = username.find(':');
  if (colon == std::string_view::npos || colon < 9 || colon > 14) return {};
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(username.data(), username.data() + colon, value);
  if (error != std::errc{} || end != username.data() + colon || value < 0) return {};
  const bool milliseconds = value >= kMillisecondsFrom;
  ExpiryReading reading;
  reading.at = WallTime(milliseconds ? std::chrono::microseconds(std::chrono::milliseconds(value))
                                     : std::chrono::microseconds(std::chrono::seconds(value)));
  const bool past = reading.at <= now;
  if (milliseconds) {
    reading.expiry = past ? Expiry::kPastMilliseconds : Expiry::kValidMilliseconds;
  } else {
    reading.expiry = past ? Expiry::kPast : Expiry::kValid;
  }
  return reading;
}

Result<IceServer> ice_server_for(const ServerConfig& server, std::string_view name, WallTime now,
                                 std::chrono::seconds lifetime) {
  const auto url = parse_server_url(server.url);
  if (!url) return url.error();
  IceServer ice{server.id, url->text(), std::nullopt};
  if (!url->relays()) return ice;
  if (server.secret) {
    ice.credentials = mint_rest_credentials(*server.secret, name, now + lifetime);
  } else if (server.username && server.password) {
    ice.credentials = Credentials{*server.username, *server.password};
  }
  return ice;
}

Result<void> validate(const ServerConfig& server) {
  const auto url = parse_server_url(server.url);
  if (!url) return invalid("url: " + url.error().text);
  if (server.check_every.count() != 0 && server.check_every.count() < 60) {
    return invalid("check_every: 0 (never) or at least 60 seconds");
  }
  if (server.username && server.username->size() > kMaxUsername) return invalid("username: at most 513 bytes");
  if (!url->relays()) {
    if (server.username || server.password || server.secret) {
      return invalid("username, password, secret: a stun: server takes none");
    }
    return {};
  }
  if (server.secret && server.password) return invalid("secret: give either a secret or a password, not both");
  if (server.secret && server.secret->empty()) return invalid("secret: must not be empty");
  if (server.password && !server.username) return invalid("username: needed beside a password");
  if (server.username && !server.password && !server.secret) return invalid("password: needed beside a username");
  return {};
}

}  // namespace callroom::turn
