#include "media/header_rewriter.hpp"

#include <vector>

#include "rtp_packet.hpp"
#include "support/cmocka.hpp"

namespace {

using namespace callroom::media;
using callroom::MonotonicUs;
using callroom::Tally;
using test::Packet;
using test::rtp;

struct Sent {
  std::uint16_t sequence;
  std::uint32_t timestamp;
  std::uint8_t payload_type;
  bool marker;

  bool operator==(const Sent&) const = default;
};

// One source and one rewriter, as a route drives them.
struct Bench {
  SourceProgress source;
  test::Count count;
  std::vector<Sent> sent;

  void feed(HeaderRewriter& rewriter, Packet packet, MonotonicUs now, bool key_frame = false) {
    const callroom::RtpHead head = callroom::RtpHead::read(packet.data());
    const callroom::CountStep step = count.step(head.sequence(), packet.size());
    if (step.in_order(packet.size()) && source.agrees()) {
      pass(rewriter, source.next(head, step), true, packet, now, key_frame);
    } else {
      source.catch_up(step.before);
      pass_irregular(rewriter, head, step.after, packet, now, key_frame);
      source.follow(step.after);
    }
  }

 private:
  void pass_irregular(HeaderRewriter& rewriter, callroom::RtpHead head, std::uint64_t after, Packet& packet,
                      MonotonicUs now, bool key_frame) {
    if (!source.continues(head.sequence())) {
      if (!source.restarts(head.sequence())) return rewriter.pass_over(after);
      rewriter.hold(source);
    }
    pass(rewriter, source.place(head, after), false, packet, now, key_frame);
  }

