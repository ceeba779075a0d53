#include "storage/record_codec.hpp"

#include "storage/crc32c.hpp"
#include "support/cmocka.hpp"
#include "unit/storage/support/records.hpp"

namespace {

using namespace callroom;
using namespace callroom::storage;
using testing::full_record;

void test_round_trip_keeps_every_field(void**) {
  const auto bytes = encode(full_record());
  const auto back = decode(bytes);
  const bool decoded = static_cast<bool>(back);
  const auto again = decoded ? encode(*back) : std::vector<std::uint8_t>{};
  const std::string room = decoded ? back->room : "";
  const auto latency = decoded ? back->quality.latency_avg_ms : std::nullopt;
  const bool jitter_absent = decoded && !back->quality.jitter_avg_ms;
  const std::size_t issues = decoded ? back->quality.issues.size() : 0;
  assert_true(decoded);
  assert_true(again == bytes);
  assert_string_equal(room.c_str(), full_record().room.c_str());
  assert_true(latency == 45.125);
  assert_true(jitter_absent);
  assert_int_equal(issues, 2);
}

void test_every_cut_is_an_error(void**) {
  const auto bytes = encode(full_record());
  std::size_t accepted = 0;
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    if (decode(std::span(bytes).first(length))) ++accepted;
  }
  assert_int_equal(accepted, 0);
}

void test_a_newer_format_is_an_error_that_names_it(void**) {
  auto bytes = encode(full_record());
  bytes[0] = kRecordFormat + 1;
  const auto back = decode(bytes);
  const std::string text = back ? "" : back.error().text;
  assert_true(text.find("format 2") != std::string::npos);
}

void test_no_room_in_the_buffer_writes_nothing(void**) {
  const auto bytes = encode(full_record());
  std::vector<std::uint8_t> buffer(bytes.size());
  const std::size_t fits = encode_into(full_record(), buffer);
  const std::size_t too_small = encode_into(full_record(), std::span(buffer).first(bytes.size() - 1));
  assert_int_equal(fits, bytes.size());
  assert_int_equal(too_small, 0);
}

void test_crc32c_vectors(void**) {
  // RFC 3720 B.4: 32 bytes of zeroes, of ones, and ascending.
  std::vector<std::uint8_t> zeroes(32, 0), ones(32, 0xFF), ascending(32);
  for (std::size_t i = 0; i < 32; ++i) ascending[i] = static_cast<std::uint8_t>(i);
  const std::uint32_t a = crc32c(zeroes), b = crc32c(ones), c = crc32c(ascending);
  const std::uint32_t chained = crc32c(std::span(ascending).subspan(13), crc32c(std::span(ascending).first(13)));
  assert_int_equal(a, 0x8A9136AA);
  assert_int_equal(b, 0x62A8AB43);
  assert_int_equal(c, 0x46DD794E);
  assert_int_equal(chained, c);
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(test_round_trip_keeps_every_field),
      cmocka_unit_test(test_every_cut_is_an_error),
      cmocka_unit_test(test_a_newer_format_is_an_error_that_names_it),
      cmocka_unit_test(test_no_room_in_the_buffer_writes_nothing),
      cmocka_unit_test(test_crc32c_vectors),
  };
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}
