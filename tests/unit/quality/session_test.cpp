// Whole sessions, packet by packet: what the model must not get wrong.
#include <cmath>
#include <string>
#include <vector>

#include "quality/model.hpp"
#include "quality/session_quality.hpp"
#include "quality/timeline.hpp"
#include "support/cmocka.hpp"
#include "support/session_call.hpp"
#include "support/usual_client_sample.hpp"

using namespace callroom;
using namespace callroom::quality;
using namespace callroom::quality::test;

namespace {

bool has_issue(const Summary& summary, const std::string& code) {
  for (const Issue& issue : summary.issues) {
    if (issue.code == code) return true;
  }
  return false;
}

bool near(std::optional<double> value, double expected, double within) {
  return value && std::abs(*value - expected) <= within;
}

void a_good_call_is_excellent(void**) {
  Call call;
  call.run(30);
  const Summary summary = call.finish();
  assert_int_equal(summary.rating, Rating::kExcellent);
  assert_true(near(summary.latency_avg_ms, 50, 0.3));
  assert_true(near(summary.latency_p95_ms, 50, 0.6));
  assert_true(near(summary.packet_loss_in_pct, 0, 0));
  assert_true(near(summary.packet_loss_out_pct, 0, 0));
  assert_true(near(summary.frame_rate_avg, 25, 0.3));
  assert_true(near(summary.media_s, 30, 0.1));
  assert_true(summary.resolution_typical == std::optional<std::string>("640x480"));
  assert_true(summary.issues.empty());
  assert_int_equal(summary.connection_drops, 0);
  assert_int_equal(summary.quality_changes, 0);
  assert_true(summary.quality_score && near(sum(*summary.breakdown), 100 - *summary.quality_score, 0.01));
  // 5,012 bytes a frame and 14 a packet of audio: 25 and 50 a second.
  assert_true(near(summary.bandwidth_in_kbps, (5'023 * 25 + 14 * 50) * 8 / 1000.0, 15));
}

void a_mute_costs_nothing(void**) {
  Call call, muted;
  call.run(60);
  muted.run(15);
  muted.send_audio = false;
  muted.run(15);
  muted.send_audio = true;
  muted.send_video = false;
  muted.run(15);
  muted.send_video = true;
  muted.run(15);
  const Summary all = call.finish(), some = muted.finish();
  assert_true(near(some.quality_score, *all.quality_score, 0.5));
  assert_true(near(some.packet_loss_in_pct, 0, 0));
  assert_int_equal(some.connection_drops, 0);
  assert_true(near(some.frame_rate_avg, 25, 0.3));
  assert_true(some.issues.empty());
}

// What is left while a microphone is muted is the picture, and it is worth no less than before.
void a_mute_costs_nothing_beside_a_poor_picture(void**) {
  Call call;
  call.run(18);
  call.height = 240;
  const std::optional<float> before = call.run(9).score;
  call.send_audio = call.relay_audio = false;
  const Sample& muted = call.run(15);
  const std::optional<float> during = muted.score;
  const bool audio_scored = muted.in.audio_score || muted.out.audio_score;
  assert_true(before && during);
  assert_true(near(during, static_cast<double>(*before), 1));
  assert_false(audio_scored);
}

void an_empty_window_has_no_score(void**) {
  Call call;
  call.send_audio = call.send_video = call.relay_audio = call.relay_video = false;
  const Sample& sample = call.run(6);
  assert_false(sample.score.has_value());
  assert_false(sample.in.loss_pct.has_value());
  assert_false(sample.in.kbps.has_value());
}

void a_blackout_is_a_drop_and_a_recovery(void**) {
  Call call;
  call.run(16);
  call.network = false;
  call.run(5);
  call.network = true;
  call.run(15);
  Call shorter;
  shorter.run(16);
  shorter.network = false;
  shorter.run(4);
  shorter.network = true;
  shorter.run(15);
  const Summary dropped = call.finish(), held = shorter.finish();
  const auto timeline = decode_timeline(dropped.timeline);
  int drops = 0, recoveries = 0;
  for (const TimelineEvent& event : timeline->events) {
    drops += event.what == Happening::kDrop;
    recoveries += event.what == Happening::kRecovery;
  }
  assert_int_equal(dropped.connection_drops, 1);
  assert_int_equal(dropped.recoveries, 1);
  assert_int_equal(drops, 1);
  assert_int_equal(recoveries, 1);
  assert_true(has_issue(dropped, "connection_drop"));
  assert_true(near(dropped.breakdown->drops, 10, 1e-9));
  assert_int_equal(held.connection_drops, 0);
}

void silence_of_the_muted_is_no_drop(void**) {
  Call call;
  call.run(9);
  call.send_audio = call.send_video = call.relay_audio = call.relay_video = false;
  call.network = false;  // not even reports, for less than they may take
  call.run(8);
  call.network = true;
  call.run(6);
  const Summary summary = call.finish();
  assert_int_equal(summary.connection_drops, 1);  // media flowed until the silence began
  Call quiet;
  quiet.run(9);
  quiet.send_audio = quiet.send_video = quiet.relay_audio = quiet.relay_video = false;
  quiet.run(6);
  quiet.network = false;
  quiet.run(8);
  quiet.network = true;
  quiet.run(6);
  const Summary muted = quiet.finish();
  assert_int_equal(muted.connection_drops, 0);
}

void failed_and_unrated(void**) {
  SessionQuality never(SessionOptions{});
  const Summary failed = never.summary();
  Call silent;
  silent.send_audio = silent.send_video = silent.relay_audio = silent.relay_video = false;
  silent.run(30);
  Call short_call;
  short_call.run(18);
  const Summary no_media = silent.finish(), unrated = short_call.finish();
  assert_int_equal(failed.rating, Rating::kFailed);
  assert_false(failed.quality_score.has_value());
  assert_true(has_issue(failed, "never_connected"));
  assert_int_equal(no_media.rating, Rating::kFailed);
  assert_int_equal(unrated.rating, Rating::kUnrated);
  assert_false(unrated.quality_score.has_value());
}

void loss_is_a_ratio_of_sums(void**) {
  Call call;
  call.send_video = call.relay_video = false;
  call.lose_every = 10;
  call.run(12);
  call.lose_every = 0;
  call.run(48);
  const Summary summary = call.finish();
  assert_true(near(summary.packet_loss_in_pct, 2.0, 0.1));
  assert_true(has_issue(summary, "high_loss"));
}

void a_smaller_picture_is_a_change_and_costs(void**) {
  Call call;
  call.run(18);
  call.height = 240;
  const Sample& sample = call.run(12);
  const float score = *sample.in.video_score;
  const Summary summary = call.finish();
  assert_int_equal(summary.quality_changes, 1);
  assert_true(score < 70);
  assert_true(summary.resolution_max == std::optional<std::string>("640x480"));
  assert_true(summary.resolution_min == std::optional<std::string>("320x240"));
  assert_true(summary.breakdown->resolution > 5);
}

std::vector<TimelineEvent> changes_of(const Summary& summary) {
  auto events = decode_timeline(summary.timeline)->events;
  std::erase_if(events, [](const TimelineEvent& event) { return event.what != Happening::kQualityChange; });
  return events;
}

// The same narrow network: one call follows it with a smaller picture, one with one picture of two paused, and one does
// not, so that its picture stands still.
void an_adapted_call_is_worth_more_than_a_frozen_one(void**) {
  Call adapted, paused, frozen;
  for (Call* call : {&adapted, &paused, &frozen}) call->run(18);
  adapted.relayed_height = paused.relayed_height = 240;
  adapted.quality.add_layer_step(LayerStep::kLowered, 0);
  paused.quality.add_layer_step(LayerStep::kPaused, 0);
  paused.withheld = 1;
  frozen.undecodable = true;
  for (Call* call : {&adapted, &paused, &frozen}) call->run(18);
  const Summary smaller = adapted.finish(), fewer = paused.finish(), still = frozen.finish();
  assert_int_equal(smaller.quality_changes, 1);
  assert_int_equal(fewer.quality_changes, 1);
  assert_int_equal(still.quality_changes, 0);
  assert_true(*smaller.quality_score > *fewer.quality_score + 5);
  assert_true(*fewer.quality_score > *still.quality_score + 5);
  assert_true(smaller.breakdown->resolution > 5 && smaller.breakdown->freezes == 0);
  assert_true(fewer.breakdown->frame_rate > 5 && fewer.breakdown->freezes == 0);
  assert_true(still.breakdown->freezes > 20);
}

void what_the_network_had_done_is_one_change_a_sample(void**) {
  Call call;
  int unchanged = 0;
  call.run(6);
  for (int i = 0; i < 30; ++i) {
    for (const LayerStep step : {LayerStep::kRaised, LayerStep::kPaused, LayerStep::kLowered, LayerStep::kRaised}) {
      call.quality.add_layer_step(step, 1);
    }
    unchanged += call.run(3).changed ? 0 : 1;
  }
  call.quality.add_layer_step(LayerStep::kRaised, std::nullopt);
  const Summary summary = call.finish();
  const auto changes = changes_of(summary);
  assert_int_equal(unchanged, 0);
  assert_int_equal(summary.quality_changes, 31);
  assert_int_equal(changes.size(), Timeline::kMostChanges);
  assert_true(changes[0] == (TimelineEvent{Happening::kQualityChange, layer_detail(LayerStep::kPaused, 1), 2}));
}

// Who sends nothing: its figures are of what it receives, and the smaller picture is the change that was counted.
void a_watcher_s_change_of_layers_counts_once(void**) {
  Call call;
  call.send_video = false;
  call.run(18);
  call.relayed_height = 240;
  call.video_interval_ms = 120;
  call.quality.add_layer_step(LayerStep::kLowered, 0);
  call.run(18);
  const std::uint32_t lowered = call.quality.summary().quality_changes;
  call.relayed_height = 480;  // as its sender would have it
  call.run(9);
  const std::uint32_t after = call.finish().quality_changes;
  assert_int_equal(lowered, 1);
  assert_int_equal(after, 2);
}

// An m-line is taken over by somebody who sends less, and then something larger, and again less.
void a_smaller_picture_of_somebody_else_costs_nothing(void**) {
  Call call;
  call.send_video = false;
  call.receive(1, 480);
  const double first = video_out(call.run(18));
  call.run(1);
  call.receive(2, 240);
  const double in_between = video_out(call.run(2)), next = video_out(call.run(9));
  const std::uint32_t changes = call.quality.summary().quality_changes;
  call.receive(2, 480);
  call.run(9);
  call.receive(2, 240);  // by whoever sent more before
  const double smaller = video_out(call.run(9));
  const Summary summary = call.finish();
  assert_true(near(in_between, first, 0.01));
  assert_true(near(next, first, 0.01));
  assert_int_equal(changes, 0);
  assert_true(near(smaller, first - 35, 0.1));
  assert_int_equal(summary.quality_changes, 2);
}

void a_halved_frame_rate_is_one_change(void**) {
  Call call;
  call.run(18);
  call.video_interval_ms = 100;
  call.run(15);
  const Summary summary = call.finish();
  assert_int_equal(summary.quality_changes, 1);
  assert_true(has_issue(summary, "low_frame_rate"));
}

void issues_take_three_samples(void**) {
  Call two, three;
  two.run(15);
  two.rtt_ms = 300;
  two.run(6);
  two.rtt_ms = 50;
  two.run(9);
  three.run(15);
  three.rtt_ms = 300;
  three.run(9);
  const Summary without = two.finish(), with = three.finish();
  assert_false(has_issue(without, "high_latency"));
  assert_true(has_issue(with, "high_latency"));
}

void one_way_media_is_told(void**) {
  Call call;
  call.run(6);
  call.send_audio = call.send_video = false;  // and yet the camera is on, and its reports count on
  call.microphone().on_sender_report(1, 10'000);
  for (std::uint32_t i = 1; i <= 4; ++i) {
    call.microphone().on_sender_report(1, 10'000 + 150 * i);
    call.run(3);
  }
  const Summary summary = call.finish();
  assert_true(has_issue(summary, "one_way_media"));
}

void a_snapshot_comes_to_the_same(void**) {
  Call call;
  call.run(40);
  std::vector<std::byte> bytes(SessionQuality::kMostSnapshotBytes);
  const Summary running = call.quality.summary();
  const std::size_t size = call.quality.snapshot(bytes);
  const auto restored = summary_of_snapshot(std::span(bytes).first(size));
  const bool truncated = summary_of_snapshot(std::span(bytes).first(size - 1)).has_value();
  const std::size_t too_small = call.quality.snapshot(std::span(bytes).first(100));
  assert_true(size > 0 && size <= SessionQuality::kMostSnapshotBytes);
  assert_true(restored.has_value());
  assert_true(restored->quality_score == running.quality_score);
  assert_true(restored->latency_p95_ms == running.latency_p95_ms);
  assert_true(restored->timeline == running.timeline);
  assert_int_equal(restored->samples, running.samples);
  assert_false(truncated);
  assert_int_equal(too_small, 0);
}

void a_client_may_measure(void**) {
  SessionQuality quality(SessionOptions{});
  for (int i = 0; i < 10; ++i) quality.report(usual_client_sample(), 3 * kSecond * i, WallTime{});
  const Summary summary = quality.summary();
  assert_true(near(summary.packet_loss_in_pct, 2.0, 0.01));
  assert_true(near(summary.packet_loss_out_pct, 0.5, 0.01));
  assert_true(near(summary.latency_avg_ms, 100, 0.1));
  assert_true(summary.quality_score.has_value());
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(a_good_call_is_excellent),
      cmocka_unit_test(a_mute_costs_nothing),
      cmocka_unit_test(a_mute_costs_nothing_beside_a_poor_picture),
      cmocka_unit_test(an_empty_window_has_no_score),
      cmocka_unit_test(a_blackout_is_a_drop_and_a_recovery),
      cmocka_unit_test(silence_of_the_muted_is_no_drop),
      cmocka_unit_test(failed_and_unrated),
      cmocka_unit_test(loss_is_a_ratio_of_sums),
      cmocka_unit_test(a_smaller_picture_is_a_change_and_costs),
      cmocka_unit_test(an_adapted_call_is_worth_more_than_a_frozen_one),
      cmocka_unit_test(what_the_network_had_done_is_one_change_a_sample),
      cmocka_unit_test(a_watcher_s_change_of_layers_counts_once),
      cmocka_unit_test(a_smaller_picture_of_somebody_else_costs_nothing),
      cmocka_unit_test(a_halved_frame_rate_is_one_change),
      cmocka_unit_test(issues_take_three_samples),
      cmocka_unit_test(one_way_media_is_told),
      cmocka_unit_test(a_snapshot_comes_to_the_same),
      cmocka_unit_test(a_client_may_measure),
  };
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}
