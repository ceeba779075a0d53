// RTCP as peers send it, and as they should not: bytes with what each field means.
#include <array>
#include <vector>

#include "quality/peer_rtcp.hpp"
#include "support/cmocka.hpp"
#include "support/relay.hpp"

using namespace callroom;
using namespace callroom::quality;
using callroom::test::Relay;

namespace {

using Bytes = std::vector<std::uint8_t>;
constexpr MonotonicUs kSecond = 1'000'000;

void put(Bytes& out, std::uint32_t value, int bytes) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) out.push_back(static_cast<std::uint8_t>(value >> shift));
}

Bytes packet(std::uint8_t count, std::uint8_t type, const Bytes& body) {
  Bytes out{static_cast<std::uint8_t>(0x80 | count), type};
  put(out, static_cast<std::uint32_t>(body.size() / 4), 2);
  out.insert(out.end(), body.begin(), body.end());
  return out;
}

struct Block {
  std::uint32_t ssrc = 5, lost = 0, highest = 0, jitter = 0, last_sr = 0, delay = 0;
};

Bytes receiver_report(const std::vector<Block>& blocks) {
  Bytes body;
  put(body, 1, 4);  // sender of the report
  for (const Block& block : blocks) {
    put(body, block.ssrc, 4);
    put(body, 0, 1);  // fraction lost
    put(body, block.lost, 3);
    put(body, block.highest, 4);
    put(body, block.jitter, 4);
    put(body, block.last_sr, 4);
    put(body, block.delay, 4);
  }
  return packet(static_cast<std::uint8_t>(blocks.size()), 201, body);
}

Bytes feedback(std::uint8_t format, std::uint8_t type, const Bytes& body) {
  Bytes whole;
  put(whole, 1, 4);
  put(whole, 5, 4);
  whole.insert(whole.end(), body.begin(), body.end());
  return packet(format, type, whole);
}

Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

