#include "quality/snapshot.hpp"

#include <cstring>
#include <type_traits>

#include "quality/session_quality.hpp"

namespace callroom::quality {
namespace {

struct Header {
  std::uint32_t magic = 0x51534E31;  // another layout, another number
  std::uint16_t totals_size = sizeof(SessionTotals);
  std::uint16_t bins = 0, points = 0, events = 0;
  std::uint16_t samples_per_point = 1;
  std::array<std::uint8_t, QuantileSketch::kQuantities> shifts{};
};
static_assert(std::is_trivially_copyable_v<SessionTotals> && std::is_trivially_copyable_v<TimelineEvent>);

constexpr std::size_t kMost =
    sizeof(Header) + sizeof(SessionTotals) + QuantileSketch::kMostBins * sizeof(QuantileSketch::Bin) +
    Timeline::kMostPoints * sizeof(Timeline::Codes) + Timeline::kMostEvents * sizeof(TimelineEvent);
static_assert(kMost <= SessionQuality::kMostSnapshotBytes);

class Writer {
 public:
  explicit Writer(std::span<std::byte> out) : out_(out) {}
  void put(const void* from, std::size_t size) {
    if (size == 0) return;
    std::memcpy(out_.data() + at_, from, size);
    at_ += size;
  }
  std::size_t written() const { return at_; }

 private:
  std::span<std::byte> out_;
  std::size_t at_ = 0;
};

// Copies the next `count` items; false where the bytes end before.
template <typename T>
bool get(std::span<const std::byte>& from, T* to, std::size_t count) {
  const std::size_t size = count * sizeof(T);
  if (from.size() < size) return false;
  if (size != 0) std::memcpy(to, from.data(), size);
  from = from.subspan(size);
  return true;
}

}  // namespace

std::size_t write_snapshot(const SessionState& state, std::span<std::byte> out) {
  const Timeline::Plain timeline = state.timeline.plain();
  const auto bins = state.sketch.bins();
  Header header;
  header.bins = static_cast<std::uint16_t>(bins.size());
  header.points = static_cast<std::uint16_t>(timeline.points.size());
  header.events = static_cast<std::uint16_t>(timeline.events.size());
  header.samples_per_point = timeline.samples_per_point;
  header.shifts = state.sketch.shifts();
  const std::size_t points_size = timeline.points.size() * sizeof(Timeline::Codes);
  const std::size_t events_size = timeline.events.size() * sizeof(TimelineEvent);
  if (out.size() < sizeof(header) + sizeof(SessionTotals) + bins.size_bytes() + points_size + events_size) return 0;
  Writer writer(out);
  writer.put(&header, sizeof(header));
  writer.put(&state.totals, sizeof(state.totals));
  writer.put(bins.data(), bins.size_bytes());
  writer.put(timeline.points.data(), points_size);
  writer.put(timeline.events.data(), events_size);
  return writer.written();
}

std::optional<SessionState> read_snapshot(std::span<const std::byte> snapshot) {
  const Header expected;
  Header header;
  SessionState state;
  if (!get(snapshot, &header, 1) || header.magic != expected.magic || header.totals_size != expected.totals_size)
    return std::nullopt;
  if (header.bins > QuantileSketch::kMostBins || header.points > Timeline::kMostPoints ||
      header.events > Timeline::kMostEvents) {
    return std::nullopt;
  }
  std::array<QuantileSketch::Bin, QuantileSketch::kMostBins> bins{};
  Timeline::Plain timeline{header.samples_per_point, std::vector<Timeline::Codes>(header.points),
                           std::vector<TimelineEvent>(header.events)};
  if (!get(snapshot, &state.totals, 1) || !get(snapshot, bins.data(), header.bins) ||
      !get(snapshot, timeline.points.data(), header.points) || !get(snapshot, timeline.events.data(), header.events)) {
    return std::nullopt;
  }
  if (!state.sketch.assign(std::span(bins).first(header.bins), header.shifts)) return std::nullopt;
  state.timeline = Timeline::from_plain(std::move(timeline));
  return state;
}

std::optional<Summary> summary_of_snapshot(std::span<const std::byte> snapshot) {
  const auto state = read_snapshot(snapshot);
  return state ? std::optional(summarize(*state)) : std::nullopt;
}

}  // namespace callroom::quality
