#include "turn/echo_socket.hpp"

#include <netinet/in.h>

#include <array>

#include "turn/link.hpp"
#include "turn/stun_message.hpp"

namespace callroom::turn {
namespace {

constexpr MonotonicUs kBindingTimeUs = 300'000;
constexpr MonotonicUs kBindingIntervalUs = 100'000;

bool send_to(GSocket* socket, const Address& to, Bytes bytes) {
  const auto address = socket_address(to);
  return g_socket_send_to(socket, address.get(), reinterpret_cast<const gchar*>(bytes.data()), bytes.size(), nullptr,
                          nullptr) >= 0;
}

// The address in a Binding answer to this transaction; whatever else arrives is passed over.
std::optional<Address> ask_stun(GSocket* socket, const Address& server, Waiter& waiter) {
  const auto id = random_transaction_id();
  const auto request = MessageBuilder(MessageClass::kRequest, Method::kBinding, id).finish();
  const auto until = monotonic_now() + kBindingTimeUs;
  std::array<std::uint8_t, 1500> buffer;
  while (monotonic_now() < until) {
    if (!send_to(socket, server, request)) return std::nullopt;
    const auto next = std::min(until, monotonic_now() + kBindingIntervalUs);
    while (waiter.socket(socket, G_IO_IN, next) == Waited::kReady) {
      const auto size =
          g_socket_receive(socket, reinterpret_cast<gchar*>(buffer.data()), buffer.size(), nullptr, nullptr);
      if (size < 0) return std::nullopt;
      const auto view = MessageView::parse(Bytes(buffer).first(static_cast<std::size_t>(size)));
      if (view && view->is(MessageClass::kSuccess, Method::kBinding) && view->transaction_id() == id) {
        return view->xor_address(Attribute::kXorMappedAddress);
      }
    }
    if (waiter.cancelled()) return std::nullopt;
  }
  return std::nullopt;
}

// The address of this machine that packets to `peer` leave from, with port 0. Nothing is sent.
std::optional<Address> address_towards(const Address& peer) {
  const auto family = peer.family == Family::kIpv4 ? G_SOCKET_FAMILY_IPV4 : G_SOCKET_FAMILY_IPV6;
  const ObjectPtr<GSocket> socket(g_socket_new(family, G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_UDP, nullptr));
  const auto address = socket_address(peer);
  if (!socket || g_socket_connect(socket.get(), address.get(), nullptr, nullptr) == FALSE) return std::nullopt;
  auto local = local_address_of(socket.get());
  if (local) local->port = 0;
  return local;
}

}  // namespace

std::unique_ptr<EchoSocket> EchoSocket::open(const Address& stun_server, Waiter& waiter) {
  const auto local = address_towards(stun_server);
  if (!local) return nullptr;
  const bool ipv4 = local->family == Family::kIpv4;
  ObjectPtr<GSocket> socket(g_socket_new(ipv4 ? G_SOCKET_FAMILY_IPV4 : G_SOCKET_FAMILY_IPV6, G_SOCKET_TYPE_DATAGRAM,
                                         G_SOCKET_PROTOCOL_UDP, nullptr));
  if (!socket) return nullptr;
  g_socket_set_blocking(socket.get(), FALSE);
  // A closed port is told at once instead of being waited for.
  g_socket_set_option(socket.get(), ipv4 ? IPPROTO_IP : IPPROTO_IPV6, ipv4 ? IP_RECVERR : IPV6_RECVERR, 1, nullptr);
  const auto bind_to = socket_address(*local);
  if (g_socket_bind(socket.get(), bind_to.get(), FALSE, nullptr) == FALSE) return nullptr;
  const auto bound = local_address_of(socket.get());
  if (!bound) return nullptr;
  const auto mapped = ask_stun(socket.get(), stun_server, waiter);
  return std::unique_ptr<EchoSocket>(new EchoSocket(std::move(socket), mapped.value_or(*bound), mapped.has_value()));
}

EchoSocket::EchoSocket(ObjectPtr<GSocket> socket, const Address& address, bool stun_answered)
    : socket_(std::move(socket)), stop_(g_cancellable_new()), address_(address), stun_answered_(stun_answered) {}

EchoSocket::~EchoSocket() {
  g_cancellable_cancel(stop_.get());
  if (thread_.joinable()) thread_.join();
}

void EchoSocket::start(const Address& relayed) {
  const std::array<std::uint8_t, 4> opener = {0, 0, 0, 0};
  send_to(socket_.get(), relayed, opener);
  thread_ = std::thread([this, relayed] { run(relayed); });
}

void EchoSocket::run(Address relayed) {
  std::array<std::uint8_t, 1500> buffer;
  while (g_socket_condition_wait(socket_.get(), G_IO_IN, stop_.get(), nullptr) != FALSE) {
    GSocketAddress* raw = nullptr;
    const auto size = g_socket_receive_from(socket_.get(), &raw, reinterpret_cast<gchar*>(buffer.data()), buffer.size(),
                                            nullptr, nullptr);
    const ObjectPtr<GSocketAddress> from(raw);
    // Only the relay is answered: this socket must not serve to reflect a stranger's packets.
    if (size <= 0 || address_from(from.get()) != relayed) continue;
    send_to(socket_.get(), relayed, Bytes(buffer).first(static_cast<std::size_t>(size)));
  }
}

}  // namespace callroom::turn
