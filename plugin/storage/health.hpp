// What the store says of itself.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/time.hpp"

namespace callroom::storage {

enum class DatabaseState {
  kNotConfigured,  // rows wait in data_dir
  kConnecting,     // not reached yet, or lost and being tried again
  kConnected,
  kSchemaTooOld,  // reached, but sql/migrate has to be run
  kSchemaTooNew,  // reached, but made for a newer plugin
  kRefused,       // reached, and it refuses the role, a table or a function
};

const char* to_string(DatabaseState state);

struct StoreHealth {
  DatabaseState database = DatabaseState::kNotConfigured;
  std::string database_error;  // the last one, without secrets; empty when all is well
  std::optional<int> schema_version;
  int schema_version_wanted = 0;

  std::uint64_t outbox_rows = 0;  // on disk, not yet committed
  std::uint64_t outbox_bytes = 0;
  std::optional<double> outbox_age_s;  // since the oldest of them ended; absent when there is none
  std::uint64_t memory_rows = 0;       // finished, not on disk: the disk refuses them
  std::string disk_error;              // empty when all is well
  std::uint64_t corrupt_regions = 0;   // places in the outbox that could not be read, since start

  std::uint64_t rows_finished = 0;   // since start
  std::uint64_t rows_committed = 0;  // sent and committed, replays included
  std::uint64_t rows_inserted = 0;   // of those, new ones
  std::uint64_t rows_set_aside = 0;  // refused by Postgres for themselves; kept in data_dir/set_aside.jsonl
  std::uint64_t rows_dropped = 0;    // lost: memory was full while the disk refused

  std::string journal_error;       // empty when all is well
  std::uint32_t journal_open = 0;  // sessions in the crash journal
  std::uint32_t journal_capacity = 0;
  std::uint64_t rows_recovered = 0;  // from the journal of a killed process, at this start

  std::optional<WallTime> last_commit;
  std::optional<WallTime> last_maintenance;
  std::string maintenance_error;
  std::uint64_t alerts_raised = 0;  // by this node, since start
};

}  // namespace callroom::storage
