#include "media/layers.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace callroom::media {

namespace {

// Going up needs this much more than the step costs, so that the rate's own swings do not undo it.
constexpr double kMargin = 1.1;
constexpr double kNextMargin = 1.05;  // a little more, or it would never quite be reached
// A larger picture begins with a key frame, which takes many times what its other frames do: on a way that the step
// just fills, it would be the queue that undoes it.
constexpr double kKeyFrameMargin = 1.4;

double margin_of(const std::optional<Layer>& from, Layer to) {
  return from && to.spatial > from->spatial ? kKeyFrameMargin : kMargin;
}

const LayerCost* cost_of(const Candidate& candidate, Layer layer) {
  const auto found = std::ranges::find(candidate.costs, layer, &LayerCost::layer);
  return found == candidate.costs.end() ? nullptr : &*found;
}

double bps_of(const Candidate& candidate, const std::optional<Layer>& layer) {
  const LayerCost* cost = layer ? cost_of(candidate, *layer) : nullptr;
  return cost == nullptr ? 0 : cost->bps;
}

// How many of the candidate's costs its receiver wants at most.
std::size_t wanted_steps(const Candidate& candidate) {
  const auto beyond = std::ranges::find_if(
      candidate.costs, [&](const LayerCost& cost) { return cost.layer.spatial > candidate.most_spatial; });
  const auto steps = static_cast<std::size_t>(beyond - candidate.costs.begin());
  return candidate.costs.empty() ? 0 : std::max<std::size_t>(steps, 1);
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

}  // namespace

std::vector<Selection> fit(std::span<const Candidate> candidates, Budget budget) {
  std::vector<std::size_t> order(candidates.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_partition(order.begin(), order.end(), [&](std::size_t i) { return candidates[i].is_speaker; });

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
  for (const std::size_t i : order) try_step(i);
  keep_one(candidates, order, steps, budget);
  for (bool any = true; any;) {
    any = false;
    for (const std::size_t i : order) any |= steps[i] > 0 && try_step(i);
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
  const std::vector<Selection> lowest = fit(candidates, budget);
  const std::vector<Selection> highest = fit(candidates, {budget.lowest_bps / kMargin, budget.bps / kMargin});
  std::vector<Selection> result;
  bool lowered = false;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const auto [entry, is_new] = streams_.try_emplace(candidates[i].source);
    Stream& stream = entry->second;
    if (is_new) {
      // Everyone is seen at once at the lowest layer that fits; more comes step by step.
      stream.changed_at = now;
      if (lowest[i].layer) stream.layer = freely ? lowest[i].layer : candidates[i].costs.front().layer;
      if (!lowest[i].layer && lowest[i].by_network) note(LayerStep::kPaused);
      note_withheld(stream, candidates[i], lowest[i].by_network || !freely);
    } else {
      // A layer that is no longer sent is as good as the one below it.
      const LayerCost* present = stream.layer ? cost_of(candidates[i], *stream.layer) : nullptr;
      if (stream.layer && present == nullptr && !candidates[i].costs.empty()) {
        const auto above = std::ranges::upper_bound(candidates[i].costs, *stream.layer, {}, &LayerCost::layer);
        stream.layer = above == candidates[i].costs.begin() ? above->layer : std::prev(above)->layer;
      }
      note_withheld(stream, candidates[i], lowest[i].by_network || begins_low_);
      lowered |= lower(stream, lowest[i], lowest[i].by_network, now);
      if (begins_low_ && stream.layer) {
        lowered |= lower(stream, {{}, candidates[i].costs.front().layer, false}, true, now);
      }
    }
  }
  begins_low_ = false;
  Budget spare = budget;
  for (const Candidate& candidate : candidates) {
    const double spent = bps_of(candidate, streams_[candidate.source].layer);
    spare.lowest_bps -= spent;
    spare.bps -= spent;
  }
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    Stream& stream = streams_[candidates[i].source];
    if (freely && lowest[i].layer && (!stream.layer || *stream.layer < *lowest[i].layer)) {
      const auto before = std::exchange(stream.layer, lowest[i].layer);
      stream.changed_at = now;
      note_more(stream, before);
    }
    if (!lowered) raise(stream, candidates[i], highest[i], budget, spare, now);
    Selection selection = lowest[i];
    selection.layer = stream.layer;
    result.push_back(std::move(selection));
  }
  return result;
}

double LayerAllocation::next_budget_bps(std::span<const Candidate> candidates) const {
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
    const double needed = margin_of(layer, next->layer) * (total + next->bps - bps_of(candidate, layer));
    if (!least || needed < *least) least = needed;
  }
  return least ? kNextMargin * *least : 0;
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

bool LayerAllocation::lower(Stream& stream, const Selection& wanted, bool for_network, MonotonicUs now) {
  if (!stream.layer || (wanted.layer && *wanted.layer >= *stream.layer)) return false;
  if (wanted.by_network && stream.raised_at != 0 && now - stream.raised_at < kFailsWithin) {
    stream.patience = std::min(2 * stream.patience, kMostPatience);
  }
  stream.layer = wanted.layer;
  stream.changed_at = now;
  stream.raised_at = 0;
  if (for_network) note(stream.layer ? LayerStep::kLowered : LayerStep::kPaused);
  return true;
}

void LayerAllocation::raise(Stream& stream, const Candidate& candidate, const Selection& wanted, Budget budget,
                            Budget& spare, MonotonicUs now) {
  if (!wanted.layer || (stream.layer && *stream.layer >= *wanted.layer)) return;
  if (now - stream.changed_at < stream.patience) return;
  if (raised_at_ != 0 && now - raised_at_ < kFirstPatience / 3) return;  // one at a time, to see what it does
  auto next = candidate.costs.begin();
  if (stream.layer) next = std::ranges::upper_bound(candidate.costs, *stream.layer, {}, &LayerCost::layer);
  const double more = next->bps - bps_of(candidate, stream.layer);
  if (more > (stream.layer ? spare.bps : spare.lowest_bps)) return;
  const double total = budget.bps - spare.bps + more;
  if (stream.layer && margin_of(stream.layer, next->layer) * total > budget.bps) return;
  spare.lowest_bps -= more;
  spare.bps -= more;
  const auto before = std::exchange(stream.layer, next->layer);
  // What has held for long was not too early.
  if (stream.raised_at != 0 && now - stream.raised_at >= 2 * kFailsWithin) stream.patience = kFirstPatience;
  stream.raised_at = stream.changed_at = raised_at_ = now;
  note_more(stream, before);
}

}  // namespace callroom::media
