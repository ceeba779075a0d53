#include "json/turn_json.hpp"

#include <string>

#include "base/rfc3339.hpp"

// Last: its macro fail() is a member of the streams too.
#include "support/cmocka.hpp"

using namespace callroom;
using namespace callroom::turn;

namespace {

int error_of(const char* text) {
  const auto request = json::parse(text);
  const auto parsed = json::parse_turn_test(request.view());
  return parsed ? 0 : static_cast<int>(parsed.error().code);
}

void requests(void**) {
  const auto one = json::parse(R"({"request":"turn_test","server":"eu"})");
  const auto all = json::parse(R"({"request":"turn_test","server":"all"})");
  const auto adhoc = json::parse(R"({"request":"turn_test","url":"turn:h","username":"u","password":"p"})");
  const auto a = json::parse_turn_test(one.view()), b = json::parse_turn_test(all.view());
  const auto c = json::parse_turn_test(adhoc.view());
  const bool is_one = a && std::holds_alternative<TestOne>(*a) && std::get<TestOne>(*a).server_id == "eu";
  const bool is_all = b && std::holds_alternative<TestAll>(*b);
  const bool is_adhoc = c && std::holds_alternative<TestAdHoc>(*c) && std::get<TestAdHoc>(*c).password == "p";
  const int neither = error_of(R"({"request":"turn_test"})");
  const int both = error_of(R"({"server":"eu","url":"turn:h"})");
  const int wrong_type = error_of(R"({"server":5})");
  const int credentials = error_of(R"({"server":"eu","password":"p"})");
  const int no_name = error_of(R"({"url":"turn:h","password":"p"})");
  const int two_kinds = error_of(R"({"url":"turn:h","username":"u","password":"p","secret":"s"})");

  assert_true(is_one);
  assert_true(is_all);
  assert_true(is_adhoc);
  assert_int_equal(neither, 402);
  assert_int_equal(both, 403);
  assert_int_equal(wrong_type, 403);
  assert_int_equal(credentials, 403);
  assert_int_equal(no_name, 402);
  assert_int_equal(two_kinds, 403);
}

CheckReport finished(const char* id, Verdict verdict) {
  CheckReport report;
  report.server_id = id;
  report.url = "turn:turn.example.org:3478?transport=udp";
  report.started_at = WallTime(std::chrono::seconds(1700000000));
  report.steps = {{"resolve", StepState::kPass, 0.0, 1.5, "192.0.2.1"}};
  PathReport path;
  path.server = *parse_ip("192.0.2.1", 3478);
  path.verdict = verdict;
  path.relayed = parse_ip("10.0.0.1", 50000);
  path.steps = {{"allocate", StepState::kFail, 2.0, 3.0, "486"}};
  report.paths = {path};
  conclude(report);
  report.finished = true;
  return report;
}

void a_status_sums_up_its_servers(void**) {
  TestStatus status;
  status.test = "id";
  status.state = TestState::kFinished;
  status.progress = 100;
  status.reports = {finished("good", Verdict::kOk), finished("bad", Verdict::kQuotaReached)};
  const auto answer = json::turn_status_json(status);
  const auto view = answer.view();
  const std::string verdict(view["verdict"].string().value_or(""));
  const std::string state(view["state"].string().value_or(""));
  const auto steps = view["steps"].size();
  const std::string step_server(view["steps"].at(3)["server"].string().value_or(""));
  const std::string advice(view["recommendations"].at(0)["server"].string().value_or(""));
  const std::string severity(view["recommendations"].at(0)["severity"].string().value_or(""));
  const std::string kind(view["servers"].at(0)["paths"].at(0)["relayed_kind"].string().value_or(""));
  const std::string at(view["servers"].at(0)["started_at"].string().value_or(""));

  assert_string_equal(verdict.c_str(), "quota_reached");
  assert_string_equal(state.c_str(), "finished");
  assert_int_equal(steps, 4);
  assert_string_equal(step_server.c_str(), "bad");
  assert_string_equal(advice.c_str(), "bad");
  assert_string_equal(severity.c_str(), "critical");
  assert_string_equal(kind.c_str(), "private");
  assert_string_equal(at.c_str(), "2023-11-14T22:13:20.000Z");
}

void nothing_is_concluded_while_it_runs(void**) {
  TestStatus status;
  status.test = "id";
  status.state = TestState::kRunning;
  status.reports = {finished("good", Verdict::kOk), finished("bad", Verdict::kQuotaReached)};
  status.reports[1].finished = false;
  const auto answer = json::turn_status_json(status);
  const bool no_verdict = answer.view()["verdict"].is_null();
  const bool none_of_it = answer.view()["servers"].at(1)["verdict"].is_null();
  const bool its_path = answer.view()["servers"].at(1)["paths"].at(0)["verdict"].is_null();

  assert_true(no_verdict);
  assert_true(none_of_it);
  assert_true(its_path);
}

void ice_servers(void**) {
  const auto list =
      json::ice_servers_json({{"a", "turn:h:1?transport=udp", Credentials{"u", "p"}}, {"b", "stun:h:1", {}}});
  const auto text = list.dump(JSON_COMPACT | JSON_SORT_KEYS);

  assert_string_equal(
      text.c_str(),
      R"([{"credential":"p","id":"a","urls":"turn:h:1?transport=udp","username":"u"},{"id":"b","urls":"stun:h:1"}])");
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(requests),
      cmocka_unit_test(a_status_sums_up_its_servers),
      cmocka_unit_test(nothing_is_concluded_while_it_runs),
      cmocka_unit_test(ice_servers),
  };
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}
