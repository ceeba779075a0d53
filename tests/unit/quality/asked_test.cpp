// What a client asks for itself costs it nothing; what else is taken from it does.
#include <cmath>
#include <optional>

#include "quality/score.hpp"
#include "quality/session_quality.hpp"
#include "quality/timeline.hpp"
#include "support/cmocka.hpp"
#include "support/session_call.hpp"

using namespace callroom;
using namespace callroom::quality;
using namespace callroom::quality::test;

namespace {

constexpr int kSettled = 18;  // seconds

void a_smaller_picture_that_was_asked_for_costs_nothing(void**) {
  Call call;
  const double whole = video_out(call.run(kSettled));
  call.asked_height = call.relayed_height = 240;
  const double asked = video_out(call.run(9));
  call.asked_height = UINT16_MAX;
  call.run(1);  // until it comes
  call.relayed_height = 480;
  const double again = video_out(call.run(8));
  const Summary summary = call.finish();
  assert_true(std::abs(asked - whole) < 0.01);
  assert_true(std::abs(again - whole) < 0.01);
  assert_true(summary.breakdown->resolution == 0);
}

// Asked for in the middle of a sample: the larger picture is a while on its way.
void the_sample_in_which_more_is_asked_for_costs_nothing(void**) {
  Call call;
  call.run(kSettled);
  call.asked_height = call.relayed_height = 240;
  const double asked = video_out(call.run(9));
  call.run(2);
  call.asked_height = UINT16_MAX;
  const double asked_for_more = video_out(call.run(1));
  const double still_small = video_out(call.run(3));
  assert_true(std::abs(asked_for_more - asked) < 0.01);
  assert_true(still_small < asked - 30);  // what does not come then is not what was asked for
}

void what_the_network_takes_of_what_was_asked_for_is_lost(void**) {
  Call call, greedy;
  for (Call* each : {&call, &greedy}) each->run(kSettled);
  call.asked_height = 240;
  call.relayed_height = greedy.relayed_height = 120;
  const double lost = 100 - video_out(call.run(9)), lost_of_all = 100 - video_out(greedy.run(9));
  assert_true(std::abs(lost - 35) < 1);  // one halving, and not two
  assert_true(std::abs(lost_of_all - 70) < 1);
}

void a_watcher_s_wish_is_no_change_of_quality(void**) {
  Call call;
  call.send_video = false;
  call.run(kSettled);
  call.asked_height = call.relayed_height = 240;
  call.run(12);
  const std::uint32_t asked = call.quality.summary().quality_changes;
  call.relayed_height = 120;
  call.run(6);
  const std::uint32_t taken = call.finish().quality_changes;
  assert_int_equal(asked, 0);
  assert_int_equal(taken, 1);
}

// Half the height, and a fifth of the bits.
void send_less(Call& call) {
  call.height = 240;
  call.frame_bytes = 500;
}

void a_bitrate_that_was_asked_for_costs_nothing(void**) {
  Call call, taken;
  for (Call* each : {&call, &taken}) each->run(kSettled);
  send_less(call);
  send_less(taken);
  call.asked_kbps = 105;  // 512 bytes 25 times a second, and the audio
  const double asked = video_in(call.run(12)), lost = video_in(taken.run(12));
  const Summary summary = call.finish();
  assert_true(asked > 97);
  assert_true(lost < 60);
  assert_true(summary.breakdown->resolution < 1);
}

void what_is_missing_of_the_bitrate_that_was_asked_for_is_lost(void**) {
  Call call;
  call.run(kSettled);
  send_less(call);
  call.asked_kbps = 210;
  const double half = video_in(call.run(9));
  call.asked_kbps = 50'000;
  const double nothing_explained = video_in(call.run(3));
  call.asked_kbps.reset();
  const double unasked = video_in(call.run(3));
  assert_true(half < 90 && half > 75);
  assert_true(std::abs(nothing_explained - unasked) < 0.01);
}

void a_low_bitrate_that_was_asked_for_is_no_issue(void**) {
  const auto issues_with = [](std::optional<double> asked_kbps) {
    SessionOptions options;
    options.room_kbps = 1'000;
    Call call(options);
    call.asked_kbps = asked_kbps;
    call.frame_bytes = 900;  // 0.023 bits a pixel
    call.run(kSettled);
    return call.finish().issues.size();
  };
  assert_int_equal(issues_with(200), 0);
  assert_int_equal(issues_with(std::nullopt), 1);
}

VideoQuality poor_picture(double asked_use) {
  VideoQuality video;
  video.frame_rate = 15;
  video.best_frame_rate = 30;
  video.kbps = 100;
  video.size = {320, 180};
  video.best_height = 360;
  video.asked_use = asked_use;
  return video;
}

void less_of_what_was_asked_for_is_never_better(void**) {
  VideoQuality unasked = poor_picture(1);
  unasked.asked_use.reset();
  const double worst = score_video(unasked).score;
  double before = 101;
  bool monotone = true;
  for (double use = 1.2; use >= 0; use -= 0.01) {
    const VideoScore score = score_video(poor_picture(use));
    monotone = monotone && score.score <= before && score.score >= worst - 1e-9;
    monotone = monotone && std::abs(score.score + sum(score.lost) - 100) < 1e-9;
    before = score.score;
  }
  const double all = score_video(poor_picture(1)).score, none = score_video(poor_picture(0)).score;
  assert_true(monotone);
  assert_true(std::abs(all - 100) < 1e-9);
  assert_true(std::abs(none - worst) < 1e-9);
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(a_smaller_picture_that_was_asked_for_costs_nothing),
      cmocka_unit_test(the_sample_in_which_more_is_asked_for_costs_nothing),
      cmocka_unit_test(what_the_network_takes_of_what_was_asked_for_is_lost),
      cmocka_unit_test(a_watcher_s_wish_is_no_change_of_quality),
      cmocka_unit_test(a_bitrate_that_was_asked_for_costs_nothing),
      cmocka_unit_test(what_is_missing_of_the_bitrate_that_was_asked_for_is_lost),
      cmocka_unit_test(a_low_bitrate_that_was_asked_for_is_no_issue),
      cmocka_unit_test(less_of_what_was_asked_for_is_never_better),
  };
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}
