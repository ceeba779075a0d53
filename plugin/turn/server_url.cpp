#include "turn/server_url.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "turn/address.hpp"

namespace callroom::turn {
namespace {

constexpr std::size_t kMaxUrl = 512;
constexpr std::size_t kMaxHost = 253;

Error invalid(std::string text) {
  return Error{ErrorCode::kInvalidField, std::move(text)};
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

// Takes the scheme off the front of `rest`. "localhost:3478" has a colon but no scheme; "http://…" has a wrong one.
Result<ServerUrl> take_scheme(std::string_view& rest) {
  ServerUrl url;
  const std::string text = lower(rest);
  if (text.starts_with("stun:")) {
    url.scheme = Scheme::kStun;
    rest.remove_prefix(5);
  } else if (text.starts_with("turn:")) {
    rest.remove_prefix(5);
  } else if (text.starts_with("turns:")) {
    url.scheme = Scheme::kTurns;
    rest.remove_prefix(6);
  } else if (text.starts_with("stuns:")) {
    return invalid("stuns: is not supported by browsers; use stun: or turns:");
  } else if (text.find("//") != std::string::npos) {
    return invalid("the URL must begin with stun:, turn: or turns:");
  } else {
    url.scheme_added = true;
  }
  if (rest.starts_with("//")) return invalid("no // belongs after the scheme: turn:host:port");
  return url;
}

// Takes "?transport=udp" or "?transport=tcp" off the end of `rest`.
Result<void> take_transport(std::string_view& rest, ServerUrl& url) {
  url.transport = url.scheme == Scheme::kTurns ? Transport::kTls : Transport::kUdp;
  const auto mark = rest.find('?');
  if (mark == std::string_view::npos) return {};
  const std::string query = lower(rest.substr(mark + 1));
  rest = rest.substr(0, mark);
  if (url.scheme == Scheme::kStun) return invalid("a stun: URL takes no ?transport=");
  if (query == "transport=tcp") {
    if (url.scheme == Scheme::kTurn) url.transport = Transport::kTcp;
    return {};
  }
  if (query != "transport=udp") return invalid("after the ? only transport=udp or transport=tcp may stand");
  if (url.scheme == Scheme::kTurns) return invalid("turns: with transport=udp (DTLS) is not supported by browsers");
  return {};
}

Result<std::uint16_t> parse_port(std::string_view text) {
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port < 1 || port > 65535) {
    return invalid("the port must be a number from 1 to 65535");
  }
  return static_cast<std::uint16_t>(port);
}

Result<void> check_host(const std::string& host) {
  if (host.empty()) return invalid("the URL names no host");
  if (host.size() > kMaxHost) return invalid("the host is longer than 253 characters");
  if (!std::all_of(host.begin(), host.end(), is_host_character)) {
    return invalid("the host may hold letters, digits, '-', '.' and '_' only; IPv6 stands in brackets");
  }
  // "127.1", "0x7f.1" and "2130706433" are addresses to some resolvers: only the four-part form is taken for one.
  const auto last_label = std::string_view(host).substr(host.rfind('.') + 1);
  const bool numeric = !last_label.empty() && last_label.front() >= '0' && last_label.front() <= '9';
  if (numeric && !parse_ip(host, 0)) return invalid("the host is neither a name nor a complete address");
  return {};
}

Result<void> take_host(std::string_view rest, ServerUrl& url) {
  std::string_view port;
  if (rest.starts_with('[')) {
    const auto close = rest.find(']');
    if (close == std::string_view::npos) return invalid("the bracket around the IPv6 address is not closed");
    const auto literal = parse_ip(rest.substr(0, close + 1), 0);
    if (!literal || literal->family != Family::kIpv6) return invalid("no IPv6 address stands in the brackets");
    url.host = ip_text(*literal);
    port = rest.substr(close + 1);
    if (!port.empty() && port.front() != ':') return invalid("only a port may follow the bracket");
  } else {
    const auto colon = rest.find(':');
    url.host = lower(rest.substr(0, colon));
    port = colon == std::string_view::npos ? std::string_view() : rest.substr(colon);
    if (auto valid = check_host(url.host); !valid) return valid;
  }
  url.port = url.scheme == Scheme::kTurns ? 5349 : 3478;
  if (port.empty()) return {};
  const auto number = parse_port(port.substr(1));
  if (!number) return number.error();
  url.port = *number;
  return {};
}

}  // namespace

std::string ServerUrl::text() const {
  constexpr const char* kSchemes[] = {"stun:", "turn:", "turns:"};
  const bool brackets = host.find(':') != std::string::npos;
  std::string out = kSchemes[static_cast<int>(scheme)];
  out += brackets ? "[" + host + "]" : host;
  out += ":" + std::to_string(port);
  if (scheme == Scheme::kTurn) out += transport == Transport::kTcp ? "?transport=tcp" : "?transport=udp";
  if (scheme == Scheme::kTurns) out += "?transport=tcp";
  return out;
}

Result<ServerUrl> parse_server_url(std::string_view text) {
  if (text.empty()) return invalid("the URL is empty");
  if (text.size() > kMaxUrl) return invalid("the URL is longer than 512 bytes");
  if (text.find('@') != std::string_view::npos) return invalid("no user name or password belongs in the URL");
  auto url = take_scheme(text);
  if (!url) return url;
  if (auto taken = take_transport(text, *url); !taken) return taken.error();
  if (auto taken = take_host(text, *url); !taken) return taken.error();
  return url;
}

const char* transport_name(Transport transport) {
  switch (transport) {
    case Transport::kUdp:
      return "udp";
    case Transport::kTcp:
      return "tcp";
    case Transport::kTls:
      return "tls";
  }
  return "udp";
}

}  // namespace callroom::turn
