// One receiver of several senders, who encode nothing smaller for it.
#include <algorithm>
#include <cmath>

#include "media/estimator.hpp"
#include "support/cmocka.hpp"

namespace {

using namespace callroom::media;

// The way is full of what the receiver has asked for again: relaying less does not end that, relaying nothing does.
void retransmissions_that_fill_the_way_stop_everything(void**) {
  Estimator estimator({1'000'000, 1'000'000});
  estimator.set_sender_follows(false);
  Relayed relayed;
  callroom::MonotonicUs t = 50'000, flooded_at = 0, stopped_at = 0, over_at = 0, resumed_at = 0;
  for (; t <= 10'000'000 && resumed_at == 0; t += 50'000) {
    const bool floods = flooded_at != 0 && (stopped_at == 0 || t < stopped_at + 900'000);
    if (t >= 3'000'000 && flooded_at == 0) flooded_at = t;
    if (stopped_at == 0) {
      relayed.packets += 3;
      relayed.bytes += 3'000;
    }
    if (floods) {
      estimator.feedback(t, {20, 14, 0}, relayed);
    } else if (stopped_at == 0) {
      estimator.feedback(t, {3, 0, 0}, relayed);
    } else if (over_at == 0) {
      over_at = t;
    }
    if (t % 250'000 == 0) estimator.tick(t, relayed);
    if (estimator.take_stop_due() && stopped_at == 0) stopped_at = t;
    if (stopped_at != 0 && estimator.take_stop_over(t)) resumed_at = t;
  }
  assert_true(stopped_at != 0 && stopped_at <= flooded_at + 1'000'000);
  assert_true(over_at != 0 && resumed_at >= over_at);
  assert_true(resumed_at <= stopped_at + 1'300'000);
}

// Two feedbacks in turn tell of one packet and of eleven: at 70 packets a second that is a queue of 9 ms, and no reason
// to grow slowly.
void a_packet_or_two_is_no_queue_among_several(void**) {
  Estimator estimator({300'000, 3'000'000});
  estimator.set_sender_follows(false);
  Relayed relayed;
  bool odd = false;
  double longest_ms = 0;
  for (callroom::MonotonicUs t = 86'000; t <= 9'000'000; t += 86'000, odd = !odd) {
    relayed.packets += 6;
    relayed.bytes += 6'000;
    estimator.feedback(t, {odd ? 11U : 1U, 0, 0}, relayed);
    if (!odd) estimator.tick(t, relayed);  // with eleven still to be told of
    longest_ms = std::max(longest_ms, estimator.queue_ms());
  }
  const double target = estimator.target_bps();
  assert_true(longest_ms > 5 && longest_ms < 30);
  assert_true(target > 800'000);  // 1.5 of what is sent, and a little
}

// Feedback comes as ever, and covers less and less of what is relayed.
void a_queue_among_several_is_found_at_once(void**) {
  Estimator estimator({3'000'000, 3'000'000});
  estimator.set_sender_follows(false);
  Relayed relayed;
  callroom::MonotonicUs cut_at = 0;
  bool stopped = false, proven_by_then = false;
  for (callroom::MonotonicUs t = 60'000; t <= 12'000'000 && cut_at == 0; t += 60'000) {
    relayed.packets += 15;
    relayed.bytes += 16'500;
    estimator.feedback(t, {t < 10'000'000 ? 15U : 3U, 0, 0}, relayed);
    estimator.tick(t, relayed);
    if (estimator.cuts() > 0) cut_at = t;
    stopped = estimator.take_stop_due();
    proven_by_then = estimator.is_proven();
  }
  const double target = estimator.target_bps(), capacity = estimator.capacity_bps();
  assert_true(cut_at >= 10'000'000 && cut_at <= 10'150'000);  // the third feedback of it
  assert_true(stopped);
  assert_false(proven_by_then);  // nothing is known to be lost yet
  assert_true(target < capacity && capacity < 1'200'000);
}

// Whether there is no doubt of a narrow way left when a stop ends, in which feedback came for so long, and of no loss.
bool is_proven_after_stop_of(callroom::MonotonicUs length) {
  Estimator estimator({3'000'000, 3'000'000});
  estimator.set_sender_follows(false);
  Relayed relayed;
  callroom::MonotonicUs stopped_at = 0;
  for (callroom::MonotonicUs t = 60'000; t <= 12'000'000; t += 60'000) {
    if (stopped_at == 0) {
      relayed.packets += 15;
      relayed.bytes += 16'500;
    }
    estimator.feedback(t, {t < 10'000'000 ? 15U : 3U, 0, 0}, relayed);
    estimator.tick(t, relayed);
    if (estimator.take_stop_due()) stopped_at = t;
    if (stopped_at == 0 || t < stopped_at + length) continue;
    estimator.note_forgotten();
    assert_true(estimator.take_stop_over(t));
    return estimator.is_proven();
  }
  fail();
  return false;
}

void a_queue_that_lasts_for_a_stop_is_one(void**) {
  assert_true(is_proven_after_stop_of(240'000));
  assert_false(is_proven_after_stop_of(120'000));
}

// A way that suddenly takes a fifth takes that of the sound too, of which no feedback tells.
void the_sound_beside_gets_its_room_back(void**) {
  double capacity[2];
  for (const bool sound : {false, true}) {
    Estimator estimator({3'000'000, 3'000'000});
    estimator.set_sender_follows(false);
    Relayed relayed;
    std::uint32_t beside = 0;
    for (callroom::MonotonicUs t = 60'000; t <= 12'000'000 && estimator.cuts() == 0; t += 60'000) {
      relayed.packets += 15;
      relayed.bytes += 16'500;
      if (sound) beside += 1'500;  // 200 kbit/s
      estimator.feedback(t, {t < 10'000'000 ? 15U : 3U, 0, 0}, relayed);
      estimator.tick(t, relayed, beside);
    }
    capacity[sound ? 1 : 0] = estimator.capacity_bps();
  }
  const double less = capacity[0] - capacity[1];
  assert_true(less > 0.4 * 200'000 && less < 200'000);
}

// More was sent, and that much more did not arrive: what arrived before still does.
void a_try_that_fails_is_undone_and_stops_nobody(void**) {
  Estimator estimator({600'000, 3'000'000});
  estimator.set_sender_follows(false);
  Relayed relayed;
  bool stopped = false;
  for (callroom::MonotonicUs t = 60'000; t <= 14'000'000 && estimator.cuts() == 0; t += 60'000) {
    const bool tries = t > 10'000'000;
    if (t == 10'020'000) estimator.note_try(t);
    relayed.packets += tries ? 20 : 4;
    relayed.bytes += tries ? 20'000 : 4'000;
    estimator.feedback(t, {tries ? 3U : 4U, 0, 0}, relayed);
    estimator.tick(t, relayed);
    stopped |= estimator.take_stop_due();
  }
  const std::uint32_t cuts = estimator.cuts();
  const double capacity = estimator.capacity_bps();
  assert_int_equal(cuts, 1);
  assert_false(stopped);
  assert_true(capacity > 0.85 * 533'000 && capacity < 1.1 * 533'000);
}

// … but a limit that begins just after the try takes what arrived before, too.
void a_limit_that_begins_during_a_try_is_no_try_that_failed(void**) {
  Estimator estimator({600'000, 3'000'000});
  estimator.set_sender_follows(false);
  Relayed relayed;
  bool stopped = false;
  for (callroom::MonotonicUs t = 60'000; t <= 14'000'000 && estimator.cuts() == 0; t += 60'000) {
    if (t == 10'020'000) estimator.note_try(t);
    const unsigned packets = t % 120'000 == 0 ? 5 : 4;
    relayed.packets += packets;
    relayed.bytes += 1'000 * packets;
    estimator.feedback(t, {t > 10'100'000 ? 1U : packets, 0, 0}, relayed);
    estimator.tick(t, relayed);
    stopped |= estimator.take_stop_due();
  }
  const double capacity = estimator.capacity_bps();
  assert_true(stopped);
  assert_true(capacity < 0.6 * 600'000);
}

// A receiver among several whose way seems to become narrow after ten seconds. What is still on its way then arrives,
// none of it lost, until nothing is left.
double capacity_after_stop(std::uint32_t arrives_in_each, bool forgets_at_once = false) {
  Estimator estimator({3'000'000, 3'000'000});
  estimator.set_sender_follows(false);
  Relayed relayed;
  bool stopped = false, resumed = false;
  std::uint64_t told = 0;
  for (callroom::MonotonicUs t = 60'000; t <= 20'000'000 && !resumed; t += 60'000) {
    if (!stopped) {
      relayed.packets += 15;
      relayed.bytes += 16'500;
    }
    const std::uint32_t due = stopped ? arrives_in_each : t < 10'000'000 ? 15 : 3;
    const auto covered = static_cast<std::uint32_t>(std::min<std::uint64_t>(due, relayed.packets - told));
    told += covered;
    if (covered != 0) estimator.feedback(t, {covered, 0, 0}, relayed);
    estimator.tick(t, relayed);
    stopped |= estimator.take_stop_due();
    if (stopped && forgets_at_once) estimator.note_forgotten();
    resumed = stopped && estimator.take_stop_over(t);
  }
  return resumed ? estimator.capacity_bps() : 0;
}

void a_queue_that_goes_at_once_was_a_machine_that_stood_still(void**) {
  const double narrow = capacity_after_stop(3), stood_still = capacity_after_stop(100);
  const double not_told_yet = capacity_after_stop(3, true);
  assert_true(narrow > 0 && narrow < 1'200'000);
  assert_true(not_told_yet > 0 && not_told_yet < 1'200'000);
  assert_true(stood_still > 0.7 * 2'200'000);
}

// How much is left of the estimate where nothing was sent for a while, and what was sent then came late.
double left_after_pause(callroom::MonotonicUs pause) {
  Estimator estimator({800'000, 3'000'000});
  estimator.set_sender_follows(false);
  Relayed relayed;
  double before = 0;
  std::uint64_t told = 0;
  const callroom::MonotonicUs begins = 10'020'000, ends = begins + pause;
  for (callroom::MonotonicUs t = 60'000; t <= ends + 1'000'000; t += 60'000) {
    if (t == begins) before = estimator.capacity_bps();
    if (t <= begins || t > ends) {
      relayed.packets += 5;
      relayed.bytes += 5'000;
      const auto waiting = static_cast<std::uint32_t>(relayed.packets - told);
      const std::uint32_t covered = t > ends && t < ends + 250'000 ? 1 : waiting;
      told += covered;
      estimator.feedback(t, {covered}, relayed);
    }
    estimator.tick(t, relayed);
  }
  return estimator.capacity_bps() / before;
}

void what_comes_late_after_a_pause_is_no_narrow_way(void**) {
  assert_true(left_after_pause(300'000) > 0.4);
  assert_true(left_after_pause(600'000) > 0.7);
}

// A way that takes four fifths of what is sent: it is not cut to much less than that.
void a_little_too_much_is_cut_a_little(void**) {
  Estimator estimator({3'000'000, 3'000'000});
  estimator.set_sender_follows(false);
  Relayed relayed;
  bool stopped = false;
  for (callroom::MonotonicUs t = 60'000; t <= 14'000'000 && estimator.cuts() == 0; t += 60'000) {
    relayed.packets += 10;
    relayed.bytes += 10'000;  // 1.33 Mbit/s
    estimator.feedback(t, {t < 10'000'000 ? 10U : 8U}, relayed);
    estimator.tick(t, relayed);
    stopped |= estimator.take_stop_due();
  }
  const double capacity = estimator.capacity_bps();
  const std::uint32_t cuts = estimator.cuts();
  assert_int_equal(cuts, 1);
  assert_false(stopped);
  assert_true(capacity > 0.7 * 1'333'000 && capacity < 0.8 * 1'333'000);
}

// How often it is cut where a way that takes 15 packets while 13 are sent gets so many more at once.
std::uint32_t cuts_for_burst(unsigned at_once, bool of_larger_picture) {
  Estimator estimator({2'500'000, 3'000'000});
  estimator.set_sender_follows(false);
  Relayed relayed;
  std::uint64_t told = 0;
  for (callroom::MonotonicUs t = 60'000; t <= 14'000'000; t += 60'000) {
    if (t == 9'960'000 && of_larger_picture) estimator.note_try(t);
    const unsigned packets = t == 10'200'000 ? 13 + at_once : 13;
    relayed.packets += packets;
    relayed.bytes += 1'000 * packets;
    const auto covered = static_cast<std::uint32_t>(std::min<std::uint64_t>(relayed.packets - told, 15));
    told += covered;
    estimator.feedback(t, {covered}, relayed);
    estimator.tick(t, relayed);
  }
  return estimator.cuts();
}

void a_burst_of_several_is_no_queue(void**) {
  assert_int_equal(cuts_for_burst(50, false), 0);
  assert_true(cuts_for_burst(65, false) > 0);
}

// How long a way that takes ten packets of 13 is filled until the first cut.
callroom::MonotonicUs cut_after(double initial_bps) {
  Estimator estimator({initial_bps, 3'000'000});
  estimator.set_sender_follows(false);
  Relayed relayed;
  std::uint64_t told = 0;
  callroom::MonotonicUs t = 60'000;
  for (; t <= 14'000'000 && estimator.cuts() == 0; t += 60'000) {
    relayed.packets += 13;
    relayed.bytes += 13'000;
    const unsigned takes = t < 10'000'000 ? 13 : 10;
    const auto covered = static_cast<std::uint32_t>(std::min<std::uint64_t>(relayed.packets - told, takes));
    told += covered;
    estimator.feedback(t, {covered}, relayed);
    estimator.tick(t, relayed);
  }
  return t - 10'000'000;
}

// … where nothing had to be tried before, a burst would have been one then, too.
void a_limit_that_begins_is_found_sooner_than_one_that_is_known(void**) {
  const callroom::MonotonicUs unlimited = cut_after(3'000'000), limited = cut_after(2'500'000);
  assert_true(unlimited > 500'000 && unlimited < 1'000'000);
  assert_true(limited - unlimited >= 100'000);
}

struct Half {
  callroom::MonotonicUs cut_after = 0, stopped_after = 0;  // 0: not within two seconds
  double left = 0;                                         // of the estimate then
};

// Eight packets of 15 arrive for so long, and then the rest at once.
Half on_half_of_way(callroom::MonotonicUs length) {
  Estimator estimator({3'000'000, 3'000'000});
  estimator.set_sender_follows(false);
  Relayed relayed;
  Half result;
  std::uint64_t told = 0;
  for (callroom::MonotonicUs t = 60'000; t <= 12'000'000; t += 60'000) {
    relayed.packets += 15;
    relayed.bytes += 16'500;
    const bool waits = t > 10'000'000 && t <= 10'000'000 + length;
    const auto covered = static_cast<std::uint32_t>(std::min<std::uint64_t>(relayed.packets - told, waits ? 8 : 500));
    told += covered;
    estimator.feedback(t, {covered}, relayed);
    estimator.tick(t, relayed);
    if (result.cut_after == 0 && estimator.cuts() > 0) result.cut_after = t - 10'000'000;
    if (estimator.take_stop_due()) result.stopped_after = t - 10'000'000;
    if (result.stopped_after != 0) break;
  }
  result.left = estimator.capacity_bps() / 3'000'000;
  return result;
}

// … and what was cut for one that did is given back.
void a_machine_that_stands_still_for_short_stops_nobody(void**) {
  const Half shortly = on_half_of_way(350'000), lasting = on_half_of_way(2'000'000);
  assert_true(shortly.cut_after > 0 && shortly.cut_after < 400'000);
  assert_int_equal(shortly.stopped_after, 0);
  assert_true(shortly.left > 0.8);
  assert_int_equal(lasting.cut_after, shortly.cut_after);
  assert_true(lasting.stopped_after > lasting.cut_after && lasting.stopped_after <= lasting.cut_after + 200'000);
}

void the_key_frame_of_a_larger_picture_does_not_end_the_try(void**) {
  assert_int_equal(cuts_for_burst(65, true), 0);
  assert_true(cuts_for_burst(85, true) > 0);
}

// How much is left of the estimate where eight packets of ten arrive for a second, and then the rest at once, or not.
double left_after_slight_queue(bool comes_at_once) {
  Estimator estimator({1'500'000, 3'000'000});
  estimator.set_sender_follows(false);
  Relayed relayed;
  double before = 0;
  std::uint64_t told = 0;
  bool stopped = false;
  for (callroom::MonotonicUs t = 60'000; t <= 11'500'000; t += 60'000) {
    if (t < 10'000'000) before = estimator.capacity_bps();
    const unsigned packets = estimator.cuts() == 0 ? 10 : 4;
    relayed.packets += packets;
    relayed.bytes += 1'000 * packets;
    const bool waits = t > 10'000'000 && !(comes_at_once && estimator.cuts() > 0);
    const auto covered = static_cast<std::uint32_t>(std::min<std::uint64_t>(relayed.packets - told, waits ? 8 : 100));
    told += covered;
    estimator.feedback(t, {covered}, relayed);
    estimator.tick(t, relayed);
    stopped |= estimator.take_stop_due();
  }
  assert_false(stopped);
  assert_true(estimator.cuts() > 0);
  return estimator.capacity_bps() / before;
}

void a_slight_queue_that_goes_at_once_costs_little(void**) {
  assert_true(left_after_slight_queue(true) > 0.8);
  assert_true(left_after_slight_queue(false) < 0.6);
}

struct Narrow {
  std::uint32_t cuts;
  double mean_bps;
  callroom::MonotonicUs back_after;  // the limit: until the estimate is three times as much
};

// Small pictures alone, sent as the estimate allows, over a way that takes 133 kbit/s for two minutes.
Narrow on_narrow_way() {
  Estimator estimator({120'000, 3'000'000});
  estimator.set_sender_follows(false);
  Relayed relayed;
  Narrow result{};
  double due = 0, takes = 0, sum = 0;
  std::uint64_t told = 0;
  const callroom::MonotonicUs lifted_at = 120'000'000;
  callroom::MonotonicUs t = 60'000;
  for (; t <= lifted_at || estimator.target_bps() < 400'000; t += 60'000) {
    const double target = estimator.target_bps();
    due += std::min(target, t > lifted_at ? 600'000.0 : 250'000.0) * 0.06 / 4'000;
    takes = std::min(takes + (t > lifted_at ? 100 : 2), t > lifted_at ? 100.0 : 4.0);
    if (t <= lifted_at) sum += target * 0.06;
    if (t % 240'000 == 0) {  // frames
      relayed.packets += static_cast<std::uint64_t>(due);
      relayed.bytes += 500 * static_cast<std::uint64_t>(due);
      due -= std::floor(due);
    }
    const auto covered = std::min<std::uint64_t>(relayed.packets - told, static_cast<std::uint64_t>(takes));
    told += covered;
    takes -= static_cast<double>(covered);
    if (covered != 0) estimator.feedback(t, {static_cast<std::uint32_t>(covered)}, relayed);
    estimator.tick(t, relayed);
    if (t == lifted_at) result = {estimator.cuts(), sum / 120, 0};
  }
  result.back_after = t - lifted_at;
  return result;
}

void a_narrow_way_is_seldom_tried_and_its_end_soon_found(void**) {
  const auto [cuts, mean_bps, back_after] = on_narrow_way();
  assert_true(cuts > 0 && cuts < 15);
  assert_true(mean_bps > 0.9 * 133'000 && mean_bps < 133'000);
  assert_true(back_after < 5'000'000);
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(retransmissions_that_fill_the_way_stop_everything),
      cmocka_unit_test(a_packet_or_two_is_no_queue_among_several),
      cmocka_unit_test(a_queue_among_several_is_found_at_once),
      cmocka_unit_test(a_queue_that_lasts_for_a_stop_is_one),
      cmocka_unit_test(the_sound_beside_gets_its_room_back),
      cmocka_unit_test(a_try_that_fails_is_undone_and_stops_nobody),
      cmocka_unit_test(a_limit_that_begins_during_a_try_is_no_try_that_failed),
      cmocka_unit_test(what_comes_late_after_a_pause_is_no_narrow_way),
      cmocka_unit_test(a_little_too_much_is_cut_a_little),
      cmocka_unit_test(a_queue_that_goes_at_once_was_a_machine_that_stood_still),
      cmocka_unit_test(a_narrow_way_is_seldom_tried_and_its_end_soon_found),
      cmocka_unit_test(a_burst_of_several_is_no_queue),
      cmocka_unit_test(a_limit_that_begins_is_found_sooner_than_one_that_is_known),
      cmocka_unit_test(a_machine_that_stands_still_for_short_stops_nobody),
      cmocka_unit_test(the_key_frame_of_a_larger_picture_does_not_end_the_try),
      cmocka_unit_test(a_slight_queue_that_goes_at_once_costs_little),
  };
  return cmocka_run_group_tests_name("media/estimator_several", tests, nullptr, nullptr);
}
