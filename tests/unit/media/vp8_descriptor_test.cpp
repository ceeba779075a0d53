#include "media/vp8_descriptor.hpp"

#include <vector>

#include "support/cmocka.hpp"

namespace {

using namespace callroom::media;
using Bytes = std::vector<std::uint8_t>;

Bytes frame(std::uint16_t picture_id, std::uint8_t tl0, std::uint8_t layer, bool key = false) {
  return {0x90,  // X, S, partition 0
          0xe0,  // I, L, T
          static_cast<std::uint8_t>(0x80 | picture_id >> 8),
          static_cast<std::uint8_t>(picture_id),
          tl0,
          static_cast<std::uint8_t>(layer << 6 | 0x20),  // TID, Y
          static_cast<std::uint8_t>(key ? 0x00 : 0x01)};
}

void reads_every_field(void**) {
  const auto d = *parse_vp8_descriptor(frame(0x1234, 7, 2, true));
  const std::size_t size = d.size;
  assert_int_equal(size, 6);
  assert_true(d.starts_frame);
  assert_true(d.is_key_frame);
  assert_true(d.is_layer_sync);
  assert_true(d.long_picture_id);
  assert_int_equal(d.picture_id.value_or(0), 0x1234);
  assert_int_equal(d.tl0_picture_index.value_or(0), 7);
  assert_int_equal(d.temporal_layer.value_or(0), 2);
}

void reads_what_is_not_there_as_absent(void**) {
  const Bytes plain{0x10, 0x00};
  const Bytes key_index{0x80, 0x10, 0x1f, 0x00};
  const Bytes short_id{0x90, 0x80, 0x11, 0x01};
  const Bytes later_partition{0x11, 0x00};
  const auto a = *parse_vp8_descriptor(plain), b = *parse_vp8_descriptor(key_index),
             c = *parse_vp8_descriptor(short_id), d = *parse_vp8_descriptor(later_partition);
  const bool absent = !a.picture_id && !a.temporal_layer && !b.temporal_layer && !b.tl0_picture_index;
  assert_true(absent);
  assert_true(a.is_key_frame);
  assert_int_equal(c.picture_id.value_or(0), 0x11);
  assert_false(c.long_picture_id);
  assert_false(c.is_key_frame);
  assert_false(d.starts_frame);
  assert_false(d.is_key_frame);
}

void whatever_is_cut_short_is_refused(void**) {
  const Bytes whole = frame(1, 2, 0);
  int accepted = 0;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    if (parse_vp8_descriptor(std::span(whole).first(size))) ++accepted;
  }
  assert_int_equal(accepted, 0);
}

void ids_go_on_over_a_change_of_source(void**) {
  Vp8Continuity continuity;
  std::vector<int> ids, indexes;
  const auto send = [&](Bytes payload) {
    continuity.rewrite(*parse_vp8_descriptor(payload), payload);
    const auto sent = *parse_vp8_descriptor(payload);
    ids.push_back(*sent.picture_id);
    indexes.push_back(*sent.tl0_picture_index);
  };
  send(frame(100, 10, 0));
  send(frame(101, 10, 2));
  send(frame(102, 11, 0));
  continuity.switch_source();
  send(frame(9000, 200, 0, true));
  send(frame(9000, 200, 0));  // the frame's second packet
  send(frame(9001, 200, 1));
  const std::vector<int> expected_ids{100, 101, 102, 103, 103, 104}, expected_indexes{10, 10, 11, 12, 12, 12};
  const bool as_expected = ids == expected_ids && indexes == expected_indexes;
  assert_true(as_expected);
}

void ids_wrap_and_late_packets_do_not_turn_them_back(void**) {
  Vp8Continuity continuity;
  const auto send = [&](Bytes payload) {
    continuity.rewrite(*parse_vp8_descriptor(payload), payload);
    return static_cast<int>(*parse_vp8_descriptor(payload)->picture_id);
  };
  send(frame(0x7ffe, 255, 0));
  const int last = send(frame(0x7fff, 255, 0));
  const int wrapped = send(frame(0, 0, 0));
  const int late = send(frame(0x7ffe, 255, 0));
  continuity.switch_source();
  const int next = send(frame(77, 5, 0, true));
  assert_int_equal(last, 0x7fff);
  assert_int_equal(wrapped, 0);
  assert_int_equal(late, 0x7ffe);
  assert_int_equal(next, 1);
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(reads_every_field),
      cmocka_unit_test(reads_what_is_not_there_as_absent),
      cmocka_unit_test(whatever_is_cut_short_is_refused),
      cmocka_unit_test(ids_go_on_over_a_change_of_source),
      cmocka_unit_test(ids_wrap_and_late_packets_do_not_turn_them_back),
  };
  return cmocka_run_group_tests_name("media/vp8_descriptor", tests, nullptr, nullptr);
}
