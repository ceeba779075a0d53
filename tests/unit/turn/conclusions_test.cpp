// What is made of checks: verdicts by name, the better of two paths, recommendations, records, the schedule, the alert.
#include <algorithm>
#include <string>

#include "turn/availability.hpp"
#include "turn/check_record.hpp"
#include "turn/check_report.hpp"
#include "turn/schedule.hpp"

// Last: its macro fail() is a member of the streams too.
#include "support/cmocka.hpp"

using namespace callroom::turn;

namespace {

PathReport path(const char* ip, Verdict verdict) {
  PathReport made;
  made.server = *parse_ip(ip, 3478);
  made.verdict = verdict;
  return made;
}

CheckReport report_of(std::vector<PathReport> paths) {
  CheckReport report;
  report.server_id = "a";
  report.paths = std::move(paths);
  conclude(report);
  return report;
}

bool recommends(const CheckReport& report, const char* code) {
  for (const auto& one : report.recommendations) {
    if (one.code == code) return true;
  }
  return false;
}

void verdicts_have_their_own_names(void**) {
  int wrong = 0, mute = 0;
  for (int i = 0; i <= static_cast<int>(Verdict::kCancelled); ++i) {
    const auto verdict = static_cast<Verdict>(i);
    if (verdict_from(verdict_name(verdict)) != verdict) ++wrong;
    // Whoever is told of a failure is told what to do.
    if (status_of(verdict) == Status::kFail && recommendation(verdict).size() < 20) ++mute;
    if (meaning(verdict).empty()) ++mute;
  }
  const bool unknown = verdict_from("fine").has_value();

  assert_int_equal(wrong, 0);
  assert_int_equal(mute, 0);
  assert_false(unknown);
}

void the_better_path_speaks_for_the_server(void**) {
  const auto both = report_of({path("192.0.2.1", Verdict::kNoResponse), path("2001:db8::1", Verdict::kOk)});
  const auto one = report_of({path("192.0.2.1", Verdict::kOk)});
  const auto none = report_of({path("192.0.2.1", Verdict::kNoResponse), path("2001:db8::1", Verdict::kUnreachable)});

  assert_true(both.verdict == Verdict::kOk);
  assert_true(both.status == Status::kWarn);
  assert_true(recommends(both, "no_response"));
  assert_true(one.status == Status::kPass);
  assert_true(one.recommendations.empty());
  assert_true(none.status == Status::kFail);
  assert_true(none.recommendations.front().severity == Severity::kCritical);
}

void facts_become_recommendations(void**) {
  auto good = path("8.8.8.8", Verdict::kOk);
  good.transport = Transport::kTls;
  good.relayed = parse_ip("10.0.0.7", 50000);
  good.certificate = CertificateFacts{"CN=a", "CN=b", std::nullopt, 3};
  good.forged = 1;
  good.echo = EchoFacts{"stun", 10, 8, 400.0, 300.0, 500.0, 20.0, 20.0};
  good.hardening = {{"127.0.0.1", AddressKind::kLoopback, true},
                    {"169.254.169.254", AddressKind::kMetadata, false},
                    {"10.0.0.1", AddressKind::kPrivate, true}};
  const auto report = report_of({good});
  std::string missing;
  for (const auto* code : {"certificate_ends", "relayed_address_private", "forged_answers", "relay_loses_packets",
                           "relay_is_far", "janus_tls_is_tcp", "open_to_internal", "open_to_private"}) {
    if (!recommends(report, code)) missing += std::string(code) + " ";
  }
  const bool sorted = std::is_sorted(report.recommendations.begin(), report.recommendations.end(),
                                     [](const auto& a, const auto& b) { return a.severity < b.severity; });

  assert_string_equal(missing.c_str(), "");
  assert_true(sorted);
}

void a_record_holds_the_better_paths_figures(void**) {
  auto good = path("192.0.2.1", Verdict::kOk);
  good.echo = EchoFacts{"stun", 10, 10, 12.0, 10.0, 14.0, 1.0, 0.0};
  const auto report = report_of({good, path("2001:db8::1", Verdict::kRefused)});
  const auto record = record_from(report, Trigger::kSchedule, "id");

  assert_string_equal(record.verdict.c_str(), "ok");
  assert_string_equal(record.status.c_str(), "warn");
  assert_string_equal(record.trigger.c_str(), "schedule");
  assert_true(record.reachable);
  assert_true(record.ipv4_verdict == "ok");
  assert_true(record.ipv6_verdict == "refused");
  assert_true(record.rtt_ms == 12.0);
}

void each_server_is_due_once_an_interval(void**) {
  Schedule schedule;
  schedule.add("a", std::chrono::seconds(60), 0);
  schedule.add("b", std::chrono::seconds(300), 0);
  schedule.add("never", std::chrono::seconds(0), 0);
  const auto early = schedule.take_due(4'999'999).size();
  const auto first = schedule.take_due(5'000'000).size();
  const auto again = schedule.take_due(64'999'999).size();
  const auto second = schedule.take_due(65'000'000);
  const auto next = schedule.next_due();
  const auto late = schedule.take_due(10'000'000'000).size();  // asleep for hours: each once
  const auto after = schedule.next_due();

  assert_int_equal(early, 0);
  assert_int_equal(first, 2);
  assert_int_equal(again, 0);
  assert_int_equal(second.size(), 1);
  assert_string_equal(second[0].c_str(), "a");
  assert_true(next == 125'000'000);
  assert_int_equal(late, 2);
  assert_true(*after > 10'000'000'000);
}

void availability_has_three_levels(void**) {
  const auto level = [](std::vector<Verdict> verdicts) {
    std::vector<LastVerdict> all;
    for (std::size_t i = 0; i < verdicts.size(); ++i)
      all.push_back({std::string(1, static_cast<char>('a' + i)), verdicts[i]});
    return availability(all);
  };
  const auto unknown = level({}).level;
  const auto only_skipped = level({Verdict::kTlsUnavailable}).level;
  const auto one_of_one = level({Verdict::kOk}).level;
  const auto open = level({Verdict::kOkButOpenRelay}).level;
  const auto two_of_three = level({Verdict::kOk, Verdict::kOk, Verdict::kRefused}).level;
  const auto one_of_two = level({Verdict::kOk, Verdict::kNoResponse});
  const auto none = level({Verdict::kTlsExpired, Verdict::kNoResponse});

  assert_true(unknown == Availability::kUnknown);
  assert_true(only_skipped == Availability::kUnknown);
  assert_true(one_of_one == Availability::kOk);
  assert_true(open == Availability::kOk);
  assert_true(two_of_three == Availability::kOk);
  assert_true(one_of_two.level == Availability::kWarning);
  assert_string_equal(one_of_two.text.c_str(), "Only one TURN server of 2 works. Failing: b (no_response).");
  assert_true(none.level == Availability::kCritical);
  assert_string_equal(none.text.c_str(), "No TURN server works: a (tls_expired), b (no_response).");
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(verdicts_have_their_own_names),       cmocka_unit_test(the_better_path_speaks_for_the_server),
      cmocka_unit_test(facts_become_recommendations),        cmocka_unit_test(a_record_holds_the_better_paths_figures),
      cmocka_unit_test(each_server_is_due_once_an_interval), cmocka_unit_test(availability_has_three_levels),
  };
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}
