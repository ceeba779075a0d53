#include "quality/gap_log.hpp"

#include <algorithm>

namespace callroom::quality {

void GapLog::add(std::uint16_t first, std::uint32_t count, MonotonicUs now) {
  const std::uint64_t packets = std::min(count, kMostPackets);
  Gap gap{};
  gap.first = first;
  gap.count = gap.missing = gap.lost = packets & kMostPackets;
  gap.noticed = tick(now) & (kTicks - 1);
  gaps_[next_].set(gap);
  arrived_[next_] = 0;
  next_ = static_cast<std::uint8_t>((next_ + 1U) % gaps_.size());
}

GapLog::Filled GapLog::fill(std::uint16_t sequence, MonotonicUs now, MonotonicUs reorder_us) {
  for (std::size_t i = 0; i < gaps_.size(); ++i) {
    Counter<Gap>& entry = gaps_[i];
    Gap gap = entry.get();
    const auto offset = static_cast<std::uint16_t>(sequence - gap.first);
    if (gap.missing == 0 || offset >= gap.count) continue;
    if (offset < 32) {
      const std::uint32_t bit = 1U << offset;
      if ((arrived_[i] & bit) != 0) return {};
      arrived_[i] |= bit;
    }
    const MonotonicUs age = age_us(gap, now);
    Filled filled{Late::kTooLate, false};
    gap.missing = (gap.missing - 1U) & kMostPackets;
    if (reorder_us == kUndecided && age < kRepairableUs) {
      Counter<std::uint16_t>& late = late_[static_cast<std::size_t>(age / kLatenessUs) % late_.size()];
      if (late.get() != 0xFFFF) late.add(1);
      filled.how = Late::kNoted;
    } else if (age < reorder_us) {
      gap.lost = (gap.lost - 1U) & kMostPackets;
      filled = {Late::kOvertaken, gap.lost == 0};
    } else if (age <= kRepairableUs) {
      filled.how = Late::kRepaired;
    }
    entry.set(gap);
    return filled;
  }
  return {};
}

GapLog::Decided GapLog::undecided(MonotonicUs reorder_us) const {
  Decided decided;
  for (std::size_t i = 0; i < late_.size(); ++i) {
    const bool overtaken = static_cast<MonotonicUs>(i) * kLatenessUs < reorder_us;
    (overtaken ? decided.overtaken : decided.repaired) += late_[i].get();
  }
  return decided;
}

MonotonicUs GapLog::unfilled_since(MonotonicUs now, MonotonicUs after_us) const {
  MonotonicUs newest_us = kRepairableUs;
  for (const auto& entry : gaps_) {
    const Gap gap = entry.get();
    const MonotonicUs age = age_us(gap, now);
    if (gap.missing != 0 && age >= after_us) newest_us = std::min(newest_us, age);
  }
  return newest_us < kRepairableUs ? now - newest_us : 0;
}

std::uint32_t GapLog::pending(MonotonicUs now) const {
  std::uint32_t packets = 0;
  for (const auto& entry : gaps_) {
    const Gap gap = entry.get();
    if (gap.missing != 0 && age_us(gap, now) < kRepairableUs) packets += gap.missing & kMostPackets;
  }
  return packets;
}

}  // namespace callroom::quality
