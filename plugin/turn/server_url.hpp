// stun:, turn: and turns: URLs (RFC 7064, RFC 7065). Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace callroom::turn {

enum class Scheme { kStun, kTurn, kTurns };
enum class Transport { kUdp, kTcp, kTls };

struct ServerUrl {
  Scheme scheme = Scheme::kTurn;
  std::string host;  // name or address, without brackets
  std::uint16_t port = 3478;
  Transport transport = Transport::kUdp;
  bool scheme_added = false;  // the text had none, and "turn:" was put in front

  bool relays() const { return scheme != Scheme::kStun; }
  std::string text() const;  // as a browser takes it: "turn:host:3478?transport=udp"
};

// Errors: kInvalidField, with what is wrong in words. TLS is `turns:` over TCP; `turns:…?transport=udp` (DTLS) is
// refused, as no browser speaks it.
Result<ServerUrl> parse_server_url(std::string_view text);

const char* transport_name(Transport transport);  // "udp", "tcp", "tls"

}  // namespace callroom::turn
