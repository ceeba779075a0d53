// IP addresses as STUN carries them, and which of them a test may be pointed at. Pure: no socket is opened, no name
// is resolved. Safe on any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace callroom::turn {

enum class Family : std::uint8_t { kIpv4 = 1, kIpv6 = 2 };  // the numbers of RFC 8489 section 14.1

struct Address {
  Family family = Family::kIpv4;
  std::array<std::uint8_t, 16> ip{};  // network order; IPv4 uses the first four bytes, the rest are 0
  std::uint16_t port = 0;

  bool operator==(const Address&) const = default;
};

enum class AddressKind {
  kPublic,
  kUnspecified,  // 0.0.0.0/8, ::
  kLoopback,
  kLinkLocal,
  kMetadata,   // where clouds hand out credentials of the machine
  kPrivate,    // RFC 1918, RFC 4193, RFC 6598 (carrier NAT)
  kMulticast,  //
  kReserved,   // documentation, benchmarking, broadcast, Teredo, everything not assigned to hosts
};

// An address literal; brackets around IPv6 are accepted, zone indices are not.
std::optional<Address> parse_ip(std::string_view text, std::uint16_t port);

std::string ip_text(const Address& address);  // "192.0.2.1", "2001:db8::1"
std::string to_text(const Address& address);  // "192.0.2.1:3478", "[2001:db8::1]:3478"

// IPv6 forms that carry an IPv4 address (mapped, compatible, NAT64, 6to4) are judged by the address they carry.
AddressKind classify(const Address& address);

const char* kind_name(AddressKind kind);  // "public", "link-local", …

// Whether a host that is not in the configuration may be tested, or an alternate server be believed.
inline bool is_public(const Address& address) {
  return classify(address) == AddressKind::kPublic;
}

}  // namespace callroom::turn
