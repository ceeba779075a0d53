// What every layer stands on: reading bytes, bounded queues, ids, comparing secrets.
#include <array>
#include <atomic>
#include <deque>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "base/bounded_queue.hpp"
#include "base/byte_reader.hpp"
#include "base/fifo.hpp"
#include "base/growing_list.hpp"
#include "base/result.hpp"
#include "base/spsc_ring.hpp"
#include "base/task.hpp"
#include "base/text.hpp"
#include "base/token_bucket.hpp"
#include "support/cmocka.hpp"

namespace {

using namespace callroom;

void reads_big_endian(void**) {
  const std::array<std::uint8_t, 10> bytes = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
  ByteReader reader(bytes);
  const auto a = reader.u8();
  const auto b = reader.u16();
  const auto c = reader.u24();
  const auto d = reader.u32();
  assert_int_equal(a, 0x01);
  assert_int_equal(b, 0x0203);
  assert_int_equal(c, 0x040506);
  assert_int_equal(d, 0x0708090A);
  assert_true(reader.ok());
  assert_int_equal(reader.remaining(), 0);
}

void fails_past_the_end_and_stays_failed(void**) {
  const std::array<std::uint8_t, 3> bytes = {1, 2, 3};
  ByteReader reader(bytes);
  const auto first = reader.u32();
  const auto second = reader.u8();
  assert_int_equal(first, 0);
  assert_int_equal(second, 0);
  assert_false(reader.ok());
  ByteReader taker(bytes);
  const auto part = taker.take(4);
  assert_true(part.empty());
  assert_false(taker.ok());
}

void queue_refuses_what_exceeds_it(void**) {
  BoundedQueue<int> queue(2);
  const bool first = queue.push(1), second = queue.push(2), third = queue.push(3);
  const auto out = queue.pop();
  const bool fourth = queue.push(4);
  assert_true(first && second && fourth);
  assert_false(third);
  assert_int_equal(*out, 1);
  assert_int_equal(queue.size(), 2);
}

void task_owns_what_cannot_be_copied(void**) {
  int seen = 0;
  Task task([value = std::make_unique<int>(7), &seen] { seen = *value; });
  Task moved = std::move(task);
  moved();
  assert_int_equal(seen, 7);
}

void ids_are_printable_and_bounded(void**) {
  struct Case {
    std::string id;
    bool valid;
  };
  const Case cases[] = {{"a", true},
                        {"room 1", true},
                        {std::string(64, 'x'), true},
                        {std::string(65, 'x'), false},
                        {"", false},
                        {" a", false},
                        {"a ", false},
                        {"tab\there", false},
                        {"caf\xc3\xa9", false},
                        {std::string("nul\0l", 5), false}};
  for (const Case& each : cases) assert_int_equal(is_valid_id(each.id), each.valid);
}

void secrets_compare(void**) {
  assert_true(equal_in_constant_time("secret", "secret"));
  assert_false(equal_in_constant_time("secret", "secreT"));
  assert_false(equal_in_constant_time("secret", "secretsecret"));
  assert_false(equal_in_constant_time("secret", ""));
  assert_false(equal_in_constant_time("", "x"));
  assert_true(equal_in_constant_time("", ""));
}

void a_bucket_refills_with_time(void**) {
  TokenBucket<10, 2> bucket;
  const bool first = bucket.take(1'000'000), second = bucket.take(1'000'000), third = bucket.take(1'000'000);
  const bool too_soon = bucket.take(1'050'000), later = bucket.take(1'150'000);
  const bool after_a_day = bucket.take(86'400'000'000), burst = bucket.take(86'400'000'000);
  const bool over = bucket.take(86'400'000'000);
  assert_true(first && second && later && after_a_day && burst);
  assert_false(third || too_soon || over);
}

void a_ring_hands_over_in_order_and_refuses_what_exceeds_it(void**) {
  SpscRing<int, 4> ring;
  const bool empty = !ring.pop();
  std::vector<int> popped;
  int refused = 0;
  for (int i = 0; i < 10; ++i) {
    for (int j = 0; j < 5; ++j) refused += ring.push(10 * i + j) ? 0 : 1;
    while (const auto item = ring.pop()) popped.push_back(*item);
  }
  assert_true(empty);
  assert_int_equal(refused, 10);
  assert_int_equal(popped.size(), 40);
  assert_int_equal(popped.front(), 0);
  assert_int_equal(popped.back(), 93);
}

void result_holds_one_or_the_other(void**) {
  const Result<int> value = 5;
  const Result<int> error = Error{ErrorCode::kRoomFull, "full"};
  assert_true(static_cast<bool>(value));
  assert_int_equal(*value, 5);
  assert_false(static_cast<bool>(error));
  assert_int_equal(static_cast<int>(error.error().code), 406);
}

void a_fifo_is_a_queue(void**) {
  Fifo<std::shared_ptr<int>> fifo;
  std::deque<std::shared_ptr<int>> queue;
  std::mt19937 random(1);
  int differences = 0;
  for (int i = 0; i < 5'000; ++i) {
    if (i % 1'500 == 1'400) {
      queue.clear();
      fifo.clear();
    } else if (queue.empty() || random() % 100 < (i / 1'000 % 2 == 0 ? 60 : 40)) {
      queue.push_back(std::make_shared<int>(i));
      fifo.push_back(queue.back());
    } else {
      const std::weak_ptr<int> first = queue.front();
      queue.pop_front();
      fifo.pop_front();
      if (!first.expired()) ++differences;  // what was popped is let go of
    }
    if (fifo.empty() != queue.empty() || fifo.size() != queue.size()) ++differences;
    if (!queue.empty() && (fifo.front() != queue.front() || fifo.back() != queue.back())) ++differences;
    if (!std::equal(fifo.begin(), fifo.end(), queue.begin(), queue.end())) ++differences;
    if (!std::equal(fifo.rbegin(), fifo.rend(), queue.rbegin(), queue.rend())) ++differences;
  }
  assert_int_equal(differences, 0);
}

void a_list_grows_under_its_readers(void**) {
  constexpr std::size_t kItems = 5'000;
  std::vector<std::size_t> numbers(kItems);
  GrowingList<std::size_t> list;
  std::atomic<int> wrong{0};
  std::thread reader([&] {
    for (std::size_t seen = 0; seen < kItems;) {
      const auto all = list.all();
      if (all.size() < seen) wrong.fetch_add(1);
      seen = all.size();
      for (std::size_t i = 0; i < seen; i += 97) {
        if (*all[i] != i) wrong.fetch_add(1);
      }
    }
  });
  for (std::size_t i = 0; i < kItems; ++i) {
    numbers[i] = i;
    list.append(&numbers[i]);
  }
  reader.join();
  const int count = wrong;
  assert_int_equal(count, 0);
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(a_fifo_is_a_queue),
      cmocka_unit_test(a_list_grows_under_its_readers),
      cmocka_unit_test(reads_big_endian),
      cmocka_unit_test(fails_past_the_end_and_stays_failed),
      cmocka_unit_test(queue_refuses_what_exceeds_it),
      cmocka_unit_test(task_owns_what_cannot_be_copied),
      cmocka_unit_test(ids_are_printable_and_bounded),
      cmocka_unit_test(secrets_compare),
      cmocka_unit_test(a_bucket_refills_with_time),
      cmocka_unit_test(a_ring_hands_over_in_order_and_refuses_what_exceeds_it),
      cmocka_unit_test(result_holds_one_or_the_other),
  };
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}