// A receiving PeerConnection with one audio and one video m-line, to which something was relayed.
struct Receiver {
  Relay audio_relay, video_relay;
  DownlinkStream audio{MediaKind::kAudio, audio_relay, 1000, 0}, video{MediaKind::kVideo, video_relay, 20'000, 0};
  std::array<DownlinkStream*, 2> streams{&audio, &video};
  DownlinkRtcp rtcp;

  Receiver() {
    audio_relay.set(100, 10'000, 1099);
    video_relay.set(1000, 1'000'000, 20'999);
  }
  RtcpDigest take(const Bytes& compound, DownlinkStream* stream, MonotonicUs now = kSecond, WallTime wall = {}) {
    return rtcp.on_rtcp(compound, stream, streams, now, [wall] { return wall; });
  }
};

void every_packet_and_every_block_is_read(void**) {
  Receiver receiver;
  const Bytes compound = receiver_report({{5, 3, 1099, 0, 0, 0}}) + packet(0, 202, {}) + feedback(1, 206, {}) +
                         receiver_report({{6, 7, 20'500, 0, 0, 0}});
  const RtcpDigest digest = receiver.take(compound, &receiver.audio);
  const DownlinkWindow audio = receiver.audio.take_window(3 * kSecond), video = receiver.video.take_window(3 * kSecond);
  assert_true(digest.picture_loss);
  assert_false(digest.malformed);
  assert_int_equal(audio.lost, 3);
  assert_int_equal(audio.expected, 100);
  assert_int_equal(video.lost, 7);  // it fits nothing but the video
  assert_int_equal(video.expected, 501);
}

void a_block_that_fits_nothing_is_left_out(void**) {
  Receiver receiver;
  receiver.take(receiver_report({{5, 3, 500'000, 0, 0, 0}}), &receiver.audio);
  const DownlinkWindow audio = receiver.audio.take_window(3 * kSecond);
  const std::uint32_t unattributed = receiver.rtcp.unattributed();
  assert_false(audio.reported);
  assert_int_equal(unattributed, 1);
}

void the_repair_stream_shows_what_was_made_good(void**) {
  Receiver receiver;
  receiver.take(receiver_report({{6, 0, 20'100, 0, 0, 0}, {77, 0, 500, 0, 0, 0}}), &receiver.video);
  receiver.take(receiver_report({{6, 40, 20'500, 0, 0, 0}, {77, 2, 541, 0, 0, 0}}), &receiver.video, 2 * kSecond);
  receiver.video.take_window(3 * kSecond);
  receiver.take(receiver_report({{6, 40, 20'900, 0, 0, 0}}), &receiver.video, 4 * kSecond);
  const DownlinkWindow next = receiver.video.take_window(6 * kSecond);
  assert_int_equal(next.lost, 0);
  assert_true(next.residual_loss_pct.has_value());
  // 40 lost, 39 retransmissions arrived (41 sent, 2 of them lost): one packet of 501 is missing for good.
  assert_true(*next.residual_loss_pct > 0.19 && *next.residual_loss_pct < 0.21);
}

void cumulative_loss_may_be_negative(void**) {
  const Bytes report = receiver_report({{5, 0xFFFFF6, 1099, 0, 0, 0}});
  const ReportBlock block = rtcp::read_report_block(report.data() + 8);
  assert_int_equal(block.lost, -10);
  Receiver receiver;
  receiver.take(report, &receiver.audio);
  const DownlinkWindow audio = receiver.audio.take_window(3 * kSecond);
  assert_int_equal(audio.lost, 0);
}

void round_trip_of_the_rfc_and_of_clocks_that_jump(void**) {
  const auto rfc = round_trip_ms(0xB7108000, 0xB7052000, 0x00054000);  // RFC 3550 figure 2: 6.125 s
  const auto skewed = round_trip_ms(1000, 1200, 100);                  // a little before it was sent: no 65,535 s
  const auto absurd = round_trip_ms(0x00200000, 0x00010000, 0);        // over 10 s
  const auto without_report = round_trip_ms(1000, 0, 0);
  const auto across_wrap = round_trip_ms(0x00000100, 0xFFFFFF00, 0x100);
  assert_true(rfc.has_value());
  assert_true(*rfc == 6125.0);
  assert_false(skewed.has_value());
  assert_false(absurd.has_value());
  assert_false(without_report.has_value());
  assert_true(across_wrap.has_value());
  assert_true(*across_wrap > 3.9 && *across_wrap < 3.91);
}

void the_median_of_a_sample_is_its_round_trip(void**) {
  Receiver receiver;
  const WallTime wall{std::chrono::seconds(1'700'000'000)};
  const std::uint32_t at = compact_ntp(wall);
  const std::array<std::uint32_t, 3> trips{6554, 13107, 65536};  // 100 ms, 200 ms, 1 s
  for (std::size_t i = 0; i < trips.size(); ++i) {
    const MonotonicUs now = kSecond * static_cast<MonotonicUs>(i + 1);
    receiver.take(receiver_report({{5, 0, 1099, 0, at - trips[i], 0}}), &receiver.audio, now, wall);
  }
  const RoundTrips taken = receiver.rtcp.take_round_trips();
  const auto mean = taken.mean(), median = taken.median();
  const auto nothing_new = receiver.rtcp.take_round_trips().median();
  assert_true(median.has_value());
  assert_true(*median > 199.4 && *median < 200.6);
  assert_true(*mean > 432.7 && *mean < 433.9);
  assert_false(nothing_new.has_value());
}

// The core's own arithmetic: a round trip of less than a ms is 0, and of that it makes nothing. Each m-line needs one
// of its own, whenever that comes.
void the_core_repeats_what_it_has_a_round_trip_of(void**) {
  Receiver receiver;
  const WallTime wall{std::chrono::seconds(1'700'000'000)};
  const std::uint32_t at = compact_ntp(wall), half_ms = 33, two_ms = 132;
  const auto report = [&](std::uint32_t ssrc, std::uint32_t highest, std::uint32_t trip, DownlinkStream& stream,
                          MonotonicUs now) {
    const Bytes compound = receiver_report({{ssrc, 0, highest, 0, trip == 0 ? 0 : at - trip, 0}});
    const auto& streams = receiver.streams;
    if (!receiver.rtcp.take_lone_report(compound, &stream, streams, now)) receiver.take(compound, &stream, now, wall);
  };
  report(5, 1099, 0, receiver.audio, kSecond);
  for (int i = 0; i < 40; ++i)
    report(6, 20'400, 0, receiver.video, kSecond);  // after each loss, before any SR has come
  const MonotonicUs of_no_round_trip = receiver.audio.repeated_from();
  report(5, 1099, half_ms, receiver.audio, 2 * kSecond);
  const MonotonicUs of_half_a_ms = receiver.audio.repeated_from();
  report(5, 1099, two_ms, receiver.audio, 3 * kSecond);
  report(6, 20'500, two_ms, receiver.video, 3 * kSecond + 50'000);  // sooner than another one is wanted for the figures
  report(5, 1099, half_ms, receiver.audio, 4 * kSecond);            // it has begun
  const MonotonicUs of_two_ms = receiver.audio.repeated_from(), of_video = receiver.video.repeated_from();
  assert_int_equal(of_no_round_trip, 0);
  assert_int_equal(of_half_a_ms, 0);
  assert_int_equal(of_two_ms, 3 * kSecond);
  assert_int_equal(of_video, 3 * kSecond + 50'000);

  Receiver other;
  other.take(receiver_report({{5, 0, 1099, 0, 0, 0}, {6, 0, 20'500, 0, at - two_ms, 0}}), &other.audio, kSecond, wall);
  // The core reads the first block, as one of the m-line that it names.
  assert_int_equal(other.audio.repeated_from(), 0);
  assert_int_equal(other.video.repeated_from(), 0);
}

void lengths_that_cannot_be_end_the_compound_only(void**) {
  Receiver receiver;
  const Bytes good = receiver_report({{5, 3, 1099, 0, 0, 0}});
  Bytes too_long = receiver_report({{6, 9, 20'500, 0, 0, 0}});
  too_long[3] = 0xFF;
  Bytes too_many_blocks = receiver_report({{6, 9, 20'500, 0, 0, 0}});
  too_many_blocks[0] = 0x9F;
  Bytes wrong_version = good;
  wrong_version[0] = 0x41;
  int malformed = 0;
  malformed += receiver.take(good + too_long, &receiver.audio).malformed;
  malformed += receiver.take(too_many_blocks, &receiver.video).malformed;
  malformed += receiver.take(wrong_version, &receiver.audio).malformed;
  malformed += receiver.take(Bytes(good.begin(), good.begin() + 13), &receiver.audio).malformed;
  malformed += receiver.take({}, &receiver.audio).malformed;
  const std::uint32_t counted = receiver.rtcp.malformed();
  const DownlinkWindow audio = receiver.audio.take_window(3 * kSecond), video = receiver.video.take_window(3 * kSecond);
  assert_int_equal(malformed, 5);
  assert_int_equal(counted, 5);
  assert_int_equal(audio.lost, 3);  // what came before the damage was read
  assert_false(video.reported);
}

void requests_and_estimates_reach_the_host(void**) {
  Receiver receiver;
  Bytes remb{'R', 'E', 'M', 'B', 1, (5 << 2) | 1, 0x86, 0xA0};  // 100,000 * 2^5
  put(remb, 5, 4);
  const RtcpDigest digest =
      receiver.take(feedback(4, 206, {0, 0, 0, 5, 1, 0, 0, 0}) + feedback(15, 206, remb), &receiver.video);
  const auto kept = receiver.rtcp.remb_bps();
  assert_true(digest.full_intra);
  assert_false(digest.picture_loss);
  assert_true(digest.remb_bps == std::optional<std::uint32_t>(3'200'000));
  assert_true(kept == digest.remb_bps);
}

// Feedback: base, number of statuses, reference time and count, then the chunks and deltas.
Bytes transport_feedback(std::uint16_t base, std::uint16_t count, const std::vector<std::uint16_t>& chunks,
                         std::uint32_t reference = 0, const Bytes& deltas = {}) {
  Bytes body;
  put(body, base, 2);
  put(body, count, 2);
  put(body, reference << 8 | 7, 4);
  for (const std::uint16_t chunk : chunks) put(body, chunk, 2);
  body = body + deltas;
  while (body.size() % 4 != 0) body.push_back(0);
  return feedback(15, 205, body);
}

void feedback_counts_each_packet_once(void**) {
  Receiver receiver;
  // 10 arrived (run length), then 14 by single bits of which 2 are missing.
  const RtcpDigest first =
      receiver.take(transport_feedback(65530, 24, {0x2000 | 10, 0x8000 | (0x3FFF & ~0x0003)}), &receiver.video);
  // One of the two came late: told of again from its own number on, with 4 more.
  const RtcpDigest second =
      receiver.take(transport_feedback(16, 6, {0x2000 | 1, 0x0000 | 1, 0x2000 | 4}), &receiver.video);
  const auto feedback_seen = receiver.rtcp.take_feedback();
  // The message about 22 to 31 got lost.
  const RtcpDigest third = receiver.take(transport_feedback(32, 3, {0x2000 | 3}), &receiver.video);
  assert_int_equal(second.twcc_skipped, 0);
  assert_int_equal(third.twcc_skipped, 10);
  assert_int_equal(third.twcc_covered, 3);
  assert_int_equal(first.twcc_covered, 24);
  assert_int_equal(first.twcc_lost, 2);
  assert_int_equal(second.twcc_covered, 4);
  assert_int_equal(second.twcc_lost, 0);
  assert_int_equal(first.twcc_late, 0);
  assert_int_equal(second.twcc_late, 1);
  assert_int_equal(feedback_seen.covered, 28);
  assert_int_equal(feedback_seen.lost, 1);
}

// Statuses of one byte's delta, of two bytes', and a packet that has not arrived; one was overtaken.
void feedback_tells_when_the_last_packet_arrived(void**) {
  Receiver receiver;
  // 2, 1, 0, 2: two bits each, from the first of seven on.
  constexpr std::uint16_t kTwoBits = 0xC000 | 2 << 12 | 1 << 10 | 0 << 8 | 2 << 6;
  const auto arrived = [&](const Bytes& deltas, std::uint32_t reference) {
    return receiver.take(transport_feedback(100, 4, {kTwoBits}, reference, deltas), &receiver.video).twcc_arrived;
  };
  const auto late = arrived({0x01, 0x00, 0x20, 0xFF, 0xF0}, 3);  // 256, 32, then -16
  const auto wrapped = arrived({0x00, 0x05, 0x06, 0x01, 0x00}, 0xFFFFFF);
  const auto damaged = receiver.take(transport_feedback(100, 4, {0x2000 | 4}, 3), &receiver.video);  // two of four
  const auto none = receiver.take(transport_feedback(200, 4, {0x0000 | 4}, 3), &receiver.video);
  assert_true(late == std::optional<std::uint32_t>(3 * 256 + 288));
  assert_true(wrapped == std::optional<std::uint32_t>(0xFFFFFF00U + 11 + 256));
  assert_false(damaged.twcc_arrived.has_value());
  assert_false(damaged.malformed);
  assert_false(none.twcc_arrived.has_value());
}

void feedback_that_ends_too_soon_is_malformed(void**) {
  Receiver receiver;
  const bool endless_run = receiver.take(transport_feedback(1, 65535, {0x0000, 0x0000}), &receiver.video).malformed;
  const bool short_chunks = receiver.take(transport_feedback(1, 30, {0xC000}), &receiver.video).malformed;
  assert_true(endless_run);
  assert_true(short_chunks);
}

Bytes sender_report(std::uint32_t packets) {
  Bytes body;
  put(body, 9, 4);
  for (const std::uint32_t word : {0U, 0U, 0U, packets, packets * 100}) put(body, word, 4);
  return packet(0, 200, body);
}

void a_sender_that_stands_still_is_paused_and_one_that_counts_on_is_lost(void**) {
  UplinkStream stream(MediaKind::kAudio, Codec::kOpus, 0);
  UplinkRtcp rtcp;
  const auto report = [&](std::uint32_t packets, MonotonicUs now) {
    rtcp.on_rtcp(sender_report(packets), &stream, now);
  };
  report(100, kSecond);
  stream.take_window(3 * kSecond);
  report(100, 4 * kSecond);
  const UplinkWindow paused = stream.take_window(6 * kSecond);
  report(250, 7 * kSecond);
  const UplinkWindow lost = stream.take_window(9 * kSecond);
  assert_int_equal(paused.expected, 0);
  assert_int_equal(paused.lost, 0);
  assert_int_equal(lost.expected, 150);
  assert_int_equal(lost.lost, 150);
}

// The peer's count has its retransmissions in it: they are no loss, least of all while the camera is off.
void retransmissions_are_not_packets_unseen(void**) {
  UplinkStream stream(MediaKind::kVideo, Codec::kVp8, 0);
  UplinkRtcp rtcp;
  MonotonicUs now = kSecond;
  std::uint32_t sequence = 0, retransmitted = 0;
  for (int second = 0; second < 10; ++second) {
    for (int i = 0; i < 30; ++i) {
      ++sequence;
      Bytes rtp{0x80, 96};
      put(rtp, sequence, 2);
      put(rtp, sequence * 3000, 4);
      put(rtp, 9, 4);
      rtp.resize(100);
      stream.on_rtp(rtp, [&] { return now; });
      now += 33'333;
    }
    retransmitted += 3;
    rtcp.on_rtcp(sender_report(sequence + retransmitted), &stream, now);
  }
  const UplinkWindow on = stream.take_window(now);
  rtcp.on_rtcp(sender_report(sequence + retransmitted), &stream, now + kSecond);
  const UplinkWindow off = stream.take_window(now + 3 * kSecond);
  assert_int_equal(on.expected, 300);
  assert_int_equal(on.lost, 0);
  assert_int_equal(off.expected, 0);
  assert_int_equal(off.lost, 0);
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(every_packet_and_every_block_is_read),
      cmocka_unit_test(a_block_that_fits_nothing_is_left_out),
      cmocka_unit_test(the_repair_stream_shows_what_was_made_good),
      cmocka_unit_test(cumulative_loss_may_be_negative),
      cmocka_unit_test(round_trip_of_the_rfc_and_of_clocks_that_jump),
      cmocka_unit_test(the_median_of_a_sample_is_its_round_trip),
      cmocka_unit_test(the_core_repeats_what_it_has_a_round_trip_of),
      cmocka_unit_test(lengths_that_cannot_be_end_the_compound_only),
      cmocka_unit_test(requests_and_estimates_reach_the_host),
      cmocka_unit_test(feedback_counts_each_packet_once),
      cmocka_unit_test(feedback_tells_when_the_last_packet_arrived),
      cmocka_unit_test(feedback_that_ends_too_soon_is_malformed),
      cmocka_unit_test(a_sender_that_stands_still_is_paused_and_one_that_counts_on_is_lost),
      cmocka_unit_test(retransmissions_are_not_packets_unseen),
  };
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}
