#include "admin/scope.hpp"

#include "admin/page.hpp"
#include "base/rfc3339.hpp"
#include "storage/row_text.hpp"
#include "storage/session_queries.hpp"
#include "support/cmocka.hpp"

namespace {

using namespace callroom;
using namespace callroom::admin;

WallTime time_of(const char* text) {
  return parse_rfc3339(text).value_or(WallTime{});
}

std::string normal(const char* text) {
  const auto time = parse_rfc3339(text);
  return time ? storage::rfc3339(*time) : "none";
}

void test_times(void**) {
  const std::pair<const char*, const char*> cases[] = {
      {"2026-11-22T17:42:24Z", "2026-11-22T17:42:24.000000Z"},
      {"2026-11-22T17:42:24.123Z", "2026-11-22T17:42:24.123000Z"},
      {"2026-11-22 17:42:24.1234567+01:30", "2026-11-22T16:12:24.123456Z"},
      {"2024-02-29t00:00:00z", "2024-02-29T00:00:00.000000Z"},
      {"2026-12-31T23:30:00-01:00", "2027-01-01T00:30:00.000000Z"},
      {"2025-02-29T00:00:00Z", "none"},
      {"2026-11-22", "none"},
      {"2026-11-22T17:42:24", "none"},
      {"2026-11-22T24:00:00Z", "none"},
      {"2026-11-22T17:42:24.Z", "none"},
      {"2026-11-22T17:42:24Z ", "none"},
      {"9999-01-01T00:00:00Z", "none"},
      {"", "none"},
  };
  std::size_t wrong = 0;
  for (const auto& [text, expected] : cases) wrong += normal(text) == expected ? 0 : 1;
  assert_int_equal(wrong, 0);
}

Error error_of(const char* text) {
  const auto request = json::parse(text);
  json::Fields fields(request.view());
  parse_page(fields, request.view(), time_of("2026-11-22T17:42:24Z"), 50, 200);
  return finish_scoped(fields, request.view(), {"issue", "order", "limit", "cursor"}).value_or(Error{ErrorCode{0}, ""});
}

void test_what_a_range_may_not_be(void**) {
  const std::pair<const char*, ErrorCode> cases[] = {
      {R"({"range":"24h"})", ErrorCode{0}},
      {R"({"range":"90d"})", ErrorCode::kInvalidField},
      {R"({"range":24})", ErrorCode::kInvalidField},
      {R"({"from":"2026-11-01T00:00:00Z"})", ErrorCode::kMissingField},
      {R"({"from":"2026-11-02T00:00:00Z","to":"2026-11-01T00:00:00Z"})", ErrorCode::kInvalidField},
      {R"({"from":"2020-11-02T00:00:00Z","to":"2026-11-01T00:00:00Z"})", ErrorCode::kInvalidField},
      {R"({"range":"7d","from":"2026-11-01T00:00:00Z","to":"2026-11-02T00:00:00Z"})", ErrorCode::kInvalidField},
      {R"({"rating":"awful"})", ErrorCode::kInvalidField},
      {R"({"rating":["poor","failed"]})", ErrorCode{0}},
      {R"({"rating":[]})", ErrorCode::kInvalidField},
      {R"({"issue":"high_loss'; --"})", ErrorCode::kInvalidField},
      {R"({"limit":0})", ErrorCode::kInvalidField},
      {R"({"limit":1e3})", ErrorCode::kInvalidField},
      {R"({"order":"best"})", ErrorCode::kInvalidField},
      {R"({"userid":"ann"})", ErrorCode::kInvalidField},
      {R"({"cursor":"nonsense"})", ErrorCode::kStaleCursor},
      {R"({"cursor":"1.2.3.4.5.6"})", ErrorCode::kStaleCursor},
  };
  std::size_t wrong = 0;
  for (const auto& [text, expected] : cases) wrong += error_of(text).code == expected ? 0 : 1;
  assert_int_equal(wrong, 0);
}

void test_a_named_range_ends_with_the_hour(void**) {
  const auto request = json::parse(R"({"range":"24h"})");
  json::Fields fields(request.view());
  const auto scope = parse_scope(fields, request.view(), time_of("2026-11-22T17:42:24Z"));
  const auto before = scope.before();
  assert_string_equal(storage::rfc3339(scope.from).c_str(), "2026-11-21T18:00:00.000000Z");
  assert_string_equal(storage::rfc3339(scope.to).c_str(), "2026-11-22T18:00:00.000000Z");
  assert_true(before.to == scope.from && scope.to - scope.from == before.to - before.from);
}

void test_a_cursor_fits_its_own_question_only(void**) {
  storage::Scope scope;
  scope.from = time_of("2026-11-21T18:00:00Z");
  scope.to = time_of("2026-11-22T18:00:00Z");
  scope.room = "one";
  const storage::Cursor cursor{scope.from, scope.to, -1, time_of("2026-11-22T01:02:03.000004Z"),
                               "6f1c9a52-3c1e-4c58-9d6c-0d5b8f1f2a01"};
  const std::string text = storage::encode_cursor(cursor, scope, storage::Order::kWorst);
  const auto back = storage::decode_cursor(text, scope, storage::Order::kWorst);
  const bool same = back && back->created_at == cursor.created_at && back->rank == -1 && back->from == cursor.from &&
                    back->session_id == cursor.session_id;
  storage::Scope other = scope;
  other.room = "two";
  const bool other_filter = static_cast<bool>(storage::decode_cursor(text, other, storage::Order::kWorst));
  const bool other_order = static_cast<bool>(storage::decode_cursor(text, scope, storage::Order::kNewest));
  std::string changed = text;
  changed[3] = changed[3] == '1' ? '2' : '1';
  const bool forged = static_cast<bool>(storage::decode_cursor(changed, scope, storage::Order::kWorst));
  assert_true(same);
  assert_false(other_filter || other_order || forged);
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(test_times),
      cmocka_unit_test(test_what_a_range_may_not_be),
      cmocka_unit_test(test_a_named_range_ends_with_the_hour),
      cmocka_unit_test(test_a_cursor_fits_its_own_question_only),
  };
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}
