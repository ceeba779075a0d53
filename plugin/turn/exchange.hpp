// STUN transactions over one link: several at once, sent again over UDP, answers matched by transaction id. An answer
// is believed only where it may be: a success to a signed request needs a valid signature, else it is discarded and
// waiting goes on (RFC 8489 section 9.2.5); a wrong FINGERPRINT discards it too. Used by one thread.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "base/time.hpp"
#include "turn/link.hpp"
#include "turn/stun_message.hpp"

namespace callroom::turn {

struct Reply {
  std::vector<std::uint8_t> bytes;
  double rtt_ms = 0;  // since the first sending
  int sendings = 1;

  // Precondition: one that Exchange gave out, so that it parses.
  MessageView view() const { return *MessageView::parse(bytes); }
};

class Exchange {
 public:
  explicit Exchange(Link& link) : link_(link) {}

  using Ticket = std::size_t;
  enum class Outcome { kReply, kTimeout, kCancelled, kFailed };

  // Sends a request. With a key, only a signed success counts. A failure to send shows in the next wait.
  Ticket send(std::vector<std::uint8_t> request, std::optional<Md5Digest> key);

  // Waits for any of the tickets. kFailed: the link is lost, failure() says why.
  Outcome wait(std::initializer_list<Ticket> tickets, MonotonicUs until);
  Outcome wait_all(const std::vector<Ticket>& tickets, MonotonicUs until);

  // Serves the link until then, or until `done` says so: for data.
  Outcome serve(MonotonicUs until, const std::function<bool()>& done);

  const Reply* reply(Ticket ticket) const;
  void forget(Ticket ticket);  // no longer sent again, an answer is not waited for

  // Frames that are no answers: ChannelData and Data indications come here.
  void on_data(std::function<void(Bytes frame)> handler) { on_data_ = std::move(handler); }

  const Failure& failure() const { return failure_; }
  int retransmissions() const { return retransmissions_; }
  int forged() const { return forged_; }
  int foreign() const { return foreign_; }
  bool heard_stun() const { return heard_stun_; }

 private:
  struct Pending {
    TransactionId id{};
    std::vector<std::uint8_t> request;
    std::optional<Md5Digest> key;
    MonotonicUs first_sent = 0, next_sending = 0, interval_us = 0;
    int sendings = 1;
    std::optional<Reply> reply;
    bool forgotten = false;
  };

  bool resend_due(MonotonicUs now);
  MonotonicUs next_sending() const;
  void accept(std::vector<std::uint8_t> frame);
  Outcome fail(const Failure& failure);

  Link& link_;
  std::vector<Pending> pending_;
  std::function<void(Bytes)> on_data_;
  std::optional<Failure> failed_;
  Failure failure_;
  int retransmissions_ = 0, forged_ = 0, foreign_ = 0;
  bool heard_stun_ = false;
};

}  // namespace callroom::turn
