#include "media/picture_limit.hpp"

#include "support/cmocka.hpp"

namespace {

using namespace callroom::media;

Picture good() {
  Picture picture;
  picture.sent_kbps = 900;
  picture.allowed_kbps = 2'000;
  picture.height = picture.best_height = 720;
  picture.frame_rate = picture.best_frame_rate = 30;
  return picture;
}

void a_good_picture_is_limited_by_nothing(void**) {
  const auto limit = limited_by(good()), unknown = limited_by({});
  assert_false(limit.has_value());
  assert_false(unknown.has_value());
}

void ones_own_network_comes_first(void**) {
  Picture picture = good();
  picture.receiver_is_limited = true;
  picture.height = 360;
  picture.sent_kbps = 2'000;
  const auto limit = limited_by(picture);
  assert_true(limit == LimitedBy::kNetwork);
}

void a_sender_that_sends_less_of_itself_is_the_limit(void**) {
  Picture smaller = good(), slower = good(), told = good();
  smaller.height = 360;
  slower.frame_rate = 12;
  told.height = 360;
  told.sender_is_limited = true;
  const auto by_size = limited_by(smaller), by_rate = limited_by(slower), as_told = limited_by(told);
  assert_true(by_size == LimitedBy::kSender);
  assert_true(by_rate == LimitedBy::kSender);
  assert_false(as_told.has_value());
}

void all_that_the_room_allows_is_the_rooms_limit(void**) {
  Picture picture = good();
  picture.sent_kbps = 1'800;
  const auto limit = limited_by(picture);
  assert_true(limit == LimitedBy::kRoom);
  assert_string_equal(to_string(*limit), "room");
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(a_good_picture_is_limited_by_nothing),
      cmocka_unit_test(ones_own_network_comes_first),
      cmocka_unit_test(a_sender_that_sends_less_of_itself_is_the_limit),
      cmocka_unit_test(all_that_the_room_allows_is_the_rooms_limit),
  };
  return cmocka_run_group_tests_name("media/picture_limit", tests, nullptr, nullptr);
}
