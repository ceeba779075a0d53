// Loss at random, on a way that is not narrow, where few packets tell of it.
#include <algorithm>
#include <cstdio>
#include <deque>
#include <random>
#include <utility>

#include "media/estimator.hpp"
#include "support/cmocka.hpp"

namespace {

using namespace callroom::media;

// The lowest target within 12 s of loss that begins, of small pictures: so many packets a second. What is lost is
// repeated, and lost again, and feedback tells of both.
double lowest_of_few_packets(double packets_per_s, double loss, std::uint32_t seed) {
  std::mt19937 random(seed);
  Estimator estimator({6'000'000, 6'000'000});
  estimator.set_sender_follows(false);
  Relayed relayed;
  std::deque<callroom::MonotonicUs> repeated_at;
  Estimator::Feedback told;
  double due = 0, lowest = estimator.target_bps();
  for (callroom::MonotonicUs t = 5'000; t < 16'000'000; t += 5'000) {
    const auto send = [&](callroom::MonotonicUs again) {
      ++told.covered;
      if (t < 4'000'000 || !std::bernoulli_distribution(loss)(random)) return;
      ++told.missing;
      repeated_at.push_back(t + again);
    };
    for (due += packets_per_s * 0.005; due >= 1; --due) {
      ++relayed.packets;
      relayed.bytes += 270;
      send(90'000);
    }
    for (; !repeated_at.empty() && repeated_at.front() <= t; repeated_at.pop_front()) send(250'000);
    if (t % 100'000 == 0 && told.covered > 0) estimator.feedback(t, std::exchange(told, {}), relayed);
    if (t % 1'000'000 == 0) estimator.round_trip(t, 42'000, t - 42'000);
    if (t % 250'000 == 0) estimator.tick(t, relayed);
    lowest = std::min(lowest, estimator.target_bps());
  }
  return lowest;
}

// Of ten packets half may be lost by chance: that is no reason to send no more than what arrives of them.
void loss_among_few_packets_says_little(void**) {
  for (const double packets_per_s : {12.0, 20.0, 33.0}) {
    double lowest = 6'000'000;
    for (std::uint32_t seed = 1; seed <= 500; ++seed) {
      lowest = std::min(lowest, lowest_of_few_packets(packets_per_s, 0.1, seed));
    }
    std::printf("%.0f packets a second, 10 %% lost: lowest target %.0f\n", packets_per_s, lowest);
    assert_true(lowest > 1'000'000);
  }
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(loss_among_few_packets_says_little),
  };
  return cmocka_run_group_tests_name("media/estimator_loss", tests, nullptr, nullptr);
}
