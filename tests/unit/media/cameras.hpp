// Pictures that a receiver could get, and a word for each of what it gets.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "media/layers.hpp"

namespace callroom::media::test {

inline constexpr MonotonicUs kStep = 250'000;

// Three simulcast layers of three temporal layers, as Chromium sends 720p.
inline Candidate camera(const std::string& source, bool speaker = false) {
  Candidate candidate{source, speaker, {}};
  for (std::uint8_t s = 0; s < 3; ++s) {
    const double full[] = {150'000, 500'000, 1'500'000};
    const double share[] = {0.4, 0.6, 1.0};
    for (std::uint8_t t = 0; t < 3; ++t) candidate.costs.push_back({{s, t}, full[s] * share[t]});
  }
  return candidate;
}

inline std::string text(const std::vector<Selection>& selections) {
  std::string out;
  for (const Selection& s : selections) {
    out += s.source + (s.layer ? std::to_string(s.layer->spatial) + "." + std::to_string(s.layer->temporal) : "-") +
           (s.by_network ? "! " : " ");
  }
  return out;
}

}  // namespace callroom::media::test
