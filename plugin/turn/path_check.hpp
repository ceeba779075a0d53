// One path to a server: one address, one transport. Runs its steps one after the other, and gives back what it was
// given. Blocking, on the thread that calls run().
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "turn/check.hpp"
#include "turn/step_log.hpp"
#include "turn/turn_client.hpp"

namespace callroom::turn {

class PathCheck {
 public:
  using Observer = std::function<void(const PathReport&)>;

  // `began` is when the whole check began: the times of the steps count from there, and so does its limit.
  PathCheck(const CheckTarget& target, const Address& server, const Cancel& cancel, MonotonicUs began,
            Observer observer);

  PathReport run();

 private:
  using Ended = std::optional<Failure>;  // a failure ends the check

  Ended attempt();
  Ended open();
  Ended open_stream();
  Ended bind();
  Ended allocate();
  Ended allocation_refused(const ErrorAttribute& error, const MessageView& view);
  void allocation_granted(const MessageView& view);
  void take_binding();
  Ended not_answered(Exchange::Outcome outcome);
  void release();

  Exchange::Ticket send_allocate();
  void notify();

  const CheckTarget& target_;
  const MonotonicUs began_;
  const MonotonicUs work_until_;  // what is left after it is for giving back
  Observer observer_;
  Waiter waiter_;
  PathReport report_;
  StepLog steps_;
  std::unique_ptr<Link> link_;
  std::unique_ptr<Exchange> exchange_;
  std::unique_ptr<TurnClient> client_;
  std::optional<Exchange::Ticket> binding_;
  bool may_hold_allocation_ = false;  // from the first Allocate that could have been granted
};

}  // namespace callroom::turn
