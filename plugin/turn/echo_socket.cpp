#include "turn/echo_socket.hpp"

#include <array>

#include "turn/link.hpp"
#include "turn/stun_message.hpp"

namespace callroom::turn {
namespace {

constexpr MonotonicUs kBindingTimeUs = 500'000;
constexpr MonotonicUs kBindingIntervalUs = 125'000;

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

}  // namespace

std::unique_ptr<EchoSocket> EchoSocket::open(const std::optional<Address>& stun_server, const Address& local_ip,
                                             Waiter& waiter) {
  const auto family = local_ip.family == Family::kIpv4 ? G_SOCKET_FAMILY_IPV4 : G_SOCKET_FAMILY_IPV6;
  ObjectPtr<GSocket> socket(g_socket_new(family, G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_UDP, nullptr));
  if (!socket) return nullptr;
  g_socket_set_blocking(socket.get(), FALSE);
  Address any = local_ip;
  any.port = 0;
  const auto bind_to = socket_address(any);
  if (g_socket_bind(socket.get(), bind_to.get(), FALSE, nullptr) == FALSE) return nullptr;
  auto address = local_address_of(socket.get());
  if (!address) return nullptr;
  if (stun_server && stun_server->family == local_ip.family) {
    if (const auto mapped = ask_stun(socket.get(), *stun_server, waiter)) address = mapped;
  }
  return std::unique_ptr<EchoSocket>(new EchoSocket(std::move(socket), *address));
}

EchoSocket::EchoSocket(ObjectPtr<GSocket> socket, const Address& address)
    : socket_(std::move(socket)), stop_(g_cancellable_new()), address_(address) {}

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
