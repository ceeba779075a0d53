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
  // `stun_server` is asked for the address that the world sees this socket at; it has 300 ms. Without an answer the
  // address is the one this machine uses towards `stun_server`. Null where no socket could be made.
  static std::unique_ptr<EchoSocket> open(const Address& stun_server, Waiter& waiter);
  ~EchoSocket();

  const Address& address() const { return address_; }
  bool stun_answered() const { return stun_answered_; }

  // Sends one datagram to the relay, so that a NAT in between lets its answers in, and begins to echo.
  void start(const Address& relayed);

 private:
  EchoSocket(ObjectPtr<GSocket> socket, const Address& address, bool stun_answered);
  void run(Address relayed);

  ObjectPtr<GSocket> socket_;
  ObjectPtr<GCancellable> stop_;
  Address address_;
  bool stun_answered_;
  std::thread thread_;
};

}  // namespace callroom::turn
