#include "turn/turn_client.hpp"

namespace callroom::turn {
namespace {

constexpr std::size_t kMaxRealmOrNonce = 763;  // RFC 8489 sections 14.9 and 14.10, in bytes
constexpr int kAllocationMismatch = 437;       // "no such allocation": nothing is held

}  // namespace

Exchange::Ticket TurnClient::send(Method method, const Fill& fill) {
  MessageBuilder builder(MessageClass::kRequest, method, random_transaction_id());
  fill(builder);
  if (!key_) return exchange_.send(builder.finish(), std::nullopt);
  builder.text(Attribute::kUsername, credentials_->username);
  builder.text(Attribute::kRealm, realm_);
  builder.text(Attribute::kNonce, nonce_);
  return exchange_.send(builder.finish(*key_), key_);
}

TurnClient::Answer TurnClient::ask(Method method, const Fill& fill, MonotonicUs until) {
  while (true) {
    const auto ticket = send(method, fill);
    Answer answer;
    answer.outcome = exchange_.wait({ticket}, until);
    if (answer.outcome != Exchange::Outcome::kReply) {
      exchange_.forget(ticket);
      return answer;
    }
    answer.reply = exchange_.reply(ticket);
    const auto view = answer.reply->view();
    const auto error = view.error();
    if (view.message_class() != MessageClass::kError || !error || error->code != 438) return answer;
    if (!adopt_nonce(view)) {
      answer.stale_loop = true;
      return answer;
    }
  }
}

bool TurnClient::adopt_challenge(const MessageView& view) {
  const auto realm = view.text(Attribute::kRealm);
  const auto nonce = view.text(Attribute::kNonce);
  if (!realm || !nonce || realm->size() > kMaxRealmOrNonce || nonce->size() > kMaxRealmOrNonce) return false;
  realm_ = *realm;
  if (!credentials_) return false;
  nonce_ = *nonce;
  key_ = long_term_key(credentials_->username, realm_, credentials_->password);
  return true;
}

bool TurnClient::adopt_nonce(const MessageView& view) {
  const auto nonce = view.text(Attribute::kNonce);
  if (++stale_nonces_ > kMaxStaleNonces || !nonce || nonce->size() > kMaxRealmOrNonce) return false;
  nonce_ = *nonce;
  return true;
}

bool TurnClient::release(MonotonicUs until) {
  const auto answer = ask(
      Method::kRefresh, [](MessageBuilder& b) { b.u32(Attribute::kLifetime, 0); }, until);
  if (answer.outcome != Exchange::Outcome::kReply) return false;
  const auto view = answer.reply->view();
  if (view.message_class() == MessageClass::kSuccess) return true;
  const auto error = view.error();
  return error && error->code == kAllocationMismatch;
}

}  // namespace callroom::turn
