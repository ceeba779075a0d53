// Which layer of whose video a receiver gets within what its connection can take: everyone's lowest layer first, then
// step by step up, the active speaker first each time; what does not fit even at its lowest is paused. Down at once;
// up one step at a time, and with growing patience where going up has failed before, until there is far more than there
// was then. Where there is far more than everything costs, nobody waits for anybody else's step.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/layer_step.hpp"
#include "base/time.hpp"

namespace callroom::media {

// Simulcast layer and temporal layer within it, both counted from 0 at the lowest.
struct Layer {
  std::uint8_t spatial = 0;
  std::uint8_t temporal = 0;
  auto operator<=>(const Layer&) const = default;  // NOLINT(modernize-use-nullptr): the 0 is the compiler's
};

// What a stream costs when sent up to this layer.
struct LayerCost {
  Layer layer;
  double bps = 0;
};

// One video stream that a receiver could get.
struct Candidate {
  std::string source;            // opaque: the sender's stream
  bool is_speaker = false;       //
  std::vector<LayerCost> costs;  // of what is being sent, rising; one entry where the stream has no layers
  std::uint8_t most_spatial =
      UINT8_MAX;  // the receiver asks for no more (a small tile); wants no video at all: no costs
};

struct Selection {
  std::string source;
  std::optional<Layer> layer;  // absent: paused
  bool by_network = false;     // it would get more if its connection took more
  bool operator==(const Selection&) const = default;
};

// What may be spent on a receiver: on the lowest layers of those who are seen, which is no less, and on all together.
// Infinite for the lowest: nobody is to be paused, nor kept out.
struct Budget {
  Budget(double lowest, double all) : lowest_bps(lowest), bps(all) {}
  Budget(double all) : Budget(all, all) {}  // NOLINT(google-explicit-constructor)

  double lowest_bps, bps;
};

// What fits, the speaker first; and one small picture in any case. Pure.
std::vector<Selection> fit(std::span<const Candidate> candidates, Budget budget);
// … of these alone, and in this order; indices.
std::vector<Selection> fit(std::span<const Candidate> candidates, Budget budget, std::span<const std::size_t> among);

// The same over time, for one receiver.
class LayerAllocation {
 public:
  static constexpr std::uint32_t kFirstPatience = 1'500'000;
  static constexpr std::uint32_t kMostPatience = 30'000'000;
  static constexpr MonotonicUs kFirstSizePatience = 15'000'000;
  static constexpr MonotonicUs kMostSizePatience = 60'000'000;
  static constexpr MonotonicUs kFailsWithin = 8'000'000;  // a step down so soon after a step up: it was too early
  static constexpr MonotonicUs kForgivenWithin = 1'500'000;

  // To be called every 250 ms; a selection for each candidate, in their order. `freely`: nothing limits the receiver as
  // far as is known, so that nothing has to be tried step by step.
  std::vector<Selection> update(std::span<const Candidate> candidates, Budget budget, MonotonicUs now,
                                bool freely = false);

  // Everything has to begin anew: with the least of everyone, since a large key frame takes long on a narrow way.
  void begin_low() { begins_low_ = true; }

  // The least budget beyond this one that a step up would take, of what the last update() chose; 0: there is none. A
  // step that has room already waits for its time.
  double next_budget_bps(std::span<const Candidate> candidates, double beyond_bps = 0) const;

  // What seemed to be too much just now was not: it may be tried again.
  void forgive(MonotonicUs now) {
    if (now - size_failure_.at < kForgivenWithin) size_failure_ = failure_before_;
  }

  // When somebody last got more, to see whether the network takes it; 0: never.
  MonotonicUs raised_at() const { return raised_at_; }

  // Changes of a stream's layer that the network made, pauses included. What the receiver wants otherwise, and what a
  // sender begins or stops to send, is none.
  std::uint32_t changes() const { return changes_; }
  // … the one that tells most of those since the last call.
  std::optional<LayerStep> take_step() { return std::exchange(step_, std::nullopt); }

 private:
  struct Stream {
    std::optional<Layer> layer;
    std::optional<Layer> withheld;  // what it would have, if the network took it
    MonotonicUs raised_at = 0, changed_at = 0;
    float raised_bps = 0;         // of how much, the last time
    std::optional<Layer> failed;  // what patience is for: this and more
    MonotonicUs larger_at = 0;    // in size, the last time; 0: never
    float larger_bps = 0;         // what all cost then
    std::uint32_t patience = kFirstPatience;
  };

  // A larger size that was too much is so of everybody's picture.
  struct SizeFailure {
    MonotonicUs at = 0;  // 0: never
    MonotonicUs patience = 0;
    float bps = 0, cost = 0;  // of how much, and what all cost together
  };

  std::vector<Selection> most_of(std::span<const Candidate> offered, Budget all, bool freely) const;
  std::vector<std::size_t> shown(std::span<const Candidate> candidates) const;
  double least_bps(std::span<const Candidate> candidates) const;
  static bool is_ripe(const Stream& stream, Layer next, Budget budget, MonotonicUs now);
  bool has_just_raised(MonotonicUs now) const;
  void note_too_large(const Stream& stream, MonotonicUs now);
  bool is_too_large(Layer from, const LayerCost& to, double others_bps) const;
  bool follow(std::span<const Candidate> candidates, std::span<const Selection> most, Budget budget, MonotonicUs now,
              bool freely);
  void show_one(std::span<const Candidate> candidates, std::span<const Selection> most, MonotonicUs now);
  bool has_room(std::span<const Candidate> candidates, std::size_t one, Budget budget) const;
  bool resume_one(std::span<const Candidate> candidates, Budget budget, MonotonicUs now);
  void raise(std::span<const Candidate> candidates, Budget budget, MonotonicUs now);
  void set(Stream& stream, const std::optional<Layer>& layer, MonotonicUs now);
  void raise_to(Stream& stream, Layer layer, Budget budget, MonotonicUs now);
  bool lower(Stream& stream, const Selection& wanted, bool for_network, Budget budget, MonotonicUs now);
  void note(LayerStep step);
  void note_more(const Stream& stream, const std::optional<Layer>& before);
  static void note_withheld(Stream& stream, const Candidate& candidate, bool by_network);

  std::map<std::string, Stream> streams_;
  SizeFailure size_failure_, failure_before_;
  bool sizes_wait_ = false;
  bool begins_low_ = false;
  MonotonicUs raised_at_ = 0;
  std::uint32_t changes_ = 0;
  std::optional<LayerStep> step_;
};

}  // namespace callroom::media
