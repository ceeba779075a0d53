// A way that becomes so narrow that nothing is to be relayed for a while: how long that lasts, and what it tells.
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>

#include "media/estimator.hpp"
#include "support/cmocka.hpp"

namespace {

using namespace callroom;
using media::Estimator;
using Feedback = Estimator::Feedback;

constexpr MonotonicUs kStep = 60'000, kNarrowAt = 10'000'000, kNever = std::numeric_limits<MonotonicUs>::max();
constexpr std::uint32_t kPackets = 15, kBytes = 1'100;  // relayed in each step: 2.2 Mbit/s

// In each step there is feedback; in steps during the stop, what `told` makes of the time since it began.
struct Case {
  std::function<Feedback(MonotonicUs)> told;
  bool sender_follows = false;
  std::uint32_t arrives = 4;          // in a step, between kNarrowAt and the stop
  std::uint32_t own = 0;              // packets with nothing in them, in each step of the stop
  std::uint32_t relayed_late = 0;     // as usual, but just after the stop began
  MonotonicUs forgotten_at = kNever;  // since the stop began
};

struct Outcome {
  Estimator estimator{{3'000'000, 3'000'000}};
  media::Relayed relayed;
  MonotonicUs took = kNever, ended_at = 0;  // the stop
  double capacity_at_first = 0;
};

Outcome stop(const Case& one) {
  Outcome outcome;
  Estimator& estimator = outcome.estimator;
  estimator.set_sender_follows(one.sender_follows);
  media::Relayed& relayed = outcome.relayed;
  std::optional<MonotonicUs> stopped_at;
  for (MonotonicUs t = kStep; t < kNarrowAt + 5'000'000; t += kStep) {
    const MonotonicUs since = stopped_at ? t - *stopped_at : 0;
    const std::uint32_t real = !stopped_at ? kPackets : since == kStep ? one.relayed_late : 0;
    relayed.packets += real + (stopped_at ? one.own : 0);
    relayed.bytes += real * kBytes + (stopped_at ? one.own : 0) * 14;
    const Feedback told = stopped_at ? one.told(since) : Feedback{t < kNarrowAt ? kPackets : one.arrives};
    if (told.covered != 0) estimator.feedback(t, told, relayed);
    estimator.tick(t, relayed);
    if (estimator.take_stop_due() && !stopped_at) {
      stopped_at = t;
      outcome.capacity_at_first = estimator.capacity_bps();
    }
    if (stopped_at && since >= one.forgotten_at) estimator.note_forgotten();
    if (!stopped_at || !estimator.take_stop_over(t)) continue;
    outcome.took = since;
    outcome.ended_at = t;
    break;
  }
  return outcome;
}

// 4 of 20 arrive: 590 kbit/s of this size.
std::function<Feedback(MonotonicUs)> flood(MonotonicUs lasts) {
  return [lasts](MonotonicUs since) { return since < lasts ? Feedback{20, 16} : Feedback{}; };
}

// The first cut comes when most of what has arrived is of the time before. What is repeated during the stop, and lost
// again, tells more.
void a_flood_tells_what_the_way_takes(void**) {
  for (const bool sender_follows : {false, true}) {
    const Outcome outcome = stop({.told = flood(1'000'000), .sender_follows = sender_follows, .arrives = 6});
    const double capacity = outcome.estimator.capacity_bps(), usual_loss = outcome.estimator.usual_loss();
    assert_true(outcome.took != kNever);
    assert_true(outcome.capacity_at_first > 600'000);
    assert_true(capacity > 350'000 && capacity < 500'000);
    assert_true(outcome.estimator.is_proven());
    assert_true(usual_loss < 0.05);
  }
}

// … and so does, to one receiver alone, what waited and arrives then.
void what_waited_tells_what_the_way_takes(void**) {
  const auto drains = [](MonotonicUs) { return Feedback{4}; };
  const Outcome outcome = stop({.told = drains, .sender_follows = true, .arrives = 8});
  const double capacity = outcome.estimator.capacity_bps();
  assert_true(outcome.capacity_at_first > 700'000);
  assert_true(capacity > 350'000 && capacity < 550'000);
}

// … to one of several, whose machine may be busy, where it is more than was thought.
void what_waited_tells_one_of_several_of_more_alone(void**) {
  const auto at = [](std::uint32_t packets) { return [packets](MonotonicUs) { return Feedback{packets}; }; };
  const Outcome more = stop({.told = at(6), .arrives = 3, .relayed_late = 2 * kPackets});
  const Outcome less = stop({.told = at(2), .arrives = 3, .relayed_late = 2 * kPackets});
  const double first = more.capacity_at_first, then = more.estimator.capacity_bps();
  assert_true(then > 1.3 * first && then < 0.9 * 880'000);
  assert_true(less.estimator.capacity_bps() == less.capacity_at_first);
}

// The stop takes effect a little later than the estimator said so.
void what_was_relayed_late_is_no_empty_packet(void**) {
  double capacity[2];
  for (const bool late : {false, true}) {
    const Outcome outcome =
        stop({.told = flood(kNever), .own = 1, .relayed_late = late ? kPackets : 0, .forgotten_at = 480'000});
    capacity[late ? 1 : 0] = outcome.estimator.capacity_bps();
  }
  assert_true(capacity[1] > 0.95 * capacity[0]);
}

// Less waited when it was cut than has come to the queue since.
void a_stop_lasts_while_the_queue_does(void**) {
  const auto drains = [](MonotonicUs since) { return Feedback{since < 600'000 ? 3U : 60U}; };
  const Outcome outcome = stop({.told = drains, .sender_follows = true, .arrives = 11, .relayed_late = 2 * kPackets});
  assert_true(outcome.took >= 540'000 && outcome.took <= 720'000);
}

// What a receiver asks for no more is waited for no longer.
void a_stop_ends_once_the_receiver_has_forgotten(void**) {
  constexpr MonotonicUs kForgottenAt = 480'000;
  for (const bool sender_follows : {false, true}) {
    const Outcome keeps = stop({.told = flood(900'000), .sender_follows = sender_follows});
    const Outcome forgets =
        stop({.told = flood(900'000), .sender_follows = sender_follows, .forgotten_at = kForgottenAt});
    assert_true(keeps.took > 800'000 && keeps.took != kNever);
    assert_int_equal(forgets.took, kForgottenAt);
  }
}

// What was lost is repeated once more, and what begins then comes behind it.
void what_was_lost_tells_how_long_its_repetition_takes(void**) {
  const auto lossy = [](MonotonicUs since) { return since < 240'000 ? Feedback{4} : Feedback{6, 2}; };
  const Outcome outcome = stop({.told = lossy, .own = 4, .relayed_late = 2 * kPackets, .forgotten_at = 420'000});
  const auto takes = static_cast<double>(outcome.estimator.repetitions_take());
  const double of_eight = 8 * 8 * kBytes / (outcome.estimator.capacity_bps() / 0.82) * 1e6;  // 240 to 420 ms
  assert_true(takes > 0.95 * of_eight && takes < 1.05 * of_eight);
  const Outcome all = stop({.told = flood(kNever), .forgotten_at = 480'000});
  assert_int_equal(all.estimator.repetitions_take(), 400'000);  // no more than a queue holds
}

// What is repeated arrives, as much as the way takes, and nothing more is lost: a key frame would come on top of it.
void a_stop_lasts_while_repetitions_fill_the_way(void**) {
  constexpr MonotonicUs kLossy = 300'000, kFull = 900'000;
  const auto told = [](MonotonicUs since) {
    return since < kLossy ? Feedback{20, 16} : since < kFull ? Feedback{4} : Feedback{1};
  };
  const Outcome outcome = stop({.told = told});
  assert_true(outcome.took >= kFull && outcome.took <= kFull + 2 * kStep);
}

// A receiver that gives nothing up: what tells it to is no repetition that fills the way.
void packets_of_our_own_keep_no_stop_up(void**) {
  const auto drains = [](MonotonicUs since) { return Feedback{since < 300'000 ? 12U : 4U}; };
  const Outcome outcome = stop({.told = drains, .own = 4});
  assert_true(outcome.took <= 900'000);
}

// Each feedback after the stop tells of more that was lost than was relayed since.
void what_is_told_after_a_stop_was_lost_before_it(void**) {
  for (const bool sender_follows : {false, true}) {
    std::uint32_t cuts[2];
    for (const bool forgets : {false, true}) {
      const auto lossy = [](MonotonicUs) { return Feedback{10, 8}; };
      Outcome outcome =
          stop({.told = lossy, .sender_follows = sender_follows, .forgotten_at = forgets ? 480'000 : kNever});
      assert_true(outcome.took != kNever);
      for (MonotonicUs t = outcome.ended_at + kStep; t <= outcome.ended_at + 700'000; t += kStep) {
        outcome.relayed.packets += 1;
        outcome.relayed.bytes += kBytes;
        outcome.estimator.feedback(t, lossy(0), outcome.relayed);
        outcome.estimator.tick(t, outcome.relayed);
      }
      cuts[forgets ? 1 : 0] = outcome.estimator.cuts();
    }
    assert_true(cuts[0] > 1);
    assert_int_equal(cuts[1], 1);
  }
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(a_flood_tells_what_the_way_takes),
      cmocka_unit_test(what_waited_tells_what_the_way_takes),
      cmocka_unit_test(what_waited_tells_one_of_several_of_more_alone),
      cmocka_unit_test(what_was_relayed_late_is_no_empty_packet),
      cmocka_unit_test(a_stop_lasts_while_the_queue_does),
      cmocka_unit_test(a_stop_ends_once_the_receiver_has_forgotten),
      cmocka_unit_test(what_was_lost_tells_how_long_its_repetition_takes),
      cmocka_unit_test(a_stop_lasts_while_repetitions_fill_the_way),
      cmocka_unit_test(packets_of_our_own_keep_no_stop_up),
      cmocka_unit_test(what_is_told_after_a_stop_was_lost_before_it),
  };
  return cmocka_run_group_tests_name("media/estimator_stop", tests, nullptr, nullptr);
}
