#include <netinet/in.h>

#include <array>

#include "turn/link.hpp"
#include "turn/stun_message.hpp"

namespace callroom::turn {
namespace {

class UdpLink : public Link {
 public:
  UdpLink(ObjectPtr<GSocket> socket, Waiter& waiter) : socket_(std::move(socket)), waiter_(waiter) {}

  std::optional<Failure> send(Bytes frame) override {
    GError* raw = nullptr;
    g_socket_send(socket_.get(), reinterpret_cast<const gchar*>(frame.data()), frame.size(), nullptr, &raw);
    const ErrorPtr error(raw);
    // A full buffer loses the packet, as the network may: it is sent again.
    if (!error || g_error_matches(error.get(), G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK)) return std::nullopt;
    failure_ = failure_from(*error);
    return failure_;
  }

  Event receive(MonotonicUs until, std::vector<std::uint8_t>& frame) override {
    std::array<std::uint8_t, 2048> buffer;
    while (true) {
      GError* raw = nullptr;
      const auto size =
          g_socket_receive(socket_.get(), reinterpret_cast<gchar*>(buffer.data()), buffer.size(), nullptr, &raw);
      const ErrorPtr error(raw);
      if (size >= 0) {
        frame.assign(buffer.begin(), buffer.begin() + size);
        return Event::kFrame;
      }
      if (!g_error_matches(error.get(), G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK)) {
        failure_ = failure_from(*error);
        return Event::kFailed;
      }
      const auto waited = waiter_.socket(socket_.get(), G_IO_IN, until);
      if (waited == Waited::kTimeout) return Event::kTimeout;
      if (waited == Waited::kCancelled) return Event::kCancelled;
    }
  }

  bool reliable() const override { return false; }
  std::optional<Address> local_address() const override { return local_address_of(socket_.get()); }

 private:
  ObjectPtr<GSocket> socket_;
  Waiter& waiter_;
};

}  // namespace

ObjectPtr<GSocketAddress> socket_address(const Address& address) {
  const ObjectPtr<GInetAddress> ip(g_inet_address_new_from_bytes(
      address.ip.data(), address.family == Family::kIpv4 ? G_SOCKET_FAMILY_IPV4 : G_SOCKET_FAMILY_IPV6));
  return ObjectPtr<GSocketAddress>(g_inet_socket_address_new(ip.get(), address.port));
}

std::optional<Address> address_from(GSocketAddress* address) {
  if (address == nullptr || !G_IS_INET_SOCKET_ADDRESS(address)) return std::nullopt;
  auto* inet = G_INET_SOCKET_ADDRESS(address);
  auto* ip = g_inet_socket_address_get_address(inet);
  Address out;
  out.family = g_inet_address_get_family(ip) == G_SOCKET_FAMILY_IPV4 ? Family::kIpv4 : Family::kIpv6;
  const auto* bytes = g_inet_address_to_bytes(ip);
  std::copy(bytes, bytes + g_inet_address_get_native_size(ip), out.ip.begin());
  out.port = g_inet_socket_address_get_port(inet);
  return out;
}

std::optional<Address> local_address_of(GSocket* socket) {
  const ObjectPtr<GSocketAddress> address(g_socket_get_local_address(socket, nullptr));
  return address_from(address.get());
}

Failure failure_from(const GError& error) {
  const std::string reason = error_text(error);
  if (error.domain != G_IO_ERROR) return {Verdict::kInconclusive, reason};
  switch (error.code) {
    case G_IO_ERROR_CONNECTION_REFUSED:
      return {Verdict::kRefused, reason};
    case G_IO_ERROR_HOST_UNREACHABLE:
    case G_IO_ERROR_NETWORK_UNREACHABLE:
    case G_IO_ERROR_INVALID_ARGUMENT:
      return {Verdict::kUnreachable, reason};
    case G_IO_ERROR_PERMISSION_DENIED:
      return {Verdict::kBlocked, reason};
    case G_IO_ERROR_TIMED_OUT:
      return {Verdict::kConnectTimeout, reason};
    case G_IO_ERROR_CANCELLED:
      return {Verdict::kCancelled, reason};
    default:
      return {Verdict::kInconclusive, reason};
  }
}

UdpOpened open_udp(const Address& server, Waiter& waiter) {
  const auto family = server.family == Family::kIpv4 ? G_SOCKET_FAMILY_IPV4 : G_SOCKET_FAMILY_IPV6;
  GError* raw = nullptr;
  ObjectPtr<GSocket> socket(g_socket_new(family, G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_UDP, &raw));
  if (!socket) {
    const ErrorPtr error(raw);
    // A machine without IPv6 cannot even make the socket.
    return {nullptr, {Verdict::kUnreachable, error_text(*error)}};
  }
  g_socket_set_blocking(socket.get(), FALSE);
  // Without it Linux keeps "host unreachable" and the like to itself.
  const bool ipv4 = server.family == Family::kIpv4;
  g_socket_set_option(socket.get(), ipv4 ? IPPROTO_IP : IPPROTO_IPV6, ipv4 ? IP_RECVERR : IPV6_RECVERR, 1, nullptr);
  // Connected: the kernel drops what comes from elsewhere, and hands over what ICMP says of this peer.
  const auto address = socket_address(server);
  if (g_socket_connect(socket.get(), address.get(), nullptr, &raw) == FALSE) {
    const ErrorPtr error(raw);
    return {nullptr, failure_from(*error)};
  }
  return {std::make_unique<UdpLink>(std::move(socket), waiter), {}};
}

}  // namespace callroom::turn
