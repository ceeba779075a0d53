// What clients measure themselves, where media goes past the server. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "quality/codec.hpp"

namespace callroom::quality {

// Of one interval and one connection; "sent" and "received" are the client's own.
struct ClientSample {
  struct Way {
    std::optional<double> loss_pct, kbps, frame_rate;
    FrameSize size;
  };
  double interval_ms = 0;
  std::optional<double> rtt_ms, jitter_ms;
  Way sent, received;
  std::uint32_t freezes = 0;  // of what it received
  double frozen_ms = 0;
};

// Whether every figure is one that can be: finite, not negative, within what networks and cameras do.
bool is_plausible(const ClientSample& sample);

// What was measured over the same time towards several peers, at least one: what goes over the wire adds up, and the
// worst decides. Of pictures that is the lowest frame rate, but the largest size: each peer may ask for its own.
ClientSample combined(const std::map<std::string, ClientSample>& by_peer);

}  // namespace callroom::quality
