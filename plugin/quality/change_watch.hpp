// Tells, from sample to sample, when a picture becomes another: its size, or its frame rate for good. Pure.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "quality/codec.hpp"
#include "quality/model.hpp"

namespace callroom::quality {

class ChangeWatch {
 public:
  enum class Change { kNone, kResolution, kFrameRate };

  Change add(FrameSize size, std::optional<double> frame_rate) {
    const bool resized = size.known() && size_.known() && size != size_;
    if (size.known()) size_ = size;
    if (!frame_rate) return resized ? Change::kResolution : Change::kNone;
    const auto rate = static_cast<float>(*frame_rate);
    if (steady_rate_ <= 0 || resized) {
      // The first samples of a picture say what its rate is.
      steady_rate_ = std::max(rate, resized ? steady_rate_ : rate);
      differing_ = 0;
      return resized ? Change::kResolution : Change::kNone;
    }
    const auto factor = static_cast<float>(model::kFrameRateChange);
    if (rate * factor > steady_rate_ && rate < steady_rate_ * factor) {
      differing_ = 0;
      steady_rate_ += (rate - steady_rate_) / 4;
      return Change::kNone;
    }
    if (++differing_ < model::kFrameRateChangeSamples) return Change::kNone;
    differing_ = 0;
    steady_rate_ = rate;
    return Change::kFrameRate;
  }

 private:
  FrameSize size_;
  float steady_rate_ = 0;
  std::uint8_t differing_ = 0;
};

}  // namespace callroom::quality
