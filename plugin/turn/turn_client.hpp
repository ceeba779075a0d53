// A TURN client's dialogue over one Exchange: credentials, realm and nonce, requests that are repeated with a fresh
// nonce, and giving the allocation back. Used by one thread.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "turn/credentials.hpp"
#include "turn/exchange.hpp"

namespace callroom::turn {

class TurnClient {
 public:
  static constexpr int kMaxStaleNonces = 3;  // a fourth 438 in one check is a loop

  TurnClient(Exchange& exchange, std::optional<Credentials> credentials)
      : exchange_(exchange), credentials_(std::move(credentials)) {}

  using Fill = std::function<void(MessageBuilder&)>;

  // Sends a request, signed once a realm and a nonce are known.
  Exchange::Ticket send(Method method, const Fill& fill);

  struct Answer {
    Exchange::Outcome outcome = Exchange::Outcome::kTimeout;
    const Reply* reply = nullptr;  // set where the outcome is kReply
    bool stale_loop = false;       // the reply is a 438 for the fourth time
  };
  // Sends and waits; a 438 is answered with the new nonce.
  Answer ask(Method method, const Fill& fill, MonotonicUs until);

  // Takes realm and nonce out of a 401. False where they are missing, or there is nothing to sign with.
  bool adopt_challenge(const MessageView& view);
  // Takes the new nonce out of a 438 (and the realm, where it comes along). False from the fourth on, and without one.
  bool adopt_nonce(const MessageView& view);

  bool signed_in() const { return key_.has_value(); }
  bool has_credentials() const { return credentials_.has_value(); }
  const std::string& realm() const { return realm_; }

  // Refresh with lifetime 0. True where the server confirmed that nothing is held.
  bool release(MonotonicUs until);

  Exchange& exchange() { return exchange_; }

 private:
  Exchange& exchange_;
  std::optional<Credentials> credentials_;
  std::optional<Md5Digest> key_;
  std::string realm_, nonce_;
  int stale_nonces_ = 0;
};

}  // namespace callroom::turn
