#include "media/layers.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace callroom::media {

namespace {

// Going up needs this much more than the step costs, so that the rate's own swings do not undo it.
constexpr double kMargin = 1.1;
constexpr double kNextMargin = 1.05;  // a little more, or it would never quite be reached
// Another picture begins with a key frame, which takes many times what its other frames do: on a way that the step just
// fills, it would be the queue that undoes it.
constexpr double kKeyFrameMargin = 1.4;
// … and one of about 10 kB must have gone within a second, beside everyone else's picture.
constexpr double kKeyFrameBps = 80'000;
constexpr double kPlenty = 1.3;   // of what all costs: nobody waits for another's step
constexpr double kAsMuch = 0.9;   // of what all cost when a larger size was too much
constexpr double kFarMore = 1.5;  // than there was when going up failed: that says nothing any more

// For a step up of one who is seen, beside what the others get. A larger size begins with a key frame.
double needed_for(Layer from, const LayerCost& to, double others_bps, double margin) {
  const double all = margin * (others_bps + to.bps);
  return to.layer.spatial > from.spatial ? std::max(all, others_bps + kKeyFrameMargin * to.bps) : all;
}

// For another picture, beside others at their lowest.
double needed_beside(double others_bps, double bps) {
  return std::max(kKeyFrameMargin * (others_bps + bps), others_bps + kKeyFrameBps);
}

const LayerCost* cost_of(const Candidate& candidate, Layer layer) {
  const auto found = std::ranges::find(candidate.costs, layer, &LayerCost::layer);
  return found == candidate.costs.end() ? nullptr : &*found;
}

double bps_of(const Candidate& candidate, const std::optional<Layer>& layer) {
  const LayerCost* cost = layer ? cost_of(candidate, *layer) : nullptr;
  return cost == nullptr ? 0 : cost->bps;
}

// How many of the candidate's costs its receiver wants at most. Where nothing so small is sent, that is the smallest
// size there is, with all its frames.
std::size_t wanted_steps(const Candidate& candidate) {
  if (candidate.costs.empty()) return 0;
  const std::uint8_t most = std::max(candidate.most_spatial, candidate.costs.front().layer.spatial);
  const auto beyond =
      std::ranges::find_if(candidate.costs, [&](const LayerCost& cost) { return cost.layer.spatial > most; });
  return static_cast<std::size_t>(beyond - candidate.costs.begin());
}

// What everyone costs who begins with a key frame.
std::vector<Candidate> with_key_frames(std::span<const Candidate> candidates) {
  std::vector<Candidate> dearer(candidates.begin(), candidates.end());
  for (Candidate& candidate : dearer) {
    for (LayerCost& cost : candidate.costs) cost.bps = std::max(cost.bps, kKeyFrameBps);
  }
  return dearer;
}

// Somebody's lowest layer, if it is a small one, whatever the estimate says: without any video nothing is learnt of the
// network any more.
void keep_one(std::span<const Candidate> candidates, std::span<const std::size_t> order,
              std::vector<std::size_t>& steps, Budget& budget) {
  constexpr double kSmallBps = 100'000;
  if (std::ranges::any_of(steps, [](std::size_t step) { return step > 0; })) return;
  const auto small = std::ranges::find_if(order, [&](std::size_t i) {
    return !candidates[i].costs.empty() && candidates[i].costs.front().bps <= kSmallBps;
  });
  if (small == order.end()) return;
  steps[*small] = 1;
  budget = 0;
}

void put_speaker_first(std::vector<std::size_t>& order, std::span<const Candidate> candidates) {
  // Not std::ranges': clang 14 cannot compile the subrange that it returns in libstdc++ 12.
  std::stable_partition(order.begin(), order.end(), [&](std::size_t i) { return candidates[i].is_speaker; });
}

std::vector<std::size_t> everyone(std::span<const Candidate> candidates) {
  std::vector<std::size_t> order(candidates.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  put_speaker_first(order, candidates);
  return order;
}

}  // namespace

std::vector<Selection> fit(std::span<const Candidate> candidates, Budget budget) {
  return fit(candidates, budget, everyone(candidates));
}

std::vector<Selection> fit(std::span<const Candidate> candidates, Budget budget, std::span<const std::size_t> among) {
  std::vector<std::size_t> steps(candidates.size(), 0);  // 0: paused; n: up to the n-th cost
  const auto try_step = [&](std::size_t i) {
    const std::vector<LayerCost>& costs = candidates[i].costs;
    if (steps[i] >= wanted_steps(candidates[i])) return false;
    const double more = costs[steps[i]].bps - (steps[i] == 0 ? 0 : costs[steps[i] - 1].bps);
    if (more > (steps[i] == 0 ? budget.lowest_bps : budget.bps)) return false;
    budget.lowest_bps -= more;
    budget.bps -= more;
    ++steps[i];
    return true;
  };
  for (const std::size_t i : among) try_step(i);
  keep_one(candidates, among, steps, budget);
  for (bool any = true; any;) {
    any = false;
    for (const std::size_t i : among) any |= steps[i] > 0 && try_step(i);
  }

  std::vector<Selection> selections;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    Selection selection{candidates[i].source, std::nullopt, steps[i] < wanted_steps(candidates[i])};
    if (steps[i] > 0) selection.layer = candidates[i].costs[steps[i] - 1].layer;
    selections.push_back(std::move(selection));
  }
  return selections;
}

