#include "media/layer_filter.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "media/layered_source.hpp"
#include "support/cmocka.hpp"

namespace {

using namespace callroom::media;
using callroom::kRtpHeaderSize;
using callroom::MonotonicUs;
using Bytes = std::vector<std::uint8_t>;

constexpr std::uint8_t kRidExtension = 4;

// A packet of a VP8 layer, as Chromium sends it: the rid in a header extension, picture id, TL0PICIDX and temporal
// layer.
struct Frame {
  char rid = 'l';
  std::uint16_t sequence = 1;
  std::uint32_t timestamp = 0;
  int temporal = 0;
  bool key = false, sync = false, starts = true;
  std::uint16_t picture = 0;
};

Bytes packet_of(const Frame& frame) {
  Bytes bytes(kRtpHeaderSize);
  bytes[0] = 0x90;
  bytes[1] = 96;
  store_u16(bytes.data() + 2, frame.sequence);
  store_u32(bytes.data() + 4, frame.timestamp);
  store_u32(bytes.data() + 8, static_cast<std::uint32_t>(frame.rid));
  const auto rid = static_cast<std::uint8_t>(frame.rid);
  bytes.insert(bytes.end(), {0xbe, 0xde, 0, 1, kRidExtension << 4, rid, 0, 0});
  bytes.insert(bytes.end(),
               {static_cast<std::uint8_t>(0x80 | (frame.starts ? 0x10 : 0)), 0xe0,
                static_cast<std::uint8_t>(0x80 | frame.picture >> 8), static_cast<std::uint8_t>(frame.picture), 7,
                static_cast<std::uint8_t>(frame.temporal << 6 | (frame.sync ? 0x20 : 0)),
                static_cast<std::uint8_t>(frame.key ? 0 : 1), 1, 2, 3});
  bytes.resize(bytes.size() + 500);
  return bytes;
}

// A source, one receiver, and what it got: its numbers and picture ids.
struct Receiver {
  LayeredSource source{{{"h", "m", "l"}, kRidExtension}, true};
  LayerFilter filter;
  std::vector<std::uint64_t> indexes;
  std::vector<int> pictures;
  std::vector<std::uint32_t> timestamps;
  MonotonicUs now = 1'000'000;

  bool send(const Frame& frame) {
    Bytes bytes = packet_of(frame);
    const auto packet = source.read(bytes, frame.key && frame.starts, now);
    if (!packet) return false;
    const auto taken = filter.take(*packet, now);
    if (!taken) return false;
    const auto payload = std::span(bytes).subspan(packet->payload_at);
    filter.continuity.rewrite(*packet->descriptor, payload, taken->frames_left_out_since);
    indexes.push_back(taken->index);
    timestamps.push_back(taken->timestamp);
    pictures.push_back(*parse_vp8_descriptor(payload)->picture_id);
    return true;
  }

