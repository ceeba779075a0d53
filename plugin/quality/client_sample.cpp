#include "quality/client_sample.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace callroom::quality {
namespace {

void keep_greater(std::optional<double>& kept, const std::optional<double>& other) {
  if (other && (!kept || *other > *kept)) kept = other;
}

void add(ClientSample::Way& sum, const ClientSample::Way& way) {
  keep_greater(sum.loss_pct, way.loss_pct);
  if (way.kbps) sum.kbps = sum.kbps.value_or(0) + *way.kbps;
  if (way.frame_rate && (!sum.frame_rate || *way.frame_rate < *sum.frame_rate)) sum.frame_rate = way.frame_rate;
  if (way.size.height > sum.size.height) sum.size = way.size;
}

void add(ClientSample& sum, const ClientSample& sample) {
  sum.interval_ms = std::max(sum.interval_ms, sample.interval_ms);
  keep_greater(sum.rtt_ms, sample.rtt_ms);
  keep_greater(sum.jitter_ms, sample.jitter_ms);
  add(sum.sent, sample.sent);
  add(sum.received, sample.received);
  sum.freezes += sample.freezes;
  sum.frozen_ms = std::max(sum.frozen_ms, sample.frozen_ms);
}

}  // namespace

bool is_plausible(const ClientSample& sample) {
  const auto within = [](const std::optional<double>& value, double most) {
    return !value || (std::isfinite(*value) && *value >= 0 && *value <= most);
  };
  const auto way = [&](const ClientSample::Way& w) {
    return within(w.loss_pct, 100) && within(w.kbps, 1e6) && within(w.frame_rate, 240) && w.size.width <= 16384 &&
           w.size.height <= 16384;
  };
  return within(sample.interval_ms, 60'000) && sample.interval_ms >= 100 && within(sample.rtt_ms, 60'000) &&
         within(sample.jitter_ms, 60'000) && way(sample.sent) && way(sample.received) &&
         within(sample.frozen_ms, 60'000) && sample.freezes <= 10'000;
}

ClientSample combined(const std::map<std::string, ClientSample>& by_peer) {
  ClientSample sum = by_peer.begin()->second;
  for (auto it = std::next(by_peer.begin()); it != by_peer.end(); ++it) add(sum, it->second);
  return sum;
}

}  // namespace callroom::quality
