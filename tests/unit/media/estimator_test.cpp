#include "media/estimator.hpp"

#include <algorithm>
#include <cstdio>
#include <random>
#include <vector>

#include "bottleneck.hpp"
#include "support/cmocka.hpp"

namespace {

using namespace callroom::media;
using test::Bottleneck;
using test::Flow;
using test::Link;

constexpr double kMax = 2'000'000;
constexpr Estimator::Limits kLimits{kMax, kMax};

std::function<double(double)> constant(double bps) {
  return [bps](double) { return bps; };
}

struct Figures {
  double share = 0;      // delivered of the link's rate
  double lowest = 1e12;  // of the target
  double highest = 0;
};

// From `from` to `to` seconds, the flow being alone on the link.
Figures measure(Bottleneck& bottleneck, Flow& flow, double from, double to, double rate_bps) {
  bottleneck.run({&flow}, from);
  const auto before = flow.delivered_bytes;
  Figures figures;
  bottleneck.run({&flow}, to, [&](double) {
    figures.lowest = std::min(figures.lowest, flow.estimator.target_bps());
    figures.highest = std::max(figures.highest, flow.estimator.target_bps());
  });
  figures.share = static_cast<double>(flow.delivered_bytes - before) * 8 / (to - from) / rate_bps;
  return figures;
}

void without_a_limit_nothing_is_cut(void**) {
  std::uint32_t cuts = 0;
  double least = 1;
  for (std::uint32_t seed = 1; seed <= 30; ++seed) {
    Bottleneck bottleneck({constant(10'000'000)}, seed);
    Flow flow(kMax, kLimits);
    bottleneck.run({&flow}, 60);
    cuts += flow.estimator.cuts();
    least = std::min(least, flow.rate_bps / kMax);
  }
  assert_int_equal(cuts, 0);
  assert_true(least > 0.95);
}

// Rates, queues and delays at random: what is used of the link, and how far the target swings.
void a_limit_is_found_and_kept_without_collapse_or_oscillation(void**) {
  int starved = 0, flooded = 0, collapsed = 0, swinging = 0;
  double worst_share = 1, share_sum = 0, least_low = 10, most_high = 0;
  constexpr std::uint32_t kSeeds = 300;
  for (std::uint32_t seed = 1; seed <= kSeeds; ++seed) {
    std::mt19937 random(seed);
    const double rate = std::uniform_real_distribution<double>(200'000, 1'500'000)(random);
    Link link{constant(rate), std::uniform_real_distribution<double>(0.2, 1.2)(random),
              static_cast<callroom::MonotonicUs>(5'000 + random() % 95'000),
              std::uniform_real_distribution<double>(0, 0.01)(random)};
    Bottleneck bottleneck(link, seed);
    Flow flow(kMax, kLimits);
    const Figures figures = measure(bottleneck, flow, 15, 75, rate);
    worst_share = std::min(worst_share, figures.share);
    share_sum += figures.share;
    least_low = std::min(least_low, figures.lowest / rate);
    most_high = std::max(most_high, figures.highest / rate);
    if (figures.share < 0.78) ++starved;
    if (figures.share > 0.97) ++flooded;
    if (figures.lowest < 0.28 * rate) ++collapsed;
    if (figures.highest > 1.5 * rate) ++swinging;
  }
  std::printf("share of the link used: mean %.3f, worst %.3f; target between %.2f and %.2f of it\n", share_sum / kSeeds,
              worst_share, least_low, most_high);
  assert_int_equal(starved, 0);
  assert_int_equal(flooded, 0);
  assert_int_equal(collapsed, 0);
  assert_int_equal(swinging, 0);
}

// A key frame and what was lost before come at the same time.
void a_stop_leaves_room_for_what_is_asked_for_again(void**) {
  constexpr double kLimit = 600'000;
  int stops = 0;
  double highest_stopped = 0, lowest_after = kLimit;
  for (std::uint32_t seed = 1; seed <= 20; ++seed) {
    Bottleneck bottleneck({[](double t) { return t < 20 ? 10'000'000 : kLimit; }, 0.4}, seed);
    Flow flow(1'500'000, {1'500'000, 1'500'000});
    bool stopped = false;
    for (double until = 20; until < 23; until += 0.02) {
      bottleneck.run({&flow}, until);
      if (!flow.estimator.is_stopped()) continue;
      stopped = true;
      highest_stopped = std::max(highest_stopped, flow.estimator.target_bps());
    }
    stops += stopped ? 1 : 0;
    bottleneck.run({&flow}, 26);
    lowest_after = std::min(lowest_after, flow.estimator.target_bps());
  }
  std::printf("%d stops; target while stopped at most %.2f of the limit, afterwards at least %.2f\n", stops,
              highest_stopped / kLimit, lowest_after / kLimit);
  assert_int_equal(stops, 20);
  assert_true(highest_stopped < 0.5 * kLimit);
  assert_true(lowest_after > 0.6 * kLimit);
}

void a_sudden_limit_is_met_within_a_second_or_two(void**) {
  double worst_reaction = 0, worst_drained = 0, worst_queued = 0;
  for (const double limit : {300'000.0, 600'000.0, 1'200'000.0}) {
    for (std::uint32_t seed = 1; seed <= 50; ++seed) {
      Bottleneck bottleneck({[limit](double t) { return t < 20 ? 10'000'000 : limit; }, 1.0}, seed);
      Flow flow(1'500'000, {1'500'000, 1'500'000});
      bottleneck.run({&flow}, 20);
      double reaction = 0, drained = 0;
      int queued = 0, ticks = 0;  // once it has drained for the first time
      bottleneck.run({&flow}, 40, [&](double t) {
        const bool is_long = flow.estimator.queue_ms() > 200;
        if (reaction == 0 && flow.estimator.cuts() > 0) reaction = t - 20;
        if (drained == 0 && reaction != 0 && !is_long) drained = t - 20;
        if (drained == 0) return;
        ++ticks;
        if (is_long) ++queued;
      });
      worst_reaction = std::max(worst_reaction, reaction == 0 ? 99 : reaction);
      worst_drained = std::max(worst_drained, drained == 0 ? 99 : drained);
      worst_queued = std::max(worst_queued, static_cast<double>(queued) / std::max(ticks, 1));
    }
  }
  std::printf(
      "first cut within %.2f s, queue under 200 ms after %.2f s, and over it again for %.3f of the time at most\n",
      worst_reaction, worst_drained, worst_queued);
  assert_true(worst_reaction <= 1.0);
  assert_true(worst_drained <= 4);
  assert_true(worst_queued <= 0.08);
}

// A call runs, and the network gets narrow: 1 s is what people put up with, 3 s where little is left.
void a_picture_stands_still_shortly(void**) {
  for (const auto& [limit, promised] :
       std::initializer_list<std::pair<double, double>>{{300'000, 1.3}, {600'000, 1}, {1'200'000, 1}}) {
    double worst = 0, sum = 0;
    std::uint32_t cuts = 0;
    for (std::uint32_t seed = 1; seed <= 40; ++seed) {
      Bottleneck bottleneck({[limit = limit](double t) { return t < 20 ? 10'000'000 : limit; }, 0.4}, seed);
      Flow flow(1'500'000, {1'500'000, 1'500'000});
      bottleneck.run({&flow}, 20);
      flow.longest_standstill = 0;
      bottleneck.run({&flow}, 60);
      const double standstill = static_cast<double>(flow.longest_standstill) / 1e6;
      worst = std::max(worst, standstill);
      sum += standstill / 40;
      cuts += flow.estimator.cuts();
    }
    std::printf("%.0f kbit/s: the picture stands still for %.2f s, at worst %.2f s; %.1f cuts\n", limit / 1000, sum,
                worst, cuts / 40.0);
    assert_true(worst <= promised);
  }
}

// … at 80 % of what arrived before, over 2 s, whenever between two cuts the limit is lifted.
void a_lifted_limit_is_used_again_within_15_s(void**) {
  constexpr double kFormer = 1'500'000;
  constexpr std::size_t kTicksIn2S = 8;
  double worst = 0, sum = 0;
  constexpr std::uint32_t kSeeds = 100;
  for (std::uint32_t seed = 1; seed <= kSeeds; ++seed) {
    const double lifted_at = 40 + 0.1 * seed;
    Bottleneck bottleneck({[=](double t) { return t < 10 || t >= lifted_at ? 10'000'000.0 : 300'000.0; }, 0.4}, seed);
    Flow flow(kFormer, kLimits);
    bottleneck.run({&flow}, lifted_at);
    std::vector<std::uint64_t> delivered;
    double back = 0;
    bottleneck.run({&flow}, lifted_at + 30, [&](double t) {
      delivered.push_back(flow.delivered_bytes);
      if (back != 0 || delivered.size() <= kTicksIn2S) return;
      const auto bytes = static_cast<double>(delivered.back() - delivered[delivered.size() - 1 - kTicksIn2S]);
      if (bytes * 8 / 2 >= 0.8 * kFormer) back = t - lifted_at;
    });
    if (back == 0) back = 30;
    worst = std::max(worst, back);
    sum += back / kSeeds;
  }
  std::printf("a lifted limit is used again after %.1f s, at worst %.1f s\n", sum, worst);
  assert_true(worst <= 12.5);
}

// The lowest share of the former rate that the target fell to, with this loss from the beginning.
double lowest_with_loss(double loss) {
  double worst = 1;
  for (std::uint32_t seed = 1; seed <= 100; ++seed) {
    Bottleneck bottleneck({constant(10'000'000), 0.5, 25'000, loss, 20}, seed);
    Flow flow(1'000'000, {1'000'000, 1'000'000});
    bottleneck.run({&flow}, 20);
    bottleneck.run({&flow}, 80, [&](double) { worst = std::min(worst, flow.estimator.target_bps() / 1'000'000); });
  }
  return worst;
}

void random_loss_alone_costs_little(void**) {
  const double at_2 = lowest_with_loss(0.02), at_5 = lowest_with_loss(0.05), at_8 = lowest_with_loss(0.08);
  std::printf("random loss: lowest target %.2f at 2 %%, %.2f at 5 %%, %.2f at 8 %%\n", at_2, at_5, at_8);
  assert_true(at_2 >= 0.95);
  assert_true(at_5 >= 0.7);
  assert_true(at_8 >= 0.5);
}

void two_receivers_behind_one_link_share_it(void**) {
  double worst = 1, least_used = 1;
  for (std::uint32_t seed = 1; seed <= 100; ++seed) {
    std::mt19937 random(seed);
    const double rate = std::uniform_real_distribution<double>(600'000, 2'000'000)(random);
    Bottleneck bottleneck({constant(rate)}, seed);
    Flow first(kMax, {kMax, kMax}), second(kMax, {150'000, kMax});
    bottleneck.run({&first}, 10);  // the second comes later, and starts low
    bottleneck.run({&first, &second}, 120);
    const auto one = first.delivered_bytes, two = second.delivered_bytes;
    bottleneck.run({&first, &second}, 180);
    const auto a = static_cast<double>(first.delivered_bytes - one);
    const auto b = static_cast<double>(second.delivered_bytes - two);
    worst = std::min(worst, std::min(a, b) / std::max(a, b));
    least_used = std::min(least_used, (a + b) * 8 / 60 / rate);
  }
  std::printf("two receivers: the smaller share is %.2f of the larger at worst, together %.2f of the link\n", worst,
              least_used);
  assert_true(worst >= 0.55);
  assert_true(least_used >= 0.85);
}

// Where nothing is sent no feedback can come: the estimate rises to what the next picture takes, and no further.
void a_paused_receiver_is_tried_again(void**) {
  Estimator estimator({1'000'000, 1'000'000});
  Relayed relayed;
  callroom::MonotonicUs t = 250'000;
  for (; t <= 5'000'000; t += 250'000) {  // feedback stops
    relayed.packets += 25;
    relayed.bytes += 25'000;
    if (t <= 2'000'000) estimator.feedback(t, {25, 0, 0}, relayed);
    estimator.tick(t, relayed);
  }
  const double after_silence = estimator.target_bps();
  for (const auto end = t + 20'000'000; t <= end; t += 250'000) estimator.tick(t, relayed);
  const double without_wish = estimator.target_bps();
  estimator.set_wanted(400'000);
  double after_2_s = 0;
  for (const auto begin = t; t <= begin + 30'000'000; t += 250'000) {
    estimator.tick(t, relayed);
    if (t <= begin + 2'000'000) after_2_s = estimator.target_bps();
  }
  const double in_the_end = estimator.target_bps();
  assert_true(after_silence <= 250'000);
  assert_true(without_wish <= std::max(after_silence, 40'000.0));
  assert_true(after_2_s < 300'000);
  assert_true(in_the_end >= 390'000 && in_the_end <= 401'000);
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(without_a_limit_nothing_is_cut),
      cmocka_unit_test(a_limit_is_found_and_kept_without_collapse_or_oscillation),
      cmocka_unit_test(a_stop_leaves_room_for_what_is_asked_for_again),
      cmocka_unit_test(a_sudden_limit_is_met_within_a_second_or_two),
      cmocka_unit_test(a_picture_stands_still_shortly),
      cmocka_unit_test(a_lifted_limit_is_used_again_within_15_s),
      cmocka_unit_test(random_loss_alone_costs_little),
      cmocka_unit_test(two_receivers_behind_one_link_share_it),
      cmocka_unit_test(a_paused_receiver_is_tried_again),
  };
  return cmocka_run_group_tests_name("media/estimator", tests, nullptr, nullptr);
}
