#include "quality/client_sample.hpp"

#include <limits>

#include "support/cmocka.hpp"
#include "support/usual_client_sample.hpp"

using namespace callroom::quality;
using callroom::quality::test::usual_client_sample;

namespace {

void what_cannot_be_is_not_plausible(void**) {
  ClientSample absurd = usual_client_sample(), infinite = usual_client_sample(), negative = usual_client_sample(),
               too_short = usual_client_sample(), empty;
  absurd.sent.loss_pct = 150;
  infinite.rtt_ms = std::numeric_limits<double>::infinity();
  negative.received.kbps = -1;
  too_short.interval_ms = 20;
  empty.interval_ms = 3000;
  assert_true(is_plausible(usual_client_sample()));
  assert_true(is_plausible(empty));
  assert_false(is_plausible(absurd));
  assert_false(is_plausible(infinite));
  assert_false(is_plausible(negative));
  assert_false(is_plausible(too_short));
}

void one_peer_s_sample_stays_as_it_is(void**) {
  const ClientSample one = combined({{"a", usual_client_sample()}});
  assert_true(one.rtt_ms == 100.0);
  assert_true(one.sent.kbps == 800.0);
  assert_true(one.received.frame_rate == 29.0);
  assert_int_equal(one.received.size.height, 480);
}

void of_several_peers_rates_add_up_and_the_worst_decides(void**) {
  ClientSample worse = usual_client_sample(), silent;
  worse.interval_ms = 3100;
  worse.rtt_ms = 250;
  worse.jitter_ms = 5;
  worse.received = {4.0, 200, 12, {320, 240}};
  worse.freezes = 2;
  worse.frozen_ms = 900;
  silent.interval_ms = 3000;
  silent.freezes = 1;
  silent.frozen_ms = 1200;
  const ClientSample sum = combined({{"a", usual_client_sample()}, {"b", worse}, {"c", silent}});
  assert_true(sum.interval_ms == 3100);
  assert_true(sum.rtt_ms == 250.0);
  assert_true(sum.jitter_ms == 10.0);
  assert_true(sum.sent.kbps == 1600.0);
  assert_true(sum.received.loss_pct == 4.0);
  assert_true(sum.received.kbps == 900.0);
  assert_true(sum.received.frame_rate == 12.0);
  assert_int_equal(sum.received.size.height, 480);
  assert_int_equal(sum.freezes, 3);
  assert_true(sum.frozen_ms == 1200);
}

void what_no_peer_measured_stays_unknown(void**) {
  ClientSample silent;
  silent.interval_ms = 3000;
  const ClientSample sum = combined({{"a", silent}, {"b", silent}});
  assert_false(sum.rtt_ms.has_value());
  assert_false(sum.received.kbps.has_value());
  assert_false(sum.sent.frame_rate.has_value());
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(what_cannot_be_is_not_plausible),
      cmocka_unit_test(one_peer_s_sample_stays_as_it_is),
      cmocka_unit_test(of_several_peers_rates_add_up_and_the_worst_decides),
      cmocka_unit_test(what_no_peer_measured_stays_unknown),
  };
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}
