#include "fake_server.hpp"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>

#include "coturn.hpp"
#include "turn/stun_stream.hpp"

namespace turn_test {

using namespace callroom::turn;

namespace {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int bound(int type, std::uint16_t port) {
  const int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const auto address = loopback(port);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) throw std::runtime_error("bind");
  return fd;
}

// False where it is time to stop.
bool wait_readable(int fd, int stop) {
  pollfd both[2] = {{fd, POLLIN, 0}, {stop, POLLIN, 0}};
  while (poll(both, 2, -1) < 0) {
  }
  return both[1].revents == 0;
}

void send_all(int fd, Bytes bytes) {
  (void)!send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
}

Bytes bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

}  // namespace

FakeUdp::FakeUdp(Answer answer) : port_(free_port()) {
  fd_ = bound(SOCK_DGRAM, port_);
  if (pipe(stop_) != 0) throw std::runtime_error("pipe");
  thread_ = std::thread([this, answer = std::move(answer)] {
    std::uint8_t buffer[2048];
    while (wait_readable(fd_, stop_[0])) {
      sockaddr_in from{};
      socklen_t size = sizeof from;
      const auto got = recvfrom(fd_, buffer, sizeof buffer, 0, reinterpret_cast<sockaddr*>(&from), &size);
      if (got < 0) continue;
      ++received_;
      for (const auto& frame : answer(Bytes(buffer, static_cast<std::size_t>(got)))) {
        sendto(fd_, frame.data(), frame.size(), 0, reinterpret_cast<const sockaddr*>(&from), size);
      }
    }
  });
}

FakeUdp::~FakeUdp() {
  (void)!write(stop_[1], "x", 1);
  thread_.join();
  close(fd_);
  close(stop_[0]);
  close(stop_[1]);
}

FakeTcp::FakeTcp(TcpBehaviour behaviour) : behaviour_(std::move(behaviour)), port_(free_port()) {
  fd_ = bound(SOCK_STREAM, port_);
  listen(fd_, 4);
  if (pipe(stop_) != 0) throw std::runtime_error("pipe");
  thread_ = std::thread([this] { run(); });
}

FakeTcp::~FakeTcp() {
  (void)!write(stop_[1], "x", 1);
  thread_.join();
  close(fd_);
  close(stop_[0]);
  close(stop_[1]);
}

void FakeTcp::run() {
  while (wait_readable(fd_, stop_[0])) {
    const int client = accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) continue;
    if (!behaviour_.close_after_accept) serve(client);
    close(client);
  }
}

void FakeTcp::serve(int client) {
  send_all(client, bytes_of(behaviour_.greeting));
  StreamCutter cutter;
  cutter.allow_channel_data();
  std::uint8_t buffer[4096];
  bool first = true;
  while (wait_readable(client, stop_[0])) {
    const auto got = read(client, buffer, sizeof buffer);
    if (got <= 0) return;
    if (first) send_all(client, bytes_of(behaviour_.on_first_bytes));
    first = false;
    if (!behaviour_.answer) continue;
    cutter.append(Bytes(buffer, static_cast<std::size_t>(got)));
    Frame out;
    bool had_error = false;
    while (const auto frame = cutter.next()) {
      for (auto answer : behaviour_.answer(*frame)) {
        const auto view = MessageView::parse(answer);
        had_error |= view && view->message_class() == MessageClass::kError;
        answer.resize((answer.size() + 3) & ~std::size_t{3});
        out.insert(out.end(), answer.begin(), answer.end());
      }
    }
    const std::size_t piece = behaviour_.piece == 0 ? out.size() : behaviour_.piece;
    for (std::size_t at = 0; at < out.size(); at += piece) {
      send_all(client, Bytes(out).subspan(at, std::min(piece, out.size() - at)));
      if (behaviour_.piece != 0) usleep(200);  // so that the pieces travel apart
    }
    // Sent before the end is, also where requests are left unread: a plain close() would reset the connection.
    if (behaviour_.close_after_error && had_error) shutdown(client, SHUT_WR);
  }
}

