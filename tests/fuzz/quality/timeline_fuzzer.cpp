// Any bytes as a timeline and as a snapshot: decoded within bounds, or refused; and what is encoded decodes to the
// same.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "quality/session_quality.hpp"
#include "quality/timeline.hpp"

using namespace callroom::quality;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

// A timeline made of the bytes, so that the encoder meets every course of values.
void round_trip(std::span<const std::uint8_t> bytes) {
  Timeline timeline;
  for (std::size_t at = 0; at + 8 <= bytes.size(); at += 8) {
    TimelinePoint point;
    const auto value = [&](std::size_t i) {
      return bytes[at + i] == 255 ? std::nullopt : std::optional<double>(bytes[at + i] * 3.7);
    };
    point = {value(0), value(1), value(2), value(3), value(4), value(5), value(6)};
    timeline.add(point);
    if (bytes[at + 7] % 16 == 0)
      timeline.add_event({Happening::kIssueBegan, bytes[at + 7], static_cast<std::uint16_t>(at / 8)});
  }
  const auto encoded = timeline.encode(3000);
  require(encoded.size() <= Timeline::kMostBytes);
  const auto decoded = decode_timeline(encoded);
  require(decoded.has_value());
  require(decoded->events == timeline.plain().events);
  require(decoded->points.size() <= timeline.plain().points.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::vector<std::uint8_t> bytes(data, data + size);
  const auto decoded = decode_timeline(bytes);
  if (decoded) require(decoded->points.size() <= 512);
  const auto summary = summary_of_snapshot(std::as_bytes(std::span(bytes)));
  if (summary) require(summary->timeline.size() <= Timeline::kMostBytes);
  round_trip(bytes);
  return 0;
}
