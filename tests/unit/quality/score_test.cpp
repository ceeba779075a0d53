// The model against its worked vectors, and its shape: monotone in everything.
#include <array>
#include <cmath>
#include <vector>

#include "quality/model.hpp"
#include "quality/score.hpp"
#include "support/cmocka.hpp"

using namespace callroom::quality;

namespace {

bool near(double value, double expected, double within) {
  return std::abs(value - expected) <= within;
}

void audio_vectors(void**) {
  struct Vector {
    AudioQuality in;
    double d, r, mos, score;
  };
  const std::array<Vector, 8> vectors{{
      {{0, 0, 0, 1, true}, 26.5, 92.56, 4.397, 99.3},
      {{50, 5, 0, 1, true}, 86.5, 91.12, 4.366, 97.8},
      {{100, 10, 0.5, 1, true}, 146.5, 87.37, 4.269, 93.7},
      {{200, 30, 2, 1, true}, 286.5, 65.68, 3.388, 70.5},
      {{50, 5, 5, 1, true}, 86.5, 72.12, 3.695, 77.4},
      {{50, 5, 5, 1, false}, 86.5, 59.46, 3.072, 63.8},
      {{50, 5, 5, 2, false}, 86.5, 53.12, 2.739, 57.0},
      {{600, 100, 10, 1, false}, 826.5, 0, 1.000, 0},
  }};
  for (const Vector& vector : vectors) {
    const AudioScore score = score_audio(vector.in);
    assert_true(near(score.delay_ms, vector.d, 0.01));
    assert_true(near(score.r, vector.r, 0.005));
    assert_true(near(score.mos, vector.mos, 0.0005));
    assert_true(near(score.score, vector.score, 0.051));
    assert_true(near(score.score + score.lost_to_delay + score.lost_to_loss, 100, 1e-9));
  }
}

VideoQuality video(double rate, double best_rate, double kbps, std::uint16_t height, std::uint32_t best_height,
                   double residual, double frozen) {
  VideoQuality quality;
  quality.frame_rate = rate;
  quality.best_frame_rate = best_rate;
  quality.kbps = kbps;
  quality.size = {static_cast<std::uint16_t>(height * 16 / 9), height};
  quality.best_height = best_height;
  quality.residual_loss_pct = residual;
  quality.frozen_share = frozen;
  return quality;
}

void video_vectors(void**) {
  struct Vector {
    VideoQuality in;
    double score;
  };
  const std::array<Vector, 4> vectors{{
      {video(30, 30, 1500, 720, 720, 0, 0), 91.44},
      {video(15, 30, 1500, 720, 720, 0, 0), 75.00},
      {video(30, 30, 500, 360, 720, 0, 0), 60.47},
      {video(30, 30, 1500, 720, 720, 2, 0.05), 56.44},
  }};
  for (const Vector& vector : vectors) {
    const VideoScore score = score_video(vector.in);
    assert_true(near(score.score, vector.score, 0.005));
    assert_true(near(score.score + sum(score.lost), 100, 1e-9));
  }
}

void a_screen_share_needs_no_frames(void**) {
  VideoQuality still = video(1, 30, 5, 720, 720, 0, 0);
  still.screen_share = true;
  const double score = score_video(still).score;
  assert_true(near(score, 100, 1e-9));
}

void sample_vectors(void**) {
  const auto sample = [](double audio, double picture) {
    AudioScore a;
    a.score = audio;
    VideoScore v;
    v.score = picture;
    return score_sample(a, v)->score;
  };
  assert_true(near(sample(97.8, 75), 84.12, 1e-9));
  assert_true(near(sample(63.8, 100), 63.8, 1e-9));
  assert_true(near(sample(100, 40), 64.0, 1e-9));
  assert_false(score_sample(std::nullopt, std::nullopt).has_value());
}

double session(const std::vector<double>& sorted, std::uint32_t drops) {
  double total = 0;
  for (const double score : sorted) total += score;
  return score_session(total / static_cast<double>(sorted.size()), *quantile(sorted, model::kLowQuantile), drops);
}

void session_vectors(void**) {
  const std::vector<double> good(30, 97.8);
  std::vector<double> mixed(30, 97.8);
  std::fill(mixed.begin(), mixed.begin() + 6, 40.0);
  assert_true(near(session(good, 0), 97.80, 1e-9));
  assert_true(near(session(mixed, 0), 72.37, 0.005));
  assert_true(near(session(good, 1), 87.80, 1e-9));
  assert_true(near(session(good, 2), 77.80, 1e-9));
  assert_true(near(session(good, 3), 67.80, 1e-9));
  assert_true(near(session(good, 4), 67.80, 1e-9));  // never more than 30 for drops
}

void ratings_at_their_edges(void**) {
  assert_int_equal(rate(86), Rating::kExcellent);
  assert_int_equal(rate(85.99), Rating::kGood);
  assert_int_equal(rate(75), Rating::kGood);
  assert_int_equal(rate(74.99), Rating::kFair);
  assert_int_equal(rate(64), Rating::kFair);
  assert_int_equal(rate(63.99), Rating::kPoor);
}

// Along each input from good to bad, at several fixed values of the others: never better.
void audio_is_monotone(void**) {
  bool monotone = true;
  for (const double base_rtt : {0.0, 150.0, 400.0}) {
    for (const double base_loss : {0.0, 3.0, 20.0}) {
      for (const bool fec : {false, true}) {
        const auto never_rises = [&](auto set, double most) {
          double before = 1e9;
          for (int step = 0; step <= 200; ++step) {
            AudioQuality audio{base_rtt, 10, base_loss, 1.5, fec};
            set(audio, most * step / 200);
            const double score = score_audio(audio).score;
            monotone = monotone && score <= before + 1e-9;
            before = score;
          }
        };
        never_rises([](AudioQuality& a, double x) { a.rtt_ms = x; }, 2000);
        never_rises([](AudioQuality& a, double x) { a.jitter_ms = x; }, 500);
        never_rises([](AudioQuality& a, double x) { a.loss_pct = x; }, 100);
        never_rises([](AudioQuality& a, double x) { a.burst_ratio = 1 + x; }, 20);
      }
      monotone = monotone && score_audio({base_rtt, 10, base_loss, 1, true}).score >=
                                 score_audio({base_rtt, 10, base_loss, 1, false}).score;
    }
  }
  assert_true(monotone);
}

void video_is_monotone(void**) {
  bool monotone = true;
  const auto never_rises = [&](auto set, double from, double to) {
    double before = 1e9;
    for (int step = 0; step <= 200; ++step) {
      VideoQuality v = video(30, 30, 800, 720, 720, 0.2, 0.01);
      set(v, from + (to - from) * step / 200);
      const double score = score_video(v).score;
      monotone = monotone && score <= before + 1e-9;
      before = score;
    }
  };
  never_rises([](VideoQuality& v, double x) { v.residual_loss_pct = x; }, 0, 20);
  never_rises([](VideoQuality& v, double x) { v.frozen_share = x; }, 0, 1);
  never_rises([](VideoQuality& v, double x) { v.kbps = x; }, 3000, 0);
  never_rises([](VideoQuality& v, double x) { v.best_height = static_cast<std::uint32_t>(x); }, 720, 4320);
  never_rises([](VideoQuality& v, double x) { v.best_frame_rate = x; }, 30, 120);
  // Fewer frames leave more bits to each: at a given number of bits a frame, fewer frames are never better.
  never_rises(
      [](VideoQuality& v, double x) {
        v.frame_rate = x;
        v.kbps = 27 * x;
      },
      30, 1);
  assert_true(monotone);
}

void a_percentage_is_not_a_share(void**) {
  const double five_percent = score_audio({50, 5, 5, 1, true}).score;
  const double as_share = score_audio({50, 5, 0.05, 1, true}).score;
  assert_true(as_share - five_percent > 15);
}

void bursts_by_mean_length(void**) {
  assert_true(near(burst_ratio(10, 10, 5), 1, 1e-9));
  assert_true(near(burst_ratio(40, 10, 10), 3.6, 1e-9));
  assert_true(near(burst_ratio(0, 0, 0), 1, 1e-9));
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(audio_vectors),
      cmocka_unit_test(video_vectors),
      cmocka_unit_test(a_screen_share_needs_no_frames),
      cmocka_unit_test(sample_vectors),
      cmocka_unit_test(session_vectors),
      cmocka_unit_test(ratings_at_their_edges),
      cmocka_unit_test(audio_is_monotone),
      cmocka_unit_test(video_is_monotone),
      cmocka_unit_test(a_percentage_is_not_a_share),
      cmocka_unit_test(bursts_by_mean_length),
  };
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}
