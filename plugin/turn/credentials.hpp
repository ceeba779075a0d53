// Credentials for TURN: what a client and a check log in with. Pure but for the HMAC. Nothing here is ever shown.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "turn/server_config.hpp"

namespace callroom::turn {

struct Credentials {
  std::string username;
  std::string password;
};

// Time-limited credentials from a shared secret (draft-uberti-behave-turn-rest, coturn's use-auth-secret): the user
// name is "<expiry in Unix seconds>:<name>", the password is the base64 of its HMAC-SHA1.
Credentials mint_rest_credentials(std::string_view secret, std::string_view name, WallTime expires_at);

enum class Expiry {
  kNone,               // the user name carries no time
  kValid,              //
  kPast,               //
  kValidMilliseconds,  // carries milliseconds where seconds belong: servers take it for a date thousands of years ahead
  kPastMilliseconds,
};

struct ExpiryReading {
  Expiry expiry = Expiry::kNone;
  WallTime at{};  // meaningless for kNone
};

// What the user name says before any packet is sent. Only "<digits>:<name>" is taken for a time: a bare number may be a
// telephone number.
ExpiryReading read_expiry(std::string_view username, WallTime now);

// One entry of a browser's RTCConfiguration.iceServers.
struct IceServer {
  std::string id;   // of the configured server
  std::string url;  // with the scheme that was missing, if one was
  std::optional<Credentials> credentials;
};

// What a client is given in `joined`: for a server with a secret, credentials of its own that end after `lifetime`; for
// one with a static password, that. `name` goes into the user name, cut to what servers take (64 bytes).
// Errors: kInvalidField, for a URL that does not parse.
Result<IceServer> ice_server_for(const ServerConfig& server, std::string_view name, WallTime now,
                                 std::chrono::seconds lifetime);

// Whether a category of the .jcfg can be used at all; the text names the key. `stun:` takes no credentials, `turn:`
// needs a user name and a password, a secret, or none of them (a server that asks for none).
Result<void> validate(const ServerConfig& server);

}  // namespace callroom::turn