std::vector<Selection> LayerAllocation::update(std::span<const Candidate> candidates, Budget budget, MonotonicUs now,
                                               bool freely) {
  std::erase_if(streams_, [&](const auto& entry) {
    return std::ranges::find(candidates, entry.first, &Candidate::source) == candidates.end();
  });
  sizes_wait_ = size_failure_.at != 0 && now - size_failure_.at < size_failure_.patience &&
                budget.bps <= kFarMore * size_failure_.bps;
  const std::vector<Selection> most = most_of(candidates, budget, freely);
  const bool lowered = follow(candidates, most, budget, now, freely);
  show_one(candidates, most, now);
  if (freely) {
    for (std::size_t i = 0; i < candidates.size(); ++i) set(streams_[candidates[i].source], most[i].layer, now);
  } else if (!lowered && !resume_one(candidates, budget, now)) {
    raise(candidates, budget, now);
  }
  std::vector<Selection> result = most;
  for (Selection& selection : result) {
    const Stream& stream = streams_[selection.source];
    selection.layer = stream.layer;
    selection.by_network |= !stream.layer && stream.withheld;
  }
  return result;
}

// What may be had at most by those who are seen or new. Whoever is not seen any more takes a key frame to be seen
// again, and so is no reason to give others less before that comes. After a stop everyone takes one.
std::vector<Selection> LayerAllocation::most_of(std::span<const Candidate> offered, Budget all, bool freely) const {
  const bool anew = begins_low_ && !freely && !std::isinf(all.lowest_bps);
  const std::vector<Candidate> dearer = anew ? with_key_frames(offered) : std::vector<Candidate>();
  const std::span<const Candidate> candidates = anew ? dearer : offered;
  const Budget budget = anew ? Budget(all.lowest_bps) : all;
  std::vector<std::size_t> among, others;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const auto known = streams_.find(candidates[i].source);
    (known == streams_.end() || known->second.layer ? among : others).push_back(i);
  }
  if (freely || among.empty() || others.empty()) return fit(candidates, budget);
  put_speaker_first(among, candidates);
  std::vector<Selection> most = fit(candidates, budget, among);
  among.insert(among.end(), others.begin(), others.end());
  const std::vector<Selection> of_all = fit(candidates, budget, among);
  for (const std::size_t i : others) most[i].by_network = of_all[i].by_network;
  return most;
}

