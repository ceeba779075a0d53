#include "quality/timeline.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "quality/timeline_codes.hpp"

namespace callroom::quality {
namespace {

constexpr double kMostCode = 254;

enum Column : std::size_t { kScore, kRtt, kLossIn, kLossOut, kKbpsIn, kKbpsOut, kFrameRate };

struct LogScale {
  double unit;
  double steps;  // per doubling of (1 + value / unit)
};
constexpr LogScale kRttScale{4.0, 22.0};   // to 12 s
constexpr LogScale kKbpsScale{8.0, 18.0};  // to 140 Mbit/s

double log_code(LogScale scale, double value) {
  return scale.steps * std::log2(1.0 + value / scale.unit);
}
double log_value(LogScale scale, double code) {
  return scale.unit * (std::exp2(code / scale.steps) - 1.0);
}

// Of neighbours: what is missing in one is taken from the other.
Timeline::Codes merged(const Timeline::Codes& a, const Timeline::Codes& b) {
  Timeline::Codes codes{};
  for (std::size_t i = 0; i < codes.size(); ++i) {
    const auto left = timeline_value(i, a[i]), right = timeline_value(i, b[i]);
    codes[i] = left && right ? timeline_code(i, (*left + *right) / 2) : left ? a[i] : b[i];
  }
  return codes;
}

bool is_of_pictures(const TimelineEvent& event) {
  return event.what == Happening::kQualityChange || event.what == Happening::kAdaptation;
}

void halve(std::vector<Timeline::Codes>& points) {
  std::size_t out = 0;
  for (std::size_t in = 0; in < points.size(); in += 2) {
    points[out++] = in + 1 < points.size() ? merged(points[in], points[in + 1]) : points[in];
  }
  points.resize(out);
}

// ---- Bits of the encoded form ----

class BitWriter {
 public:
  explicit BitWriter(std::vector<std::uint8_t>& out) : out_(out) {}

  void bit(bool one) {
    if (used_ == 0) out_.push_back(0);
    if (one) out_.back() = static_cast<std::uint8_t>(out_.back() | 0x80U >> used_);
    used_ = (used_ + 1) % 8;
  }
  void bits(unsigned value, unsigned count) {
    while (count-- > 0) bit((value >> count & 1U) != 0);
  }
  void pad() { used_ = 0; }

 private:
  std::vector<std::uint8_t>& out_;
  unsigned used_ = 0;
};

unsigned zigzag(int value) {
  return value < 0 ? static_cast<unsigned>(-2 * value - 1) : static_cast<unsigned>(2 * value);
}

// Differences modulo 256, the shorter way round, so that every code can be reached from every other.
unsigned difference(std::uint8_t from, std::uint8_t to) {
  return zigzag(static_cast<std::int8_t>(static_cast<std::uint8_t>(to - from)));
}

unsigned rice_length(unsigned value, unsigned parameter) {
  const unsigned ones = value >> parameter;
  return ones < kEscape ? ones + 1 + parameter : kEscape + 8;
}

void write_column(std::vector<std::uint8_t>& out, const std::vector<Timeline::Codes>& points, std::size_t column) {
  std::array<std::size_t, kMostRice + 1> lengths{};
  std::uint8_t previous = 0;
  for (const auto& point : points) {
    for (unsigned p = 0; p < lengths.size(); ++p) lengths[p] += rice_length(difference(previous, point[column]), p);
    previous = point[column];
  }
  const auto parameter = static_cast<unsigned>(std::min_element(lengths.begin(), lengths.end()) - lengths.begin());
  out.push_back(static_cast<std::uint8_t>(parameter));
  BitWriter writer(out);
  previous = 0;
  for (const auto& point : points) {
    const unsigned value = difference(previous, point[column]);
    previous = point[column];
    const unsigned ones = std::min(value >> parameter, kEscape);
    for (unsigned i = 0; i < ones; ++i) writer.bit(true);
    if (ones == kEscape) {
      writer.bits(value, 8);
    } else {
      writer.bit(false);
      writer.bits(value, parameter);
    }
  }
  writer.pad();
}

void write_integer(std::vector<std::uint8_t>& out, std::uint32_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<std::uint8_t>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<std::uint8_t>(value));
}

std::vector<std::uint8_t> write_timeline(const Timeline::Plain& timeline, std::uint32_t sample_interval_ms) {
  std::vector<std::uint8_t> out{1};
  write_integer(out, sample_interval_ms);
  write_integer(out, timeline.samples_per_point);
  write_integer(out, static_cast<std::uint32_t>(timeline.points.size()));
  for (std::size_t column = 0; column < Timeline::kColumns; ++column) write_column(out, timeline.points, column);
  write_integer(out, static_cast<std::uint32_t>(timeline.events.size()));
  std::uint32_t sample = 0;
  for (const TimelineEvent& event : timeline.events) {
    write_integer(out, event.sample - sample);
    out.push_back(static_cast<std::uint8_t>(event.what));
    out.push_back(event.detail);
    sample = event.sample;
  }
  return out;
}

}  // namespace

