// What the model's limits do, just inside and just outside of each: what no worked vector reaches.
#include <array>
#include <cmath>
#include <string>

#include "quality/direction_measure.hpp"
#include "quality/liveness.hpp"
#include "quality/model.hpp"
#include "quality/session_quality.hpp"
#include "quality/session_totals.hpp"
#include "support/cmocka.hpp"
#include "support/relay.hpp"

using namespace callroom;
using namespace callroom::quality;
using callroom::test::Relay;

namespace {

constexpr MonotonicUs kSecond = 1'000'000;

bool near(std::optional<double> value, double expected, double within) {
  return value && std::abs(*value - expected) <= within;
}

const Issue* issue(const Summary& summary, const std::string& code) {
  for (const Issue& issue : summary.issues) {
    if (issue.code == code) return &issue;
  }
  return nullptr;
}

// ---- what has a score ----

UplinkWindow uplink(MediaKind kind, std::uint32_t expected) {
  UplinkWindow window;
  window.kind = kind;
  window.duration_us = 3 * kSecond;
  window.expected = expected;
  window.bytes = expected * 1000U;
  window.frames = 60;
  return window;
}

DirectionMeasure measure_of(const UplinkWindow& window) {
  DirectionMeasure measure;
  measure.add(window, true);
  measure.finish();
  return measure;
}

void audio_needs_a_hundred_packets(void**) {
  DownlinkWindow few, enough;
  few.kind = enough.kind = MediaKind::kAudio;
  few.duration_us = enough.duration_us = 3 * kSecond;
  few.relayed = 99;
  enough.relayed = 100;
  few.loss_pct = enough.loss_pct = 0;
  DirectionMeasure out_few, out_enough;
  out_few.add(few, true);
  out_enough.add(enough, true);
  out_few.finish();
  out_enough.finish();
  const bool in_few = measure_of(uplink(MediaKind::kAudio, 99)).audio.has_value();
  const bool in_enough = measure_of(uplink(MediaKind::kAudio, 100)).audio.has_value();
  assert_false(in_few);
  assert_true(in_enough);
  assert_false(out_few.audio.has_value());
  assert_true(out_enough.audio.has_value());
}

void half_a_sample_of_pause_is_a_pause(void**) {
  UplinkWindow mostly = uplink(MediaKind::kVideo, 200), hardly = mostly;
  mostly.quiet_us = 1'560'000;  // 52 %
  hardly.quiet_us = 1'440'000;
  const std::size_t paused = measure_of(mostly).video_count, flowing = measure_of(hardly).video_count;
  assert_int_equal(paused, 0);
  assert_int_equal(flowing, 1);
}

// ---- how long a value stands ----

// An m-line that is relayed to, and that the peer reports on when the test says so.
struct Receiving {
  explicit Receiving(MediaKind kind) : relay(0, 0, 999), stream(kind, relay, 1000, 0) {}

  DownlinkWindow pause() {
    now += 3 * kSecond;
    return stream.take_window(now);
  }

