// Who is speaking, by the audio levels that senders put into their packets (RFC 6464: 0 loudest, 127 silence). Fed
// from counters every 250 ms, so that a packet costs one addition. Changes slowly enough for eyes to follow: the next
// speaker has to be clearly louder for half a second, and the present one stays at least two.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>

#include "base/time.hpp"

namespace callroom::media {

struct Loudness {
  std::string participant;
  std::optional<double> level;  // mean of 127 - audio level since the last update; absent: no audio came
};

class ActiveSpeaker {
 public:
  static constexpr double kSpeech = 127 - 55;  // softer than -55 dBov is background
  static constexpr double kLouder = 6;         // dB
  static constexpr int kUpdates = 2;           // for that many updates in a row
  static constexpr MonotonicUs kStays = 2'000'000;

  // The speaker; absent until somebody has spoken, and while whoever did is gone.
  const std::optional<std::string>& speaker() const { return speaker_; }

  // … from now on.
  const std::optional<std::string>& update(std::span<const Loudness> loudness, MonotonicUs now) {
    std::erase_if(levels_, [&](const auto& entry) {
      return std::ranges::find(loudness, entry.first, &Loudness::participant) == loudness.end();
    });
    if (speaker_ && !levels_.contains(*speaker_)) speaker_.reset();
    const std::string* loudest = nullptr;
    for (const Loudness& one : loudness) {
      double& level = levels_[one.participant];
      const double heard = one.level.value_or(0);
      level += (heard > level ? 0.6 : 0.2) * (heard - level);  // speech has pauses
      if (loudest == nullptr || level > levels_[*loudest]) loudest = &one.participant;
    }
    if (loudest != nullptr) consider(*loudest, now);
    return speaker_;
  }

 private:
  void consider(const std::string& loudest, MonotonicUs now) {
    const double level = levels_[loudest];
    const bool is_next =
        level >= kSpeech && loudest != speaker_ && (!speaker_ || level >= levels_[*speaker_] + kLouder);
    if (!is_next) {
      candidate_.clear();
      return;
    }
    updates_ = loudest == candidate_ ? updates_ + 1 : 1;
    candidate_ = loudest;
    if (updates_ < kUpdates || (speaker_ && now - since_ < kStays)) return;
    speaker_ = loudest;
    since_ = now;
  }

  std::map<std::string, double> levels_;
  std::optional<std::string> speaker_;
  std::string candidate_;
  int updates_ = 0;
  MonotonicUs since_ = 0;
};

}  // namespace callroom::media