  // Frames of these layers, 20 a second, none of them a key frame unless said so; how many were passed on.
  int flow(const std::string& rids, int frames, bool key = false) {
    int passed = 0;
    for (int i = 0; i < frames; ++i) {
      now += 50'000;
      timestamp += 4'500;
      ++picture;
      for (const char rid : rids) {
        const std::size_t layer = std::string("lmh").find(rid);
        if (send({rid, ++sequences[layer], timestamp, 0, key, false, true, picture})) ++passed;
      }
    }
    return passed;
  }
  std::array<std::uint16_t, 3> sequences{1000, 2000, 3000};
  std::uint32_t timestamp = 0;
  std::uint16_t picture = 0;
};

std::vector<int> steps(const std::vector<std::uint64_t>& indexes) {
  std::vector<int> steps;
  for (std::size_t i = 1; i < indexes.size(); ++i) steps.push_back(static_cast<int>(indexes[i] - indexes[i - 1]));
  return steps;
}

void a_receiver_begins_with_a_key_frame_of_any_layer_up_to_its_own(void**) {
  Receiver receiver;
  receiver.filter.choose({1, 2});
  const int inter = receiver.flow("lmh", 21);  // a second: what flows for so long is steady
  const bool too_high = receiver.send({'h', 4000, 0, 0, true});
  const bool lowest = receiver.send({'l', 1022, 0, 0, true});
  const bool waited = receiver.filter.waits_for_key_frame();
  const bool own = receiver.send({'m', 2022, 0, 0, true});
  const bool waits = receiver.filter.waits_for_key_frame();
  const bool lower_again = receiver.send({'l', 1023, 3000});
  assert_int_equal(inter, 0);
  assert_false(too_high);
  assert_true(lowest);
  assert_true(waited);
  assert_true(own);
  assert_false(waits);
  assert_false(lower_again);
  assert_true(steps(receiver.indexes) == std::vector<int>{1});
}

// Chromium begins with a key frame of each size, and then sends only the smaller ones for a second or so.
void a_layer_that_stops_after_its_first_frame_is_not_waited_for(void**) {
  Receiver receiver;
  receiver.filter.choose({2, 2});
  const int begun = receiver.flow("mh", 1, true);
  const int meanwhile = receiver.flow("m", 20);
  const bool waits_for_nothing = !receiver.filter.waits_for_key_frame();
  const int returns = receiver.flow("mh", 1, true);  // Chromium sends a key frame then
  const int and_settles = receiver.flow("mh", 19);
  const bool not_yet = !receiver.filter.waits_for_key_frame();
  const int steady = receiver.flow("mh", 4);
  const bool waits = receiver.filter.waits_for_key_frame();
  const int larger = receiver.flow("mh", 1, true);
  const int goes_on = receiver.flow("mh", 10);
  const bool done = !receiver.filter.waits_for_key_frame();
  assert_int_equal(begun, 1);
  assert_int_equal(meanwhile, 20);
  assert_true(waits_for_nothing);
  assert_int_equal(returns, 1);
  assert_int_equal(and_settles, 19);
  assert_true(not_yet);
  assert_int_equal(steady, 4);
  assert_true(waits);
  assert_int_equal(larger, 2);  // the smaller one's, and the larger one's that takes over
  assert_int_equal(goes_on, 10);
  assert_true(done);
}

// It did, as a call began, with every other frame of the larger size; then with none for a while.
void a_layer_is_taken_when_it_keeps_up_with_the_others(void**) {
  Receiver receiver;
  receiver.filter.choose({2, 2});
  receiver.flow("mh", 1, true);
  for (int i = 0; i < 10; ++i) {
    receiver.flow("m", 1);
    receiver.flow("mh", 1);
  }
  const bool seldom = !receiver.filter.waits_for_key_frame();
  const int smaller = receiver.flow("mh", 1, true);
  receiver.flow("mh", 26);
  const bool keeps_up = receiver.filter.waits_for_key_frame();
  const int larger = receiver.flow("mh", 1, true);
  assert_true(seldom);
  assert_int_equal(smaller, 1);
  assert_true(keeps_up);
  assert_int_equal(larger, 2);
}

void the_next_lower_layer_stands_in_for_one_that_stops(void**) {
  Receiver receiver;
  receiver.filter.choose({2, 1});
  receiver.flow("lmh", 1, true);
  receiver.flow("lmh", 20);
  receiver.flow("lmh", 1, true);
  const int whole = receiver.flow("lmh", 10);
  const int two_missed = receiver.flow("lm", 2);
  const bool patient = !receiver.filter.waits_for_key_frame();
  receiver.flow("lm", 2);
  const bool waits = receiver.filter.waits_for_key_frame();
  const int middle = receiver.flow("lm", 1, true);
  const int and_on = receiver.flow("lm", 10);
  const bool steady = !receiver.filter.waits_for_key_frame();
  receiver.flow("l", 4);
  const int lowest = receiver.flow("l", 1, true);
  // It comes back, and stops again: the next time it is waited for longer.
  const auto is_asked_for_after = [&receiver](int frames) {
    receiver.flow("lm", frames);
    const bool asked = receiver.filter.waits_for_key_frame();
    receiver.flow("l", 10);
    return asked;
  };
  const bool soon = is_asked_for_after(30), asked = is_asked_for_after(31);
  const bool again = is_asked_for_after(45), at_last = is_asked_for_after(46);
  assert_int_equal(whole, 10);
  assert_int_equal(two_missed, 0);
  assert_true(patient);
  assert_true(waits);
  assert_int_equal(middle, 1);
  assert_int_equal(and_on, 10);
  assert_true(steady);
  assert_int_equal(lowest, 1);
  assert_false(soon);
  assert_true(asked);
  assert_false(again);
  assert_true(at_last);
  assert_true(std::ranges::all_of(steps(receiver.indexes), [](int step) { return step == 1; }));
}

// Whoever mutes the camera stops all layers.
void what_stops_altogether_has_not_stopped_a_layer(void**) {
  Receiver receiver;
  receiver.filter.choose({2, 2});
  receiver.flow("lmh", 1, true);
  receiver.flow("lmh", 20);
  receiver.flow("lmh", 1, true);
  receiver.now += 20'000'000;
  const int resumed = receiver.flow("lmh", 10);
  const bool waits = receiver.filter.waits_for_key_frame();
  assert_int_equal(resumed, 10);
  assert_false(waits);
}

void what_is_left_out_leaves_no_gap(void**) {
  Receiver receiver;
  receiver.filter.choose({0, 0});
  std::vector<bool> passed;
  std::uint16_t sequence = 10, picture = 100;
  for (const int temporal : {0, 2, 1, 2, 0, 2, 1, 2, 0}) {
    passed.push_back(
        receiver.send({'l', sequence, 3000U * sequence, temporal, sequence == 10, temporal != 0, true, picture}));
    ++sequence, ++picture;
  }
  const std::vector<bool> expected{true, false, false, false, true, false, false, false, true};
  const std::vector<int> pictures{100, 101, 102};
  assert_true(passed == expected);
  assert_true((steps(receiver.indexes) == std::vector<int>{1, 1}));
  assert_true(receiver.pictures == pictures);
}

void padding_leaves_no_gap(void**) {
  Receiver receiver;
  receiver.filter.choose({0, 2});
  receiver.send({'l', 1, 0, 0, true, false, true, 1});
  const Bytes whole = packet_of({'l', 2, 0});
  Bytes padding(whole.begin(), whole.begin() + kRtpHeaderSize + 8), nothing = padding;
  padding[0] |= 0x20;
  padding.resize(padding.size() + 200);
  padding.back() = 200;
  store_u16(nothing.data() + 2, 3);
  std::vector<bool> passed;
  for (const Bytes& bytes : {padding, nothing}) {
    const auto packet = receiver.source.read(bytes, false, receiver.now);
    passed.push_back(packet && receiver.filter.take(*packet, receiver.now));
  }
  receiver.send({'l', 4, 3000, 0, false, false, true, 2});
  assert_true((passed == std::vector<bool>{false, false}));
  assert_true((steps(receiver.indexes) == std::vector<int>{1}));
  assert_true((receiver.pictures == std::vector<int>{1, 2}));
}

void a_gap_of_the_source_stays_a_gap_that_a_late_packet_fills(void**) {
  Receiver receiver;
  receiver.filter.choose({0, 0});
  receiver.send({'l', 1, 0, 0, true, false, true, 1});
  receiver.send({'l', 3, 6000, 2, false, false, true, 3});  // left out; 2 is missing
  receiver.send({'l', 4, 9000, 0, false, false, true, 4});
  receiver.send({'l', 2, 3000, 0, false, false, true, 2});  // late
  const std::vector<int> pictures{1, 3, 2};
  assert_true((steps(receiver.indexes) == std::vector<int>{2, -1}));
  assert_true(receiver.pictures == pictures);
}

void a_packet_that_comes_again_is_not_passed_on_again(void**) {
  Receiver receiver;
  receiver.filter.choose({0, 0});
  receiver.send({'l', 65'535, 0, 0, true, false, true, 1});
  const bool second = receiver.send({'l', 1, 6000, 0, false, false, true, 3});  // 0 is missing
  const bool newest_again = receiver.send({'l', 1, 6000, 0, false, false, true, 3});
  const bool older_again = receiver.send({'l', 65'535, 0, 0, true, false, true, 1});
  const bool missing = receiver.send({'l', 0, 3000, 0, false, false, true, 2});
  const bool missing_again = receiver.send({'l', 0, 3000, 0, false, false, true, 2});
  assert_true(second);
  assert_false(newest_again);
  assert_false(older_again);
  assert_true(missing);
  assert_false(missing_again);
}

void a_temporal_layer_is_entered_at_a_frame_that_allows_it_and_left_at_once(void**) {
  Receiver receiver;
  receiver.filter.choose({0, 0});
  std::uint16_t sequence = 1;
  const auto send = [&](int temporal, bool sync) {
    const bool key = sequence == 1;
    const auto number = sequence++;
    return receiver.send({'l', number, 3000U * number, temporal, key, sync, true, number});
  };
  send(0, false);
  receiver.filter.choose({0, 2});
  const bool no_sync = send(2, false);
  const bool base = send(0, false);
  const bool sync = send(1, true);
  const bool above = send(2, false);
  const bool above_sync = send(2, true);
  receiver.filter.choose({0, 1});
  const bool left = send(2, true);
  const bool kept = send(1, false);
  assert_false(no_sync);
  assert_true(base);
  assert_true(sync);
  assert_false(above);
  assert_true(above_sync);
  assert_false(left);
  assert_true(kept);
}

void a_change_of_layer_is_one_continuous_stream(void**) {
  Receiver receiver;
  receiver.filter.choose({0, 2});
  receiver.send({'l', 500, 70'000, 0, true, false, true, 9});
  receiver.now += 33'000;
  receiver.filter.choose({2, 2});
  const bool lower_meanwhile = receiver.send({'l', 501, 73'000, 0, false, false, true, 10});
  receiver.flow("h", 10);
  receiver.now = 1'066'000;
  const bool higher = receiver.send({'h', 9000, 5'000'000, 0, true, false, true, 4000});
  receiver.filter.choose({0, 2});  // and down: the higher goes on, as little as possible, until the lower begins
  const bool base = receiver.send({'h', 9001, 5'003'000, 0, false, false, true, 4001});
  const bool more = receiver.send({'h', 9002, 5'006'000, 2, false, true, true, 4002});
  const bool its_own = receiver.send({'h', 9003, 5'009'000, 0, true, false, true, 4003});
  const bool after_it = receiver.send({'h', 9004, 5'012'000, 0, false, false, true, 4004});
  const bool back = receiver.send({'l', 502, 76'000, 0, true, false, true, 11});
  const std::vector<int> pictures{9, 10, 11, 12, 13};
  assert_true(lower_meanwhile && higher && base && back);
  assert_false(more || its_own || after_it);  // with a key frame of the higher comes one of the lower
  assert_true((steps(receiver.indexes) == std::vector<int>{1, 1, 1, 1}));
  assert_true(receiver.pictures == pictures);
  assert_int_equal(receiver.timestamps[2] - receiver.timestamps[1], 33 * 90);
}

void what_layers_cost_is_what_flows(void**) {
  LayeredSource source({{"h", "m", "l"}, kRidExtension}, true);
  MonotonicUs now = 1'000'000;
  std::uint16_t sequence = 1;
  source.costs(now);
  const auto flow = [&](const std::string& rids, double seconds) {
    for (double t = 0; t < seconds; t += 0.25) {
      for (int i = 0; i < 8; ++i, ++sequence) {
        for (const char rid : rids) {
          const int times = rid == 'l' ? 1 : 3;
          const auto timestamp = 3000U * sequence;
          for (int n = 0; n < times; ++n) {
            const auto number = static_cast<std::uint16_t>(3 * sequence + n);
            const int temporal = i % 2 == 0 ? 0 : i % 4 == 1 ? 2 : 1;
            source.read(packet_of({rid, number, timestamp, temporal}), false, now);
          }
        }
      }
      now += 250'000;
      source.costs(now);
    }
    return source.costs(now + 1);
  };
  const auto both = flow("lm", 4);
  const auto alone = flow("l", 4);
  for (std::uint16_t n = 0; n < 30; ++n) {
    const auto number = static_cast<std::uint16_t>(3 * sequence + n);
    source.read(packet_of({'l', number, 3000U * sequence, 0, n == 0, false, n == 0}), n == 0, now);
  }
  now += 250'000;
  const auto after_key_frame = source.costs(now);
  const double bps = 32 * 530 * 8;   // a second's packets of the lowest
  assert_int_equal(both.size(), 5);  // not the larger one with a quarter of the frames
  assert_true(both[0].layer == (Layer{0, 0}) && both[1].layer == (Layer{0, 1}) && both[2].layer == (Layer{0, 2}));
  assert_true(both[3].layer == (Layer{1, 1}) && both[4].layer == (Layer{1, 2}));
  assert_true(both[2].bps > 0.9 * bps && both[2].bps < 1.1 * bps);
  assert_true(both[4].bps > 2.7 * bps && both[4].bps < 3.3 * bps);
  assert_int_equal(alone.size(), 3);
  assert_true(after_key_frame[0].bps <= alone[0].bps);
}

void header_extensions_are_read_in_both_forms_and_never_beyond_the_packet(void**) {
  Bytes one = packet_of({'m'});
  Bytes two(kRtpHeaderSize);
  two[0] = 0x90;
  two.insert(two.end(), {0x10, 0x00, 0, 1, kRidExtension, 1, 'h', 0});
  const auto text = [](std::span<const std::uint8_t> value) { return std::string(value.begin(), value.end()); };
  const std::string in_one = text(header_extension(one, kRidExtension));
  const std::string in_two = text(header_extension(two, kRidExtension));
  const bool other = header_extension(one, 9).empty();
  bool within = true;
  for (std::size_t size = 0; size < 20; ++size) {
    within &= header_extension(std::span(one).first(size), kRidExtension).empty();
  }
  Bytes beyond = two;
  beyond[kRtpHeaderSize + 5] = 200;
  const bool too_long = header_extension(beyond, kRidExtension).empty();
  assert_string_equal(in_one.c_str(), "m");
  assert_string_equal(in_two.c_str(), "h");
  assert_true(other);
  assert_true(within);
  assert_true(too_long);
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(a_receiver_begins_with_a_key_frame_of_any_layer_up_to_its_own),
      cmocka_unit_test(a_layer_that_stops_after_its_first_frame_is_not_waited_for),
      cmocka_unit_test(a_layer_is_taken_when_it_keeps_up_with_the_others),
      cmocka_unit_test(the_next_lower_layer_stands_in_for_one_that_stops),
      cmocka_unit_test(what_stops_altogether_has_not_stopped_a_layer),
      cmocka_unit_test(what_is_left_out_leaves_no_gap),
      cmocka_unit_test(padding_leaves_no_gap),
      cmocka_unit_test(a_gap_of_the_source_stays_a_gap_that_a_late_packet_fills),
      cmocka_unit_test(a_packet_that_comes_again_is_not_passed_on_again),
      cmocka_unit_test(a_temporal_layer_is_entered_at_a_frame_that_allows_it_and_left_at_once),
      cmocka_unit_test(a_change_of_layer_is_one_continuous_stream),
      cmocka_unit_test(what_layers_cost_is_what_flows),
      cmocka_unit_test(header_extensions_are_read_in_both_forms_and_never_beyond_the_packet),
  };
  return cmocka_run_group_tests_name("media/layer_filter", tests, nullptr, nullptr);
}
