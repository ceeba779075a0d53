#include "turn/relay_check.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "turn/stun_stream.hpp"

namespace callroom::turn {
namespace {

constexpr int kEchoPackets = 10;
constexpr MonotonicUs kEchoSpacingUs = 20'000;     // as audio is sent
constexpr MonotonicUs kFirstEchoTimeUs = 800'000;  // nothing by then: another peer is tried
constexpr MonotonicUs kLastEchoTimeUs = 800'000;   // for stragglers, after the last was sent
constexpr MonotonicUs kRequestTimeUs = 3'000'000;
constexpr MonotonicUs kHardeningTimeUs = 1'000'000;
constexpr std::uint16_t kStunPort = 3478;

// Peers that lead into the relay's own machine, cloud or network. Only permissions are asked for.
constexpr const char* kForbiddenIpv4[] = {"127.0.0.1", "0.0.0.0", "169.254.1.1", "169.254.169.254", "10.0.0.1"};
constexpr const char* kForbiddenIpv6[] = {"::1", "fe80::1", "fd00:ec2::254", "fd00::1"};

// Round trips by their packets' ids, with the order of sending kept.
class EchoRun {
 public:
  void sent(const TransactionId& id, MonotonicUs now) {
    index_[id] = sent_at_.size();
    sent_at_.push_back(now);
    rtt_ms_.emplace_back();
  }

  void came_back(const TransactionId& id, MonotonicUs now) {
    const auto found = index_.find(id);
    if (found == index_.end() || rtt_ms_[found->second]) return;
    rtt_ms_[found->second] = static_cast<double>(now - sent_at_[found->second]) / 1000.0;
    ++received_;
  }

  int received() const { return received_; }
  int sent_count() const { return static_cast<int>(sent_at_.size()); }

  EchoFacts facts(std::string through) const {
    EchoFacts facts;
    facts.through = std::move(through);
    facts.sent = sent_count();
    facts.received = received_;
    if (facts.sent > 0) facts.loss_pct = 100.0 * (facts.sent - facts.received) / facts.sent;
    std::vector<double> rtts;
    for (const auto& rtt : rtt_ms_) {
      if (rtt) rtts.push_back(*rtt);
    }
    if (rtts.empty()) return facts;
    facts.rtt_avg_ms = std::accumulate(rtts.begin(), rtts.end(), 0.0) / static_cast<double>(rtts.size());
    facts.rtt_min_ms = *std::min_element(rtts.begin(), rtts.end());
    facts.rtt_max_ms = *std::max_element(rtts.begin(), rtts.end());
    if (rtts.size() < 2) return facts;
    double differences = 0;
    for (std::size_t i = 1; i < rtts.size(); ++i) differences += std::fabs(rtts[i] - rtts[i - 1]);
    facts.jitter_ms = differences / static_cast<double>(rtts.size() - 1);
    return facts;
  }

