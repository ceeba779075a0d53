// Finished rows on disk, in the order in which they came, until Postgres has them.
//
// A folder of segments (files of some 8 MB) of checksummed frames, and a small file that says how far they were struck
// out. A crash at any moment loses nothing that append() had confirmed: what was struck out but not noted is read
// again, and the row's key makes the second delivery count for nothing. A damaged place costs the rows in it and no
// others.
//
// Threads: append() by one thread, read() and strike() by one (other) thread, the rest by any.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "storage/file.hpp"
#include "storage/log.hpp"

namespace callroom::storage {

class Outbox {
 public:
  using Bytes = std::vector<std::uint8_t>;

  struct Position {
    std::uint64_t segment = 0;
    std::uint64_t offset = 0;
  };
  struct Entry {
    Bytes payload;
    Position after;  // strike(after) strikes out this entry and all before it
  };

  Outbox(std::filesystem::path folder, LogSink log, std::uint64_t segment_bytes = kSegmentBytes);

  // Writes and fsyncs all of them. False where the disk does not take them: then none of them counts as written, and
  // problem() says why. `before_visible` is called when they are on disk and before read() can see them.
  [[nodiscard]] bool append(std::span<const Bytes> payloads, const std::function<void()>& before_visible = {});

  // Calls with each payload that an earlier process left, struck out or not. Before the first read().
  void for_each_inherited(const std::function<void(std::span<const std::uint8_t>)>& visit) const;

  // Walks what an earlier process left and counts it into rows(). Takes about a second for each million rows.
  void count_backlog();

  // The oldest entries that are not struck out, at most `max_rows` and about `max_bytes`: the same ones again until
  // strike(). Or those behind `after`, where that is given.
  std::vector<Entry> read(std::size_t max_rows, std::size_t max_bytes, std::optional<Position> after = std::nullopt);
  void strike(Position upto, std::size_t rows);

  std::uint64_t rows() const;
  std::uint64_t bytes() const;
  std::uint64_t corrupt_regions() const;
  std::string problem() const;  // of the last append(); empty when all is well

  static constexpr std::uint64_t kSegmentBytes = 8 << 20;

 private:
  struct Segment {
    std::uint64_t end = 0;  // bytes that are on disk for certain
    bool open = false;      // still being appended to
  };

  std::filesystem::path path_of(std::uint64_t segment) const;
  void find_segments();
  void load_position();
  void save_position();
  bool open_segment();
  void close_segment();
  void abandon_segment();
  void drop_delivered_segment();
  bool write_all(std::span<const std::uint8_t> bytes);
  bool failed(std::string why);
  std::size_t read_segment(std::vector<Entry>& entries, Position& from, const Segment& segment, std::size_t max_rows,
                           std::size_t max_bytes);
  void note_corruption(Position at, std::uint64_t upto);

  const std::filesystem::path folder_;
  const LogSink log_;
  const std::uint64_t segment_bytes_;

  // The appending thread's own.
  UniqueFd active_;
  std::uint64_t active_size_ = 0;
  std::uint64_t next_segment_ = 1;

  // The reading thread's own.
  UniqueFd position_file_;
  Position last_corruption_{};
  std::uint64_t inherited_end_ = 0;  // segments below this one are an earlier process's

  mutable std::mutex mutex_;
  std::map<std::uint64_t, Segment> segments_;
  Position struck_{};
  std::uint64_t rows_ = 0;
  std::uint64_t corrupt_regions_ = 0;
  std::string problem_;
};

}  // namespace callroom::storage
