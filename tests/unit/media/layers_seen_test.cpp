// Who is seen where not everybody fits, who comes back and when.
#include <algorithm>
#include <limits>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "cameras.hpp"
#include "media/layers.hpp"
#include "support/cmocka.hpp"

namespace {

using namespace callroom;
using namespace callroom::media;
using test::camera;
using test::kStep;
using test::text;

// One of four fits, and each speaks in turn: whoever is seen stays, since each change would take a key frame.
void where_one_alone_fits_it_is_the_one_that_is_seen(void**) {
  std::vector<Candidate> four{camera("a"), camera("b", true), camera("c"), camera("d")};
  LayerAllocation allocation;
  MonotonicUs now = kStep;
  allocation.update(four, 4'000'000, now, true);
  std::vector<std::string> seen;
  for (std::size_t speaker = 0; speaker < four.size(); ++speaker) {
    for (std::size_t i = 0; i < four.size(); ++i) four[i].is_speaker = i == speaker;
    for (int i = 0; i < 8; ++i) seen.push_back(text(allocation.update(four, 50'000, now += kStep)));
  }
  assert_string_equal(seen.front().c_str(), "a0.0! b-! c-! d-! ");
  assert_int_equal(std::ranges::count(seen, seen.front()), seen.size());
}

// What pictures take changes all the time: the first of them that fits now does not take the place of another.
void nobody_is_paused_for_somebody_who_is_not_seen(void**) {
  std::mt19937 random(1);
  std::vector<Candidate> four{camera("a"), camera("b"), camera("c"), camera("d")};
  LayerAllocation allocation;
  MonotonicUs now = kStep;
  four[0].costs[0].bps = 90'000;
  allocation.update(four, 4'000'000, now, true);
  int others_seen = 0, gone = 0;
  for (int i = 0; i < 4 * 30; ++i) {
    const auto selections = allocation.update(four, 120'000, now += kStep);
    gone += selections[0].layer ? 0 : 1;
    for (const Selection& s : std::span(selections).subspan(1)) others_seen += s.layer ? 1 : 0;
    four[0].costs[0].bps = std::uniform_real_distribution<double>(30'000, 90'000)(random);
  }
  assert_int_equal(gone, 0);
  assert_int_equal(others_seen, 0);
}

// A second picture would fit, though not its key frame: the first one gets its frames meanwhile.
void what_cannot_be_seen_takes_nothing_from_others(void**) {
  const std::vector<Candidate> two{camera("a"), camera("b")};
  LayerAllocation allocation;
  MonotonicUs now = kStep;
  allocation.update(two, 4'000'000, now, true);
  allocation.update(two, 50'000, now += kStep);
  std::string seen;
  for (int i = 0; i < 4 * 30; ++i) seen = text(allocation.update(two, 150'000, now += kStep));
  // The first one's next step, and beyond that, if it waits for its time, the other's key frame.
  const double next = allocation.next_budget_bps(two), beyond = allocation.next_budget_bps(two, next);
  assert_string_equal(seen.c_str(), "a0.1! b-! ");
  assert_true(next >= 1.1 * 150'000 && next < 1.4 * 125'000);
  assert_true(beyond >= 1.4 * 120'000 && beyond <= 1.5 * 120'000 && beyond > next);
}

// However little its other frames take.
void another_picture_waits_until_its_key_frame_can_go_within_a_second(void**) {
  std::vector<Candidate> two{camera("a"), camera("b")};
  for (Candidate& one : two) {
    for (LayerCost& cost : one.costs) cost.bps /= 3;  // 20 kbit/s at the least
  }
  LayerAllocation allocation;
  MonotonicUs now = kStep;
  allocation.update(two, 4'000'000, now, true);
  allocation.update(two, 25'000, now += kStep);
  std::string seen;
  for (int i = 0; i < 4 * 30; ++i) seen = text(allocation.update(two, 95'000, now += kStep));
  const double next = allocation.next_budget_bps(two, 95'000);
  for (int i = 0; i < 4 * 30; ++i) allocation.update(two, 105'000, now += kStep);
  const std::string both = text(allocation.update(two, 105'000, now += kStep));
  assert_int_equal(seen.find("b-!") != std::string::npos, 1);
  assert_true(next > 100'000 && next <= 106'000);
  assert_int_equal(both.find('-'), std::string::npos);
}

void the_speaker_takes_a_place_among_those_who_are_seen(void**) {
  std::vector<Candidate> four{camera("a"), camera("b"), camera("c"), camera("d")};
  LayerAllocation allocation;
  MonotonicUs now = kStep;
  allocation.update(four, 4'000'000, now, true);
  const std::string before = text(allocation.update(four, 148'000, now += kStep));
  four[3].is_speaker = true;
  std::string after;
  for (int i = 0; i < 4 * 2; ++i) after = text(allocation.update(four, 148'000, now += kStep));
  assert_string_equal(before.c_str(), "a0.0! b0.0! c-! d-! ");
  assert_string_equal(after.c_str(), "a0.0! b-! c-! d0.0! ");
}

void nobody_waits_where_nobody_is_seen(void**) {
  std::vector<Candidate> two{camera("a"), camera("b")};
  for (Candidate& candidate : two) {
    for (LayerCost& cost : candidate.costs) cost.bps *= 4;  // too large to be kept in any case
  }
  LayerAllocation allocation;
  allocation.update(two, 8'000'000, kStep, true);
  const std::string none = text(allocation.update(two, 50'000, 2 * kStep));
  const std::string one = text(allocation.update(two, 260'000, 3 * kStep));
  assert_string_equal(none.c_str(), "a-! b-! ");
  assert_string_equal(one.c_str(), "a0.0! b-! ");
}

// A machine that is late makes the estimate small, and nobody is paused for that: nor is whoever begins to send again.
void whoever_sends_again_is_seen_where_nobody_is_to_be_paused(void**) {
  constexpr double kAny = std::numeric_limits<double>::infinity();
  std::vector<Candidate> two{camera("a"), camera("b")};
  const std::vector<LayerCost> all = two[1].costs;
  LayerAllocation allocation;
  MonotonicUs now = kStep;
  allocation.update(two, 4'000'000, now, true);
  two[1].costs.clear();
  const std::string stopped = text(allocation.update(two, {kAny, 60'000}, now += kStep));
  two[1].costs = all;
  std::string again;
  for (int i = 0; i < 4 * 2; ++i) again = text(allocation.update(two, {kAny, 60'000}, now += kStep));
  assert_string_equal(stopped.c_str(), "a0.0! b- ");
  assert_string_equal(again.c_str(), "a0.0! b0.0! ");
}

// How long the second of two stays paused in the end, after going up to it failed six times at 200 kbit/s.
int updates_until_resumed(double budget) {
  const std::vector<Candidate> two{camera("a"), camera("b")};
  LayerAllocation allocation;
  MonotonicUs now = kStep;
  allocation.update(two, 200'000, now);
  for (int failed = 0; failed < 6;) {
    const auto selections = allocation.update(two, 200'000, now += kStep);
    if (!selections[1].layer) continue;
    allocation.update(two, 70'000, now += kStep);
    ++failed;
  }
  for (int i = 1; i < 4 * 60; ++i) {
    if (allocation.update(two, budget, now += kStep)[1].layer) return i;
  }
  return 4 * 60;
}

void patience_ends_where_there_is_far_more_than_when_it_failed(void**) {
  const int little_more = updates_until_resumed(210'000), far_more = updates_until_resumed(310'000);
  assert_true(little_more >= 4 * 29);
  assert_true(far_more <= 4 * 2);
}

// A step up that is undone since somebody else speaks was not too early.
void another_speaker_makes_nobody_more_patient(void**) {
  std::vector<Candidate> two{camera("a"), camera("b")};
  LayerAllocation allocation;
  MonotonicUs now = kStep;
  int raised = 0;
  std::string before;
  for (int i = 0; i < 4 * 60; ++i) {
    two[0].is_speaker = i / 16 % 2 == 0;
    two[1].is_speaker = !two[0].is_speaker;
    const std::string selected = text(allocation.update(two, 175'000.123, now += kStep));  // a float rounds it up
    if (selected != before && i > 4 * 40) ++raised;
    before = selected;
  }
  assert_true(raised >= 4);  // in five turns
}

void where_there_is_plenty_nobody_waits_for_anybody(void**) {
  std::vector<Candidate> four{camera("a"), camera("b"), camera("c"), camera("d")};
  LayerAllocation allocation;
  MonotonicUs now = kStep;
  allocation.update(four, 300'000, now);
  int updates = 0;
  while (text(allocation.update(four, 12'000'000, now += kStep)) != "a2.2 b2.2 c2.2 d2.2 " && updates < 400) ++updates;
  assert_true(updates <= 4 * 5);
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(where_one_alone_fits_it_is_the_one_that_is_seen),
      cmocka_unit_test(nobody_is_paused_for_somebody_who_is_not_seen),
      cmocka_unit_test(what_cannot_be_seen_takes_nothing_from_others),
      cmocka_unit_test(another_picture_waits_until_its_key_frame_can_go_within_a_second),
      cmocka_unit_test(the_speaker_takes_a_place_among_those_who_are_seen),
      cmocka_unit_test(nobody_waits_where_nobody_is_seen),
      cmocka_unit_test(whoever_sends_again_is_seen_where_nobody_is_to_be_paused),
      cmocka_unit_test(patience_ends_where_there_is_far_more_than_when_it_failed),
      cmocka_unit_test(another_speaker_makes_nobody_more_patient),
      cmocka_unit_test(where_there_is_plenty_nobody_waits_for_anybody),
  };
  return cmocka_run_group_tests_name("media/layers_seen", tests, nullptr, nullptr);
}
