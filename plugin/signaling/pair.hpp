// Offers, answers and candidates between two participants who send media directly to each other, and what to do when
// their offers cross. The room cannot know in time whether a client will answer an offer that crosses its own: one that
// implements perfect negotiation and is impolite stays silent, one that knows nothing of collisions answers, since the
// browser rolls back by itself. So each client says when it joins whether it "yields" or "refuses", and no timer
// arbitrates. Of two crossing offers one wins; the other goes no further, its sender is told where its client would
// not see it by itself, and is asked to offer again once the winner is answered, so that no change is lost for good.
//
// What was forwarded and may have been applied is never rolled back by the room. Delivery to a participant must keep
// the order of the effects. Pure: a message comes in, effects go out. Not synchronised: its owner holds the lock.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "signaling/events.hpp"

namespace callroom::signaling {

enum class Side : std::uint8_t { kFirst, kSecond };
constexpr Side other(Side side) {
  return side == Side::kFirst ? Side::kSecond : Side::kFirst;
}

enum class DescriptionType : std::uint8_t { kOffer, kAnswer };

struct PairMember {
  Role role = Role::kImpolite;  // towards the other
  bool refuses = false;         // keeps its own offer when another's comes, unless told to roll back
};

// The default where a client does not say: perfect negotiation.
constexpr bool refuses_by_role(Role role) {
  return role == Role::kImpolite;
}

struct PeerCandidate {
  std::string json;   // RTCIceCandidateInit as text, or "null": there are no more
  std::string ufrag;  // its username fragment (RFC 8445, 5.3), where it names one
};

// Effects, in the order in which they are to be carried out.
struct ForwardDescription {
  Side to = Side::kFirst;
  std::int64_t negotiation = 0;
  DescriptionType type = DescriptionType::kOffer;
  std::string sdp;
};
struct ForwardCandidate {
  Side to = Side::kFirst;
  std::int64_t negotiation = 0;
  std::string candidate;  // as it came: JSON text
};
struct RollBack {  // event glare
  Side to = Side::kFirst;
  std::int64_t negotiation = 0;  // the offer of `to` that lost
};
struct OfferAgain {  // event negotiate, reason collision
  Side to = Side::kFirst;
};
struct Unanswered {  // nobody answered this offer though it was repeated; for both
  std::int64_t negotiation = 0;
  Side offerer = Side::kFirst;
};
struct Collided {  // for the log: whose offer lost
  Side loser = Side::kFirst;
};
using PairEffect = std::variant<ForwardDescription, ForwardCandidate, RollBack, OfferAgain, Unanswered, Collided>;
using PairEffects = std::vector<PairEffect>;

struct PairCounts {
  std::uint32_t negotiations = 0;            // answers forwarded
  std::uint32_t collisions = 0;              // offers that crossed
  std::array<std::uint32_t, 2> rollbacks{};  // per side: how often its offer was the one that lost
  std::uint32_t stale = 0;                   // answers and candidates dropped because they belong to no living offer
};

class Pair {
 public:
  static constexpr MonotonicUs kAnswerTime = 10'000'000;  // slow but living peers take seconds; 3 s doubled offers
  static constexpr int kMostRepeats = 3;
  static constexpr std::size_t kMostCandidates = 64;  // kept per side: held back, and with the open offer
  static constexpr std::size_t kMostUfrags = 16;      // remembered per side, known and lost; the oldest is forgotten

  Pair(PairMember first, PairMember second) : members_{first, second} {}

  // An offer or an answer. Errors, nothing changed: kStaleNegotiation where the number of an offer is not higher
  // than that of the side's former one, unless it repeats the open one. A stale answer is no error: it is dropped,
  // counted, and has no effect.
  Result<PairEffects> description(Side from, DescriptionType type, std::int64_t negotiation, std::string sdp,
                                  MonotonicUs now);

  // Candidates, in order. Error, nothing changed: kLimitReached where too many would wait for their description.
  Result<PairEffects> candidates(Side from, std::int64_t negotiation, std::vector<PeerCandidate> candidates);

  // To be called when next_due() has come: repeats an offer that nobody answered.
  PairEffects tick(MonotonicUs now);
  std::optional<MonotonicUs> next_due() const;

  const PairCounts& counts() const { return counts_; }
  bool offer_is_open() const { return open_.has_value(); }

 private:
  struct Pending {
    std::int64_t negotiation = 0;
    std::string candidate, ufrag;
  };
  struct Open {
    Side from = Side::kFirst;
    std::int64_t negotiation = 0;
    std::string sdp;
    std::vector<std::string> ufrags;
    std::vector<std::string> new_ufrags;  // those that nothing forwarded before had
    std::vector<Pending> candidates;
    MonotonicUs forwarded_at = 0;
    int repeats = 0;
    bool given_up = false;
  };
  struct State {                          // of one side
    std::deque<std::string> known, lost;  // its username fragments: of forwarded descriptions, of lost offers
    std::vector<Pending> held;
    std::string latest_ufrag;                  // of its latest description, forwarded or lost
    std::optional<std::int64_t> latest_offer;  // its number
    bool lost_change = false;
  };

  static std::size_t index(Side side) { return static_cast<std::size_t>(side); }
  State& state(Side side) { return states_[index(side)]; }

  PairEffects offer(Side from, std::int64_t negotiation, std::string sdp, MonotonicUs now);
  PairEffects crossing_offer(Side from, std::int64_t negotiation, std::string sdp, MonotonicUs now);
  PairEffects answer(Side from, std::int64_t negotiation, std::string sdp);
  void open(Side from, std::int64_t negotiation, std::string sdp, MonotonicUs now, PairEffects& effects);
  void forward_open(PairEffects& effects) const;
  void lose(Side side, const std::vector<std::string>& ufrags, PairEffects& effects);
  void forward_held(Side from, PairEffects& effects);

  std::array<PairMember, 2> members_;
  std::array<State, 2> states_;
  std::optional<Open> open_;
  PairCounts counts_;
};

// The username fragments of a description ("a=ice-ufrag:"), each once. None is one empty string.
std::vector<std::string> ufrags_of(std::string_view sdp);

}  // namespace callroom::signaling
