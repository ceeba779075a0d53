#include "media/layers.hpp"

#include <algorithm>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "cameras.hpp"
#include "support/cmocka.hpp"

namespace {

using namespace callroom;
using namespace callroom::media;
using test::camera;
using test::kStep;
using test::text;

double cost(const std::vector<Candidate>& candidates, const std::vector<Selection>& selections) {
  double sum = 0;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    for (const LayerCost& c : candidates[i].costs) {
      if (selections[i].layer == c.layer) sum += c.bps;
    }
  }
  return sum;
}

void everyone_gets_the_lowest_layer_before_anyone_gets_more(void**) {
  const std::vector<Candidate> three{camera("a"), camera("b"), camera("c")};
  const std::string tight = text(fit(three, 185'000)), none = text(fit(three, 130'000));
  assert_string_equal(tight.c_str(), "a0.0! b0.0! c0.0! ");
  assert_string_equal(none.c_str(), "a0.0! b0.0! c-! ");
}

void the_speaker_comes_first(void**) {
  const std::vector<Candidate> three{camera("a"), camera("b"), camera("c", true)};
  const std::string one = text(fit(three, 70'000)), step = text(fit(three, 215'000));
  assert_string_equal(one.c_str(), "a-! b-! c0.0! ");
  assert_string_equal(step.c_str(), "a0.0! b0.0! c0.1! ");
}

void plenty_is_everything_and_nobody_is_limited(void**) {
  const std::vector<Candidate> two{camera("a"), camera("b")};
  const std::string all = text(fit(two, 3'000'000));
  assert_string_equal(all.c_str(), "a2.2 b2.2 ");
}

void a_small_tile_gets_no_more_than_it_shows(void**) {
  std::vector<Candidate> two{camera("a"), camera("b")};
  two[0].most_spatial = 0;
  Candidate hidden{"hidden", false, {}};
  two.push_back(hidden);
  const std::string selected = text(fit(two, 3'000'000));
  assert_string_equal(selected.c_str(), "a0.2 b2.2 hidden- ");
}

// A small camera is sent in two sizes, which bear the names of the larger two.
void a_small_tile_of_a_small_camera_gets_all_frames_of_the_smallest_size(void**) {
  std::vector<Candidate> one{camera("a")};
  std::erase_if(one[0].costs, [](const LayerCost& cost) { return cost.layer.spatial == 0; });
  one[0].most_spatial = 0;
  const std::string selected = text(fit(one, 3'000'000));
  assert_string_equal(selected.c_str(), "a1.2 ");
}

