// What a receiver's network had done to a picture that it is sent.
#pragma once

#include <cstdint>

namespace callroom {

// The later ones tell more: of several at a time, the greatest stands for all.
enum class LayerStep : std::uint8_t {
  kRaised,   // a larger picture or more frames, as it once had or would have had
  kResumed,  // shown again
  kLowered,
  kPaused,
};

}  // namespace callroom
