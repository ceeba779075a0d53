#include "media/key_frame_requests.hpp"

#include <string>

#include "support/cmocka.hpp"

namespace {

using callroom::MonotonicUs;
using callroom::media::KeyFrameRequests;

constexpr MonotonicUs kMs = 1000;

// Polls every millisecond as a timer would; the times of requests in ms, as text.
std::string requests(KeyFrameRequests& requests, MonotonicUs from_ms, MonotonicUs to_ms,
                     std::optional<MonotonicUs> key_frame_ms = {}) {
  std::string times;
  for (MonotonicUs t = from_ms; t <= to_ms; ++t) {
    std::optional<MonotonicUs> seen;
    if (key_frame_ms && t >= *key_frame_ms) seen = *key_frame_ms * kMs;
    if (requests.take_due(t * kMs, seen)) times += std::to_string(t) + " ";
  }
  return times;
}

void asked_once_it_asks_at_once(void**) {
  KeyFrameRequests pli;
  const std::string before = requests(pli, 0, 99);
  pli.ask(100 * kMs);
  const std::string after = requests(pli, 100, 2000, 300);
  assert_string_equal(before.c_str(), "");
  assert_string_equal(after.c_str(), "100 ");
}

void a_request_that_nothing_comes_of_is_repeated_three_times(void**) {
  KeyFrameRequests pli;
  pli.ask(100 * kMs);
  const std::string times = requests(pli, 100, 9000);
  pli.ask(9001 * kMs);
  const std::string later = requests(pli, 9001, 10'500, 9900);
  assert_string_equal(times.c_str(), "100 800 1500 2200 ");
  assert_string_equal(later.c_str(), "9001 9701 ");
}

void a_storm_of_asking_is_one_in_300_ms_with_a_trailing_one(void**) {
  KeyFrameRequests pli;
  std::string times;
  for (MonotonicUs t = 100; t <= 750; ++t) {
    pli.ask(t * kMs);
    times += requests(pli, t, t);
  }
  times += requests(pli, 751, 3000, 1200);
  assert_string_equal(times.c_str(), "100 400 700 1000 ");
}

void a_key_frame_meets_what_was_asked_before_it(void**) {
  KeyFrameRequests pli;
  pli.ask(100 * kMs);
  std::string times = requests(pli, 100, 150);
  pli.ask(150 * kMs);
  times += requests(pli, 151, 1000, 200);
  assert_string_equal(times.c_str(), "100 ");
}

void after_a_negotiation_it_asks_until_a_key_frame_came_late_enough(void**) {
  KeyFrameRequests pli;
  pli.negotiated(1000 * kMs);
  std::string times = requests(pli, 1000, 1200, 1100);  // a key frame too early to count
  times += requests(pli, 1201, 1700, 1100);
  times += requests(pli, 1701, 5000, 1701);
  assert_string_equal(times.c_str(), "1050 1350 1650 ");
}

void after_a_negotiation_it_gives_up_after_eight(void**) {
  KeyFrameRequests pli;
  pli.negotiated(0);
  const std::string times = requests(pli, 0, 20'000);
  assert_string_equal(times.c_str(), "50 350 650 950 1250 1550 1850 2150 ");
}

void the_next_negotiation_starts_anew(void**) {
  KeyFrameRequests pli;
  pli.negotiated(0);
  std::string times = requests(pli, 0, 400);
  pli.negotiated(400 * kMs);
  times += requests(pli, 401, 700, 700);
  times += requests(pli, 701, 5000, 700);
  assert_string_equal(times.c_str(), "50 350 650 ");
}

void says_when_it_wants_to_be_asked_again(void**) {
  KeyFrameRequests pli;
  const bool idle = !pli.next_due().has_value();
  pli.ask(100 * kMs);
  const MonotonicUs first = pli.next_due().value_or(0);
  pli.take_due(100 * kMs, {});
  pli.ask(101 * kMs);
  const MonotonicUs second = pli.next_due().value_or(0);
  assert_true(idle);
  assert_int_equal(first, 100 * kMs);
  assert_int_equal(second, 400 * kMs);
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(asked_once_it_asks_at_once),
      cmocka_unit_test(a_request_that_nothing_comes_of_is_repeated_three_times),
      cmocka_unit_test(a_storm_of_asking_is_one_in_300_ms_with_a_trailing_one),
      cmocka_unit_test(a_key_frame_meets_what_was_asked_before_it),
      cmocka_unit_test(after_a_negotiation_it_asks_until_a_key_frame_came_late_enough),
      cmocka_unit_test(after_a_negotiation_it_gives_up_after_eight),
      cmocka_unit_test(the_next_negotiation_starts_anew),
      cmocka_unit_test(says_when_it_wants_to_be_asked_again),
  };
  return cmocka_run_group_tests_name("media/key_frame_requests", tests, nullptr, nullptr);
}
