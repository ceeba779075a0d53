#include "turn/exchange.hpp"

#include <algorithm>
#include <limits>

#include "turn/stun_stream.hpp"

namespace callroom::turn {
namespace {

// RFC 8489 section 6.2.1 begins at 500 ms; half of it finds a lost packet sooner and is what browsers do.
constexpr MonotonicUs kFirstIntervalUs = 250'000;
constexpr MonotonicUs kNever = std::numeric_limits<MonotonicUs>::max();

}  // namespace

Exchange::Ticket Exchange::send(std::vector<std::uint8_t> request, std::optional<Md5Digest> key) {
  Pending pending;
  std::copy(request.begin() + 8, request.begin() + kHeaderSize, pending.id.begin());
  pending.request = std::move(request);
  pending.key = key;
  pending.first_sent = monotonic_now();
  pending.interval_us = kFirstIntervalUs;
  pending.next_sending = link_.reliable() ? kNever : pending.first_sent + kFirstIntervalUs;
  if (auto failure = link_.send(pending.request); failure && !failed_) failed_ = std::move(failure);
  pending_.push_back(std::move(pending));
  return pending_.size() - 1;
}

bool Exchange::resend_due(MonotonicUs now) {
  for (auto& pending : pending_) {
    if (pending.reply || pending.forgotten || pending.next_sending > now) continue;
    pending.interval_us *= 2;
    pending.next_sending = now + pending.interval_us;
    ++pending.sendings;
    ++retransmissions_;
    if (auto failure = link_.send(pending.request)) {
      failed_ = std::move(failure);
      return false;
    }
  }
  return true;
}

MonotonicUs Exchange::next_sending() const {
  MonotonicUs next = kNever;
  for (const auto& pending : pending_) {
    if (!pending.reply && !pending.forgotten) next = std::min(next, pending.next_sending);
  }
  return next;
}

void Exchange::accept(std::vector<std::uint8_t> frame) {
  const auto message = MessageView::parse(frame);
  if (!message) {
    if (on_data_ && parse_channel_data(frame)) {
      on_data_(frame);
    } else {
      ++foreign_;
    }
    return;
  }
  heard_stun_ = true;
  if (message->is(MessageClass::kIndication, Method::kData)) {
    if (on_data_) on_data_(frame);
    return;
  }
  const auto cls = message->message_class();
  if (cls != MessageClass::kSuccess && cls != MessageClass::kError) return;
  const auto found = std::find_if(pending_.begin(), pending_.end(), [&](const Pending& pending) {
    return pending.id == message->transaction_id() && !pending.reply && !pending.forgotten;
  });
  if (found == pending_.end() || message->fingerprint() == Fingerprint::kWrong) return;
  if (cls == MessageClass::kSuccess && found->key && !message->integrity_valid(*found->key)) {
    ++forged_;
    return;
  }
  Reply reply;
  reply.rtt_ms = static_cast<double>(monotonic_now() - found->first_sent) / 1000.0;
  reply.sendings = found->sendings;
  reply.bytes = std::move(frame);
  found->reply = std::move(reply);
}

Exchange::Outcome Exchange::fail(const Failure& failure) {
  failure_ = failure;
  return failure.verdict == Verdict::kCancelled ? Outcome::kCancelled : Outcome::kFailed;
}

Exchange::Outcome Exchange::serve(MonotonicUs until, const std::function<bool()>& done) {
  std::vector<std::uint8_t> frame;
  while (!done()) {
    const auto now = monotonic_now();
    if (failed_ || !resend_due(now)) return fail(*failed_);
    if (now >= until) return Outcome::kTimeout;
    switch (link_.receive(std::min(until, next_sending()), frame)) {
      case Link::Event::kFrame:
        accept(std::move(frame));
        break;
      case Link::Event::kTimeout:
        break;
      case Link::Event::kCancelled:
        return Outcome::kCancelled;
      case Link::Event::kFailed:
        return fail(link_.failure());
    }
  }
  return Outcome::kReply;
}

Exchange::Outcome Exchange::wait(std::initializer_list<Ticket> tickets, MonotonicUs until) {
  return serve(until, [&] {
    return std::any_of(tickets.begin(), tickets.end(), [&](Ticket ticket) { return reply(ticket) != nullptr; });
  });
}

Exchange::Outcome Exchange::wait_all(const std::vector<Ticket>& tickets, MonotonicUs until) {
  return serve(until, [&] {
    return std::all_of(tickets.begin(), tickets.end(), [&](Ticket ticket) { return reply(ticket) != nullptr; });
  });
}

const Reply* Exchange::reply(Ticket ticket) const {
  const auto& pending = pending_[ticket];
  return pending.reply ? &*pending.reply : nullptr;
}

void Exchange::forget(Ticket ticket) {
  pending_[ticket].forgotten = true;
}

}  // namespace callroom::turn
