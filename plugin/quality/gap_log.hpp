// The sequence gaps of one RTP source that may still fill: what tells a packet that was merely overtaken from one that
// was lost and retransmitted, and a loss that a retransmission may still repair from one that nobody will. One thread
// writes (the source's); the sampling thread reads.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/time.hpp"
#include "quality/counter.hpp"

namespace callroom::quality {

class GapLog {
 public:
  enum class Late {
    kUnknown,    // fills no gap that is remembered
    kOvertaken,  // it was never lost, only reordered on the way
    kRepaired,   // lost, and retransmitted in time
    kTooLate,    // arrived when nobody could use it any more
    kNoted,      // overtaken or repaired: see undecided()
  };
  struct Filled {
    Late how = Late::kUnknown;
    bool burst_gone = false;  // nothing of this gap was lost after all
  };

  // `count` packets from `first` on were passed over by a newer one at `now`.
  void add(std::uint16_t first, std::uint32_t count, MonotonicUs now);

  // The packet `sequence` of a gap arrives after all. It counts as overtaken while less than `reorder_us` has passed;
  // with kUndecided, a lateness that could be either is only noted, for undecided().
  Filled fill(std::uint16_t sequence, MonotonicUs now, MonotonicUs reorder_us);

  // Packets missing for less than kRepairableUs: lost, but perhaps not for good. Any thread.
  std::uint32_t pending(MonotonicUs now) const;

  // When the newest gap was noticed that misses packets still, though so much time has passed; 0: there is none. Gaps
  // of a second and more ago are not told of. Any thread.
  MonotonicUs unfilled_since(MonotonicUs now, MonotonicUs after_us) const;

  static constexpr MonotonicUs kRepairableUs = 1'000'000;
  static constexpr MonotonicUs kUndecided = -1;

  // Of the packets that came late while nobody knew how long a retransmission takes: how many were overtaken, and how
  // many repaired, by what is known now. Any thread.
  struct Decided {
    std::uint32_t overtaken = 0, repaired = 0;
  };
  Decided undecided(MonotonicUs reorder_us) const;

 private:
  struct Gap {
    std::uint64_t first : 16;
    std::uint64_t count : 10;    // packets it had
    std::uint64_t missing : 10;  // of them not here yet
    std::uint64_t lost : 10;     // of them not overtaken
    std::uint64_t noticed : 18;  // when, in units of 4 ms, modulo 17 minutes
  };
  static constexpr std::uint32_t kMostPackets = 1023;
  static constexpr std::uint64_t kTicks = 1U << 18;
  static std::uint64_t tick(MonotonicUs now) { return static_cast<std::uint64_t>(now) / 4000 % kTicks; }
  static MonotonicUs age_us(const Gap& gap, MonotonicUs now) {
    return static_cast<MonotonicUs>((tick(now) + kTicks - gap.noticed) % kTicks) * 4000;
  }

  static constexpr MonotonicUs kLatenessUs = 32'000;

  std::array<Counter<Gap>, 16> gaps_{};
  std::array<Counter<std::uint16_t>, 32> late_{};  // packets by lateness, in steps of kLatenessUs
  // Of each gap's first packets, which have come: padding repeats packets, and a packet fills its place once. The
  // source's thread's own.
  std::array<std::uint32_t, 16> arrived_{};
  std::uint8_t next_ = 0;
};

}  // namespace callroom::quality
