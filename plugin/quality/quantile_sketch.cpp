#include "quality/quantile_sketch.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace callroom::quality {
namespace {

constexpr unsigned kBinBits = 13;
constexpr std::uint32_t kBinMask = (1U << kBinBits) - 1;
constexpr std::uint8_t kMostShift = 10;

// How a quantity is binned: linear steps, or (1 + value / unit) in steps of 1 %.
struct Scale {
  double step;  // linear where not 0
  double unit;
};
constexpr std::array<Scale, QuantileSketch::kQuantities> kScales{{
    {0, 1.0},   // round-trip time, ms
    {0, 1.0},   // jitter, ms
    {0, 0.25},  // loss, percent
    {0, 1.0},   // bitrate, kbit/s
    {0.05, 0},  // frame rates
    {0.05, 0},  //
    {0.05, 0},  //
    {0.02, 0},  // score
}};
const double kLogStep = std::log(1.01);

std::uint32_t bin_of(const Scale& scale, double value) {
  const double exact = scale.step > 0 ? value / scale.step : std::log1p(value / scale.unit) / kLogStep;
  return static_cast<std::uint32_t>(std::clamp(std::round(exact), 0.0, static_cast<double>(kBinMask)));
}

double bin_value(const Scale& scale, double bin) {
  return scale.step > 0 ? bin * scale.step : scale.unit * std::expm1(bin * kLogStep);
}

std::uint16_t key_of(Quantity quantity, std::uint32_t bin) {
  return static_cast<std::uint16_t>(static_cast<std::uint32_t>(quantity) << kBinBits | bin);
}

bool by_key(const QuantileSketch::Bin& bin, std::uint16_t key) {
  return bin.key < key;
}

std::uint16_t saturated(std::uint32_t count) {
  return static_cast<std::uint16_t>(std::min<std::uint32_t>(count, std::numeric_limits<std::uint16_t>::max()));
}

}  // namespace

void QuantileSketch::add(Quantity quantity, double value) {
  const auto index = static_cast<std::size_t>(quantity);
  const std::uint32_t bin = bin_of(kScales[index], std::isfinite(value) ? std::max(0.0, value) : 0.0);
  auto key = key_of(quantity, bin >> shifts_[index]);
  auto at = std::lower_bound(bins_.begin(), bins_.end(), key, by_key);
  if (at != bins_.end() && at->key == key) {
    at->count = saturated(at->count + 1U);
    return;
  }
  if (bins_.size() == kMostBins) {
    widen();
    return add(quantity, value);
  }
  const auto offset = at - bins_.begin();
  if (bins_.size() == bins_.capacity()) bins_.reserve(bins_.size() + 16);
  bins_.insert(bins_.begin() + offset, Bin{key, 1});
}

void QuantileSketch::widen() {
  std::size_t widest = 0, most = 0;
  for (std::size_t i = 0; i < kQuantities; ++i) {
    const std::size_t used = bins_of(static_cast<Quantity>(i)).size();
    if (used > most && shifts_[i] < kMostShift) {
      most = used;
      widest = i;
    }
  }
  ++shifts_[widest];
  std::vector<Bin> merged;
  merged.reserve(kMostBins);
  for (Bin bin : bins_) {
    if (static_cast<std::size_t>(bin.key >> kBinBits) == widest) {
      bin.key = key_of(static_cast<Quantity>(widest), (bin.key & kBinMask) >> 1);
    }
    if (!merged.empty() && merged.back().key == bin.key) {
      merged.back().count = saturated(std::uint32_t{merged.back().count} + bin.count);
    } else {
      merged.push_back(bin);
    }
  }
  bins_ = std::move(merged);
}

std::span<const QuantileSketch::Bin> QuantileSketch::bins_of(Quantity quantity) const {
  const auto first = std::lower_bound(bins_.begin(), bins_.end(), key_of(quantity, 0), by_key);
  auto last = first;
  while (last != bins_.end() && last->key >> kBinBits == static_cast<int>(quantity)) ++last;
  return {first, last};
}

double QuantileSketch::value_of(Quantity quantity, const Bin& bin) const {
  const auto index = static_cast<std::size_t>(quantity);
  const unsigned shift = shifts_[index];
  const double middle = static_cast<double>((bin.key & kBinMask) << shift) + ((1U << shift) - 1) / 2.0;
  return bin_value(kScales[index], middle);
}

std::uint32_t QuantileSketch::count(Quantity quantity) const {
  std::uint32_t total = 0;
  for (const Bin& bin : bins_of(quantity)) total += bin.count;
  return total;
}

std::optional<double> QuantileSketch::quantile(Quantity quantity, double share) const {
  const auto bins = bins_of(quantity);
  const std::uint32_t total = count(quantity);
  if (total == 0) return std::nullopt;
  const double at = std::clamp(share, 0.0, 1.0) * (total - 1);
  const auto below = static_cast<std::uint32_t>(at);
  const auto value_at = [&](std::uint32_t order) {
    for (const Bin& bin : bins) {
      if (order < bin.count) return value_of(quantity, bin);
      order -= bin.count;
    }
    return value_of(quantity, bins.back());
  };
  const double lower = value_at(below), upper = value_at(std::min(below + 1, total - 1));
  return lower + (at - below) * (upper - lower);
}

bool QuantileSketch::assign(std::span<const Bin> bins, const std::array<std::uint8_t, kQuantities>& shifts) {
  bins_.clear();
  shifts_ = {};
  if (bins.size() > kMostBins) return false;
  for (std::size_t i = 1; i < bins.size(); ++i) {
    if (bins[i - 1].key >= bins[i].key) return false;
  }
  if (std::any_of(shifts.begin(), shifts.end(), [](std::uint8_t shift) { return shift > kMostShift; })) return false;
  bins_.assign(bins.begin(), bins.end());
  shifts_ = shifts;
  return true;
}

}  // namespace callroom::quality