// What is new, what is sent no longer, and what does not fit any more; true where somebody gets less.
bool LayerAllocation::follow(std::span<const Candidate> candidates, std::span<const Selection> most, Budget budget,
                             MonotonicUs now, bool freely) {
  const bool begins_low = std::exchange(begins_low_, false);
  bool lowered = false;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const std::vector<LayerCost>& costs = candidates[i].costs;
    const auto [entry, is_new] = streams_.try_emplace(candidates[i].source);
    Stream& stream = entry->second;
    if (is_new) {
      // Everyone is seen at once at the lowest layer that fits; more comes step by step.
      stream.changed_at = now;
      if (most[i].layer) stream.layer = freely ? most[i].layer : costs.front().layer;
      if (!most[i].layer && most[i].by_network) note(LayerStep::kPaused);
      note_withheld(stream, candidates[i], most[i].by_network || !freely);
      continue;
    }
    // A layer that is no longer sent is as good as the one below it.
    if (stream.layer && !costs.empty() && cost_of(candidates[i], *stream.layer) == nullptr) {
      const auto above = std::ranges::upper_bound(costs, *stream.layer, {}, &LayerCost::layer);
      stream.layer = above == costs.begin() ? above->layer : std::prev(above)->layer;
    }
    note_withheld(stream, candidates[i], most[i].by_network || begins_low);
    lowered |= lower(stream, most[i], most[i].by_network, budget, now);
    if (begins_low && stream.layer) lowered |= lower(stream, {{}, costs.front().layer, false}, true, budget, now);
  }
  return lowered;
}

// Whose picture is seen, the speaker first.
std::vector<std::size_t> LayerAllocation::shown(std::span<const Candidate> candidates) const {
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const auto known = streams_.find(candidates[i].source);
    if (known != streams_.end() && known->second.layer) found.push_back(i);
  }
  put_speaker_first(found, candidates);
  return found;
}

// Nobody is seen, and somebody can be: that waits for nothing.
void LayerAllocation::show_one(std::span<const Candidate> candidates, std::span<const Selection> most,
                               MonotonicUs now) {
  if (!shown(candidates).empty()) return;
  std::optional<std::size_t> one;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (most[i].layer && (!one || candidates[i].is_speaker)) one = i;
  }
  if (one) set(streams_[candidates[*one].source], candidates[*one].costs.front().layer, now);
}

// What everyone's lowest layer takes who is seen.
double LayerAllocation::least_bps(std::span<const Candidate> candidates) const {
  double sum = 0;
  for (const std::size_t i : shown(candidates))
    sum += candidates[i].costs.empty() ? 0 : candidates[i].costs.front().bps;
  return sum;
}

// Room for one who is not seen, and for the key frame: besides all others, or for the speaker in place of some of them.
bool LayerAllocation::has_room(std::span<const Candidate> candidates, std::size_t one, Budget budget) const {
  const double bps = candidates[one].costs.front().bps;
  // Where nobody is to be paused, nobody who begins again is kept out.
  if (std::isinf(budget.lowest_bps) || needed_beside(least_bps(candidates), bps) <= budget.bps) return true;
  if (!candidates[one].is_speaker) return false;
  std::vector<std::size_t> among = shown(candidates);
  among.insert(among.begin(), one);
  const std::vector<Selection> beside = fit(candidates, budget.bps - (kKeyFrameMargin - 1) * bps, among);
  return beside[one].layer && std::ranges::count_if(beside, [](const Selection& s) { return s.layer.has_value(); }) > 1;
}

