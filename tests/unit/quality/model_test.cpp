// The model's constants as design and documentation have them, and the thresholds of the issue catalogue. A constant
// that is changed fails here at the least: change the table, kScoreVersion and the documentation with it.
// tests/mutate_model changes each in turn and expects a failure here and in a test of what the constant does.
#include <array>
#include <cmath>
#include <string>

#include "quality/issues.hpp"
#include "quality/model.hpp"
#include "support/cmocka.hpp"

using namespace callroom::quality;

namespace {

void constants(void**) {
  struct Constant {
    const char* name;
    double is, should_be;
  };
  const std::array<Constant, 63> constants{{
      {"kScoreVersion", static_cast<double>(model::kScoreVersion), 1},
      {"kBestR", static_cast<double>(model::kBestR), 93.2},
      {"kFixedDelayMs", static_cast<double>(model::kFixedDelayMs), 26.5},
      {"kJitterDelay", static_cast<double>(model::kJitterDelay), 2.0},
      {"kDelaySlope", static_cast<double>(model::kDelaySlope), 0.024},
      {"kLateDelayMs", static_cast<double>(model::kLateDelayMs), 177.3},
      {"kLateDelaySlope", static_cast<double>(model::kLateDelaySlope), 0.11},
      {"kOpusImpairment", static_cast<double>(model::kOpusImpairment), 0.0},
      {"kWorstImpairment", static_cast<double>(model::kWorstImpairment), 95.0},
      {"kLossRobustness", static_cast<double>(model::kLossRobustness), 10.0},
      {"kLossRobustnessFec", static_cast<double>(model::kLossRobustnessFec), 20.0},
      {"kRToScore", static_cast<double>(model::kRToScore), 0.932},
      {"kMosSlope", static_cast<double>(model::kMosSlope), 0.035},
      {"kMosCurve", static_cast<double>(model::kMosCurve), 7e-6},
      {"kMosMiddle", static_cast<double>(model::kMosMiddle), 60.0},
      {"kMosEnd", static_cast<double>(model::kMosEnd), 100.0},
      {"kMosLeast", static_cast<double>(model::kMosLeast), 1.0},
      {"kResidualLoss", static_cast<double>(model::kResidualLoss), 10.0},
      {"kFrozen", static_cast<double>(model::kFrozen), 300.0},
      {"kFrameRate", static_cast<double>(model::kFrameRate), 25.0},
      {"kHeight", static_cast<double>(model::kHeight), 35.0},
      {"kBits", static_cast<double>(model::kBits), 14.0},
      {"kEnoughBits", static_cast<double>(model::kEnoughBits), 0.1},
      {"kBestFrameRateQuantile", static_cast<double>(model::kBestFrameRateQuantile), 0.9},
      {"kAudioWeight", static_cast<double>(model::kAudioWeight), 0.4},
      {"kVideoWeight", static_cast<double>(model::kVideoWeight), 0.6},
      {"kLeastAudioPackets", static_cast<double>(model::kLeastAudioPackets), 100},
      {"kMostPaused", static_cast<double>(model::kMostPaused), 0.5},
      {"kKeepSamples", static_cast<double>(model::kKeepSamples), 3},
      {"kAudioLossSamples", static_cast<double>(model::kAudioLossSamples), 5},
      {"kMeanWeight", static_cast<double>(model::kMeanWeight), 0.7},
      {"kLowWeight", static_cast<double>(model::kLowWeight), 0.3},
      {"kLowQuantile", static_cast<double>(model::kLowQuantile), 0.1},
      {"kPerDrop", static_cast<double>(model::kPerDrop), 10.0},
      {"kMostForDrops", static_cast<double>(model::kMostForDrops), 30.0},
      {"kExcellent", static_cast<double>(model::kExcellent), 86.0},
      {"kGood", static_cast<double>(model::kGood), 75.0},
      {"kFair", static_cast<double>(model::kFair), 64.0},
      {"kLeastMediaSeconds", static_cast<double>(model::kLeastMediaSeconds), 20.0},
      {"kLeastPackets", static_cast<double>(model::kLeastPackets), 500},
      {"kDropUs", static_cast<double>(model::kDropUs), 5000000},
      {"kQuietDropUs", static_cast<double>(model::kQuietDropUs), 12000000},
      {"kFrameRateChange", static_cast<double>(model::kFrameRateChange), 2.0},
      {"kFrameRateChangeSamples", static_cast<double>(model::kFrameRateChangeSamples), 2},
      {"kIssueSamples", static_cast<double>(model::kIssueSamples), 3},
      {"kHighLatencyMs", static_cast<double>(model::kHighLatencyMs), 200},
      {"kCriticalLatencyMs", static_cast<double>(model::kCriticalLatencyMs), 400},
      {"kHighLossPct", static_cast<double>(model::kHighLossPct), 3},
      {"kCriticalLossPct", static_cast<double>(model::kCriticalLossPct), 10},
      {"kBurstRatio", static_cast<double>(model::kBurstRatio), 2},
      {"kBurstLossPct", static_cast<double>(model::kBurstLossPct), 1},
      {"kHighJitterMs", static_cast<double>(model::kHighJitterMs), 30},
      {"kCriticalJitterMs", static_cast<double>(model::kCriticalJitterMs), 100},
      {"kLowFrameRate", static_cast<double>(model::kLowFrameRate), 12},
      {"kCriticalFrameRate", static_cast<double>(model::kCriticalFrameRate), 7},
      {"kFrozenShare", static_cast<double>(model::kFrozenShare), 0.05},
      {"kCriticalFrozenShare", static_cast<double>(model::kCriticalFrozenShare), 0.3},
      {"kLowBandwidthShare", static_cast<double>(model::kLowBandwidthShare), 0.3},
      {"kLowBitsPerPixel", static_cast<double>(model::kLowBitsPerPixel), 0.02},
      {"kAmpleBitsPerPixel", static_cast<double>(model::kAmpleBitsPerPixel), 0.05},
      {"kKeyFrameStorm", static_cast<double>(model::kKeyFrameStorm), 0.5},
      {"kOneWayUs", static_cast<double>(model::kOneWayUs), 5000000},
      {"kCriticalDropIssue", static_cast<double>(model::kCriticalDropIssue), 3},
  }};
  std::string changed;
  for (const Constant& constant : constants) {
    if (std::abs(constant.is - constant.should_be) > 1e-9 * std::abs(constant.should_be))
      changed += std::string(constant.name) + " ";
  }
  assert_string_equal(changed.c_str(), "");
}

std::optional<Severity> level(const IssueInputs& inputs, IssueCode code) {
  return issue_levels(inputs)[static_cast<std::size_t>(code)];
}

// At each threshold of the catalogue: not yet, a warning, critical.
void thresholds(void**) {
  struct Threshold {
    IssueCode code;
    std::optional<double> IssueInputs::*quantity;
    double good, least_warning, most_warning, critical;
  };
  const std::array<Threshold, 5> thresholds{{
      {IssueCode::kHighLatency, &IssueInputs::rtt_ms, 200, 200.1, 400, 400.1},
      {IssueCode::kHighLoss, &IssueInputs::loss_pct, 3, 3.01, 10, 10.01},
      {IssueCode::kHighJitter, &IssueInputs::jitter_ms, 30, 30.1, 100, 100.1},
      {IssueCode::kLowFrameRate, &IssueInputs::frame_rate, 12, 11.9, 7, 6.9},
      {IssueCode::kFrozenVideo, &IssueInputs::frozen_share, 0.05, 0.051, 0.3, 0.301},
  }};
  bool as_expected = true;
  for (const Threshold& threshold : thresholds) {
    const auto level_at = [&](double value) {
      IssueInputs inputs;
      inputs.*threshold.quantity = value;
      return level(inputs, threshold.code);
    };
    as_expected = as_expected && !level_at(threshold.good) && level_at(threshold.least_warning) == Severity::kWarning &&
                  level_at(threshold.most_warning) == Severity::kWarning &&
                  level_at(threshold.critical) == Severity::kCritical;
  }
  assert_true(as_expected);
}

void bursts_matter_with_loss(void**) {
  const auto bursty = [](double loss_pct, double ratio) {
    IssueInputs inputs;
    inputs.loss_pct = loss_pct;
    inputs.burst_ratio = ratio;
    return level(inputs, IssueCode::kBurstyLoss).has_value();
  };
  assert_true(bursty(1.01, 2.1));
  assert_false(bursty(1.01, 2.0));
  assert_false(bursty(1.0, 2.1));
}

// Too little for the picture; or little for the room, where the picture has not all that it needs.
void bandwidth_is_low_by_the_picture_or_by_the_room(void**) {
  const auto low = [](double share, double bits) {
    IssueInputs inputs;
    inputs.bitrate_share = share;
    inputs.bits_per_pixel = bits;
    return level(inputs, IssueCode::kLowBandwidth).has_value();
  };
  assert_true(low(1, 0.019));
  assert_false(low(1, 0.021));
  assert_true(low(0.29, 0.049));
  assert_false(low(0.31, 0.049));
  assert_false(low(0.29, 0.051));
}

void more_than_a_request_each_two_seconds_is_a_storm(void**) {
  IssueInputs storm, calm;
  storm.key_frame_requests_per_s = 0.51;
  calm.key_frame_requests_per_s = 0.5;
  assert_true(level(storm, IssueCode::kKeyframeStorm).has_value());
  assert_false(level(calm, IssueCode::kKeyframeStorm).has_value());
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(constants),
      cmocka_unit_test(thresholds),
      cmocka_unit_test(bursts_matter_with_loss),
      cmocka_unit_test(bandwidth_is_low_by_the_picture_or_by_the_room),
      cmocka_unit_test(more_than_a_request_each_two_seconds_is_a_storm),
  };
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}