 private:
  std::map<TransactionId, std::size_t> index_;
  std::vector<MonotonicUs> sent_at_;
  std::vector<std::optional<double>> rtt_ms_;
  int received_ = 0;
};

Failure error_failure(const ErrorAttribute& error) {
  const std::string reason = std::to_string(error.code) + " " + error.reason;
  switch (error.code) {
    case 403:
      return {Verdict::kForbidden, reason};
    case 401:
      return {Verdict::kCredentialsRejected, reason};
    case 438:
      return {Verdict::kStaleNonceLoop, reason};
    case 443:
      return {Verdict::kNoRelayForFamily, reason};
    case 508:
      return {Verdict::kAtCapacity, reason};
    default:
      return {Verdict::kInconclusive, reason};
  }
}

}  // namespace

std::optional<Failure> RelayCheck::ended_by(Exchange::Outcome outcome) const {
  switch (outcome) {
    case Exchange::Outcome::kReply:
      return std::nullopt;
    case Exchange::Outcome::kTimeout:
      return Failure{Verdict::kInconclusive, "the server stopped answering"};
    case Exchange::Outcome::kCancelled:
      return Failure{Verdict::kCancelled, ""};
    case Exchange::Outcome::kFailed:
      break;
  }
  auto failure = client_.exchange().failure();
  if (failure.verdict == Verdict::kTurnNotOffered) failure.verdict = Verdict::kInconclusive;  // it has answered before
  return failure;
}

// Where a STUN server is likely to answer: the server's own STUN port, at the address that the client uses or, where it
// relays in another family, at the one that it relays from.
Address RelayCheck::stun_server() const {
  Address address = report_.server.family == report_.relayed->family ? report_.server : *report_.relayed;
  address.port = report_.transport == Transport::kTls ? kStunPort : report_.server.port;
  return address;
}

std::optional<Failure> RelayCheck::permit(const Peer& peer, bool& forbidden) {
  steps_.begin("permission");
  const auto answer = client_.ask(
      Method::kCreatePermission, [&](MessageBuilder& b) { b.xor_address(Attribute::kXorPeerAddress, peer.address); },
      std::min(until_, monotonic_now() + kRequestTimeUs));
  if (auto ended = ended_by(answer.outcome)) {
    steps_.end(StepState::kFail, ended->reason);
    return ended;
  }
  const auto view = answer.reply->view();
  if (view.message_class() == MessageClass::kSuccess) {
    steps_.end(StepState::kPass, "for " + ip_text(peer.address));
    return std::nullopt;
  }
  const auto failure = error_failure(view.error().value_or(ErrorAttribute{500, "without an error code"}));
  steps_.end(StepState::kFail, failure.reason + ", for " + ip_text(peer.address));
  if (failure.verdict == Verdict::kForbidden) {
    forbidden = true;
    return std::nullopt;
  }
  return failure;
}

// A server without channels still relays, by indications: no reason to end the check.
void RelayCheck::bind_channel(const Peer& peer) {
  steps_.begin("channel");
  const auto number = channel_number_++;  // a channel stays bound to its first peer
  const auto answer = client_.ask(
      Method::kChannelBind,
      [&](MessageBuilder& b) {
        b.u32(Attribute::kChannelNumber, static_cast<std::uint32_t>(number) << 16);
        b.xor_address(Attribute::kXorPeerAddress, peer.address);
      },
      std::min(until_, monotonic_now() + kRequestTimeUs));
  channel_ =
      answer.outcome == Exchange::Outcome::kReply && answer.reply->view().message_class() == MessageClass::kSuccess;
  if (channel_) {
    link_.allow_channel_data();
    steps_.end(StepState::kPass);
    return;
  }
  const auto error = answer.reply != nullptr ? answer.reply->view().error() : std::nullopt;
  steps_.end(StepState::kWarn, error ? std::to_string(error->code) + " " + error->reason : "no answer");
}

std::optional<Failure> RelayCheck::echo(const Peer& peer, bool& answered) {
  steps_.begin("echo");
  EchoRun run;
  const std::uint16_t channel = static_cast<std::uint16_t>(channel_number_ - 1);
  auto& exchange = client_.exchange();
  // Both kinds of peer are sent a Binding request. A STUN server answers it; a socket of ours sends it back as it is.
  exchange.on_data([&](Bytes frame) {
    std::optional<Bytes> payload;
    if (const auto data = parse_channel_data(frame)) {
      if (data->channel == channel) payload = data->payload;
    } else if (const auto view = MessageView::parse(frame); view) {
      if (view->xor_address(Attribute::kXorPeerAddress) == peer.address) payload = view->attribute(Attribute::kData);
    }
    const auto message = payload ? MessageView::parse(*payload) : std::nullopt;
    if (message) run.came_back(message->transaction_id(), monotonic_now());
  });

  const auto began = monotonic_now();
  auto outcome = Exchange::Outcome::kReply;
  for (int i = 0; i < kEchoPackets; ++i) {
    if (run.received() == 0 && monotonic_now() - began > kFirstEchoTimeUs) break;
    const auto id = random_transaction_id();
    const auto payload = MessageBuilder(MessageClass::kRequest, Method::kBinding, id).finish();
    run.sent(id, monotonic_now());
    std::optional<Failure> failed;
    if (channel_) {
      failed = link_.send(build_channel_data(channel, payload, link_.reliable()));
    } else {
      MessageBuilder indication(MessageClass::kIndication, Method::kSend, random_transaction_id());
      indication.xor_address(Attribute::kXorPeerAddress, peer.address).bytes(Attribute::kData, payload);
      failed = link_.send(indication.finish());
    }
    if (failed) outcome = Exchange::Outcome::kFailed;
    const auto next = began + (i + 1) * kEchoSpacingUs;
    if (!failed) outcome = exchange.serve(std::min(until_, next), [] { return false; });
    if (outcome == Exchange::Outcome::kCancelled || outcome == Exchange::Outcome::kFailed) break;
  }
  if (outcome == Exchange::Outcome::kTimeout) {
    const auto wait_until = run.received() > 0 ? monotonic_now() + kLastEchoTimeUs : began + kFirstEchoTimeUs;
    outcome = exchange.serve(std::min(until_, wait_until), [&] { return run.received() == run.sent_count(); });
  }
  exchange.on_data(nullptr);
  answered = run.received() > 0;
  report_.echo = run.facts(peer.socket != nullptr ? "socket" : "stun");
  const std::string detail = std::to_string(run.received()) + " of " + std::to_string(run.sent_count()) +
                             " came back from " + to_text(peer.address) +
                             (channel_ ? ", by channel" : ", by indication");
  const auto state = !answered                           ? StepState::kFail
                     : run.received() < run.sent_count() ? StepState::kWarn
                                                         : StepState::kPass;
  steps_.end(state, detail);
  if (outcome == Exchange::Outcome::kTimeout) return std::nullopt;
  return ended_by(outcome);
}

void RelayCheck::harden() {
  steps_.begin("hardening");
  auto& exchange = client_.exchange();
  std::vector<Exchange::Ticket> tickets;
  const auto ask = [&](const char* text) {
    const auto peer = parse_ip(text, 9);
    report_.hardening.push_back({text, classify(*peer), std::nullopt});
    tickets.push_back(client_.send(Method::kCreatePermission,
                                   [&](MessageBuilder& b) { b.xor_address(Attribute::kXorPeerAddress, *peer); }));
  };
  if (report_.relayed->family == Family::kIpv4) {
    for (const auto* text : kForbiddenIpv4) ask(text);
  } else {
    for (const auto* text : kForbiddenIpv6) ask(text);
  }
  exchange.wait_all(tickets, std::min(until_, monotonic_now() + kHardeningTimeUs));
  int accepted = 0;
  for (std::size_t i = 0; i < tickets.size(); ++i) {
    const auto* reply = exchange.reply(tickets[i]);
    exchange.forget(tickets[i]);
    if (reply == nullptr) continue;
    report_.hardening[i].accepted = reply->view().message_class() == MessageClass::kSuccess;
    if (*report_.hardening[i].accepted && report_.hardening[i].kind != AddressKind::kPrivate) ++accepted;
  }
  steps_.end(accepted > 0 ? StepState::kWarn : StepState::kPass, std::to_string(accepted) + " internal peers accepted");
}

// The server's own STUN port is the first peer where it is known to answer. A server may forbid itself as a peer: then
// it is a socket of this machine, first at the address that the server sees, then at the one that is next to the
// relayed address (they differ where the server listens on one network and relays on another).
std::optional<Failure> RelayCheck::run() {
  const auto stun = stun_server();
  const bool known = report_.transport == Transport::kUdp && report_.binding_rtt_ms && stun == report_.server;
  std::unique_ptr<EchoSocket> socket;
  if (!known) socket = EchoSocket::open(stun, waiter_);
  Tried tried;
  if (known || (socket && socket->stun_answered())) {
    if (auto ended = try_peer({stun, nullptr}, tried)) return ended;
  }
  std::optional<Address> last;
  for (const auto& towards : {stun, *report_.relayed}) {
    if (tried.answered) break;
    if (!socket) socket = EchoSocket::open(towards, waiter_);
    if (socket && !(last && ip_text(*last) == ip_text(socket->address()))) {
      last = socket->address();
      if (auto ended = try_peer({socket->address(), socket.get()}, tried)) return ended;
    }
    socket.reset();
  }
  harden();
  if (tried.answered) return std::nullopt;
  if (!tried.permitted) return Failure{Verdict::kForbidden, "403 for every peer that was tried"};
  return Failure{Verdict::kNoData, "nothing came back through " + to_text(*report_.relayed)};
}

std::optional<Failure> RelayCheck::try_peer(const Peer& peer, Tried& tried) {
  bool forbidden = false;
  if (auto ended = permit(peer, forbidden)) return ended;
  if (forbidden) return std::nullopt;
  tried.permitted = true;
  bind_channel(peer);
  if (peer.socket != nullptr) peer.socket->start(*report_.relayed);
  return echo(peer, tried.answered);
}

}  // namespace callroom::turn
