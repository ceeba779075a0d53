// Any bytes as RTP: a stream fed with records of (time step, length, packet) never reads outside a packet, and its
// windows add up.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "quality/uplink_stream.hpp"

using namespace callroom;
using namespace callroom::quality;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

// What the windows come to. Which of a window's packets were lost may turn out later: sums add up, windows need not.
struct Sums {
  std::uint64_t expected = 0, lost = 0, residual = 0, bytes = 0;

  void add(const UplinkWindow& window) {
    expected += window.expected;
    lost += window.lost;
    residual += window.residual;
    bytes += window.bytes;
    require(lost <= expected && residual <= expected);
    require(window.quiet_us >= 0 && window.frozen_us >= 0);
    require(!window.jitter_ms || *window.jitter_ms >= 0);
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const auto kind = (data[0] & 1) != 0 ? MediaKind::kVideo : MediaKind::kAudio;
  MonotonicUs now = 1'000'000;
  UplinkStream stream(kind, static_cast<Codec>(data[0] >> 1 & 7), now);
  stream.set_simulcast((data[0] & 0x80) != 0);
  Sums sums;
  std::size_t at = 1;
  while (at + 2 < size) {
    now += MonotonicUs{data[at]} * 997;
    const std::size_t length = data[at + 1];
    at += 2;
    const std::size_t take = length < size - at ? length : size - at;
    const std::vector<std::uint8_t> packet(data + at, data + at + take);  // a block of its own: reading past it is seen
    stream.on_rtp(packet, [now] { return now; });
    at += take;
    if (take % 16 == 15) sums.add(stream.take_window(now));
  }
  sums.add(stream.take_window(now + 1));
  require(sums.bytes <= size);
  return 0;
}
