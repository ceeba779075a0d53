#include "signaling/auto_media.hpp"

#include <string>
#include <vector>

#include "support/cmocka.hpp"

namespace {

using namespace callroom;
using namespace callroom::signaling;
using Ids = std::vector<std::string>;

constexpr MonotonicUs kSecond = 1'000'000;

std::string text(const std::optional<AutoMedia::Move>& move) {
  return move ? std::string(to_string(move->to)) + "/" + to_string(move->reason) : "-";
}

// Ticks once a second; the moves with their second.
std::string ticks(AutoMedia& media, MonotonicUs from, MonotonicUs to, std::optional<bool> poor = {}) {
  std::string out;
  for (MonotonicUs second = from; second <= to; ++second) {
    if (poor && second % 3 == 0) {
      media.sample("a", *poor, second * kSecond);
      media.sample("b", false, second * kSecond);  // the other one's being good changes nothing
    }
    if (const auto move = media.tick(second * kSecond)) out += std::to_string(second) + ":" + text(move) + " ";
  }
  return out;
}

void two_people_stay_direct_while_it_works(void**) {
  AutoMedia media;
  const std::string joined = text(media.participants(Ids{"a"}, 0)) + text(media.participants(Ids{"a", "b"}, kSecond));
  media.connected(2 * kSecond);
  const std::string moves = ticks(media, 2, 100, false);
  assert_string_equal(joined.c_str(), "--");
  assert_string_equal(moves.c_str(), "");
  assert_int_equal(media.path(), MediaPath::kP2p);
}

void no_connection_in_ten_seconds_moves_to_the_relay_for_good(void**) {
  AutoMedia media;
  media.participants(Ids{"a", "b"}, 0);
  const std::string moves = ticks(media, 1, 30);
  const std::string third = text(media.participants(Ids{"a", "b", "c"}, 31 * kSecond));
  const std::string two = text(media.participants(Ids{"a", "b"}, 32 * kSecond));
  assert_string_equal(moves.c_str(), "10:relay/no_connection ");
  assert_string_equal(third.c_str(), "-");
  assert_string_equal(two.c_str(), "-");
}

void waiting_alone_is_no_failure(void**) {
  AutoMedia media;
  media.participants(Ids{"a"}, 0);
  const std::string alone = ticks(media, 1, 60);
  media.participants(Ids{"a", "b"}, 60 * kSecond);
  const std::string moves = ticks(media, 61, 80);
  assert_string_equal(alone.c_str(), "");
  assert_string_equal(moves.c_str(), "70:relay/no_connection ");
}

void a_lost_connection_gets_as_long_to_come_back(void**) {
  AutoMedia media;
  media.participants(Ids{"a", "b"}, 0);
  media.connected(kSecond);
  media.disconnected(20 * kSecond);
  std::string moves = ticks(media, 20, 28);
  media.connected(28 * kSecond);
  moves += ticks(media, 28, 40);
  media.disconnected(40 * kSecond);
  moves += ticks(media, 40, 60);
  assert_string_equal(moves.c_str(), "50:relay/no_connection ");
}

void a_third_person_moves_to_the_relay_and_two_that_worked_go_back(void**) {
  AutoMedia media;
  media.participants(Ids{"a", "b"}, 0);
  media.connected(kSecond);
  const std::string third = text(media.participants(Ids{"a", "b", "c"}, 5 * kSecond));
  const std::string others = text(media.participants(Ids{"a", "c"}, 6 * kSecond));
  media.participants(Ids{"a", "c", "d"}, 7 * kSecond);
  AutoMedia back;
  back.participants(Ids{"a", "b"}, 0);
  back.connected(kSecond);
  back.participants(Ids{"a", "b", "c"}, 5 * kSecond);
  const std::string two = text(back.participants(Ids{"b", "a"}, 6 * kSecond));
  const std::string again = ticks(back, 7, 30);
  assert_string_equal(third.c_str(), "relay/third_person");
  assert_string_equal(others.c_str(), "-");  // these two never tried
  assert_string_equal(two.c_str(), "p2p/two_remain");
  assert_string_equal(again.c_str(), "16:relay/no_connection ");
}

void poor_quality_for_fifteen_seconds_moves_to_the_relay(void**) {
  AutoMedia media;
  media.participants(Ids{"a", "b"}, 0);
  media.connected(kSecond);
  std::string moves = ticks(media, 3, 17, true);
  moves += ticks(media, 18, 20, false);  // better again: starts over
  moves += ticks(media, 21, 60, true);
  media.participants(Ids{"a", "b", "c"}, 61 * kSecond);
  const std::string back = text(media.participants(Ids{"a", "b"}, 62 * kSecond));
  assert_string_equal(moves.c_str(), "36:relay/poor_quality ");
  assert_string_equal(back.c_str(), "-");
}

void an_emptied_room_begins_anew(void**) {
  AutoMedia media;
  media.participants(Ids{"a", "b"}, 0);
  ticks(media, 1, 20);
  media.participants(Ids{"a"}, 21 * kSecond);
  media.participants(Ids{}, 22 * kSecond);
  assert_int_equal(media.path(), MediaPath::kP2p);
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(two_people_stay_direct_while_it_works),
      cmocka_unit_test(no_connection_in_ten_seconds_moves_to_the_relay_for_good),
      cmocka_unit_test(waiting_alone_is_no_failure),
      cmocka_unit_test(a_lost_connection_gets_as_long_to_come_back),
      cmocka_unit_test(a_third_person_moves_to_the_relay_and_two_that_worked_go_back),
      cmocka_unit_test(poor_quality_for_fifteen_seconds_moves_to_the_relay),
      cmocka_unit_test(an_emptied_room_begins_anew),
  };
  return cmocka_run_group_tests_name("signaling/auto_media", tests, nullptr, nullptr);
}
