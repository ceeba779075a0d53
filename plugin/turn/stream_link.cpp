#include <netinet/in.h>
#include <netinet/tcp.h>

#include <array>

#include "turn/link.hpp"
#include "turn/stun_message.hpp"
#include "turn/stun_stream.hpp"

namespace callroom::turn {
namespace {

constexpr MonotonicUs kSendTimeUs = 2'000'000;  // a peer that reads nothing for so long is not served

// TCP or TLS: the same code, as both give pollable streams.
class StreamLink : public Link {
 public:
  StreamLink(ObjectPtr<GSocket> socket, ObjectPtr<GIOStream> stream, Waiter& waiter)
      : socket_(std::move(socket)), stream_(std::move(stream)), waiter_(waiter) {}

  // Closes the socket beneath: closing the TLS stream would wait for the other side.
  ~StreamLink() override { g_socket_close(socket_.get(), nullptr); }

  std::optional<Failure> send(Bytes frame) override {
    auto* out = G_POLLABLE_OUTPUT_STREAM(g_io_stream_get_output_stream(stream_.get()));
    const auto until = monotonic_now() + kSendTimeUs;
    while (!frame.empty()) {
      GError* raw = nullptr;
      const auto written = g_pollable_output_stream_write_nonblocking(out, frame.data(), frame.size(), nullptr, &raw);
      const ErrorPtr error(raw);
      if (written > 0) {
        frame = frame.subspan(static_cast<std::size_t>(written));
      } else if (g_error_matches(error.get(), G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK)) {
        const auto waited = waiter_.writable(out, until);
        if (waited == Waited::kCancelled) return fail({Verdict::kCancelled, ""});
        if (waited == Waited::kTimeout) return fail({Verdict::kInconclusive, "the server reads nothing"});
      } else {
        return fail(ended(error.get()));
      }
    }
    return std::nullopt;
  }

  Event receive(MonotonicUs until, std::vector<std::uint8_t>& frame) override {
    auto* in = G_POLLABLE_INPUT_STREAM(g_io_stream_get_input_stream(stream_.get()));
    while (true) {
      if (auto next = cutter_.next()) {
        frame = std::move(*next);
        return Event::kFrame;
      }
      if (cutter_.foreign() != Foreign::kNone) {
        failure_ = {Verdict::kTurnNotOffered, std::string("it speaks ") + foreign_name(cutter_.foreign()) +
                                                  (cutter_.foreign() == Foreign::kTls ? "; use turns:" : "")};
        return Event::kFailed;
      }
      std::array<std::uint8_t, 4096> buffer;
      GError* raw = nullptr;
      const auto size = g_pollable_input_stream_read_nonblocking(in, buffer.data(), buffer.size(), nullptr, &raw);
      const ErrorPtr error(raw);
      if (size > 0) {
        cutter_.append(Bytes(buffer).first(static_cast<std::size_t>(size)));
        continue;
      }
      if (size == 0 || !g_error_matches(error.get(), G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK)) {
        failure_ = ended(error.get());
        return Event::kFailed;
      }
      const auto waited = waiter_.readable(in, until);
      if (waited == Waited::kTimeout) return Event::kTimeout;
      if (waited == Waited::kCancelled) return Event::kCancelled;
    }
  }

  bool reliable() const override { return true; }
  void allow_channel_data() override { cutter_.allow_channel_data(); }
  std::optional<Address> local_address() const override { return local_address_of(socket_.get()); }

 private:
  // A stream that ends without an answer was no TURN server's; after one it is a server's trouble (the caller knows).
  static Failure ended(const GError* error) {
    // … which is G_IO_ERROR_BROKEN_PIPE by another name.
    if (error == nullptr || (error->domain == G_IO_ERROR && error->code == G_IO_ERROR_CONNECTION_CLOSED)) {
      return {Verdict::kTurnNotOffered, "the connection was closed"};
    }
    if (error->domain == G_TLS_ERROR) return {Verdict::kTurnNotOffered, error_text(*error)};
    return failure_from(*error);
  }

  std::optional<Failure> fail(Failure failure) {
    failure_ = std::move(failure);
    return failure_;
  }

  ObjectPtr<GSocket> socket_;
  ObjectPtr<GIOStream> stream_;
  Waiter& waiter_;
  StreamCutter cutter_;
};

}  // namespace

TcpConnected connect_tcp(const Address& server, Waiter& waiter, MonotonicUs until) {
  const auto family = server.family == Family::kIpv4 ? G_SOCKET_FAMILY_IPV4 : G_SOCKET_FAMILY_IPV6;
  GError* raw = nullptr;
  ObjectPtr<GSocket> socket(g_socket_new(family, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, &raw));
  if (!socket) {
    const ErrorPtr error(raw);
    return {nullptr, {Verdict::kUnreachable, error_text(*error)}};
  }
  g_socket_set_blocking(socket.get(), FALSE);
  const auto address = socket_address(server);
  g_socket_connect(socket.get(), address.get(), nullptr, &raw);
  ErrorPtr error(raw);
  if (error && g_error_matches(error.get(), G_IO_ERROR, G_IO_ERROR_PENDING)) {
    const auto waited = waiter.socket(socket.get(), G_IO_OUT, until);
    if (waited == Waited::kTimeout) return {nullptr, {Verdict::kConnectTimeout, "the connection was not accepted"}};
    if (waited == Waited::kCancelled) return {nullptr, {Verdict::kCancelled, ""}};
    raw = nullptr;
    g_socket_check_connect_result(socket.get(), &raw);
    error.reset(raw);
  }
  if (error) return {nullptr, failure_from(*error)};
  g_socket_set_option(socket.get(), IPPROTO_TCP, TCP_NODELAY, 1, nullptr);
  return {std::move(socket), {}};
}

std::unique_ptr<Link> open_stream(ObjectPtr<GSocket> socket, ObjectPtr<GIOStream> stream, Waiter& waiter) {
  return std::make_unique<StreamLink>(std::move(socket), std::move(stream), waiter);
}

std::unique_ptr<Link> open_tcp(ObjectPtr<GSocket> socket, Waiter& waiter) {
  ObjectPtr<GIOStream> stream(G_IO_STREAM(g_socket_connection_factory_create_connection(socket.get())));
  return open_stream(std::move(socket), std::move(stream), waiter);
}

}  // namespace callroom::turn
