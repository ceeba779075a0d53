#include "quality/liveness.hpp"

#include <utility>

#include "quality/model.hpp"

namespace callroom::quality {

Liveness::Change Liveness::conclude(MonotonicUs now, MonotonicUs media_at) {
  constexpr MonotonicUs kNoticedUs = 1'000'000, kUntilThenUs = 1'500'000;
  Change change;
  const auto is_long = [&](MonotonicUs until) {
    return until - silent_from_ >= (silence_is_media_ ? model::kDropUs : model::kQuietDropUs);
  };
  if (silent_from_ != 0 && heard_ > silent_from_) {  // it ended since the sample before
    if (!dropped_ && is_long(resumed_)) dropped_ = change.dropped = true;
    if (dropped_) {
      dropped_ = false;
      change.recovered = true;
    }
    silent_from_ = 0;
  }
  resumed_ = kNever;
  if (heard_ == 0) return change;
  if (silent_from_ == 0) {
    if (now - heard_ < kNoticedUs) return change;
    silent_from_ = heard_;
    silence_is_media_ = media_at != 0 && heard_ - media_at < kUntilThenUs;
  }
  if (!dropped_ && is_long(now)) dropped_ = change.dropped = true;
  return change;
}

Liveness::Change Liveness::recover() {
  const bool recovered = std::exchange(dropped_, false);
  silent_from_ = 0;
  return {false, recovered};
}

Liveness::Change Liveness::fail(MonotonicUs now) {
  if (dropped_) return {};
  dropped_ = true;
  if (silent_from_ == 0) silent_from_ = heard_ != 0 ? heard_ : now;
  return {true, false};
}

}  // namespace callroom::quality
