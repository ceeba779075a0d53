#include "media/kept_start.hpp"

#include <array>
#include <cstdint>
#include <vector>

#include "support/cmocka.hpp"

namespace {

using namespace callroom;
using media::LayeredPacket;
using Start = media::KeptStart<int>;

constexpr MonotonicUs kBegin = 1'000'000;
constexpr std::array<std::uint8_t, 100> kBytes{};

LayeredPacket packet(std::uint8_t spatial, std::uint64_t index, bool key = false, std::uint8_t temporal = 0) {
  LayeredPacket one;
  one.spatial = spatial;
  one.temporal = temporal;
  one.key_frame = key;
  one.starts_frame = true;
  one.is_newest = true;
  one.steady = 0b110;  // the two larger sizes
  one.index = index;
  return one;
}

std::vector<std::uint64_t> kept(const Start& start, MonotonicUs now) {
  std::vector<std::uint64_t> indexes;
  for (const auto& one : start.packets(now)) indexes.push_back(one.layered.index);
  return indexes;
}

void what_follows_the_smallest_key_frame_is_kept(void**) {
  Start start;
  start.want_until(kBegin + 500'000);
  start.note(packet(1, 1), kBytes, kBegin, 0);  // nothing can begin with it
  start.note(packet(2, 50, true), kBytes, kBegin, 0);
  start.note(packet(1, 2, true), kBytes, kBegin + 10'000, 7);
  start.note(packet(2, 51), kBytes, kBegin + 20'000, 0);
  start.note(packet(1, 3, false, 2), kBytes, kBegin + 30'000, 8);
  start.note(packet(1, 4), kBytes, kBegin + 40'000, 9);
  assert_true(start.is_kept(kBegin + 40'000));
  assert_true((kept(start, kBegin + 40'000) == std::vector<std::uint64_t>{2, 3, 4}));
  assert_int_equal(start.bits(), 2 * 8 * kBytes.size());  // of the lowest frame rate
  const auto first = start.packets(kBegin + 40'000).front();
  assert_int_equal(first.at, kBegin + 10'000);
  assert_int_equal(first.with, 7);
  assert_int_equal(first.bytes.size(), kBytes.size());
  // The next one takes its place.
  start.note(packet(1, 5, true), kBytes, kBegin + 50'000, 0);
  assert_true((kept(start, kBegin + 50'000) == std::vector<std::uint64_t>{5}));
  assert_int_equal(start.bits(), 8 * kBytes.size());
}

void nothing_is_kept_unasked(void**) {
  Start start;
  start.note(packet(1, 1, true), kBytes, kBegin, 0);
  assert_false(start.is_kept(kBegin));
  start.want_until(kBegin + 100'000);
  start.want_until(kBegin + 50'000);  // somebody else, for less long
  start.note(packet(1, 2, true), kBytes, kBegin + 80'000, 0);
  assert_true(start.is_kept(kBegin + 80'000));
  start.note(packet(1, 3), kBytes, kBegin + 100'000, 0);
  assert_false(start.is_kept(kBegin + 100'000));
  assert_int_equal(start.bits(), 0);
}

void what_is_old_or_too_much_is_not_begun_with(void**) {
  Start start;
  start.want_until(kBegin + 10'000'000);
  start.note(packet(1, 1, true), kBytes, kBegin, 0);
  assert_false(start.is_kept(kBegin + Start::kFreshFor));
  assert_true(start.packets(kBegin + Start::kFreshFor).empty());
  start.note(packet(1, 2, true), kBytes, kBegin + 2'000'000, 0);
  for (std::uint64_t i = 1; i < Start::kMost; ++i) start.note(packet(1, 2 + i), kBytes, kBegin + 2'000'000, 0);
  assert_true(start.is_kept(kBegin + 2'000'000));
  start.note(packet(1, 2 + Start::kMost), kBytes, kBegin + 2'000'000, 0);
  assert_false(start.is_kept(kBegin + 2'000'000));
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(what_follows_the_smallest_key_frame_is_kept),
      cmocka_unit_test(nothing_is_kept_unasked),
      cmocka_unit_test(what_is_old_or_too_much_is_not_begun_with),
  };
  return cmocka_run_group_tests_name("media/kept_start", tests, nullptr, nullptr);
}
