#include "storage/outbox.hpp"

#include <fstream>
#include <set>
#include <tuple>

#include "support/cmocka.hpp"
#include "unit/storage/support/records.hpp"

namespace {

using namespace callroom;
using namespace callroom::storage;
using testing::silent;
using testing::TemporaryFolder;
namespace fs = std::filesystem;

Outbox::Bytes payload(int number) {
  Outbox::Bytes bytes(200, 7);
  bytes[0] = static_cast<std::uint8_t>(number);
  bytes[1] = static_cast<std::uint8_t>(number >> 8);
  return bytes;
}

int number_of(const Outbox::Entry& entry) {
  return entry.payload[0] | entry.payload[1] << 8;
}

bool append_numbers(Outbox& outbox, int from, int upto) {
  std::vector<Outbox::Bytes> payloads;
  for (int i = from; i < upto; ++i) payloads.push_back(payload(i));
  return outbox.append(payloads);
}

// Everything that is left, struck out as it is read.
std::vector<int> drain(Outbox& outbox) {
  std::vector<int> numbers;
  while (true) {
    const auto entries = outbox.read(7, 1 << 20);
    if (entries.empty()) return numbers;
    for (const auto& entry : entries) numbers.push_back(number_of(entry));
    outbox.strike(entries.back().after, entries.size());
  }
}

std::vector<int> range(int from, int upto) {
  std::vector<int> numbers;
  for (int i = from; i < upto; ++i) numbers.push_back(i);
  return numbers;
}

std::vector<fs::path> segments(const fs::path& folder) {
  std::set<fs::path> found;
  for (const auto& file : fs::directory_iterator(folder)) {
    if (file.path().extension() == ".outbox") found.insert(file.path());
  }
  return {found.begin(), found.end()};
}

void test_order_is_kept_over_segments_and_restarts(void**) {
  TemporaryFolder folder;
  bool appended = true;
  std::vector<int> first, rest;
  std::uint64_t counted = 0;
  {
    Outbox outbox(folder.path(), silent(), 1000);
    for (int i = 0; i < 60; i += 3) appended = appended && append_numbers(outbox, i, i + 3);
    const auto entries = outbox.read(10, 1 << 20);
    for (const auto& entry : entries) first.push_back(number_of(entry));
    outbox.strike(entries.back().after, entries.size());
  }
  {
    Outbox outbox(folder.path(), silent(), 1000);
    outbox.count_backlog();
    counted = outbox.rows();
    appended = appended && append_numbers(outbox, 60, 64);
    rest = drain(outbox);
  }
  Outbox last(folder.path(), silent());
  const std::size_t left = drain(last).size();
  assert_true(appended);
  assert_true(first == range(0, 10));
  assert_int_equal(counted, 50);
  assert_true(rest == range(10, 64));
  assert_int_equal(left, 0);
}

void test_what_is_not_struck_is_read_again(void**) {
  TemporaryFolder folder;
  Outbox outbox(folder.path(), silent());
  const bool appended = append_numbers(outbox, 0, 5);
  const auto once = outbox.read(3, 1 << 20);
  const auto again = outbox.read(3, 1 << 20);
  const bool same = once.size() == 3 && again.size() == 3 && number_of(once[0]) == number_of(again[0]);
  assert_true(appended);
  assert_true(same);
}

void test_what_is_behind_is_read_ahead_and_struck_by_nobody(void**) {
  TemporaryFolder folder;
  Outbox outbox(folder.path(), silent(), 1000);
  bool appended = true;
  for (int i = 0; i < 12; i += 3) appended = appended && append_numbers(outbox, i, i + 3);  // several segments
  const auto first = outbox.read(5, 1 << 20);
  std::vector<int> ahead;
  for (const auto& entry : outbox.read(100, 1 << 20, first.back().after)) ahead.push_back(number_of(entry));
  const std::size_t behind_the_last = outbox.read(100, 1 << 20, outbox.read(100, 1 << 20).back().after).size();
  const auto left = drain(outbox);
  assert_true(appended);
  assert_true(ahead == range(5, 12));
  assert_int_equal(behind_the_last, 0);
  assert_true(left == range(0, 12));
}

void test_a_torn_tail_costs_nothing_else(void**) {
  TemporaryFolder folder;
  {
    Outbox outbox(folder.path(), silent());
    std::ignore = append_numbers(outbox, 0, 10);
  }
  const auto file = segments(folder.path()).front();
  fs::resize_file(file, fs::file_size(file) - 50);
  Outbox outbox(folder.path(), silent());
  const auto numbers = drain(outbox);
  const std::uint64_t corrupt = outbox.corrupt_regions();
  const std::size_t files = segments(folder.path()).size();
  assert_true(numbers == range(0, 9));
  assert_int_equal(corrupt, 0);
  assert_int_equal(files, 0);
}

void test_damage_in_the_middle_costs_the_rows_it_hit(void**) {
  TemporaryFolder folder;
  {
    Outbox outbox(folder.path(), silent());
    std::ignore = append_numbers(outbox, 0, 10);
  }
  const auto file = segments(folder.path()).front();
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  stream.seekp(16 + 3 * 212 + 100);  // in the payload of the fourth
  stream.put('X');
  stream.seekp(16 + 6 * 212 + 5);  // in the length of the seventh
  stream.put('\x7F');
  stream.close();
  Outbox outbox(folder.path(), silent());
  const auto numbers = drain(outbox);
  const std::uint64_t corrupt = outbox.corrupt_regions();
  assert_true(numbers == (std::vector<int>{0, 1, 2, 4, 5, 7, 8, 9}));
  assert_int_equal(corrupt, 2);
}

void test_a_segment_that_cannot_be_read_is_left_alone(void**) {
  TemporaryFolder folder;
  {
    Outbox outbox(folder.path(), silent());
    std::ignore = append_numbers(outbox, 0, 2);
  }
  const auto file = segments(folder.path()).front();
  std::fstream(file, std::ios::in | std::ios::out | std::ios::binary).put('Z');
  Outbox outbox(folder.path(), silent());
  const bool appended = append_numbers(outbox, 2, 4);
  const auto numbers = drain(outbox);
  const bool kept = fs::exists(file);
  const std::uint64_t corrupt = outbox.corrupt_regions();
  assert_true(appended);
  assert_true(numbers == range(2, 4));
  assert_true(kept);
  assert_int_equal(corrupt, 1);
}

void test_a_spoiled_position_replays_and_loses_nothing(void**) {
  TemporaryFolder folder;
  {
    Outbox outbox(folder.path(), silent());
    std::ignore = append_numbers(outbox, 0, 6);
    const auto entries = outbox.read(2, 1 << 20);
    outbox.strike(entries.back().after, entries.size());
  }
  std::fstream(folder.path() / "position", std::ios::in | std::ios::out | std::ios::binary).put('\x55');
  Outbox outbox(folder.path(), silent());
  const auto numbers = drain(outbox);
  assert_true(numbers == range(0, 6));
}

void test_a_folder_that_cannot_be_made_refuses_and_says_why(void**) {
  TemporaryFolder folder;
  std::ofstream(folder.path() / "file") << "not a folder";
  Outbox outbox(folder.path() / "file" / "outbox", silent());
  const bool appended = append_numbers(outbox, 0, 1);
  const std::string problem = outbox.problem();
  const std::uint64_t rows = outbox.rows();
  assert_false(appended);
  assert_true(problem.find("Not a directory") != std::string::npos);
  assert_int_equal(rows, 0);
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(test_order_is_kept_over_segments_and_restarts),
      cmocka_unit_test(test_what_is_not_struck_is_read_again),
      cmocka_unit_test(test_what_is_behind_is_read_ahead_and_struck_by_nobody),
      cmocka_unit_test(test_a_torn_tail_costs_nothing_else),
      cmocka_unit_test(test_damage_in_the_middle_costs_the_rows_it_hit),
      cmocka_unit_test(test_a_segment_that_cannot_be_read_is_left_alone),
      cmocka_unit_test(test_a_spoiled_position_replays_and_loses_nothing),
      cmocka_unit_test(test_a_folder_that_cannot_be_made_refuses_and_says_why),
  };
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}
