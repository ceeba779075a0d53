// A UDP socket of this machine that sends back what comes from the relay: a peer that is certain to answer. It has a
// thread of its own, which ends with it.
#pragma once

#include <memory>
#include <optional>
#include <thread>

#include "turn/address.hpp"
#include "turn/gio_wait.hpp"

namespace callroom::turn {

class EchoSocket {
 public:
  // `stun_server`, where there is one, is asked for the address that the world sees this socket at; it has 500 ms.
  // Without an answer the address is `local_ip`, which the control connection uses, with this socket's port. Null where
  // no socket could be made.
  static std::unique_ptr<EchoSocket> open(const std::optional<Address>& stun_server, const Address& local_ip,
                                          Waiter& waiter);
  ~EchoSocket();

  const Address& address() const { return address_; }

  // Sends one datagram to the relay, so that a NAT in between lets its answers in, and begins to echo.
  void start(const Address& relayed);

 private:
  EchoSocket(ObjectPtr<GSocket> socket, const Address& address);
  void run(Address relayed);

  ObjectPtr<GSocket> socket_;
  ObjectPtr<GCancellable> stop_;
  Address address_;
  std::thread thread_;
};

}  // namespace callroom::turn
