// The two ends of the tap: UplinkStream and DownlinkStream.
#include <array>
#include <vector>

#include "quality/downlink_stream.hpp"
#include "quality/uplink_stream.hpp"
#include "support/cmocka.hpp"
#include "support/relay.hpp"

using namespace callroom;
using namespace callroom::quality;
using callroom::test::Relay;

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

// A page that makes its track anew has another SSRC and other numbers.
void another_ssrc_is_no_loss(void**) {
  UplinkStream stream(MediaKind::kAudio, Codec::kOpus, kSecond);
  MonotonicUs now = kSecond;
  const auto send = [&](std::uint16_t first, std::uint32_t ssrc) {
    for (std::uint16_t i = 0; i < 50; ++i, now += 20'000) {
      stream.on_rtp(rtp(static_cast<std::uint16_t>(first + i), 960U * first + 960U * i, ssrc), [&] { return now; });
    }
  };
  send(100, 0xAAAA);
  send(40'000, 0xBBBB);
  send(7, 0xCCCC);
  const UplinkWindow window = stream.take_window(now);
  assert_int_equal(window.expected, 150);
  assert_int_equal(window.lost, 0);
  assert_true(*window.jitter_ms < 0.001);
}

// A start of a VP8 key frame (RFC 7741, RFC 6386).
std::vector<std::uint8_t> key_frame(std::uint16_t sequence, std::uint32_t ssrc, std::uint8_t height) {
  auto packet = rtp(sequence, sequence * 3000U, ssrc);
  const std::array<std::uint8_t, 11> start{0x10, 0x10,   2, 0, 0x9D, 1, 0x2A, static_cast<std::uint8_t>(height + 60),
                                           0,    height, 0};
  std::copy(start.begin(), start.end(), packet.begin() + 12);
  return packet;
}

// Layers come and go with the bandwidth; the picture is that of the largest that flows.
void a_layer_that_stops_is_no_loss(void**) {
  UplinkStream stream(MediaKind::kVideo, Codec::kVp8, kSecond);
  stream.set_simulcast(true);
  MonotonicUs now = kSecond;
  std::uint16_t next_large = 0;
  const auto send = [&](std::uint16_t from, bool large) {
    for (std::uint16_t i = from; i < from + 60; ++i, now += 33'333) {
      stream.on_rtp(key_frame(i, 0xAAAA, 90), [&] { return now; });
      if (large) stream.on_rtp(key_frame(next_large++, 0xBBBB, 180), [&] { return now; });
    }
    return stream.take_window(now);
  };
  const UplinkWindow both = send(0, true), small = send(60, false), again = send(120, true);
  assert_int_equal(both.size.height, 180);
  assert_int_equal(both.frames, 60);
  assert_int_equal(small.size.height, 90);
  assert_int_equal(small.lost, 0);
  assert_int_equal(again.size.height, 180);
  assert_int_equal(again.lost, 0);
  assert_int_equal(again.freezes, 0);  // it was smaller for two seconds, and moved
}

// Senders pad with packets that came already.
void a_repeated_packet_fills_its_gap_once(void**) {
  UplinkStream stream(MediaKind::kVideo, Codec::kVp8, kSecond);
  stream.set_round_trip(20'000);
  const auto send = [&](std::uint16_t sequence, MonotonicUs at) {
    stream.on_rtp(rtp(sequence, sequence * 3000U), [at] { return at; });
  };
  send(1, kSecond);
  send(5, kSecond + 40'000);  // 2, 3 and 4 are missing
  for (int i = 0; i < 3; ++i) send(3, kSecond + 100'000 + i * 1'000);
  const UplinkWindow window = stream.take_window(3 * kSecond);
  assert_int_equal(window.lost, 3);
  assert_int_equal(window.residual, 2);
  assert_int_equal(window.bytes, 300);
}

// A retransmission has a round trip's time; what comes late mends the picture, and after a second the receivers have
// asked themselves.
void what_is_not_retransmitted_in_time_breaks_the_picture(void**) {
  UplinkStream stream(MediaKind::kVideo, Codec::kVp8, kSecond);
  stream.set_round_trip(20'000);
  const auto send = [&](std::uint16_t sequence, MonotonicUs at) {
    stream.on_rtp(rtp(sequence, sequence * 3000U), [at] { return at; });
  };
  send(1, kSecond);
  send(3, kSecond + 40'000);  // 2 is missing
  const MonotonicUs at_once = stream.broken_since(kSecond + 50'000);
  const MonotonicUs given_up = stream.broken_since(kSecond + 200'000);
  const MonotonicUs long_ago = stream.broken_since(kSecond + 1'200'000);
  send(5, kSecond + 2'000'000);
  send(2, kSecond + 2'010'000);
  send(4, kSecond + 2'030'000);
  const MonotonicUs mended = stream.broken_since(kSecond + 2'200'000);
  assert_int_equal(at_once, 0);
  assert_int_equal(given_up, kSecond + 40'000);
  assert_int_equal(long_ago, 0);
  assert_int_equal(mended, 0);
}

void relay_gaps_are_not_the_peers_loss(void**) {
  Relay relay;
  DownlinkStream stream(MediaKind::kAudio, relay, 1000, 0);
  relay.set(90, 9000, 1099);  // 10 of the 100 never reached the relay
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

void numbers_passed_over_are_neither_expected_nor_lost(void**) {
  Relay relay;
  DownlinkStream stream(MediaKind::kVideo, relay, 1000, 0);
  const auto window_of = [&](std::uint32_t highest, std::int32_t lost, MonotonicUs now) {
    ReportBlock block;
    block.highest = highest;
    block.lost = lost;
    stream.on_report_block(block, now);
    return stream.take_window(now);
  };
  relay.set(100, 10'000, 1099);
  const DownlinkWindow before = window_of(1099, 4, kSecond);
  relay.set(110, 11'000, 1109);
  stream.on_jump(3000);
  relay.set(112, 11'028, 4111);
  const DownlinkWindow old = window_of(1109, 5, 2 * kSecond);  // on its way when they were passed over
  relay.set(150, 15'000, 4149);
  const DownlinkWindow after = window_of(4149, 7, 3 * kSecond);
  stream.on_jump(3000);
  relay.set(160, 16'000, 7159);
  const DownlinkWindow again = window_of(7159, 7, 4 * kSecond);
  assert_int_equal(before.expected, 100);
  assert_int_equal(before.lost, 4);
  assert_int_equal(old.expected, 10);
  assert_int_equal(old.lost, 1);
  assert_int_equal(after.expected, 40);
  assert_int_equal(after.lost, 2);
  assert_int_equal(again.expected, 10);
  assert_int_equal(again.lost, 0);
}

// From the first request to the key frame that answers it; but a picture that nobody sends is not frozen, though
// receivers go on asking for it.
void a_request_is_a_freeze_unless_the_camera_is_off(void**) {
  constexpr MonotonicUs kMs = 1'000;
  Relay relay;
  DownlinkStream stream(MediaKind::kVideo, relay, 1000, 0);
  const auto frames = [&](MonotonicUs from, MonotonicUs to) {
    for (MonotonicUs at = from; at < to; at += 50 * kMs) {
      relay.add(1, 0, 0);
      stream.on_frame(PacketEvents::new_frame_event(), at);
    }
  };
  const auto key_frame = [&](MonotonicUs at) {
    stream.on_frame(PacketEvents::new_frame_event() | PacketEvents::key_frame_event({640, 480}), at);
  };
  key_frame(kSecond);
  frames(kSecond, 2 * kSecond);
  stream.on_request(2 * kSecond);
  stream.on_request(2 * kSecond + 200 * kMs);
  frames(2 * kSecond, 2 * kSecond + 400 * kMs);
  key_frame(2 * kSecond + 400 * kMs);
  frames(2 * kSecond + 450 * kMs, 3 * kSecond);
  key_frame(2 * kSecond + 900 * kMs);  // for another receiver: it ended nothing here
  const DownlinkWindow frozen = stream.take_window(3 * kSecond);
  for (MonotonicUs at = 5 * kSecond; at < 14 * kSecond; at += kSecond) stream.on_request(at);  // the camera is off
  const DownlinkWindow off = stream.take_window(14 * kSecond);
  key_frame(15 * kSecond);
  frames(15 * kSecond, 17 * kSecond);
  stream.on_request(16 * kSecond);  // and goes off again before anybody answered
  const DownlinkWindow on = stream.take_window(17 * kSecond);
  key_frame(30 * kSecond);
  const DownlinkWindow again = stream.take_window(31 * kSecond);
  assert_int_equal(frozen.freezes, 1);
  assert_int_equal(frozen.frozen_us, 400 * kMs);
  assert_int_equal(off.freezes, 0);
  assert_int_equal(off.frozen_us, 0);
  assert_int_equal(on.freezes, 1);
  assert_int_equal(on.frozen_us, kSecond);
  assert_int_equal(again.frozen_us, 0);
}

// A leg that has begun need not be asked about most frames; but of the first after a quiet it must hear more.
void most_frames_are_usual_ones(void**) {
  UplinkStream source(MediaKind::kVideo, Codec::kVp8, 0);
  Relay relay;
  DownlinkStream stream(MediaKind::kVideo, relay, 1000, 0);
  std::uint16_t sequence = 0;
  const auto frame = [&](MonotonicUs at, bool key) {
    auto packet = rtp(sequence++, static_cast<std::uint32_t>(at / 1000 * 90));
    packet[12] = 0x10;
    packet[13] = key ? 0x10 : 0x01;
    packet[16] = 0x9D, packet[17] = 0x01, packet[18] = 0x2A;
    const PacketEvents events = source.on_rtp(packet, [at] { return at; });
    events.usual_frame() ? stream.on_usual_frame(at) : stream.on_frame(events, at);
    return events;
  };
  const PacketEvents first = frame(kSecond, true);
  int usual = 0;
  for (int i = 1; i <= 30; ++i) usual += frame(kSecond + i * 33'000, false).usual_frame();
  const PacketEvents after_quiet = frame(3 * kSecond, false);
  const PacketEvents later_key = frame(3 * kSecond + 33'000, true);
  ++sequence;
  const PacketEvents after_gap = frame(3 * kSecond + 66'000, false);
  const DownlinkWindow window = stream.take_window(4 * kSecond);
  assert_true(first.key_frame());
  assert_int_equal(usual, 30);
  for (const PacketEvents& events : {first, after_quiet, later_key, after_gap}) {
    assert_true(events.new_frame());
    assert_false(events.usual_frame());
  }
  assert_int_equal(window.frames, 34);
}

// Some hours of video are more bytes than the relay's count has bits for.
void the_relays_count_of_bytes_may_wrap(void**) {
  constexpr std::uint64_t kPackets = (std::uint64_t{1} << 32) / 100'000;
  Relay relay;
  DownlinkStream stream(MediaKind::kVideo, relay, 1000, 0);
  const auto relayed = [&](std::uint64_t packets, std::uint32_t gaps) {
    relay.set(packets, packets * 100'000, static_cast<std::uint32_t>(999 + packets + gaps));
    ReportBlock block;
    block.highest = relay.highest();
    block.lost = static_cast<std::int32_t>(gaps);
    stream.on_report_block(block, kSecond);
    return stream.take_window(3 * kSecond);
  };
  relayed(kPackets - 100, 50);
  const DownlinkWindow across = relayed(kPackets + 400, 60);
  const DownlinkWindow after = relayed(kPackets + 900, 60);
  for (const DownlinkWindow& window : {across, after}) {
    assert_int_equal(window.relayed, 500);
    assert_int_equal(window.bytes, 500 * 100'000);
    assert_int_equal(window.expected, 500);
    assert_int_equal(window.lost, 0);
  }
}

// The time of a stream's first window is from its first frame, whatever gaps come after it: a rate too high would be
// the best of the session.
void a_gap_as_a_picture_begins_makes_its_rate_no_higher(void**) {
  Relay relay(0, 0, 999);
  constexpr MonotonicUs kMs = 1'000;
  DownlinkStream stream(MediaKind::kVideo, relay, 1000, 10 * kSecond);
  for (MonotonicUs now = 11'000 * kMs; now < 13'000 * kMs; now += 50 * kMs) {
    if (now >= 12'200 * kMs && now < 12'500 * kMs) continue;
    relay.add(1, 1000, 1);
    stream.on_frame(PacketEvents::new_frame_event() | PacketEvents::key_frame_event({640, 480}), now);
  }
  const DownlinkWindow window = stream.take_window(13'000 * kMs);
  assert_int_equal(window.duration_us, 2000 * kMs);
  assert_int_equal(window.frames, 34);
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(a_stream_in_order_loses_nothing_across_wraps),
      cmocka_unit_test(a_gap_is_lost_and_a_burst),
      cmocka_unit_test(an_overtaken_packet_was_never_lost),
      cmocka_unit_test(a_late_retransmission_repairs_the_residual_loss_only),
      cmocka_unit_test(another_ssrc_is_no_loss),
      cmocka_unit_test(a_layer_that_stops_is_no_loss),
      cmocka_unit_test(a_repeated_packet_fills_its_gap_once),
      cmocka_unit_test(what_is_not_retransmitted_in_time_breaks_the_picture),
      cmocka_unit_test(relay_gaps_are_not_the_peers_loss),
      cmocka_unit_test(numbers_passed_over_are_neither_expected_nor_lost),
      cmocka_unit_test(a_request_is_a_freeze_unless_the_camera_is_off),
      cmocka_unit_test(most_frames_are_usual_ones),
      cmocka_unit_test(the_relays_count_of_bytes_may_wrap),
      cmocka_unit_test(a_gap_as_a_picture_begins_makes_its_rate_no_higher),
  };
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}