// Somebody who was not seen is, even if others get no more than the least for it.
bool LayerAllocation::resume_one(std::span<const Candidate> candidates, Budget budget, MonotonicUs now) {
  std::optional<std::size_t> one;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const Stream& stream = streams_[candidates[i].source];
    if (stream.layer || wanted_steps(candidates[i]) == 0) continue;
    if (!is_ripe(stream, candidates[i].costs.front().layer, budget, now)) continue;
    if ((!one || candidates[i].is_speaker) && has_room(candidates, i, budget)) one = i;
  }
  if (!one) return false;
  const LayerCost& cost = candidates[*one].costs.front();
  if (kPlenty * kKeyFrameMargin * (least_bps(candidates) + cost.bps) > budget.bps && has_just_raised(now)) return false;
  raise_to(streams_[candidates[*one].source], cost.layer, budget, now);
  const std::vector<Selection> beside = fit(candidates, budget, shown(candidates));
  for (const Selection& selection : beside) lower(streams_[selection.source], selection, true, budget, now);
  return true;
}

double LayerAllocation::next_budget_bps(std::span<const Candidate> candidates, double beyond_bps) const {
  const auto layer_of = [&](const Candidate& candidate) {
    const auto known = streams_.find(candidate.source);
    return known == streams_.end() ? std::nullopt : known->second.layer;
  };
  double total = 0;
  for (const Candidate& candidate : candidates) total += bps_of(candidate, layer_of(candidate));
  std::optional<double> least;
  for (const Candidate& candidate : candidates) {
    const std::optional<Layer> layer = layer_of(candidate);
    const auto steps = std::span(candidate.costs).first(wanted_steps(candidate));
    const auto next = std::ranges::find_if(steps, [&](const LayerCost& cost) { return !layer || cost.layer > *layer; });
    if (next == steps.end()) continue;
    const double others = total - bps_of(candidate, layer);
    if (layer && is_too_large(*layer, *next, others)) continue;
    const double needed = kNextMargin * (layer ? needed_for(*layer, *next, others, kMargin)
                                               : needed_beside(least_bps(candidates), next->bps));
    if (needed > beyond_bps && (!least || needed < *least)) least = needed;
  }
  return least.value_or(0);
}

void LayerAllocation::note(LayerStep step) {
  ++changes_;
  step_ = std::max(step_.value_or(step), step);
}

void LayerAllocation::note_more(const Stream& stream, const std::optional<Layer>& before) {
  if (!stream.withheld || (before && *before >= *stream.withheld)) return;
  note(before ? LayerStep::kRaised : LayerStep::kResumed);
}

// Wanted is what the receiver asks for of what is sent. Once the network has withheld it, it is the network's to give
// back, step by step.
void LayerAllocation::note_withheld(Stream& stream, const Candidate& candidate, bool by_network) {
  const std::size_t steps = wanted_steps(candidate);
  if (steps == 0) {
    stream.withheld.reset();
    return;
  }
  const Layer most = candidate.costs[steps - 1].layer;
  if (by_network) {
    stream.withheld = most;
  } else if (stream.withheld) {
    stream.withheld = std::min(*stream.withheld, most);
    if (stream.layer && *stream.layer >= *stream.withheld) stream.withheld.reset();
  }
}

bool LayerAllocation::lower(Stream& stream, const Selection& wanted, bool for_network, Budget budget, MonotonicUs now) {
  if (!stream.layer || (wanted.layer && *wanted.layer >= *stream.layer)) return false;
  // Not where another speaker takes its place.
  const bool has_less = static_cast<float>(budget.bps) < stream.raised_bps;
  if (wanted.by_network && has_less && stream.raised_at != 0 && now - stream.raised_at < kFailsWithin) {
    stream.patience = std::min(2 * stream.patience, kMostPatience);
    stream.failed = stream.layer;
    if (stream.larger_at != 0 && now - stream.larger_at < kFailsWithin) note_too_large(stream, now);
  }
  stream.layer = wanted.layer;
  stream.changed_at = now;
  stream.raised_at = 0;
  if (for_network) note(stream.layer ? LayerStep::kLowered : LayerStep::kPaused);
  return true;
}

