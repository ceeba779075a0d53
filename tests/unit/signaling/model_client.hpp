// A model of a browser's RTCPeerConnection (signaling states with implicit rollback, ICE credentials, trickled
// candidates) and of an application on top of it, of three kinds. A change to what is sent raises `wanted`; it is
// applied once an offer that carries it was answered.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <queue>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace callroom::signaling::test {

// Runs things at their time, those of the same time in the order in which they were asked for.
class Clock {
 public:
  std::int64_t now() const { return now_; }

  void at(std::int64_t time, std::function<void()> action) { queue_.push({time, next_++, std::move(action)}); }

  void run() {
    while (!queue_.empty()) {
      Entry entry = queue_.top();
      queue_.pop();
      now_ = entry.time;
      entry.action();
    }
  }

 private:
  struct Entry {
    std::int64_t time;
    std::uint64_t order;
    std::function<void()> action;
    bool operator<(const Entry& b) const { return std::pair(time, order) > std::pair(b.time, b.order); }
  };
  std::int64_t now_ = 0;
  std::uint64_t next_ = 0;
  std::priority_queue<Entry> queue_;
};

struct Message {
  enum class Type { kOffer, kAnswer, kCandidate, kGlare, kNegotiate } type = Type::kOffer;
  std::int64_t negotiation = 0;
  int version = 0;        // of a description: what its sender wants
  std::string ufrag;      // of a description, or the one that a candidate belongs to
  std::string candidate;  // its name
};

enum class Behaviour {
  kPerfect,  // the WebRTC specification's perfect negotiation, which knows neither glare nor negotiate events
  kNaive,    // answers whatever comes; the browser rolls back by itself; forgets the change it lost
  kStrict,   // takes no offer while it has one out, but rolls back when told so; forgets the change it lost
};

class ModelClient {
 public:
  static constexpr int kCandidates = 3;  // trickled for each set of ICE credentials

  ModelClient(Behaviour behaviour, bool polite, std::string name, Clock& clock, std::mt19937& random,
              std::function<void(Message)> send)
      : behaviour_(behaviour),
        polite_(polite),
        name_(std::move(name)),
        clock_(clock),
        random_(random),
        send_(std::move(send)) {}

  // The application adds, removes or toggles something, or restarts ICE.
  void change(bool restart) {
    ++wanted_;
    restart_wanted_ = restart_wanted_ || restart;
    offer_or_remember();
  }

  void receive(const Message& message) {
    switch (message.type) {
      case Message::Type::kOffer:
        return take_offer(message);
      case Message::Type::kAnswer:
        return take_answer(message);
      case Message::Type::kCandidate:
        if (message.ufrag == remote_ufrag_) remote_candidates_.insert(message.candidate);
        return;
      case Message::Type::kGlare:
        if (behaviour_ == Behaviour::kStrict && pending_ && pending_->negotiation == message.negotiation) {
          pending_.reset();
          became_stable();
        }
        return;
      case Message::Type::kNegotiate:
        if (behaviour_ != Behaviour::kPerfect) offer_or_remember();
        return;
    }
  }

  bool is_stable() const { return !pending_; }
  bool all_applied() const { return applied_ == wanted_ && !restart_wanted_; }
  int wanted() const { return wanted_; }
  int remote_version() const { return remote_version_; }
  const std::string& local_ufrag() const { return local_ufrag_; }
  const std::string& remote_ufrag() const { return remote_ufrag_; }
  std::size_t remote_candidates() const { return remote_candidates_.size(); }

 private:
  struct LocalOffer {
    std::int64_t negotiation;
    int version;
    std::string ufrag;
  };

  void offer_or_remember() {
    if (pending_) {
      remembered_ = true;
      return;
    }
    const bool restart = restart_wanted_ || local_ufrag_.empty();
    pending_ = LocalOffer{++negotiation_, wanted_, restart ? fresh_ufrag() : local_ufrag_};
    if (restart) gather(pending_->ufrag);
    send_({Message::Type::kOffer, pending_->negotiation, pending_->version, pending_->ufrag, {}});
  }

  void take_offer(const Message& offer) {
    const bool ignores = behaviour_ == Behaviour::kStrict || (behaviour_ == Behaviour::kPerfect && !polite_);
    if (pending_ && ignores) return;
    pending_.reset();  // implicit rollback
    set_remote(offer);
    if (local_ufrag_.empty() || remote_restarted_) {
      local_ufrag_ = fresh_ufrag();
      restart_wanted_ = false;  // what it wanted was new credentials
      gather(local_ufrag_);
    }
    send_({Message::Type::kAnswer, offer.negotiation, wanted_, local_ufrag_, {}});
    became_stable();
  }

  void take_answer(const Message& answer) {
    if (!pending_) return;  // "wrong state"
    applied_ = pending_->version;
    if (pending_->ufrag != local_ufrag_) restart_wanted_ = false;
    local_ufrag_ = pending_->ufrag;
    pending_.reset();
    const int version = remote_version_;
    set_remote(answer);
    remote_version_ = version;  // an answer adds nothing of its own
    became_stable();
  }

  void set_remote(const Message& description) {
    remote_restarted_ = description.ufrag != remote_ufrag_;
    if (remote_restarted_) remote_candidates_.clear();
    remote_ufrag_ = description.ufrag;
    remote_version_ = description.version;
  }

  void became_stable() {
    const bool negotiation_needed = behaviour_ == Behaviour::kPerfect && !all_applied();
    if (std::exchange(remembered_, false) || negotiation_needed) offer_or_remember();
  }

  std::string fresh_ufrag() { return name_ + std::to_string(++ufrags_); }

  void gather(const std::string& ufrag) {
    for (int i = 0; i < kCandidates; ++i) {
      clock_.at(clock_.now() + static_cast<int>(random_() % 60), [this, ufrag, i] {
        if (ufrag != local_ufrag_ && (!pending_ || pending_->ufrag != ufrag)) return;  // rolled back
        send_({Message::Type::kCandidate, negotiation_, 0, ufrag, ufrag + "/" + std::to_string(i)});
      });
    }
  }

  const Behaviour behaviour_;
  const bool polite_;
  const std::string name_;
  Clock& clock_;
  std::mt19937& random_;
  const std::function<void(Message)> send_;

  std::optional<LocalOffer> pending_;
  std::int64_t negotiation_ = 0;
  int wanted_ = 0, applied_ = 0, remote_version_ = 0, ufrags_ = 0;
  bool restart_wanted_ = false, remembered_ = false, remote_restarted_ = false;
  std::string local_ufrag_, remote_ufrag_;
  std::set<std::string> remote_candidates_;
};

}  // namespace callroom::signaling::test
