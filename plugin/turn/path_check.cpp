#include "turn/path_check.hpp"

#include <algorithm>

#include "turn/relay_check.hpp"

namespace callroom::turn {
namespace {

constexpr MonotonicUs kReleaseTimeUs = 400'000;
constexpr MonotonicUs kSilentAllocateUs = 5'000'000;  // Binding answered, Allocate sent five times: no TURN here
constexpr MonotonicUs kHandshakeUs = 5'000'000;       // a port that is no TLS port often just waits for more
constexpr std::uint32_t kRequestedTransportUdp = 17U << 24;

std::string describe(const ErrorAttribute& error) {
  return std::to_string(error.code) + (error.reason.empty() ? "" : " " + error.reason);
}

}  // namespace

PathCheck::PathCheck(const CheckTarget& target, const Address& server, const Cancel& cancel, MonotonicUs began,
                     Observer observer)
    : target_(target),
      began_(began),
      work_until_(began + kCheckTimeUs - kReleaseTimeUs - 50'000),
      observer_(std::move(observer)),
      waiter_(cancel.get()),
      steps_(report_.steps, began, monotonic_now, [this] { notify(); }) {
  report_.server = server;
  report_.transport = target.url.transport;
}

void PathCheck::notify() {
  observer_(report_);
}

PathReport PathCheck::run() {
  auto ended = attempt();
  if (ended) {
    report_.verdict = ended->verdict;
    report_.reason = std::move(ended->reason);
    steps_.end(StepState::kFail, report_.reason);
  }
  if (may_hold_allocation_) release();
  if (exchange_) {
    report_.retransmissions = exchange_->retransmissions();
    report_.forged = exchange_->forged();
    report_.foreign = exchange_->foreign();
  }
  notify();
  return std::move(report_);
}

PathCheck::Ended PathCheck::attempt() {
  if (auto ended = open()) return ended;
  exchange_ = std::make_unique<Exchange>(*link_);
  client_ = std::make_unique<TurnClient>(*exchange_, target_.credentials);
  if (!target_.url.relays()) {
    if (auto ended = bind()) return ended;
    report_.verdict = Verdict::kOk;
    return std::nullopt;
  }
  if (auto ended = allocate()) return ended;
  RelayCheck relay(*client_, *link_, waiter_, report_, steps_, work_until_);
  if (auto ended = relay.run()) return ended;
  report_.verdict = client_->signed_in() ? Verdict::kOk : Verdict::kOkButOpenRelay;
  return std::nullopt;
}

PathCheck::Ended PathCheck::open() {
  if (target_.url.transport != Transport::kUdp) return open_stream();
  auto opened = open_udp(report_.server, waiter_);
  if (!opened.link) {
    steps_.begin("connect");
    return opened.failure;
  }
  link_ = std::move(opened.link);
  return std::nullopt;
}

PathCheck::Ended PathCheck::open_stream() {
  steps_.begin("connect");
  auto connected = connect_tcp(report_.server, waiter_, work_until_);
  if (!connected.socket) return connected.failure;
  steps_.end(StepState::kPass);
  if (target_.url.transport == Transport::kTcp) {
    link_ = open_tcp(std::move(connected.socket), waiter_);
    return std::nullopt;
  }
  steps_.begin("tls");
  auto opened = open_tls(std::move(connected.socket), target_.url.host, target_.url.port, target_.ca_file, waiter_,
                         std::min(work_until_, monotonic_now() + kHandshakeUs));
  report_.certificate = std::move(opened.certificate);
  if (!opened.link) return opened.failure;
  link_ = std::move(opened.link);
  steps_.end(StepState::kPass, opened.protocol);
  return std::nullopt;
}

// The answer to the Binding, wherever it came in: its own step where only it is asked for, a fact otherwise.
void PathCheck::take_binding() {
  const auto* reply = binding_ ? exchange_->reply(*binding_) : nullptr;
  if (reply == nullptr || report_.binding_rtt_ms) return;
  const auto view = reply->view();
  if (view.message_class() != MessageClass::kSuccess) return;
  report_.binding_rtt_ms = reply->rtt_ms;
  report_.mapped = view.xor_address(Attribute::kXorMappedAddress);
  if (!report_.mapped) report_.mapped = view.address(Attribute::kMappedAddress);
  if (const auto software = view.text(Attribute::kSoftware)) report_.software = printable(*software);
}

PathCheck::Ended PathCheck::bind() {
  steps_.begin("binding");
  binding_ = exchange_->send(MessageBuilder(MessageClass::kRequest, Method::kBinding, random_transaction_id()).finish(),
                             std::nullopt);
  const auto outcome = exchange_->wait({*binding_}, work_until_);
  if (outcome != Exchange::Outcome::kReply) return not_answered(outcome);
  take_binding();
  const auto error = exchange_->reply(*binding_)->view().error();
  if (!report_.mapped) {
    return Failure{Verdict::kInconclusive, error ? describe(*error) : "the answer holds no address"};
  }
  steps_.end(StepState::kPass, to_text(*report_.mapped));
  return std::nullopt;
}

Exchange::Ticket PathCheck::send_allocate() {
  // An unsigned request is granted only by a server that asks nobody for credentials, but one such is enough.
  may_hold_allocation_ = true;
  return client_->send(Method::kAllocate,
                       [](MessageBuilder& b) { b.u32(Attribute::kRequestedTransport, kRequestedTransportUdp); });
}

// Binding and the first Allocate go out together: one round trip less for a healthy server.
PathCheck::Ended PathCheck::allocate() {
  steps_.begin("allocate");
  binding_ = exchange_->send(MessageBuilder(MessageClass::kRequest, Method::kBinding, random_transaction_id()).finish(),
                             std::nullopt);
  auto ticket = send_allocate();
  const auto asked_at = monotonic_now();
  while (true) {
    auto outcome = exchange_->wait({ticket}, std::min(work_until_, asked_at + kSilentAllocateUs));
    take_binding();
    if (outcome == Exchange::Outcome::kTimeout && !report_.binding_rtt_ms) {
      outcome = exchange_->wait({ticket, *binding_}, work_until_);
      take_binding();
      if (outcome == Exchange::Outcome::kReply && exchange_->reply(ticket) == nullptr) {
        outcome = exchange_->wait({ticket}, std::min(work_until_, monotonic_now() + 1'000'000));
      }
    }
    if (outcome != Exchange::Outcome::kReply) {
      exchange_->forget(ticket);
      return not_answered(outcome);
    }
    const auto view = exchange_->reply(ticket)->view();
    if (const auto software = view.text(Attribute::kSoftware)) report_.software = printable(*software);
    if (view.message_class() == MessageClass::kSuccess) {
      allocation_granted(view);
      if (!report_.relayed) return Failure{Verdict::kInconclusive, "the allocation names no relayed address"};
      return std::nullopt;
    }
    const auto error = view.error().value_or(ErrorAttribute{500, "without an error code"});
    if (auto ended = allocation_refused(error, view)) return ended;
    ticket = send_allocate();
  }
}

void PathCheck::allocation_granted(const MessageView& view) {
  report_.relayed = view.xor_address(Attribute::kXorRelayedAddress);
  report_.lifetime_s = view.u32(Attribute::kLifetime);
  if (!report_.mapped) report_.mapped = view.xor_address(Attribute::kXorMappedAddress);
  steps_.end(client_->signed_in() ? StepState::kPass : StepState::kWarn,
             (report_.relayed ? "relay " + to_text(*report_.relayed) : "") +
                 (client_->signed_in() ? "" : ", without credentials"));
}

// Nullopt: ask again, signed or with the new nonce.
PathCheck::Ended PathCheck::allocation_refused(const ErrorAttribute& error, const MessageView& view) {
  const std::string reason = describe(error);
  switch (error.code) {
    case 300:
      report_.alternate = view.address(Attribute::kAlternateServer);
      may_hold_allocation_ = false;
      return Failure{Verdict::kRedirected, report_.alternate
                                               ? "to " + to_text(*report_.alternate) + " (" +
                                                     kind_name(classify(*report_.alternate)) + " address), not followed"
                                               : "without naming a server"};
    case 401:
    case 441:
      may_hold_allocation_ = false;
      if (client_->signed_in()) return Failure{Verdict::kCredentialsRejected, reason};
      if (client_->adopt_challenge(view)) {
        report_.realm = printable(client_->realm());
        return std::nullopt;
      }
      if (!client_->has_credentials()) {
        return Failure{Verdict::kCredentialsRejected, "the server asks for credentials, and none are configured"};
      }
      return Failure{Verdict::kInconclusive, "401 without realm or nonce"};
    case 438:
      may_hold_allocation_ = false;
      if (client_->adopt_nonce(view)) return std::nullopt;
      return Failure{Verdict::kStaleNonceLoop, reason};
    case 403:
      return Failure{Verdict::kForbidden, reason};
    case 440:
      return Failure{Verdict::kNoRelayForFamily, reason};
    case 442:
      return Failure{Verdict::kNoRelayForTransport, reason};
    case 486:
      return Failure{Verdict::kQuotaReached, reason};
    case 508:
      return Failure{Verdict::kAtCapacity, reason};
    case 400:
    case 404:
    case 405:
      return Failure{Verdict::kTurnNotOffered, reason};
    default:
      return Failure{Verdict::kInconclusive, reason};
  }
}

PathCheck::Ended PathCheck::not_answered(Exchange::Outcome outcome) {
  if (outcome == Exchange::Outcome::kCancelled) return Failure{Verdict::kCancelled, ""};
  const bool heard = exchange_->heard_stun();
  if (outcome == Exchange::Outcome::kFailed) {
    auto failure = exchange_->failure();
    if (failure.verdict == Verdict::kTurnNotOffered && client_->signed_in()) failure.verdict = Verdict::kInconclusive;
    return failure;
  }
  if (exchange_->forged() > 0) {
    return Failure{Verdict::kNoResponse, "answers came, but their signature was wrong: discarded"};
  }
  if (report_.binding_rtt_ms && !client_->signed_in()) {
    return Failure{Verdict::kTurnNotOffered, "it answers Binding but not Allocate"};
  }
  if (heard) return Failure{Verdict::kInconclusive, "answers stopped before the check was through"};
  if (exchange_->foreign() > 0) return Failure{Verdict::kTurnNotOffered, "it answers, but not with STUN"};
  return Failure{Verdict::kNoResponse, "no answer in 10 s"};
}

// Also after a cancellation, and where an Allocate was never answered: a server holds the quota of what it granted
// until the allocation's lifetime is over.
void PathCheck::release() {
  if (!report_.relayed && !exchange_->heard_stun() && !link_->reliable() && report_.verdict != Verdict::kCancelled &&
      report_.verdict != Verdict::kNoResponse) {
    return;  // refused, unreachable, blocked: nobody is there
  }
  waiter_.ignore_cancel();
  steps_.begin("release");
  const bool released = client_->release(monotonic_now() + kReleaseTimeUs);
  if (report_.relayed) {
    steps_.end(released ? StepState::kPass : StepState::kWarn, released ? "" : "not confirmed");
  } else {
    steps_.end(StepState::kSkipped, released ? "nothing was held" : "no answer");
  }
}

}  // namespace callroom::turn
