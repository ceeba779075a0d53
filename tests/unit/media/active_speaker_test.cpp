#include "media/active_speaker.hpp"

#include <string>
#include <vector>

#include "support/cmocka.hpp"

namespace {

using namespace callroom;
using namespace callroom::media;

constexpr MonotonicUs kStep = 250'000;
constexpr double kTalking = 127 - 25, kSilent = 127 - 80;

struct Bench {
  ActiveSpeaker detector;
  MonotonicUs now = 10 * kStep;

  std::string run(std::vector<Loudness> loudness, int updates) {
    std::string last;
    for (int i = 0; i < updates; ++i, now += kStep) last = detector.update(loudness, now).value_or("-");
    return last;
  }
};

void nobody_speaks_until_somebody_does(void**) {
  Bench bench;
  const std::string silent = bench.run({{"a", kSilent}, {"b", {}}}, 20);
  const std::string blip = bench.run({{"a", kSilent}, {"b", kTalking}}, 1);
  const std::string talking = bench.run({{"a", kSilent}, {"b", kTalking}}, 3);
  assert_string_equal(silent.c_str(), "-");
  assert_string_equal(blip.c_str(), "-");
  assert_string_equal(talking.c_str(), "b");
}

void the_next_speaker_takes_over_but_not_too_soon(void**) {
  Bench bench;
  bench.run({{"a", kTalking}, {"b", kSilent}}, 4);
  const std::string soon = bench.run({{"a", kSilent}, {"b", kTalking}}, 3);
  const std::string later = bench.run({{"a", kSilent}, {"b", kTalking}}, 8);
  const std::string quiet = bench.run({{"a", kSilent}, {"b", kSilent}}, 40);
  assert_string_equal(soon.c_str(), "a");
  assert_string_equal(later.c_str(), "b");
  assert_string_equal(quiet.c_str(), "b");
}

void two_who_talk_at_once_do_not_flicker(void**) {
  Bench bench;
  bench.run({{"a", kTalking}, {"b", kSilent}}, 4);
  int changes = 0;
  std::string last = "a";
  for (int i = 0; i < 100; ++i) {
    const double louder = i % 2 == 0 ? 4 : -4;
    const std::string now = bench.run({{"a", kTalking}, {"b", kTalking + louder}}, 1);
    changes += now != last ? 1 : 0;
    last = now;
  }
  assert_int_equal(changes, 0);
}

void whoever_leaves_speaks_no_more(void**) {
  Bench bench;
  bench.run({{"a", kTalking}, {"b", kSilent}}, 4);
  const std::string left = bench.run({{"b", kSilent}}, 1);
  assert_string_equal(left.c_str(), "-");
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(nobody_speaks_until_somebody_does),
      cmocka_unit_test(the_next_speaker_takes_over_but_not_too_soon),
      cmocka_unit_test(two_who_talk_at_once_do_not_flicker),
      cmocka_unit_test(whoever_leaves_speaks_no_more),
  };
  return cmocka_run_group_tests_name("media/active_speaker", tests, nullptr, nullptr);
}
