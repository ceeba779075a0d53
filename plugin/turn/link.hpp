// A way for STUN to and from one server: UDP, TCP or TLS. Used by one thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "turn/address.hpp"
#include "turn/check_report.hpp"
#include "turn/digest.hpp"
#include "turn/gio_wait.hpp"
#include "turn/server_url.hpp"

namespace callroom::turn {

class Link {
 public:
  virtual ~Link() = default;

  enum class Event { kFrame, kTimeout, kCancelled, kFailed };

  // One STUN message or ChannelData. A failure ends the link.
  virtual std::optional<Failure> send(Bytes frame) = 0;
  // The next frame into `frame`; after kFailed, failure() says why.
  virtual Event receive(MonotonicUs until, std::vector<std::uint8_t>& frame) = 0;

  virtual bool reliable() const = 0;  // TCP and TLS: nothing is sent twice, ChannelData is padded
  virtual void allow_channel_data() {}
  virtual std::optional<Address> local_address() const = 0;

  const Failure& failure() const { return failure_; }

 protected:
  Failure failure_;
};

ObjectPtr<GSocketAddress> socket_address(const Address& address);
std::optional<Address> address_from(GSocketAddress* address);
std::optional<Address> local_address_of(GSocket* socket);

// What an error of a socket means for the verdict.
Failure failure_from(const GError& error);

struct UdpOpened {
  std::unique_ptr<Link> link;  // null: see failure
  Failure failure;
};
UdpOpened open_udp(const Address& server, Waiter& waiter);

// The two stages of a stream, apart so that each has its own time. connect_tcp gives a socket that open_tcp or open_tls
// takes over.
struct TcpConnected {
  ObjectPtr<GSocket> socket;  // null: see failure
  Failure failure;
};
TcpConnected connect_tcp(const Address& server, Waiter& waiter, MonotonicUs until);
std::unique_ptr<Link> open_tcp(ObjectPtr<GSocket> socket, Waiter& waiter);
std::unique_ptr<Link> open_stream(ObjectPtr<GSocket> socket, ObjectPtr<GIOStream> stream, Waiter& waiter);

struct TlsOpened {
  std::unique_ptr<Link> link;                   // null: see failure
  std::optional<CertificateFacts> certificate;  // also where it was refused
  std::string protocol;                         // "TLS 1.3"
  Failure failure;
};
// `host` is the name that the certificate must be for.
TlsOpened open_tls(ObjectPtr<GSocket> socket, const std::string& host, std::uint16_t port,
                   const std::optional<std::string>& ca_file, Waiter& waiter, MonotonicUs until);

}  // namespace callroom::turn