  void pass(HeaderRewriter& rewriter, SourcePacket in, bool in_order, Packet& packet, MonotonicUs now, bool key_frame) {
    if (in.is_newest()) {
      source.note(in.timestamp);
      source.note_arrival(in.timestamp, now);
    }
    if (!rewriter.takes(in) && !rewriter.begin(in, packet.size(), now, [key_frame] { return key_frame; })) {
      return rewriter.pass_over(in.count);
    }
    if (in_order) {
      rewriter.rewrite(in, packet.data());
    } else {
      rewriter.rewrite_irregular(in, packet.size(), packet.data());
    }
    sent.push_back({load_u16(packet.data() + 2), load_u32(packet.data() + 4),
                    static_cast<std::uint8_t>(packet[1] & 0x7f), (packet[1] & 0x80) != 0});
  }
};

void within_a_source_gaps_and_reordering_are_passed_on(void**) {
  Bench bench;
  HeaderRewriter rewriter(1000, 5000, 48);
  rewriter.attach(111, false);
  bench.feed(rewriter, rtp(1, 0), 0);
  bench.feed(rewriter, rtp(2, 960, true), 20'000);
  bench.feed(rewriter, rtp(5, 3840), 80'000);
  bench.feed(rewriter, rtp(4, 2880), 81'000);
  const std::vector<Sent> expected{
      {1000, 5000, 111, false}, {1001, 5960, 111, true}, {1004, 8840, 111, false}, {1003, 7880, 111, false}};
  const bool as_expected = bench.sent == expected;
  const std::uint32_t highest = rewriter.progress().highest_sequence;
  assert_true(as_expected);
  assert_int_equal(highest, 1004);
}

void the_next_source_goes_on_by_one_and_by_the_time_that_passed(void**) {
  Bench first, second;
  HeaderRewriter rewriter(1000, 5000, 48);
  rewriter.attach(111, false);
  first.feed(rewriter, rtp(7, 100'000), 1'000'000);
  first.feed(rewriter, rtp(8, 100'960), 1'020'000);
  rewriter.hold(first.source);
  rewriter.attach(109, false);
  second.feed(rewriter, rtp(60'000, 7), 1'520'000);
  second.feed(rewriter, rtp(60'001, 967), 1'540'000);
  const std::vector<Sent> expected{{1002, 5960 + 24'000, 109, false}, {1003, 5960 + 24'960, 109, false}};
  const bool as_expected = second.sent == expected;
  assert_true(as_expected);
}

void what_the_source_sent_after_the_leg_left_it_leaves_no_hole(void**) {
  Bench first, second;
  HeaderRewriter rewriter(1000, 0, 48), other(1, 0, 48);
  rewriter.attach(111, false);
  other.attach(111, false);
  first.feed(rewriter, rtp(1, 0), 1'000'000);
  for (std::uint16_t i = 2; i <= 51; ++i) first.feed(other, rtp(i, 960u * (i - 1u)), 1'000'000 + 20'000 * (i - 1));
  rewriter.hold(first.source);
  second.feed(rewriter, rtp(1, 0), 2'100'000);
  const Sent sent = second.sent.at(0);
  assert_int_equal(sent.sequence, 1001);
  assert_int_equal(sent.timestamp, 1'100 * 48);
}

void a_video_source_is_held_back_until_its_key_frame(void**) {
  Bench bench;
  HeaderRewriter rewriter(1, 0, 90);
  rewriter.attach(96, true);
  bench.feed(rewriter, rtp(10, 0), 0);
  bench.feed(rewriter, rtp(11, 3000), 33'000);
  const bool held = rewriter.is_held() && bench.sent.empty();
  bench.feed(rewriter, rtp(13, 6000), 66'000, true);
  bench.feed(rewriter, rtp(12, 3000), 67'000);  // from before the key frame: its number would precede the stream
  bench.feed(rewriter, rtp(14, 6000, true), 68'000);
  const std::vector<Sent> expected{{1, 0, 96, false}, {2, 0, 96, true}};
  const bool as_expected = bench.sent == expected;
  assert_true(held);
  assert_true(as_expected);
}

void a_key_frame_is_asked_about_only_while_held_back(void**) {
  SourceProgress source;
  HeaderRewriter rewriter(1, 0, 90);
  rewriter.attach(96, true);
  source.restarts(1);
  const Packet packet = rtp(2, 0);
  const SourcePacket in = source.place(callroom::RtpHead::read(packet.data()), callroom::Tally::unit(packet.size()));
  int asked = 0;
  const auto is_key_frame = [&asked] {
    ++asked;
    return true;
  };
  const bool before = rewriter.takes(in);
  const bool begun = rewriter.begin(in, packet.size(), 5, is_key_frame);
  const bool after = rewriter.takes(in);
  const bool again = rewriter.begin(in, packet.size(), 5, is_key_frame);
  assert_false(before);
  assert_true(begun);
  assert_true(after);
  assert_false(again);
  assert_int_equal(asked, 1);
}

void sequence_numbers_and_timestamps_wrap(void**) {
  Bench bench;
  HeaderRewriter rewriter(65'535, 0xffffff00, 48);
  rewriter.attach(111, false);
  bench.feed(rewriter, rtp(65'534, 0xfffffff0), 0);
  bench.feed(rewriter, rtp(65'535, 0x3b0), 20'000);
  bench.feed(rewriter, rtp(0, 0x770), 40'000);
  bench.feed(rewriter, rtp(1, 0xb30), 60'000);
  const std::vector<Sent> expected{
      {65'535, 0xffffff00, 111, false}, {0, 0x2c0, 111, false}, {1, 0x680, 111, false}, {2, 0xa40, 111, false}};
  const bool as_expected = bench.sent == expected;
  const std::uint32_t highest = rewriter.progress().highest_sequence;
  assert_true(as_expected);
  assert_int_equal(highest, 65'538);  // extended: one cycle
}

void a_jump_is_a_restart_once_the_next_packet_confirms_it(void**) {
  Bench bench;
  HeaderRewriter rewriter(100, 0, 90);
  rewriter.attach(96, true);
  bench.feed(rewriter, rtp(1, 0), 1'000'000, true);
  bench.feed(rewriter, rtp(30'000, 0), 1'020'000, true);  // a stray one
  bench.feed(rewriter, rtp(2, 3'000), 1'033'000);
  bench.feed(rewriter, rtp(40'000, 70'000), 1'100'000, true);
  bench.feed(rewriter, rtp(40'001, 70'000), 1'133'000, false);  // confirms, but is no key frame
  const std::size_t until_key_frame = bench.sent.size();
  bench.feed(rewriter, rtp(40'002, 73'000), 1'233'000, true);
  const std::vector<Sent> expected{{100, 0, 96, false}, {101, 3'000, 96, false}, {102, 21'000, 96, false}};
  const bool as_expected = bench.sent == expected;
  assert_int_equal(until_key_frame, 2);
  assert_true(as_expected);
}

void a_long_silence_is_time_that_passed(void**) {
  Bench bench;
  HeaderRewriter rewriter(1, 0, 48);
  rewriter.attach(111, false);
  bench.feed(rewriter, rtp(1, 0), 1'000'000);
  rewriter.hold(bench.source);
  bench.feed(rewriter, rtp(2, 960), 61'000'000);
  const Sent sent = bench.sent.at(1);
  assert_int_equal(sent.sequence, 2);
  assert_int_equal(sent.timestamp, 60 * 48'000);
}

void counts_packets_and_bytes_in_one_reading(void**) {
  Bench bench;
  HeaderRewriter rewriter(1, 0, 48);
  rewriter.attach(111, false);
  const std::uint64_t before = rewriter.progress().relayed;
  for (std::uint16_t i = 1; i <= 10; ++i) bench.feed(rewriter, rtp(i, 960u * i), 20'000 * i);
  const Tally tally = Tally::between(before, rewriter.progress().relayed);
  rewriter.hold(bench.source);
  Bench next;
  HeaderRewriter other(1, 0, 48);
  for (std::uint16_t i = 1; i <= 500; ++i) next.feed(other, rtp(i, 960u * i), 20'000 * i);
  next.feed(rewriter, rtp(501, 0), 20'000'000);
  const Tally moved = Tally::between(before, rewriter.progress().relayed);
  constexpr std::uint64_t kMost = 0xFFFF'FFFF;
  const Tally carried = Tally::between(kMost << 32 | kMost, (kMost << 32 | kMost) + Tally::unit(100));
  assert_int_equal(tally.packets, 10);
  assert_int_equal(tally.bytes, 10 * sizeof(Packet));
  assert_int_equal(moved.packets, 11);
  assert_int_equal(moved.bytes, 11 * sizeof(Packet));
  assert_int_equal(carried.packets, 1);
  assert_int_equal(carried.bytes, 100);
}

// So that a receiver gives up what it misses: nothing of the source has these numbers.
void numbers_can_be_passed_over_while_it_is_held(void**) {
  Bench bench;
  HeaderRewriter rewriter(1, 0, 90);
  rewriter.attach(96, true);
  bench.feed(rewriter, rtp(7, 0), 1'000'000, true);
  rewriter.hold(bench.source);
  rewriter.jump(3000);
  Packet own{};
  rewriter.write_own(std::span(own).first<callroom::kRtpHeaderSize>(), own.size(), 1'050'000);
  const HeaderRewriter::Progress meanwhile = rewriter.progress();
  bench.feed(rewriter, rtp(9, 90'000), 2'000'000, true);
  const callroom::RtpHead head = callroom::RtpHead::read(own.data());
  const Sent after = bench.sent.at(1);
  assert_int_equal(own[0], 0x80);
  assert_int_equal(own[1], 96);
  assert_int_equal(head.sequence(), 3002);
  assert_int_equal(head.timestamp(), 4'500);
  assert_int_equal(meanwhile.packets(), 2);
  assert_int_equal(meanwhile.highest_sequence, 3002);
  assert_int_equal(after.sequence, 3003);
  assert_int_equal(after.timestamp, 90'000);
  assert_int_equal(rewriter.progress().packets(), 3);
  assert_int_equal(rewriter.progress().highest_sequence, 3003);
}

void the_header_is_put_back(void**) {
  const Packet original = rtp(77, 123'456, true);
  Packet packet = original;
  const SavedHeader saved(packet.data());
  HeaderRewriter rewriter(1, 0, 48);
  rewriter.attach(111, false);
  SourceProgress source;
  source.restarts(77);
  const SourcePacket in = source.place(callroom::RtpHead::read(packet.data()), callroom::Tally::unit(packet.size()));
  rewriter.begin(in, packet.size(), 0, [] { return true; });
  rewriter.rewrite(in, packet.data());
  const bool changed = packet != original;
  saved.restore(packet.data());
  const bool same = packet == original;
  assert_true(changed);
  assert_true(same);
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(within_a_source_gaps_and_reordering_are_passed_on),
      cmocka_unit_test(the_next_source_goes_on_by_one_and_by_the_time_that_passed),
      cmocka_unit_test(what_the_source_sent_after_the_leg_left_it_leaves_no_hole),
      cmocka_unit_test(a_video_source_is_held_back_until_its_key_frame),
      cmocka_unit_test(a_key_frame_is_asked_about_only_while_held_back),
      cmocka_unit_test(sequence_numbers_and_timestamps_wrap),
      cmocka_unit_test(a_jump_is_a_restart_once_the_next_packet_confirms_it),
      cmocka_unit_test(a_long_silence_is_time_that_passed),
      cmocka_unit_test(counts_packets_and_bytes_in_one_reading),
      cmocka_unit_test(numbers_can_be_passed_over_while_it_is_held),
      cmocka_unit_test(the_header_is_put_back),
  };
  return cmocka_run_group_tests_name("media/header_rewriter", tests, nullptr, nullptr);
}
