// What is kept of a session in little memory: its course, and the quantiles of its samples.
#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "quality/quantile_sketch.hpp"
#include "quality/score.hpp"
#include "quality/timeline.hpp"
#include "support/cmocka.hpp"

using namespace callroom::quality;
using callroom::LayerStep;

namespace {

TimelinePoint point(double score, double loss = 1) {
  return {score, 120.0, loss, std::nullopt, 1500.0, 40.0, 24.5};
}

bool near(const std::optional<double>& value, double expected, double share) {
  return value && std::abs(*value - expected) <= share * expected;
}

void a_short_session_keeps_every_sample(void**) {
  Timeline timeline;
  for (int i = 0; i < 20; ++i) timeline.add(point(50.5 + i));
  timeline.add_event({Happening::kDrop, 0, 7});
  timeline.add_event({Happening::kIssueBegan, 3, 9});
  const auto decoded = decode_timeline(timeline.encode(3000));
  assert_true(decoded.has_value());
  assert_int_equal(decoded->sample_interval_ms, 3000);
  assert_int_equal(decoded->samples_per_point, 1);
  assert_int_equal(decoded->points.size(), 20);
  assert_true(decoded->points[19].score == std::optional<double>(69.5));
  assert_true(near(decoded->points[5].rtt_ms, 120, 0.04));
  assert_true(near(decoded->points[5].kbps_in, 1500, 0.04));
  assert_true(near(decoded->points[5].frame_rate, 24.5, 0.001));
  assert_true(near(decoded->points[5].loss_in_pct, 1, 0.01));
  assert_false(decoded->points[5].loss_out_pct.has_value());
  const bool same_events = decoded->events == timeline.plain().events;
  assert_true(same_events);
}

void a_long_one_is_thinned_and_stays_small(void**) {
  Timeline timeline;
  std::mt19937 random(1);
  std::size_t largest = 0, fewest = 1000;
  for (int i = 0; i < 28'800; ++i) {  // a day
    timeline.add(point(static_cast<double>(random() % 101), static_cast<double>(random() % 40)));
    if (i % 500 == 499) {
      const auto bytes = timeline.encode(3000);
      largest = std::max(largest, bytes.size());
      fewest = std::min(fewest, decode_timeline(bytes)->points.size());
    }
  }
  const auto decoded = decode_timeline(timeline.encode(3000));
  const double covered = static_cast<double>(decoded->points.size()) * decoded->samples_per_point;
  assert_true(largest <= Timeline::kMostBytes);
  assert_true(fewest >= 30);
  assert_true(covered >= 28'800 && covered <= 28'800 + 2.0 * decoded->samples_per_point);
}

void pictures_that_change_often_hide_nothing_else(void**) {
  Timeline timeline;
  for (std::uint16_t i = 0; i < 1000; ++i) {
    timeline.add(point(80));
    timeline.add_event({Happening::kQualityChange, layer_detail(LayerStep::kLowered, 1), i});
    timeline.add_event({Happening::kAdaptation, kAdaptationEnded, i});
  }
  timeline.add_event({Happening::kDrop, 0, 1000});
  const auto decoded = decode_timeline(timeline.encode(3000));
  assert_int_equal(decoded->events.size(), Timeline::kMostChanges + 1);
  assert_true(decoded->events.back() == (TimelineEvent{Happening::kDrop, 0, 1000}));
  assert_true(step_of(decoded->events[0].detail) == LayerStep::kLowered);
  assert_true(cause_of(decoded->events[0].detail) == std::optional<std::uint8_t>(1));
}

void a_change_of_layers_keeps_its_cause(void**) {
  int wrong = 0;
  for (const LayerStep step : {LayerStep::kRaised, LayerStep::kResumed, LayerStep::kLowered, LayerStep::kPaused}) {
    for (std::uint8_t cause = 0; cause < 15; ++cause) {
      const std::uint8_t detail = layer_detail(step, cause);
      if (step_of(detail) != step || cause_of(detail) != cause) ++wrong;
    }
    if (cause_of(layer_detail(step, std::nullopt))) ++wrong;
  }
  const bool of_what_is_sent = step_of(0) || step_of(1) || cause_of(1);
  assert_int_equal(wrong, 0);
  assert_false(of_what_is_sent);
}

void damaged_bytes_are_refused(void**) {
  Timeline timeline;
  for (int i = 0; i < 20; ++i) timeline.add(point(80));
  timeline.add_event({Happening::kRecovery, 0, 3});
  const auto bytes = timeline.encode(3000);
  std::size_t decoded = 0;
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    decoded += decode_timeline(std::span(bytes).first(size)).has_value() ? 1U : 0U;
  }
  auto other_version = bytes;
  other_version[0] = 2;
  const bool accepted = decode_timeline(other_version).has_value();
  assert_int_equal(decoded, 0);
  assert_false(accepted);
}

void quantiles_of_a_short_session_are_exact(void**) {
  QuantileSketch sketch;
  std::vector<double> scores(24, 97.8);
  scores.insert(scores.begin(), 6, 40.0);
  for (const double score : scores) sketch.add(Quantity::kScore, score);
  for (const double rtt_ms : {10.0, 20.0, 30.0, 40.0, 1000.0}) sketch.add(Quantity::kRtt, rtt_ms);
  const auto p10 = sketch.quantile(Quantity::kScore, 0.1), p50 = sketch.quantile(Quantity::kRtt, 0.5);
  const auto p95 = sketch.quantile(Quantity::kRtt, 0.95), nothing = sketch.quantile(Quantity::kLoss, 0.5);
  assert_true(near(p10, 40, 0.0005));
  assert_true(near(p50, 30, 0.011));
  assert_true(near(p95, 808, 0.011));  // 40 + 0.8 * 960
  assert_false(nothing.has_value());
}

// However long and wild: bounded, and within what a figure may be off.
void quantiles_of_a_long_session_are_near(void**) {
  QuantileSketch sketch;
  std::mt19937 random(2);
  std::lognormal_distribution<double> rtt(5, 0.5), kbps(7, 0.7);
  std::vector<double> rtts, rates;
  for (int i = 0; i < 20'000; ++i) {
    rtts.push_back(rtt(random));
    rates.push_back(kbps(random));
    sketch.add(Quantity::kRtt, rtts.back());
    sketch.add(Quantity::kBitrate, rates.back());
    for (const Quantity other : {Quantity::kJitter, Quantity::kLoss, Quantity::kFrameRate, Quantity::kScore}) {
      sketch.add(other, static_cast<double>(random() % 10'000) / 100);
    }
  }
  std::sort(rtts.begin(), rtts.end());
  std::sort(rates.begin(), rates.end());
  const auto rtt_p95 = sketch.quantile(Quantity::kRtt, 0.95), kbps_p5 = sketch.quantile(Quantity::kBitrate, 0.05);
  const std::size_t bins = sketch.bins().size();
  assert_true(bins <= QuantileSketch::kMostBins);
  assert_true(near(rtt_p95, *quantile(rtts, 0.95), 0.08));
  assert_true(near(kbps_p5, *quantile(rates, 0.05), 0.08));
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(a_short_session_keeps_every_sample),
      cmocka_unit_test(a_long_one_is_thinned_and_stays_small),
      cmocka_unit_test(pictures_that_change_often_hide_nothing_else),
      cmocka_unit_test(a_change_of_layers_keeps_its_cause),
      cmocka_unit_test(damaged_bytes_are_refused),
      cmocka_unit_test(quantiles_of_a_short_session_are_exact),
      cmocka_unit_test(quantiles_of_a_long_session_are_near),
  };
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}
