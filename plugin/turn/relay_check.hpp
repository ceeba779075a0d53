// What an allocation is worth: permissions, a channel, data through the relay and back, and whether the relay would
// talk to peers that it should not. Used by one thread, after a successful Allocate.
#pragma once

#include <optional>

#include "turn/echo_socket.hpp"
#include "turn/link.hpp"
#include "turn/step_log.hpp"
#include "turn/turn_client.hpp"

namespace callroom::turn {

class RelayCheck {
 public:
  RelayCheck(TurnClient& client, Link& link, Waiter& waiter, PathReport& report, StepLog& steps, MonotonicUs until)
      : client_(client), link_(link), waiter_(waiter), report_(report), steps_(steps), until_(until) {}

  // Nullopt: data went through. Precondition: report.relayed is set.
  std::optional<Failure> run();

 private:
  using Ended = std::optional<Failure>;

  // One peer that data can be sent to, and what answers there.
  struct Peer {
    Address address;
    EchoSocket* socket = nullptr;  // null: a STUN server
  };
  struct Tried {
    bool permitted = false, answered = false;
  };

  Ended permit(const Peer& peer, bool& forbidden);
  void bind_channel(const Peer& peer);
  Ended echo(const Peer& peer, bool& answered);
  void harden();
  Address stun_server() const;
  Ended try_peer(const Peer& peer, Tried& tried);
  Ended ended_by(Exchange::Outcome outcome) const;

  TurnClient& client_;
  Link& link_;
  Waiter& waiter_;
  PathReport& report_;
  StepLog& steps_;
  MonotonicUs until_;
  bool channel_ = false;
  std::uint16_t channel_number_ = 0x4000;
};

}  // namespace callroom::turn
