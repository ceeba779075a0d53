// The crash journal: the state of every open session in a memory-mapped file, so that a killed process loses no row.
//
// Each session has a slot with two halves, written in turn: a death in the middle of an update leaves the one before
// it. update() is a copy into mapped memory, without a system call; the blocks are reserved beforehand, so that a full
// disk shows in begin() and never as a fault in the middle of a call.
//
// Threads: any; one at a time per slot for update().
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "storage/file.hpp"
#include "storage/log.hpp"
#include "storage/session_record.hpp"
#include "storage/store.hpp"

namespace callroom::storage {

class Journal {
 public:
  struct Limits {
    std::size_t max_sessions = 0;
    std::size_t snapshot_capacity = 0;  // bytes
  };

  // Starts a new journal. What another process left in the folder is renamed first and read by recover().
  Journal(std::filesystem::path folder, Limits limits, LogSink log);
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  JournalSlot begin(const SessionRecord& so_far);  // null where there is no room or no file
  void update(JournalSlot slot, const SessionRecord& so_far, WallTime now, std::span<const std::uint8_t> snapshot);
  void close(JournalSlot slot);

  using Summarize = std::function<std::optional<quality::Summary>(std::span<const std::uint8_t>)>;
  // The sessions that were open when the last process died, as records that ended at their last update with end_reason
  // "crashed". The same again at each call, until forget_recovered().
  std::vector<SessionRecord> recover(const Summarize& summarize) const;
  void forget_recovered();

  std::string problem() const;  // empty when all is well
  std::uint32_t open_sessions() const;
  std::uint32_t capacity() const;

 private:
  struct Chunk;

  std::uint8_t* slot_bytes(std::uint32_t index) const;
  bool grow();
  void set_aside_old();
  void create();
  std::vector<SessionRecord> recover_file(const std::filesystem::path& path, const Summarize& summarize) const;

  const std::filesystem::path folder_;
  const Limits limits_;
  const LogSink log_;
  const std::size_t half_bytes_;
  const std::size_t slot_size_;

  UniqueFd file_;
  std::unique_ptr<std::unique_ptr<Chunk>[]> chunks_;  // fixed length: a slot is found without a lock
  std::size_t max_chunks_ = 0;

  mutable std::mutex mutex_;
  std::size_t chunk_count_ = 0;
  std::vector<std::uint32_t> free_;
  std::uint32_t open_ = 0;
  std::string problem_;
};

}  // namespace callroom::storage
