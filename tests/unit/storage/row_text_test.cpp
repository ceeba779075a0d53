#include "storage/row_text.hpp"

#include <array>
#include <string>

#include "support/cmocka.hpp"

namespace {

using callroom::storage::text_array;
using namespace std::string_literals;

// What PostgreSQL's array_send(ARRAY['(1,"a")', '', 'ä'])::text gives.
void test_an_array_is_what_postgres_sends(void**) {
  const std::array<std::string, 3> elements{"(1,\"a\")", "", "\u00e4"};
  const std::string array = text_array(elements);
  const bool same = array ==
                    "\0\0\0\1\0\0\0\0\0\0\0\x19\0\0\0\3\0\0\0\1"s
                    "\0\0\0\7(1,\"a\")\0\0\0\0\0\0\0\2\u00e4"s;
  assert_true(same);
}

void test_no_element_is_an_array_of_none(void**) {
  const bool same = text_array({}) == "\0\0\0\1\0\0\0\0\0\0\0\x19\0\0\0\0\0\0\0\1"s;
  assert_true(same);
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(test_an_array_is_what_postgres_sends),
      cmocka_unit_test(test_no_element_is_an_array_of_none),
  };
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}
