#include "turn/address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

namespace callroom::turn {
namespace {

struct Ipv4Range {
  std::uint32_t network;
  int bits;
  AddressKind kind;
};

constexpr std::uint32_t ipv4(std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d) {
  return a << 24 | b << 16 | c << 8 | d;
}

// IANA's special-purpose registry; the first match counts, so single metadata addresses stand before their ranges.
constexpr Ipv4Range kIpv4Ranges[] = {
    {ipv4(169, 254, 169, 254), 32, AddressKind::kMetadata},  // AWS, GCP, Azure, DigitalOcean, …
    {ipv4(169, 254, 170, 2), 32, AddressKind::kMetadata},    // AWS ECS
    {ipv4(100, 100, 100, 200), 32, AddressKind::kMetadata},  // Alibaba Cloud
    {ipv4(192, 0, 0, 192), 32, AddressKind::kMetadata},      // Oracle Cloud
    {ipv4(168, 63, 129, 16), 32, AddressKind::kMetadata},    // Azure's wire server
    {ipv4(0, 0, 0, 0), 8, AddressKind::kUnspecified},       {ipv4(127, 0, 0, 0), 8, AddressKind::kLoopback},
    {ipv4(169, 254, 0, 0), 16, AddressKind::kLinkLocal},    {ipv4(10, 0, 0, 0), 8, AddressKind::kPrivate},
    {ipv4(172, 16, 0, 0), 12, AddressKind::kPrivate},       {ipv4(192, 168, 0, 0), 16, AddressKind::kPrivate},
    {ipv4(100, 64, 0, 0), 10, AddressKind::kPrivate},       {ipv4(192, 0, 0, 0), 24, AddressKind::kReserved},
    {ipv4(192, 0, 2, 0), 24, AddressKind::kReserved},       {ipv4(198, 18, 0, 0), 15, AddressKind::kReserved},
    {ipv4(198, 51, 100, 0), 24, AddressKind::kReserved},    {ipv4(203, 0, 113, 0), 24, AddressKind::kReserved},
    {ipv4(224, 0, 0, 0), 4, AddressKind::kMulticast},       {ipv4(240, 0, 0, 0), 4, AddressKind::kReserved},
};

AddressKind classify_ipv4(const std::uint8_t* bytes) {
  const std::uint32_t ip = ipv4(bytes[0], bytes[1], bytes[2], bytes[3]);
  for (const auto& range : kIpv4Ranges) {
    const std::uint32_t mask = ~std::uint32_t{0} << (32 - range.bits);
    if ((ip & mask) == range.network) return range.kind;
  }
  return AddressKind::kPublic;
}

bool has_prefix(const std::array<std::uint8_t, 16>& ip, std::initializer_list<std::uint8_t> prefix) {
  return std::equal(prefix.begin(), prefix.end(), ip.begin());
}

AddressKind classify_ipv6(const std::array<std::uint8_t, 16>& ip) {
  constexpr std::array<std::uint8_t, 16> kAwsMetadata = {0xfd, 0x00, 0x0e, 0xc2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0x54};
  if (ip == kAwsMetadata) return AddressKind::kMetadata;
  const bool high_zero = std::all_of(ip.begin(), ip.begin() + 10, [](std::uint8_t b) { return b == 0; });
  if (high_zero && ip[10] == 0xff && ip[11] == 0xff) return classify_ipv4(&ip[12]);  // ::ffff:0:0/96, mapped
  if (high_zero && ip[10] == 0 && ip[11] == 0) {
    if (ip[12] == 0 && ip[13] == 0 && ip[14] == 0 && ip[15] <= 1) {
      return ip[15] == 1 ? AddressKind::kLoopback : AddressKind::kUnspecified;
    }
    return classify_ipv4(&ip[12]);  // ::/96, compatible (deprecated, but some stacks still route it)
  }
  if (has_prefix(ip, {0x00, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0})) return classify_ipv4(&ip[12]);  // NAT64
  if (has_prefix(ip, {0x20, 0x02})) return classify_ipv4(&ip[2]);                                       // 6to4
  if (ip[0] == 0xff) return AddressKind::kMulticast;
  if (ip[0] == 0xfe && (ip[1] & 0xc0) == 0x80) return AddressKind::kLinkLocal;
  if (ip[0] == 0xfe && (ip[1] & 0xc0) == 0xc0) return AddressKind::kPrivate;  // site-local, deprecated
  if ((ip[0] & 0xfe) == 0xfc) return AddressKind::kPrivate;
  if (has_prefix(ip, {0x20, 0x01, 0x0d, 0xb8})) return AddressKind::kReserved;    // documentation
  if (has_prefix(ip, {0x20, 0x01}) && ip[2] < 2) return AddressKind::kReserved;   // 2001::/23, Teredo among it
  return (ip[0] & 0xe0) == 0x20 ? AddressKind::kPublic : AddressKind::kReserved;  // 2000::/3 is what is routed
}

}  // namespace

std::optional<Address> parse_ip(std::string_view text, std::uint16_t port) {
  if (text.size() >= 2 && text.front() == '[' && text.back() == ']') text = text.substr(1, text.size() - 2);
  const std::string copy(text);
  if (copy.find('\0') != std::string::npos) return std::nullopt;
  Address address;
  address.port = port;
  if (inet_pton(AF_INET, copy.c_str(), address.ip.data()) == 1) return address;
  address.family = Family::kIpv6;
  if (inet_pton(AF_INET6, copy.c_str(), address.ip.data()) == 1) return address;
  return std::nullopt;
}

std::string ip_text(const Address& address) {
  char text[INET6_ADDRSTRLEN] = "";
  inet_ntop(address.family == Family::kIpv4 ? AF_INET : AF_INET6, address.ip.data(), text, sizeof text);
  return text;
}

std::string to_text(const Address& address) {
  const std::string port = std::to_string(address.port);
  if (address.family == Family::kIpv4) return ip_text(address) + ":" + port;
  return "[" + ip_text(address) + "]:" + port;
}

AddressKind classify(const Address& address) {
  return address.family == Family::kIpv4 ? classify_ipv4(address.ip.data()) : classify_ipv6(address.ip);
}

const char* kind_name(AddressKind kind) {
  switch (kind) {
    case AddressKind::kPublic:
      return "public";
    case AddressKind::kUnspecified:
      return "unspecified";
    case AddressKind::kLoopback:
      return "loopback";
    case AddressKind::kLinkLocal:
      return "link-local";
    case AddressKind::kMetadata:
      return "metadata";
    case AddressKind::kPrivate:
      return "private";
    case AddressKind::kMulticast:
      return "multicast";
    case AddressKind::kReserved:
      return "reserved";
  }
  return "reserved";
}

}  // namespace callroom::turn
