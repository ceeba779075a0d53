// What was relayed to a receiving m-line, as a test says it was.
#pragma once

#include <cstdint>

#include "base/relay_count.hpp"

namespace callroom::test {

class Relay final : public RelayCount {
 public:
  Relay() : RelayCount(0) {}
  Relay(std::uint64_t packets, std::uint64_t bytes, std::uint32_t highest_sequence) : Relay() {
    set(packets, bytes, highest_sequence);
  }

  void set(std::uint64_t packets, std::uint64_t bytes, std::uint32_t highest_sequence) {
    settle(0, {bytes << 32 | static_cast<std::uint32_t>(packets), highest_sequence});
  }
  void add(std::uint32_t packets, std::uint32_t bytes, std::uint32_t numbers) {
    const Progress now = progress();
    set(now.packets() + packets, now.bytes() + bytes, now.highest_sequence + numbers);
  }
  std::uint32_t highest() const { return progress().highest_sequence; }
};

}  // namespace callroom::test