  DownlinkWindow window(bool reported, std::uint32_t lost = 0) {
    relay.add(150, 15'000, 150);
    now += 3 * kSecond;
    if (reported) {
      ReportBlock block;
      block.highest = relay.highest();
      block.lost = static_cast<std::int32_t>(all_lost += lost);
      block.jitter = jitter;
      stream.on_report_block(block, now);
    }
    return stream.take_window(now);
  }

  Relay relay;
  DownlinkStream stream;
  MonotonicUs now = 0;
  std::uint32_t all_lost = 0;
  std::uint32_t jitter = 480;
};

void a_value_stands_for_three_samples(void**) {
  Receiving video(MediaKind::kVideo);
  video.window(true, 15);
  std::array<DownlinkWindow, 4> after;
  for (DownlinkWindow& window : after) window = video.window(false);
  for (std::size_t i = 0; i < 3; ++i) {
    assert_true(near(after[i].loss_pct, 10, 0.01));
    assert_true(after[i].jitter_ms.has_value());
  }
  assert_false(after[3].loss_pct.has_value());
  assert_false(after[3].jitter_ms.has_value());
}

// RFC 3550's estimate takes a packet after a mute for one that was late, and needs a second or two to forget it.
void jitter_just_after_a_pause_is_the_pause_s(void**) {
  Receiving audio(MediaKind::kAudio);
  const std::optional<double> before = audio.window(true).jitter_ms;
  audio.pause();
  audio.pause();
  audio.jitter = 48 * 70;
  const std::optional<double> resumed = audio.window(true).jitter_ms;
  const std::optional<double> settled = audio.window(true).jitter_ms;
  audio.jitter = 48 * 20;
  const std::optional<double> later = audio.window(true).jitter_ms;
  assert_true(near(before, 10, 0.01));
  assert_true(near(resumed, 10, 0.01));
  assert_true(near(settled, 10, 0.01));
  assert_true(near(later, 20, 0.01));
}

void audio_loss_is_that_of_fifteen_seconds(void**) {
  Receiving audio(MediaKind::kAudio);
  audio.window(true, 75);
  std::array<double, 5> loss{};
  for (double& of_window : loss) of_window = audio.window(true).loss_pct.value_or(-1);
  assert_true(near(loss[3], 10, 0.01));  // 75 of the 750 in five windows
  assert_true(near(loss[4], 0, 0.01));   // and with the sixth it is gone
}

// ---- sessions measured by clients: what a sample says is in the test's hand ----

ClientSample client_sample(double frame_rate = 30) {
  ClientSample sample;
  sample.interval_ms = 3000;
  sample.rtt_ms = 50;
  sample.jitter_ms = 5;
  sample.sent = {0.0, 1200, frame_rate, {640, 480}};
  sample.received = {0.0, 1200, 30, {640, 480}};
  return sample;
}

class Reported {
 public:
  void add(const ClientSample& sample, int times = 1) {
    for (int i = 0; i < times; ++i) quality.report(sample, now += 3 * kSecond, WallTime{});
  }
  SessionQuality quality{SessionOptions{}};
  MonotonicUs now = 0;
};

void a_round_trip_stands_for_three_samples(void**) {
  Reported session;
  session.add(client_sample(), 2);
  ClientSample silent = client_sample();
  silent.rtt_ms.reset();
  session.add(silent, 3);
  const bool third = session.quality.latest()->rtt_ms.has_value();
  session.add(silent);
  const bool fourth = session.quality.latest()->rtt_ms.has_value();
  assert_true(third);
  assert_false(fourth);
}

void halving_the_frame_rate_for_two_samples_is_a_change(void**) {
  const auto changes = [](double to, int samples) {
    Reported session;
    session.add(client_sample(30), 6);
    session.add(client_sample(to), samples);
    session.add(client_sample(30));
    return session.quality.summary().quality_changes;
  };
  assert_int_equal(changes(14.5, 1), 0);
  assert_int_equal(changes(14.5, 2), 1);
  assert_int_equal(changes(15.8, 2), 0);
}

// 15 samples at 10 frames and three at 20: the tenth best is 20. One in thirty is not it.
void the_best_frame_rate_is_what_one_sample_in_ten_had(void**) {
  const auto lost_to_frames = [](int fast, int slow) {
    Reported session;
    session.add(client_sample(20), fast);
    session.add(client_sample(10), slow);
    return 100 - static_cast<double>(*session.quality.latest()->in.video_score);
  };
  const double often = lost_to_frames(3, 15), rarely = lost_to_frames(1, 30), never = lost_to_frames(0, 15);
  assert_true(often - never > 20);
  assert_true(rarely - never < 0.5);
}

// ---- the session ----

// A session of so much media whose samples had these scores.
Summary summary_of(double media_s, std::uint64_t packets, std::span<const double> scores) {
  SessionState state;
  state.totals.connected = 1;
  state.totals.media_us = static_cast<std::uint64_t>(media_s * 1e6);
  state.totals.in.packets = packets;
  for (const double score : scores) {
    ++state.totals.scored;
    state.totals.score_sum += score;
    state.sketch.add(Quantity::kScore, score);
  }
  return summarize(state);
}

void a_session_is_rated_from_twenty_seconds_and_500_packets(void**) {
  const std::array<double, 1> score{90};
  const Rating enough = summary_of(20, 500, score).rating, short_one = summary_of(19.9, 500, score).rating,
               sparse = summary_of(20, 499, score).rating;
  const int version = summary_of(20, 500, score).score_version;
  assert_int_equal(enough, Rating::kExcellent);
  assert_int_equal(short_one, Rating::kUnrated);
  assert_int_equal(sparse, Rating::kUnrated);
  assert_int_equal(version, 1);
}

void the_low_scores_are_those_of_one_sample_in_ten(void**) {
  const std::array<double, 11> scores{0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100};
  const Summary summary = summary_of(60, 1000, scores);
  assert_true(near(summary.score_p10, 10, 0.02));
  assert_true(near(summary.quality_score, 0.7 * 50 + 0.3 * 10, 0.01));
}

void a_third_drop_is_critical(void**) {
  Reported session;
  session.add(client_sample());
  const auto severity_after_drop = [&] {
    session.quality.disconnected(session.now);
    const Summary summary = session.quality.summary();
    const Severity severity = issue(summary, "connection_drop")->severity;
    session.add(client_sample());
    return severity;
  };
  const Severity first = severity_after_drop(), second = severity_after_drop(), third = severity_after_drop();
  assert_int_equal(first, Severity::kWarning);
  assert_int_equal(second, Severity::kWarning);
  assert_int_equal(third, Severity::kCritical);
}

// ---- silences ----

void silence_becomes_a_drop(void**) {
  const auto drops = [](bool media_flowed, MonotonicUs for_us) {
    Liveness liveness;
    const MonotonicUs began = 100 * kSecond;
    liveness.hear(began, 0);
    liveness.conclude(began, media_flowed ? began : began - 60 * kSecond);
    return liveness.conclude(began + for_us, media_flowed ? began : began - 60 * kSecond).dropped;
  };
  assert_false(drops(true, 4'900'000));
  assert_true(drops(true, 5'000'000));
  assert_false(drops(false, 11'900'000));
  assert_true(drops(false, 12'000'000));
}

void relaying_without_an_answer_is_one_way(void**) {
  const auto unanswered = [](MediaKind kind, MonotonicUs for_us) {
    DownlinkWindow window;
    window.kind = kind;
    window.unreported_us = for_us;
    DirectionMeasure measure;
    measure.add(window, true);
    return measure.unanswered;
  };
  assert_false(unanswered(MediaKind::kVideo, 5'000'000));
  assert_true(unanswered(MediaKind::kVideo, 5'100'000));
  assert_false(unanswered(MediaKind::kAudio, 12'000'000));
  assert_true(unanswered(MediaKind::kAudio, 12'100'000));
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(audio_needs_a_hundred_packets),
      cmocka_unit_test(half_a_sample_of_pause_is_a_pause),
      cmocka_unit_test(a_value_stands_for_three_samples),
      cmocka_unit_test(jitter_just_after_a_pause_is_the_pause_s),
      cmocka_unit_test(audio_loss_is_that_of_fifteen_seconds),
      cmocka_unit_test(a_round_trip_stands_for_three_samples),
      cmocka_unit_test(halving_the_frame_rate_for_two_samples_is_a_change),
      cmocka_unit_test(the_best_frame_rate_is_what_one_sample_in_ten_had),
      cmocka_unit_test(a_session_is_rated_from_twenty_seconds_and_500_packets),
      cmocka_unit_test(the_low_scores_are_those_of_one_sample_in_ten),
      cmocka_unit_test(a_third_drop_is_critical),
      cmocka_unit_test(silence_becomes_a_drop),
      cmocka_unit_test(relaying_without_an_answer_is_one_way),
  };
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}