FullListener::FullListener() : port_(free_port()) {
  fd_ = bound(SOCK_STREAM, port_);
  listen(fd_, 0);
  const auto address = loopback(port_);
  for (int i = 0; i < 3; ++i) {
    const int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    connect(client, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    clients_.push_back(client);
  }
}

FullListener::~FullListener() {
  for (const int client : clients_) close(client);
  close(fd_);
}

Frame FakeTurn::challenge(const MessageView& view, int code) {
  MessageBuilder builder(MessageClass::kError, static_cast<Method>(view.method()), view.transaction_id());
  builder.error(code, "no").text(Attribute::kRealm, realm);
  builder.text(Attribute::kNonce, "nonce-" + std::to_string(++nonces_)).text(Attribute::kSoftware, software);
  return builder.finish();
}

std::vector<Frame> FakeTurn::operator()(Bytes request) {
  if (const auto data = parse_channel_data(request)) {
    if (!echoes) return {};
    return {Frame(request.begin(), request.end())};
  }
  const auto view = MessageView::parse(request);
  if (!view) return {};
  const auto method = static_cast<Method>(view->method());
  const auto peer = view->xor_address(Attribute::kXorPeerAddress);
  if (view->is(MessageClass::kIndication, Method::kSend)) {
    const auto payload = view->attribute(Attribute::kData);
    if (!echoes || !payload || !peer) return {};
    MessageBuilder data(MessageClass::kIndication, Method::kData, random_transaction_id());
    data.xor_address(Attribute::kXorPeerAddress, *peer).bytes(Attribute::kData, *payload);
    return {data.finish()};
  }
  if (view->message_class() != MessageClass::kRequest) return {};
  const auto client = *parse_ip("192.0.2.7", 4000);
  if (method == Method::kBinding) {
    MessageBuilder success(MessageClass::kSuccess, method, view->transaction_id());
    return {success.xor_address(Attribute::kXorMappedAddress, client).text(Attribute::kSoftware, software).finish()};
  }
  const bool is_signed = view->attribute(Attribute::kUsername).has_value();
  if (asks_for_credentials && (!is_signed || unauthorized_forever)) return {challenge(*view, 401)};
  if (silent_after_401) return {};
  if (stale_forever) return {challenge(*view, 438)};
  const auto key = long_term_key(username, signs_with_realm.empty() ? realm : signs_with_realm, password);
  const auto own_key = long_term_key(username, realm, password);
  if (asks_for_credentials && signs_with_realm.empty() && !view->integrity_valid(own_key)) {
    return {challenge(*view, 401)};
  }
  if (method == Method::kAllocate && allocates != nullptr) ++*allocates;
  if (method == Method::kRefresh && releases != nullptr && view->u32(Attribute::kLifetime) == 0U) ++*releases;
  if (method == Method::kAllocate && allocate_error != 0) {
    MessageBuilder error(MessageClass::kError, method, view->transaction_id());
    error.error(allocate_error, "no");
    if (with_error) with_error(error);
    return {error.finish()};
  }
  if (method == Method::kChannelBind && !channels) {
    return {MessageBuilder(MessageClass::kError, method, view->transaction_id()).error(400, "no channels").finish()};
  }
  const auto build = [&](const char* relayed, bool with_key) {
    MessageBuilder success(MessageClass::kSuccess, method, view->transaction_id());
    if (method == Method::kAllocate) {
      success.xor_address(Attribute::kXorRelayedAddress, *parse_ip(relayed, 50000)).u32(Attribute::kLifetime, 600);
      success.xor_address(Attribute::kXorMappedAddress, client);
    }
    success.text(Attribute::kSoftware, software);
    return with_key ? success.finish(key) : success.finish();
  };
  std::vector<Frame> answers;
  if (forged_success_first) answers.push_back(build("198.51.100.66", false));
  answers.push_back(build("127.0.0.1", signs && asks_for_credentials));
  return answers;
}

}  // namespace turn_test
