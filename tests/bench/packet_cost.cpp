// The packet path below the host, as callgrind counts it: relaying with and without measuring, to 1, 8 and 32
// receivers. Run by tests/bench/packet_cost. Each combination is one function of its own, so that callgrind can tell
// them apart.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <vector>

#include "media/routing.hpp"
#include "quality/downlink_stream.hpp"
#include "quality/uplink_stream.hpp"

using namespace callroom;

namespace {

constexpr int kPackets = 3'000;
constexpr std::size_t kHeaderAndExtensions = 28;

// What the core's relay_rtp would be: a call through a pointer that nobody can see through.
void nowhere(void*, std::uint8_t*) {
  asm volatile("" ::: "memory");
}
void (*volatile relay_rtp)(void*, std::uint8_t*) = nowhere;

struct Receiver final : media::Leg, quality::RelayCounts {
  explicit Receiver(bool video)
      : Leg(nullptr, 0, 1, 0, video ? 90 : 48),
        stream(video ? quality::MediaKind::kVideo : quality::MediaKind::kAudio, *this, 1, 1) {
    rewriter.attach(96, video);
  }
  Counts counts() const override { return {}; }
  quality::DownlinkStream stream;
};

// A clock that costs nothing, so that only the code is counted.
struct TestClock {
  MonotonicUs* now;
  bool* asked;
  MonotonicUs operator()() const {
    *asked = true;
    return *now;
  }
  MonotonicUs if_read() const { return *asked ? *now : 0; }
};

// Opus of 160 bytes each 20 ms, or VP8 of 1,100 bytes, five packets a frame, a key frame each 300.
class Source {
 public:
  explicit Source(bool video) : video_(video), packet_(kHeaderAndExtensions + (video ? 1'100 : 160), 0) {
    const std::array<std::uint8_t, 16> extensions{0xBE, 0xDE, 0, 3,    0x22, 0,    0,    0,
                                                  0x31, 0,    0, 0x40, 0x30, 0x10, 0x85, 0};
    packet_[0] = 0x90;
    packet_[1] = video ? 96 : 111;
    packet_[11] = 9;
    std::copy(extensions.begin(), extensions.end(), packet_.begin() + 12);
  }

  void next() {
    const bool first = count_ % 5 == 0;
    if (!video_ || first) timestamp_ += video_ ? 3'000 : 960;
    if (!video_ || first) now += video_ ? 33'333 : 20'000;
    media::store_u16(packet_.data() + 2, ++sequence_);
    media::store_u32(packet_.data() + 4, timestamp_);
    if (video_) {
      const bool key = count_ % 1'500 < 5;
      const std::array<std::uint8_t, 16> start{
          0x90, 0xE0, 0x80, 1, 1,    0x20, static_cast<std::uint8_t>(key ? 0x10 : 0x11), 2, 0, 0x9D,
          1,    0x2A, 0x80, 2, 0x68, 1};
      std::copy(start.begin(), start.end(), packet_.begin() + kHeaderAndExtensions);
      if (!first) packet_[kHeaderAndExtensions] = 0x80;
    }
    ++count_;
  }
  std::uint8_t* data() { return packet_.data(); }
  std::size_t size() const { return packet_.size(); }
  MonotonicUs now = 1'000'000;

 private:
  const bool video_;
  std::vector<std::uint8_t> packet_;
  std::uint32_t count_ = 0, timestamp_ = 0;
  std::uint16_t sequence_ = 0;
};

struct Bench {
  Bench(bool video, int receivers)
      : source(video),
        stream(video ? quality::MediaKind::kVideo : quality::MediaKind::kAudio,
               video ? quality::Codec::kVp8 : quality::Codec::kOpus, 1) {
    media::Legs legs;
    for (int i = 0; i < receivers; ++i) legs.push_back(std::make_shared<Receiver>(video));
    route.publish(std::move(legs));
  }
  Source source;
  quality::UplinkStream stream;
  media::Route route;
};

[[gnu::noinline]] void relay_frame_start(Bench& bench, TestClock clock, quality::PacketEvents events) {
  bench.route.fan_out(bench.source.data(), bench.source.size(), clock, events.key_frame(), [&](media::Leg& leg) {
    relay_rtp(leg.receiver, bench.source.data());
    static_cast<Receiver&>(leg).stream.on_frame(events, bench.source.now);
  });
}

}  // namespace

// One packet; noinline and with C names for callgrind's --toggle-collect.
extern "C" {
[[gnu::noinline]] void bench_relayed(Bench& bench) {
  bool asked = false;
  const TestClock clock{&bench.source.now, &asked};
  bench.route.fan_out(bench.source.data(), bench.source.size(), clock, true,
                      [&](media::Leg& leg) { relay_rtp(leg.receiver, bench.source.data()); });
}

[[gnu::noinline]] void bench_measured(Bench& bench) {
  bool asked = false;
  const TestClock clock{&bench.source.now, &asked};
  const quality::PacketEvents events =
      bench.stream.on_rtp(std::span<const std::uint8_t>(bench.source.data(), bench.source.size()), clock);
  // As the host does it: most packets are nothing special.
  if (events.any()) return relay_frame_start(bench, clock, events);
  bench.route.fan_out(bench.source.data(), bench.source.size(), clock, false,
                      [&](media::Leg& leg) { relay_rtp(leg.receiver, bench.source.data()); });
}
}

// packet_cost relayed|measured audio|video RECEIVERS
int main(int count, char** arguments) {
  if (count != 4) return 2;
  const bool measured = arguments[1][0] == 'm', video = arguments[2][0] == 'v';
  Bench bench(video, std::atoi(arguments[3]));
  for (int i = 0; i < kPackets; ++i) {
    bench.source.next();
    if (measured) {
      bench_measured(bench);
    } else {
      bench_relayed(bench);
    }
  }
}
