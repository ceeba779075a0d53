// How much was relayed to one receiving m-line, for whoever compares it with what the receiver reports. One thread
// writes, any number read. A packet in order costs its writer one store: it notes the running count of the source (see
// CountStep), and what that stands for is settled only where a source begins or its numbering is irregular.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/rtp_head.hpp"

namespace callroom {

class RelayCount {
 public:
  struct Progress {
    std::uint64_t relayed = 0;           // running tally; take Tally::between of two readings
    std::uint32_t highest_sequence = 0;  // extended, as a report block of the receiver has it
    bool operator==(const Progress&) const = default;

    std::uint32_t packets() const { return static_cast<std::uint32_t>(relayed); }  // modulo 2^32
    std::uint32_t bytes() const { return static_cast<std::uint32_t>(relayed >> 32); }
  };

  // `before_first`: one less than the sequence number of the first packet that will ever be relayed.
  explicit RelayCount(std::uint32_t before_first) : to_sequence_(before_first) {}

  // Any thread. What belongs together is read together, also while the source changes.
  Progress progress() const {
    for (;;) {
      const std::uint32_t version = version_.load(std::memory_order_acquire);
      const std::uint64_t count = count_.load(std::memory_order_acquire);
      const Progress read{count + to_relayed_.load(std::memory_order_acquire),
                          static_cast<std::uint32_t>(count) + to_sequence_.load(std::memory_order_acquire)};
      if (version % 2 == 0 && version_.load(std::memory_order_relaxed) == version) return read;
    }
  }

  // The writer's: a packet in order was relayed; `count` is the source's after it.
  void note(std::uint64_t count) { count_.store(count, std::memory_order_release); }

  // The writer's: from here on, `progress` is what `count` stands for.
  void settle(std::uint64_t count, Progress progress) {
    version_.store(version_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);  // odd: do not read
    count_.store(count, std::memory_order_release);
    to_relayed_.store(progress.relayed - count, std::memory_order_release);
    to_sequence_.store(progress.highest_sequence - static_cast<std::uint32_t>(count), std::memory_order_release);
    version_.store(version_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  }

 private:
  std::atomic<std::uint64_t> count_{0};  // the source's
  // From count_ to what progress() tells.
  std::atomic<std::uint64_t> to_relayed_{0};
  std::atomic<std::uint32_t> to_sequence_;
  std::atomic<std::uint32_t> version_{0};
};

}  // namespace callroom