std::uint8_t timeline_code(std::size_t column, std::optional<double> value) {
  if (!value || !std::isfinite(*value)) return kNoValue;
  const double positive = std::max(0.0, *value);
  double code = 0;
  switch (column) {
    case kScore:
      code = positive * 2;
      break;
    case kRtt:
      code = log_code(kRttScale, positive);
      break;
    case kLossIn:
    case kLossOut:
      code = std::sqrt(positive) * 25;
      break;
    case kKbpsIn:
    case kKbpsOut:
      code = log_code(kKbpsScale, positive);
      break;
    default:
      code = positive <= 60 ? positive * 2 : 120 + (positive - 60) / 2;
      break;
  }
  return static_cast<std::uint8_t>(std::clamp(std::round(code), 0.0, kMostCode));
}

std::optional<double> timeline_value(std::size_t column, std::uint8_t code) {
  if (code == kNoValue) return std::nullopt;
  switch (column) {
    case kScore:
      return code / 2.0;
    case kRtt:
      return log_value(kRttScale, code);
    case kLossIn:
    case kLossOut:
      return code / 25.0 * (code / 25.0);
    case kKbpsIn:
    case kKbpsOut:
      return log_value(kKbpsScale, code);
    default:
      return code <= 120 ? code / 2.0 : 60.0 + (code - 120) * 2.0;
  }
}

Timeline::Codes Timeline::codes_of(const Gathered& gathered) {
  Codes codes{};
  for (std::size_t i = 0; i < kColumns; ++i) {
    const std::uint16_t count = gathered.counts[i];
    codes[i] = count == 0 ? kNoValue : timeline_code(i, static_cast<double>(gathered.sums[i]) / count);
  }
  return codes;
}

void Timeline::add(const TimelinePoint& point) {
  for (std::size_t i = 0; i < kColumns; ++i) {
    const auto& value = point.*kTimelineColumns[i];
    if (!value) continue;
    gathered_.sums[i] += static_cast<float>(*value);
    ++gathered_.counts[i];
  }
  if (++gathered_.samples < samples_per_point_) return;
  if (points_.size() == points_.capacity()) points_.reserve(std::min(kMostPoints, points_.size() + 16));
  points_.push_back(codes_of(gathered_));
  gathered_ = {};
  if (points_.size() < kMostPoints || samples_per_point_ > 1U << 14) return;
  halve(points_);
  samples_per_point_ = static_cast<std::uint16_t>(samples_per_point_ * 2U);
}

void Timeline::add_event(TimelineEvent event) {
  if (events_.size() == kMostEvents) return;
  if (is_of_pictures(event) && std::ranges::count_if(events_, is_of_pictures) >= std::ptrdiff_t{kMostChanges}) return;
  if (events_.size() == events_.capacity()) events_.reserve(std::min(kMostEvents, events_.size() + 8));
  if (!events_.empty()) event.sample = std::max(event.sample, events_.back().sample);
  events_.push_back(event);
}

Timeline::Plain Timeline::plain() const {
  Plain plain{samples_per_point_, points_, events_};
  if (gathered_.samples != 0) plain.points.push_back(codes_of(gathered_));
  return plain;
}

Timeline Timeline::from_plain(Plain plain) {
  Timeline timeline;
  timeline.points_ = std::move(plain.points);
  timeline.events_ = std::move(plain.events);
  timeline.samples_per_point_ = std::max<std::uint16_t>(1, plain.samples_per_point);
  return timeline;
}

std::vector<std::uint8_t> Timeline::encode(std::uint32_t sample_interval_ms) const {
  Plain thinned = plain();
  auto out = write_timeline(thinned, sample_interval_ms);
  while (out.size() > kMostBytes && thinned.points.size() > 1 && thinned.samples_per_point <= 1U << 14) {
    halve(thinned.points);
    thinned.samples_per_point = static_cast<std::uint16_t>(thinned.samples_per_point * 2U);
    out = write_timeline(thinned, sample_interval_ms);
  }
  return out;
}

}  // namespace callroom::quality
