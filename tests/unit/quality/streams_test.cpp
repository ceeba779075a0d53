// The two ends of the tap: UplinkStream and DownlinkStream.
#include <array>
#include <vector>

#include "quality/downlink_stream.hpp"
#include "quality/uplink_stream.hpp"
#include "support/cmocka.hpp"

using namespace callroom;
using namespace callroom::quality;

namespace {

constexpr MonotonicUs kSecond = 1'000'000;

// A packet of `size` bytes in sequence, on a stream whose clock runs right.
std::vector<std::uint8_t> rtp(std::uint16_t sequence, std::uint32_t timestamp, std::uint32_t ssrc = 0x11223344,
                              std::size_t size = 100) {
  std::vector<std::uint8_t> packet(size, 0);
  packet[0] = 0x80;
  packet[1] = 111;
  packet[2] = static_cast<std::uint8_t>(sequence >> 8);
  packet[3] = static_cast<std::uint8_t>(sequence);
  for (int i = 0; i < 4; ++i) {
    packet[4 + static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(timestamp >> (24 - 8 * i));
    packet[8 + static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(ssrc >> (24 - 8 * i));
  }
  return packet;
}

class AudioSender {
 public:
  explicit AudioSender(UplinkStream& stream) : stream_(stream) {}

  void send(int packets) {
    for (int i = 0; i < packets; ++i) pass(true);
  }
  void lose(int packets) {
    for (int i = 0; i < packets; ++i) pass(false);
  }
  std::uint16_t next() const { return sequence_; }
  MonotonicUs now() const { return now_; }

 private:
  void pass(bool arrives) {
    if (arrives) stream_.on_rtp(rtp(sequence_, timestamp_), [this] { return now_; });
    ++sequence_;
    timestamp_ += 960;
    now_ += 20'000;
  }

  UplinkStream& stream_;
  std::uint16_t sequence_ = 65500;  // so that the numbers wrap early
  std::uint32_t timestamp_ = 0xFFFFF000;
  MonotonicUs now_ = kSecond;
};

void a_stream_in_order_loses_nothing_across_wraps(void**) {
  UplinkStream stream(MediaKind::kAudio, Codec::kOpus, kSecond);
  AudioSender sender(stream);
  sender.send(150);
  const UplinkWindow window = stream.take_window(sender.now());
  assert_int_equal(window.expected, 150);
  assert_int_equal(window.lost, 0);
  assert_int_equal(window.residual, 0);
  assert_int_equal(window.bytes, 15000);
  assert_true(window.jitter_ms.has_value());
  assert_true(*window.jitter_ms < 0.001);
}

void a_gap_is_lost_and_a_burst(void**) {
  UplinkStream stream(MediaKind::kAudio, Codec::kOpus, kSecond);
  AudioSender sender(stream);
  sender.send(20);
  sender.lose(3);
  sender.send(80);
  sender.lose(1);
  sender.send(60);
  const UplinkWindow window = stream.take_window(sender.now());
  assert_int_equal(window.expected, 164);
  assert_int_equal(window.lost, 4);
  assert_int_equal(window.residual, 4);
  assert_int_equal(window.bursts, 2);
}

void an_overtaken_packet_was_never_lost(void**) {
  UplinkStream stream(MediaKind::kAudio, Codec::kOpus, kSecond);
  MonotonicUs now = kSecond;
  for (const std::uint16_t sequence : std::array<std::uint16_t, 5>{1, 2, 4, 3, 5}) {
    stream.on_rtp(rtp(sequence, sequence * 960U), [&] { return now; });
    now += 1000;
  }
  const UplinkWindow window = stream.take_window(5 * kSecond);
  assert_int_equal(window.expected, 5);
  assert_int_equal(window.lost, 0);
  assert_int_equal(window.bursts, 0);
}

void a_late_retransmission_repairs_the_residual_loss_only(void**) {
  UplinkStream stream(MediaKind::kVideo, Codec::kVp8, kSecond);
  stream.on_rtp(rtp(1, 3000), [&] { return kSecond; });
  stream.on_rtp(rtp(3, 9000), [&] { return kSecond + 66'000; });
  stream.on_rtp(rtp(5, 15000), [&] { return kSecond + 132'000; });
  stream.on_rtp(rtp(2, 6000), [&] { return kSecond + 180'000; });       // repaired in time
  stream.on_rtp(rtp(4, 12000), [&] { return kSecond + 2 * kSecond; });  // too late for anyone
  const UplinkWindow window = stream.take_window(4 * kSecond);
  assert_int_equal(window.expected, 5);
  assert_int_equal(window.lost, 2);
  assert_int_equal(window.residual, 1);
  assert_int_equal(window.frames, 5);
}

struct Relay final : RelayCounts {
  Counts now;
  Counts counts() const override { return now; }
};

void relay_gaps_are_not_the_peers_loss(void**) {
  Relay relay;
  DownlinkStream stream(MediaKind::kAudio, relay, 1000, 0);
  relay.now = {90, 9000, 1099};  // 10 of the 100 never reached the relay
  ReportBlock block;
  block.highest = 1099;
  block.lost = 19;  // those 10, and 9 of its own
  block.jitter = 960;
  const bool fits = stream.fits(block.highest);
  const bool fits_beyond = stream.fits(1100), fits_before = stream.fits(999);
  stream.on_report_block(block, 2 * kSecond);
  const DownlinkWindow window = stream.take_window(3 * kSecond);
  assert_true(fits);
  assert_false(fits_beyond);
  assert_false(fits_before);
  assert_int_equal(window.relayed, 90);
  assert_int_equal(window.expected, 90);
  assert_int_equal(window.lost, 9);
  assert_true(window.jitter_ms.has_value());
  assert_true(*window.jitter_ms > 19.999 && *window.jitter_ms < 20.001);
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(a_stream_in_order_loses_nothing_across_wraps),
      cmocka_unit_test(a_gap_is_lost_and_a_burst),
      cmocka_unit_test(an_overtaken_packet_was_never_lost),
      cmocka_unit_test(a_late_retransmission_repairs_the_residual_loss_only),
      cmocka_unit_test(relay_gaps_are_not_the_peers_loss),
  };
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}