void while_a_queue_drains_everyone_keeps_the_least(void**) {
  const std::vector<Candidate> three{camera("a"), camera("b"), camera("c")};
  const std::string draining = text(fit(three, {190'000, 60'000}));
  LayerAllocation allocation;
  allocation.update(three, 3'000'000, kStep, true);
  const std::string lowered = text(allocation.update(three, {190'000, 60'000}, 2 * kStep));
  const std::string paused = text(allocation.update(three, 130'000, 3 * kStep));
  std::string still, back;
  for (int i = 4; i <= 12; ++i) still = text(allocation.update(three, {260'000, 130'000}, i * kStep));
  for (int i = 13; i <= 14; ++i) back = text(allocation.update(three, 260'000, i * kStep));
  assert_string_equal(draining.c_str(), "a0.0! b0.0! c0.0! ");
  assert_string_equal(lowered.c_str(), "a0.0! b0.0! c0.0! ");
  assert_string_equal(paused.c_str(), "a0.0! b0.0! c-! ");
  assert_string_equal(still.c_str(), "a0.0! b0.0! c-! ");  // another picture begins with a key frame
  assert_string_equal(back.c_str(), "a0.0! b0.0! c0.0! ");
}

void a_larger_picture_waits_until_there_is_room_for_its_key_frame(void**) {
  LayerAllocation allocation;
  const std::vector<Candidate> one{camera("a")};
  std::string held, raised;
  for (int i = 1; i <= 80; ++i) held = text(allocation.update(one, 260'000, i * kStep));
  const double needed = allocation.next_budget_bps(one, 260'000);
  for (int i = 81; i <= 100; ++i) raised = text(allocation.update(one, needed, i * kStep));
  assert_string_equal(held.c_str(), "a0.2! ");
  assert_true(needed > 1.4 * 200'000 && needed < 1.5 * 200'000);
  assert_string_equal(raised.c_str(), "a1.0! ");
}

// … beside what the others get, which does not grow.
void only_the_picture_that_gets_larger_takes_room_for_a_key_frame(void**) {
  LayerAllocation allocation;
  const std::vector<Candidate> four{camera("a"), camera("b"), camera("c"), camera("d")};
  std::string held, raised;
  for (int i = 1; i <= 80; ++i) held = text(allocation.update(four, 700'000, i * kStep));
  for (int i = 81; i <= 100; ++i) raised = text(allocation.update(four, 760'000, i * kStep));
  assert_string_equal(held.c_str(), "a0.2! b0.2! c0.2! d0.2! ");
  assert_string_equal(raised.c_str(), "a1.0! b0.2! c0.2! d0.2! ");
}

// For how many updates nobody's picture gets larger with this budget, after so many that did were too much.
int updates_until_larger(std::ptrdiff_t were_larger, double budget, int forgiven_after = 0) {
  LayerAllocation allocation;
  const std::vector<Candidate> two{camera("a"), camera("b")};
  const auto is_larger = [](const Selection& selection) { return selection.layer && selection.layer->spatial > 0; };
  MonotonicUs now = 0;
  const auto update = [&](double bps) {
    return std::ranges::count_if(allocation.update(two, bps, now += kStep), is_larger);
  };
  while (update(were_larger == 1 ? 500'000 : 800'000) != were_larger) {
  }
  for (int i = 1; i <= 12; ++i) {
    update(330'000);
    if (i == forgiven_after) allocation.forgive(now);
  }
  int updates = 0;
  while (updates < 4 * 60 && update(budget) == 0) ++updates;
  return updates;
}

void a_size_that_was_too_much_is_tried_of_nobody_for_a_while(void**) {
  const int as_much = updates_until_larger(1, 450'000), far_more = updates_until_larger(1, 800'000);
  const int less = updates_until_larger(2, 450'000);
  const int forgiven = updates_until_larger(1, 450'000, 2), too_late = updates_until_larger(1, 450'000, 10);
  assert_true(as_much >= 4 * 11 && as_much <= 4 * 16);
  assert_true(far_more <= 4 * 2);
  assert_true(less <= 4 * 2);
  assert_true(forgiven <= 4 * 2);
  assert_int_equal(too_late, as_much);
}

void what_fits_never_costs_more_than_there_is(void**) {
  int over = 0, wasteful = 0;
  for (unsigned seed = 1; seed <= 500; ++seed) {
    std::mt19937 random(seed);
    std::vector<Candidate> candidates;
    for (std::size_t i = 0; i < 1 + random() % 8; ++i)
      candidates.push_back(camera(std::to_string(i), random() % 4 == 0));
    const double budget = std::uniform_real_distribution<double>(0, 6'000'000)(random);
    const auto selections = fit(candidates, budget);
    const double spent = cost(candidates, selections);
    if (spent > std::max(budget, candidates.front().costs.front().bps)) ++over;  // one small picture in any case
    bool limited = false;
    for (const Selection& s : selections) limited |= s.by_network;
    if (limited && budget - spent > 900'000) ++wasteful;  // the largest step
  }
  assert_int_equal(over, 0);
  assert_int_equal(wasteful, 0);
}

void goes_up_step_by_step_and_down_at_once(void**) {
  LayerAllocation allocation;
  const std::vector<Candidate> one{camera("a")};
  MonotonicUs now = kStep;
  std::vector<std::string> seen;
  const auto run = [&](double budget, int steps) {
    for (int i = 0; i < steps; ++i, now += kStep) {
      std::string selected = text(allocation.update(one, budget, now));
      std::erase(selected, '!');
      if (seen.empty() || seen.back() != selected) seen.push_back(selected);
    }
  };
  for (double budget = 60'000; budget < 2'500'000; budget *= 1.02) run(std::min(budget, 1'900'000.0), 1);
  const std::size_t raised = seen.size();
  const std::string top = seen.back();
  run(300'000, 1);
  const std::string down = seen.back();
  assert_int_equal(raised, 9);  // every step, none left out
  assert_string_equal(top.c_str(), "a2.2 ");
  assert_string_equal(down.c_str(), "a1.1 ");
}

void nothing_is_tried_step_by_step_where_nothing_is_known_to_limit(void**) {
  LayerAllocation allocation;
  std::vector<Candidate> two{camera("a")};
  const std::string first = text(allocation.update(two, 3'000'000, kStep, true));
  two.push_back(camera("b"));
  const std::string second = text(allocation.update(two, 3'000'000, 2 * kStep, true));
  const double nothing_more = allocation.next_budget_bps(two);
  assert_string_equal(first.c_str(), "a2.2 ");
  assert_string_equal(second.c_str(), "a2.2 b2.2 ");
  assert_true(nothing_more == 0);
}

void after_a_stop_everyone_begins_with_the_least(void**) {
  LayerAllocation allocation;
  const std::vector<Candidate> two{camera("a"), camera("b")};
  MonotonicUs now = kStep;
  for (; now <= 40 * kStep; now += kStep) allocation.update(two, 3'000'000, now);
  allocation.begin_low();
  const std::string first = text(allocation.update(two, 2'000'000, now));
  for (int i = 0; i < 4 * 20; ++i, now += kStep) allocation.update(two, 2'000'000, now);
  const std::string later = text(allocation.update(two, 2'000'000, now));
  assert_string_equal(first.c_str(), "a0.0! b0.0! ");
  assert_true(later != first);
}

// Their lowest layers would all fit.
void after_a_stop_as_many_begin_as_there_is_room_for_key_frames(void**) {
  LayerAllocation allocation;
  const std::vector<Candidate> four{camera("a"), camera("b"), camera("c", true), camera("d")};
  for (int i = 1; i <= 8; ++i) allocation.update(four, 3'000'000, i * kStep, true);
  allocation.begin_low();
  const std::string begins = text(allocation.update(four, 250'000, 9 * kStep));
  std::string later;
  for (int i = 10; i <= 40; ++i) later = text(allocation.update(four, 350'000, i * kStep));
  assert_string_equal(begins.c_str(), "a0.0! b0.0! c0.0! d-! ");
  assert_string_equal(later.c_str(), "a0.1! b0.0! c0.1! d0.0! ");
}

void the_next_step_up_says_what_it_takes(void**) {
  LayerAllocation allocation;
  std::vector<Candidate> two{camera("a"), camera("b")};
  const std::string chosen = text(allocation.update(two, 130'000, kStep));
  const double next = allocation.next_budget_bps(two), beyond = allocation.next_budget_bps(two, next + 10'000);
  two[0].most_spatial = two[1].most_spatial = 0;
  for (int i = 2; i <= 40; ++i) allocation.update(two, 2'000'000, i * kStep);
  const double none = allocation.next_budget_bps(two);
  const LayerAllocation fresh;
  const double of_a_paused = fresh.next_budget_bps(two);
  assert_string_equal(chosen.c_str(), "a0.0! b0.0! ");
  assert_true(next >= 150'000 && next <= 180'000);  // 0.1 of either, and a little more
  assert_true(beyond == 0);                         // both take the same
  assert_true(none == 0);
  assert_true(of_a_paused >= 1.4 * 60'000 && of_a_paused <= 1.5 * 60'000);
}

void patience_grows_where_going_up_fails(void**) {
  LayerAllocation allocation;
  const std::vector<Candidate> one{camera("a")};
  std::uint32_t first = 0, second = 0;
  // An estimate that rises and falls every 4 s around what the next step costs.
  for (int i = 0; i < 4 * 120; ++i) {
    const double budget = i / 16 % 2 == 0 ? 700'000 : 200'000;
    allocation.update(one, budget, (i + 1) * kStep);
    if (i == 4 * 30) first = allocation.changes();
    if (i == 4 * 90) second = allocation.changes();
  }
  const std::uint32_t last = allocation.changes();
  assert_true(first >= 4);
  assert_true(last - second < first);
}

// … but what was lost for that alone, which has not failed, comes back at once.
void patience_is_for_what_has_failed(void**) {
  LayerAllocation allocation;
  const std::vector<Candidate> two{camera("a"), camera("b")};
  MonotonicUs now = 0;
  const auto update = [&](double budget) { return text(allocation.update(two, budget, now += kStep)); };
  for (int i = 0; i < 5; ++i) {
    while (update(220'000) != "a0.1! b0.1! ") {
    }
    update(130'000);
  }
  while (update(220'000) != "a0.1! b0.1! ") {
  }
  const std::string paused = update(70'000);
  std::string resumed;
  for (int i = 0; i < 20; ++i) resumed = update(220'000);
  assert_string_equal(paused.c_str(), "a0.0! b-! ");
  assert_string_equal(resumed.c_str(), "a0.0! b0.0! ");
}

void a_layer_that_is_no_longer_sent_becomes_the_one_below(void**) {
  LayerAllocation allocation;
  std::vector<Candidate> one{camera("a")};
  for (int i = 1; i <= 4 * 20; ++i) allocation.update(one, 3'000'000, i * kStep);
  std::erase_if(one[0].costs, [](const LayerCost& c) { return c.layer.spatial == 2; });
  const std::string shrunk = text(allocation.update(one, 3'000'000, 81 * kStep));
  one[0].costs.clear();
  const std::string stopped = text(allocation.update(one, 3'000'000, 82 * kStep));
  assert_string_equal(shrunk.c_str(), "a1.2 ");
  assert_string_equal(stopped.c_str(), "a- ");
}

// A receiver whose network takes everything, then little, then everything again.
void what_the_network_had_done_is_told(void**) {
  LayerAllocation allocation;
  const std::vector<Candidate> two{camera("a"), camera("b")};
  MonotonicUs now = kStep;
  const auto update = [&](double budget, bool freely = false) {
    allocation.update(two, budget, now += kStep, freely);
    return allocation.take_step();
  };
  const auto begun = update(4'000'000, true);
  const auto lowered = update(400'000), steady = update(400'000);
  const auto paused = update(70'000);
  std::vector<LayerStep> back;
  for (int i = 0; i < 4 * 60; ++i) {
    if (const auto step = update(6'000'000)) back.push_back(*step);
  }
  const std::uint32_t changes = allocation.changes();
  const auto nothing_more = update(4'000'000, true);
  assert_false(begun.has_value());
  assert_true(lowered == LayerStep::kLowered);
  assert_false(steady.has_value());
  assert_true(paused == LayerStep::kPaused);
  assert_true(back.front() == LayerStep::kResumed || back.front() == LayerStep::kRaised);
  assert_int_equal(std::ranges::count(back, LayerStep::kResumed), 1);
  assert_true(back.back() == LayerStep::kRaised);
  assert_int_equal(changes, 2 + 2 + 3 + 4);  // each picture, size by size
  assert_false(nothing_more.has_value());
}

void what_others_do_is_not_the_network_s(void**) {
  LayerAllocation allocation;
  std::vector<Candidate> two{camera("a"), camera("b")};
  MonotonicUs now = kStep;
  std::vector<bool> told;
  const auto update = [&](bool freely) {
    for (int i = 0; i < 4 * 30; ++i) allocation.update(two, 4'000'000, now += kStep, freely);
    told.push_back(allocation.take_step().has_value());
  };
  const std::vector<LayerCost> all = two[0].costs;
  for (const bool freely : {true, false}) {
    update(freely);
    two[0].most_spatial = 0;  // a small tile
    update(freely);
    two[0].most_spatial = UINT8_MAX;
    update(freely);
    two[0].costs.resize(3);  // its sender stops the larger ones
    update(freely);
    two[0].costs = all;
    update(freely);
    two[0].costs.clear();  // a hidden tab
    update(freely);
    two[0].costs = all;
    update(freely);
    two.pop_back();  // gone
    update(freely);
    two.push_back(camera("b"));
    update(true);
  }
  assert_false(std::ranges::count(told, true) != 0);
  assert_int_equal(allocation.changes(), 0);
}

void a_picture_that_begins_without_room_is_paused_by_the_network(void**) {
  LayerAllocation allocation;
  std::vector<Candidate> candidates{camera("a")};
  allocation.update(candidates, 70'000, kStep);
  const auto alone = allocation.take_step();
  candidates.push_back(camera("b"));
  allocation.update(candidates, 70'000, 2 * kStep);
  const auto no_room = allocation.take_step();
  allocation.begin_low();
  const auto lowest_already = (allocation.update(candidates, 70'000, 3 * kStep), allocation.take_step());
  assert_false(alone.has_value());
  assert_true(no_room == LayerStep::kPaused);
  assert_false(lowest_already.has_value());
}

void whoever_comes_is_seen_at_once_and_within_the_budget(void**) {
  int over = 0;
  for (unsigned seed = 1; seed <= 100; ++seed) {
    std::mt19937 random(seed);
    LayerAllocation allocation;
    std::vector<Candidate> candidates{camera("0")};
    for (int i = 1; i <= 400; ++i) {
      if (random() % 20 == 0) candidates.push_back(camera(std::to_string(i), random() % 3 == 0));
      if (random() % 25 == 0 && candidates.size() > 1) candidates.erase(candidates.begin());
      const double budget = std::uniform_real_distribution<double>(100'000, 4'000'000)(random);
      const auto selections = allocation.update(candidates, budget, i * kStep);
      if (cost(candidates, selections) > budget) ++over;
    }
  }
  assert_int_equal(over, 0);
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(everyone_gets_the_lowest_layer_before_anyone_gets_more),
      cmocka_unit_test(the_speaker_comes_first),
      cmocka_unit_test(plenty_is_everything_and_nobody_is_limited),
      cmocka_unit_test(a_small_tile_gets_no_more_than_it_shows),
      cmocka_unit_test(a_small_tile_of_a_small_camera_gets_all_frames_of_the_smallest_size),
      cmocka_unit_test(while_a_queue_drains_everyone_keeps_the_least),
      cmocka_unit_test(a_larger_picture_waits_until_there_is_room_for_its_key_frame),
      cmocka_unit_test(only_the_picture_that_gets_larger_takes_room_for_a_key_frame),
      cmocka_unit_test(a_size_that_was_too_much_is_tried_of_nobody_for_a_while),
      cmocka_unit_test(what_fits_never_costs_more_than_there_is),
      cmocka_unit_test(goes_up_step_by_step_and_down_at_once),
      cmocka_unit_test(nothing_is_tried_step_by_step_where_nothing_is_known_to_limit),
      cmocka_unit_test(after_a_stop_everyone_begins_with_the_least),
      cmocka_unit_test(after_a_stop_as_many_begin_as_there_is_room_for_key_frames),
      cmocka_unit_test(the_next_step_up_says_what_it_takes),
      cmocka_unit_test(patience_grows_where_going_up_fails),
      cmocka_unit_test(patience_is_for_what_has_failed),
      cmocka_unit_test(a_layer_that_is_no_longer_sent_becomes_the_one_below),
      cmocka_unit_test(what_the_network_had_done_is_told),
      cmocka_unit_test(what_others_do_is_not_the_network_s),
      cmocka_unit_test(a_picture_that_begins_without_room_is_paused_by_the_network),
      cmocka_unit_test(whoever_comes_is_seen_at_once_and_within_the_budget),
  };
  return cmocka_run_group_tests_name("media/layers", tests, nullptr, nullptr);
}
