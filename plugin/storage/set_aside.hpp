// Rows that Postgres refused for themselves, with its reason: one line of JSON each, for a person to look at.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "storage/log.hpp"

namespace callroom::storage {

class SetAside {
 public:
  SetAside(std::filesystem::path file, LogSink log) : file_(std::move(file)), log_(std::move(log)) {}

  // {"at": …, "reason": …, "session_id": …, "row": …, "record": hex of the outbox's payload}. Kept in memory while the
  // disk refuses.
  void add(std::span<const std::uint8_t> payload, const std::string& session_id, const std::string& row,
           const std::string& reason, WallTime now);

 private:
  bool write_lines();

  const std::filesystem::path file_;
  const LogSink log_;
  std::string unwritten_;
};

}  // namespace callroom::storage
