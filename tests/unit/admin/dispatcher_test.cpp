#include "admin/dispatcher.hpp"

#include <stdexcept>

#include "support/cmocka.hpp"
#include "unit/admin/support/fake_rooms.hpp"

namespace {

using namespace callroom;
using namespace callroom::admin;

std::string ask(const std::string& text, testing::FakeRooms& rooms) {
  Dispatcher dispatcher({rooms, nullptr, nullptr, "admin", {}});
  dispatcher.add("turn_servers", [](json::JsonView) -> Result<json::Json> {
    return std::move(json::Json::object().set("servers", json::Json::array()));
  });
  dispatcher.add("broken", [](json::JsonView) -> Result<json::Json> { throw std::runtime_error("with a secret"); });
  return dispatcher.handle(json::parse(text).view()).dump(JSON_COMPACT | JSON_SORT_KEYS);
}

std::string ask(const std::string& text) {
  testing::FakeRooms rooms;
  return ask(text, rooms);
}

int error_code(const std::string& answer) {
  const auto parsed = json::parse(answer);
  return static_cast<int>(parsed.view()["error_code"].integer().value_or(0));
}

void test_what_is_no_request(void**) {
  const int not_an_object = error_code(ask("[1]"));
  const int nothing = error_code(ask("nonsense"));
  const int no_name = error_code(ask(R"({"a":1})"));
  const int wrong_type = error_code(ask(R"({"request":7})"));
  const int unknown = error_code(ask(R"({"request":"sumary"})"));
  assert_int_equal(not_an_object, 400);
  assert_int_equal(nothing, 400);
  assert_int_equal(no_name, 400);
  assert_int_equal(wrong_type, 400);
  assert_int_equal(unknown, 401);
}

void test_fields_are_checked_before_anything_is_done(void**) {
  testing::FakeRooms rooms;
  const int missing = error_code(ask(R"({"request":"kick","room":"one"})", rooms));
  const int wrong_type = error_code(ask(R"({"request":"kick","room":"one","id":5})", rooms));
  const int unknown_field = error_code(ask(R"({"request":"kick","room":"one","id":"a","ID":"b"})", rooms));
  const int no_room = error_code(ask(R"({"request":"kick","room":"two","id":"a"})", rooms));
  const int before = rooms.kicked;
  const std::string done = ask(R"({"request":"kick","room":"one","id":"a"})", rooms);
  assert_int_equal(missing, 402);
  assert_int_equal(wrong_type, 403);
  assert_int_equal(unknown_field, 403);
  assert_int_equal(no_room, 404);
  assert_int_equal(before, 0);
  assert_string_equal(done.c_str(), R"({"callroom":"kick","id":"a","room":"one"})");
}

void test_added_requests_answer_and_their_exceptions_stay_inside(void**) {
  const std::string servers = ask(R"({"request":"turn_servers"})");
  const std::string broken = ask(R"({"request":"broken"})");
  assert_string_equal(servers.c_str(), R"({"callroom":"turn_servers","servers":[]})");
  assert_int_equal(error_code(broken), 499);
  assert_true(broken.find("secret") == std::string::npos);
}

void test_live_passes_its_filter_on(void**) {
  testing::FakeRooms rooms;
  ask(R"({"request":"live","room":"one","user_id":null})", rooms);
  const bool room = rooms.last_filter.room == "one";
  const bool user = rooms.last_filter.user_id.has_value();
  assert_true(room);
  assert_false(user);
}

void test_health_without_storage_says_so(void**) {
  const std::string health = ask(R"({"request":"health"})");
  assert_true(health.find(R"("status":"degraded")") != std::string::npos);
  assert_true(health.find("no data_dir") != std::string::npos);
  assert_true(health.find(R"("version":"0.1.0")") != std::string::npos);
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(test_what_is_no_request),
      cmocka_unit_test(test_fields_are_checked_before_anything_is_done),
      cmocka_unit_test(test_added_requests_answer_and_their_exceptions_stay_inside),
      cmocka_unit_test(test_live_passes_its_filter_on),
      cmocka_unit_test(test_health_without_storage_says_so),
  };
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}
