#include "storage/journal.hpp"

#include <fstream>

#include "support/cmocka.hpp"
#include "unit/storage/support/records.hpp"

namespace {

using namespace callroom;
using namespace callroom::storage;
using testing::at_second;
using testing::full_record;
using testing::silent;
using testing::TemporaryFolder;

constexpr Journal::Limits kLimits{100, 1000};

SessionRecord named(const std::string& id) {
  SessionRecord record = full_record();
  record.session_id = id;
  record.quality = {};
  return record;
}

// A summary whose sample count is the snapshot's first byte.
std::optional<quality::Summary> first_byte(std::span<const std::uint8_t> snapshot) {
  quality::Summary summary;
  summary.samples = snapshot[0];
  return summary;
}

void test_open_sessions_come_back_as_they_last_were(void**) {
  TemporaryFolder folder;
  const std::vector<std::uint8_t> early(500, 3), late(1000, 9);
  {
    Journal journal(folder.path(), kLimits, silent());
    const auto kept = journal.begin(named("kept"));
    const auto closed = journal.begin(named("closed"));
    journal.begin(named("never sampled"));
    journal.update(kept, named("kept"), at_second(1'700'000'100), early);
    journal.update(closed, named("closed"), at_second(1'700'000'100), early);
    journal.update(kept, named("kept"), at_second(1'700'000'103), late);
    journal.close(closed);
  }
  Journal next(folder.path(), kLimits, silent());
  next.begin(named("of the new process"));
  const auto records = next.recover(first_byte);
  const std::size_t again = next.recover(first_byte).size();
  next.forget_recovered();
  const std::size_t after = next.recover(first_byte).size();
  SessionRecord kept, unsampled;
  for (const auto& record : records) (record.session_id == "kept" ? kept : unsampled) = record;
  assert_int_equal(records.size(), 2);
  assert_int_equal(again, 2);
  assert_int_equal(after, 0);
  assert_string_equal(kept.end_reason.c_str(), "crashed");
  assert_true(kept.ended_at == at_second(1'700'000'103));
  assert_int_equal(kept.quality.samples, 9);
  assert_string_equal(unsampled.session_id.c_str(), "never sampled");
  assert_true(unsampled.ended_at == unsampled.started_at);
}

void test_a_spoiled_half_falls_back_to_the_sample_before(void**) {
  TemporaryFolder folder;
  {
    Journal journal(folder.path(), kLimits, silent());
    const auto slot = journal.begin(named("a"));
    journal.update(slot, named("a"), at_second(1), std::vector<std::uint8_t>(10, 1));
    journal.update(slot, named("a"), at_second(2), std::vector<std::uint8_t>(10, 2));
  }
  // The third write went to the first half; its record begins behind the page, the slot's 64 bytes and the half's 20.
  std::fstream file(folder.path() / "journal", std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(4096 + 64 + 20 + 30);
  file.put('\x5A');
  file.close();
  Journal next(folder.path(), kLimits, silent());
  const auto records = next.recover(first_byte);
  const auto samples = records.empty() ? 0 : records[0].quality.samples;
  assert_int_equal(records.size(), 1);
  assert_int_equal(samples, 1);
}

void test_no_room_is_a_null_slot_and_harmless(void**) {
  TemporaryFolder folder;
  Journal journal(folder.path(), {64, 100}, silent());
  std::size_t got = 0;
  JournalSlot last;
  for (int i = 0; i < 65; ++i) {
    last = journal.begin(named("x"));
    if (last) ++got;
  }
  journal.update(last, named("x"), at_second(1), {});
  journal.close(last);
  const auto open = journal.open_sessions();
  assert_int_equal(got, 64);
  assert_int_equal(open, 64);
}

void test_too_large_a_snapshot_keeps_the_sample_before(void**) {
  TemporaryFolder folder;
  {
    Journal journal(folder.path(), kLimits, silent());
    const auto slot = journal.begin(named("a"));
    journal.update(slot, named("a"), at_second(5), std::vector<std::uint8_t>(10, 4));
    journal.update(slot, named("a"), at_second(6), std::vector<std::uint8_t>(9000, 5));
  }
  Journal next(folder.path(), kLimits, silent());
  const auto records = next.recover(first_byte);
  const auto samples = records.empty() ? 0 : records[0].quality.samples;
  assert_int_equal(samples, 4);
}

void test_a_foreign_file_is_left_out(void**) {
  TemporaryFolder folder;
  std::ofstream(folder.path() / "journal") << std::string(10'000, 'x');
  Journal journal(folder.path(), kLimits, silent());
  const auto slot = journal.begin(named("a"));
  const std::size_t recovered = journal.recover(first_byte).size();
  const bool usable = static_cast<bool>(slot);
  assert_int_equal(recovered, 0);
  assert_true(usable);
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(test_open_sessions_come_back_as_they_last_were),
      cmocka_unit_test(test_a_spoiled_half_falls_back_to_the_sample_before),
      cmocka_unit_test(test_no_room_is_a_null_slot_and_harmless),
      cmocka_unit_test(test_too_large_a_snapshot_keeps_the_sample_before),
      cmocka_unit_test(test_a_foreign_file_is_left_out),
  };
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}
