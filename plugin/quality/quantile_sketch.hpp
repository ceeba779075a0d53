// Quantiles of several quantities of one session in little memory, whatever its length: counts by narrow bins, only
// those that occur. While a session is short or steady every bin is about 1 % (or 0.02 of a score) wide, so that
// quantiles are exact for all that matters; when the table is full, the bins of the quantity that uses most of them
// become twice as wide. Not synchronised.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace callroom::quality {

enum class Quantity : std::uint8_t { kRtt, kJitter, kLoss, kBitrate, kFrameRate, kFrameRateIn, kFrameRateOut, kScore };

class QuantileSketch {
 public:
  struct Bin {
    std::uint16_t key;    // quantity and bin number
    std::uint16_t count;  // stays at its largest value
  };
  static constexpr std::size_t kQuantities = 8;
  static constexpr std::size_t kMostBins = 160;

  void add(Quantity quantity, double value);  // negative values count as 0

  // By linear interpolation between neighbouring values; absent where there is none.
  std::optional<double> quantile(Quantity quantity, double share) const;
  std::uint32_t count(Quantity quantity) const;

  // Plain form, for the crash journal.
  std::span<const Bin> bins() const { return bins_; }
  const std::array<std::uint8_t, kQuantities>& shifts() const { return shifts_; }
  // Takes over what bins() and shifts() gave; false, and empty, where they could not have come from there.
  bool assign(std::span<const Bin> bins, const std::array<std::uint8_t, kQuantities>& shifts);

 private:
  std::span<const Bin> bins_of(Quantity quantity) const;
  double value_of(Quantity quantity, const Bin& bin) const;
  void widen();

  std::vector<Bin> bins_;  // by key, each once
  std::array<std::uint8_t, kQuantities> shifts_{};
};

}  // namespace callroom::quality