void LayerAllocation::note_too_large(const Stream& stream, MonotonicUs now) {
  if (size_failure_.at == now) {  // by more than one
    size_failure_.cost = std::max(size_failure_.cost, stream.larger_bps);
    return;
  }
  failure_before_ = size_failure_;
  const bool again = size_failure_.at != 0 && now - size_failure_.at < 2 * kMostSizePatience;
  const MonotonicUs patience = again ? std::min(2 * size_failure_.patience, kMostSizePatience) : kFirstSizePatience;
  size_failure_ = {now, patience, stream.raised_bps, stream.larger_bps};
}

// A queue may take more than the step that failed, and that has not failed.
bool LayerAllocation::is_ripe(const Stream& stream, Layer next, Budget budget, MonotonicUs now) {
  const bool has_failed = stream.failed && next >= *stream.failed && budget.bps <= kFarMore * stream.raised_bps;
  return now - stream.changed_at >= (has_failed ? stream.patience : kFirstPatience);
}

// One at a time, to see what it does.
bool LayerAllocation::has_just_raised(MonotonicUs now) const {
  return raised_at_ != 0 && now - raised_at_ < kFirstPatience / 3;
}

void LayerAllocation::set(Stream& stream, const std::optional<Layer>& layer, MonotonicUs now) {
  if (!layer || (stream.layer && *stream.layer >= *layer)) return;
  const auto before = std::exchange(stream.layer, layer);
  stream.changed_at = now;
  note_more(stream, before);
}

void LayerAllocation::raise_to(Stream& stream, Layer layer, Budget budget, MonotonicUs now) {
  set(stream, layer, now);
  // What has held for long, or failed where there was far less, says nothing any more.
  const bool held = stream.raised_at != 0 && now - stream.raised_at >= 2 * kFailsWithin;
  if (held || budget.bps > kFarMore * stream.raised_bps) stream.patience = kFirstPatience;
  stream.raised_at = raised_at_ = now;
  stream.raised_bps = static_cast<float>(budget.bps);
}

// So much has failed a while ago.
bool LayerAllocation::is_too_large(Layer from, const LayerCost& to, double others_bps) const {
  return sizes_wait_ && to.layer.spatial > from.spatial && others_bps + to.bps > kAsMuch * size_failure_.cost;
}

// Those who are seen, a step each.
void LayerAllocation::raise(std::span<const Candidate> candidates, Budget budget, MonotonicUs now) {
  const std::vector<Selection> wanted =
      fit(candidates, {budget.lowest_bps / kMargin, budget.bps / kMargin}, shown(candidates));
  double total = 0;
  for (const Candidate& candidate : candidates) total += bps_of(candidate, streams_[candidate.source].layer);
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const std::vector<LayerCost>& costs = candidates[i].costs;
    Stream& stream = streams_[candidates[i].source];
    if (!stream.layer || !wanted[i].layer || *stream.layer >= *wanted[i].layer) continue;
    auto next = std::ranges::upper_bound(costs, *stream.layer, {}, &LayerCost::layer);
    if (!is_ripe(stream, next->layer, budget, now)) continue;
    const double others = total - bps_of(candidates[i], stream.layer);
    if (is_too_large(*stream.layer, *next, others)) continue;
    const auto has_room = [&](const LayerCost& cost, double margin) {
      return needed_for(*stream.layer, cost, others, margin) <= budget.bps;
    };
    if (!has_room(*next, kMargin)) continue;
    if (has_room(*next, kPlenty)) {
      // Frame rates need no key frame to go up.
      for (auto faster = next + 1;
           faster != costs.end() && faster->layer <= *wanted[i].layer && faster->layer.spatial == next->layer.spatial &&
           has_room(*faster, kPlenty) && is_ripe(stream, faster->layer, budget, now);
           ++faster) {
        next = faster;
      }
    } else if (has_just_raised(now)) {
      continue;
    }
    total = others + next->bps;
    if (next->layer.spatial > stream.layer->spatial) {
      stream.larger_at = now;
      stream.larger_bps = static_cast<float>(total);
    }
    raise_to(stream, next->layer, budget, now);
  }
}

}  // namespace callroom::media
