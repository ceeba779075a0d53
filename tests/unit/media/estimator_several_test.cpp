// One receiver of several senders, who encode nothing smaller for it.
#include <algorithm>

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
    if (stopped_at != 0 && estimator.take_key_frame_due(t)) resumed_at = t;
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

// The first cut comes when most of what has arrived is of the time before. What is repeated during the stop, and lost
// again, tells more.
void a_flood_tells_what_the_way_takes(void**) {
  Estimator estimator({3'000'000, 3'000'000});
  estimator.set_sender_follows(false);
  Relayed relayed;
  callroom::MonotonicUs t = 60'000, stopped_at = 0, resumed_at = 0;
  double capacity_at_first = 0;
  for (; t <= 15'000'000 && resumed_at == 0; t += 60'000) {
    if (stopped_at == 0) {
      relayed.packets += 15;
      relayed.bytes += 16'500;
      estimator.feedback(t, {t < 10'000'000 ? 15U : 6U, 0, 0}, relayed);
    } else if (t < stopped_at + 1'000'000) {
      estimator.feedback(t, {20, 16, 0}, relayed);  // 4 of 1,000 bytes arrive
    }
    estimator.tick(t, relayed);
    if (estimator.take_stop_due() && stopped_at == 0) {
      stopped_at = t;
      capacity_at_first = estimator.capacity_bps();
    }
    if (stopped_at != 0 && estimator.take_key_frame_due(t)) resumed_at = t;
  }
  const double capacity = estimator.capacity_bps(), usual_loss = estimator.usual_loss();
  const bool proven = estimator.is_proven();
  assert_true(resumed_at != 0);
  assert_true(capacity_at_first > 600'000);
  assert_true(capacity > 350'000 && capacity < 500'000);
  assert_true(proven);
  assert_true(usual_loss < 0.05);
}

// … once the receiver asks for nothing of it any more.
void what_is_given_up_is_waited_for_no_longer(void**) {
  callroom::MonotonicUs took[2];
  for (const bool gives_up : {false, true}) {
    Estimator estimator({3'000'000, 3'000'000});
    estimator.set_sender_follows(false);
    Relayed relayed;
    callroom::MonotonicUs stopped_at = 0, resumed_at = 0;
    for (callroom::MonotonicUs t = 60'000; t <= 15'000'000 && resumed_at == 0; t += 60'000) {
      if (stopped_at == 0) {
        relayed.packets += 15;
        relayed.bytes += 16'500;
        estimator.feedback(t, {t < 10'000'000 ? 15U : 4U, 0, 0}, relayed);
      } else if (t < stopped_at + 900'000) {
        estimator.feedback(t, {20, 16, 0}, relayed);
      } else if (t < stopped_at + 1'200'000) {
        estimator.feedback(t, {1, 0, 0}, relayed);
      }
      estimator.tick(t, relayed);
      if (estimator.take_stop_due() && stopped_at == 0) stopped_at = t;
      if (stopped_at != 0 && gives_up && t >= stopped_at + 900'000) estimator.note_forgotten();
      if (stopped_at != 0 && estimator.take_key_frame_due(t)) resumed_at = t;
    }
    took[gives_up ? 1 : 0] = resumed_at - stopped_at;
  }
  assert_true(took[1] >= 900'000 && took[1] < took[0] - 60'000);
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

// What is repeated arrives, as much as the way takes, and nothing more is lost: a key frame would come on top of it.
void a_stop_lasts_while_repetitions_fill_the_way(void**) {
  constexpr callroom::MonotonicUs kLossy = 300'000, kFull = 900'000;  // after the stop
  Estimator estimator({3'000'000, 3'000'000});
  estimator.set_sender_follows(false);
  Relayed relayed;
  callroom::MonotonicUs stopped_at = 0, resumed_at = 0;
  for (callroom::MonotonicUs t = 60'000; t <= 15'000'000 && resumed_at == 0; t += 60'000) {
    if (stopped_at == 0) {
      relayed.packets += 15;
      relayed.bytes += 16'500;
      estimator.feedback(t, {t < 10'000'000 ? 15U : 4U, 0, 0}, relayed);
    } else if (t < stopped_at + kLossy) {
      estimator.feedback(t, {20, 16, 0}, relayed);
    } else if (t < stopped_at + kFull) {
      estimator.feedback(t, {4, 0, 0}, relayed);
    } else if (t < stopped_at + kFull + 120'000) {
      estimator.feedback(t, {1, 0, 0}, relayed);
    }
    estimator.tick(t, relayed);
    if (estimator.take_stop_due() && stopped_at == 0) stopped_at = t;
    if (stopped_at != 0 && estimator.take_key_frame_due(t)) resumed_at = t;
  }
  assert_true(stopped_at != 0);
  assert_true(resumed_at >= stopped_at + kFull && resumed_at <= stopped_at + kFull + 120'000);
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
    resumed = stopped && estimator.take_key_frame_due(t);
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

// Each feedback tells of more that was lost than was relayed since the stop.
void what_is_told_after_a_stop_was_lost_before_it(void**) {
  std::uint32_t cuts[2];
  for (const bool gives_up : {false, true}) {
    Estimator estimator({3'000'000, 3'000'000});
    estimator.set_sender_follows(false);
    Relayed relayed;
    callroom::MonotonicUs stopped_at = 0, resumed_at = 0;
    for (callroom::MonotonicUs t = 60'000; t <= 14'000'000; t += 60'000) {
      const bool full = stopped_at == 0;
      if (resumed_at != 0 && t > resumed_at + 700'000) break;
      if (full || resumed_at != 0) {
        relayed.packets += full ? 15 : 1;
        relayed.bytes += full ? 16'500 : 1'000;
      }
      const bool narrow = t >= 10'000'000;
      estimator.feedback(t,
                         !narrow ? Estimator::Feedback{15}
                         : full  ? Estimator::Feedback{4}
                                 : Estimator::Feedback{10, 8},
                         relayed);
      estimator.tick(t, relayed);
      if (estimator.take_stop_due() && stopped_at == 0) stopped_at = t;
      if (stopped_at != 0 && gives_up && t >= stopped_at + 500'000) estimator.note_forgotten();
      if (stopped_at != 0 && resumed_at == 0 && estimator.take_key_frame_due(t)) resumed_at = t;
    }
    assert_true(resumed_at != 0);
    cuts[gives_up ? 1 : 0] = estimator.cuts();
  }
  assert_true(cuts[0] > 1);
  assert_int_equal(cuts[1], 1);
}

// A receiver that gives nothing up: what tells it to is no repetition that fills the way.
void packets_of_our_own_keep_no_stop_up(void**) {
  Estimator estimator({3'000'000, 3'000'000});
  estimator.set_sender_follows(false);
  Relayed relayed;
  callroom::MonotonicUs stopped_at = 0, resumed_at = 0;
  for (callroom::MonotonicUs t = 60'000; t <= 15'000'000 && resumed_at == 0; t += 60'000) {
    const bool stopped = stopped_at != 0;
    relayed.packets += stopped ? 4 : 15;
    relayed.bytes += stopped ? 56 : 16'500;
    const bool drains = stopped && t < stopped_at + 300'000;
    estimator.feedback(t, {t < 10'000'000 ? 15U : !stopped ? 4U : drains ? 12U : 4U, 0, 0}, relayed);
    estimator.tick(t, relayed);
    if (estimator.take_stop_due() && !stopped) stopped_at = t;
    if (stopped_at != 0 && estimator.take_key_frame_due(t)) resumed_at = t;
  }
  assert_true(stopped_at != 0);
  assert_true(resumed_at != 0 && resumed_at <= stopped_at + 900'000);
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(retransmissions_that_fill_the_way_stop_everything),
      cmocka_unit_test(a_packet_or_two_is_no_queue_among_several),
      cmocka_unit_test(a_queue_among_several_is_found_at_once),
      cmocka_unit_test(a_flood_tells_what_the_way_takes),
      cmocka_unit_test(what_is_given_up_is_waited_for_no_longer),
      cmocka_unit_test(the_sound_beside_gets_its_room_back),
      cmocka_unit_test(a_try_that_fails_is_undone_and_stops_nobody),
      cmocka_unit_test(a_limit_that_begins_during_a_try_is_no_try_that_failed),
      cmocka_unit_test(a_queue_that_goes_at_once_was_a_machine_that_stood_still),
      cmocka_unit_test(what_is_told_after_a_stop_was_lost_before_it),
      cmocka_unit_test(packets_of_our_own_keep_no_stop_up),
      cmocka_unit_test(a_stop_lasts_while_repetitions_fill_the_way),
  };
  return cmocka_run_group_tests_name("media/estimator_several", tests, nullptr, nullptr);
}
