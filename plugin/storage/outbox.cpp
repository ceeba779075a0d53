#include "storage/outbox.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <iterator>
#include <system_error>
#include <tuple>

#include "base/byte_reader.hpp"
#include "storage/byte_writer.hpp"
#include "storage/crc32c.hpp"
#include "storage/data_dir.hpp"
#include "storage/outbox_frame.hpp"
#include "storage/record_codec.hpp"

namespace callroom::storage {
namespace {

constexpr std::uint64_t kWorthDropping = 1 << 20;
constexpr std::size_t kPositionBytes = 20;  // u64 segment, u64 offset, u32 CRC-32C

// Calls with each payload in `bytes`, stepping over what is damaged.
template <typename Visit>
void walk_frames(std::span<const std::uint8_t> bytes, Visit visit) {
  while (!bytes.empty()) {
    const Frame frame = parse_frame(bytes);
    const bool whole = frame.state == Frame::State::kWhole;
    if (whole) visit(frame.payload);
    bytes = bytes.subspan(whole ? frame.size : find_frame(bytes));
  }
}

// As many bytes as there are, up to `count`; fewer where the file ends or cannot be read.
Outbox::Bytes read_at(int fd, std::uint64_t offset, std::size_t count) {
  Outbox::Bytes bytes(count);
  std::size_t got = 0;
  while (got < count) {
    const ssize_t part = ::pread(fd, bytes.data() + got, count - got, static_cast<off_t>(offset + got));
    if (part < 0 && errno == EINTR) continue;
    if (part <= 0) break;
    got += static_cast<std::size_t>(part);
  }
  bytes.resize(got);
  return bytes;
}

UniqueFd open_for_reading(const std::filesystem::path& path) {
  return UniqueFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
}

bool before(Outbox::Position a, Outbox::Position b) {
  return a.segment != b.segment ? a.segment < b.segment : a.offset < b.offset;
}

}  // namespace

Outbox::Outbox(std::filesystem::path folder, LogSink log, std::uint64_t segment_bytes)
    : folder_(std::move(folder)), log_(std::move(log)), segment_bytes_(segment_bytes) {
  std::error_code ignored;  // the first append() says what is wrong with the folder
  std::filesystem::create_directories(folder_, ignored);
  find_segments();
  load_position();
}

std::filesystem::path Outbox::path_of(std::uint64_t segment) const {
  std::array<char, 32> name{};
  std::snprintf(name.data(), name.size(), "%016llu.outbox", static_cast<unsigned long long>(segment));
  return folder_ / name.data();
}

void Outbox::find_segments() {
  std::error_code failed;
  for (const auto& file : std::filesystem::directory_iterator(folder_, failed)) {
    const std::string name = file.path().filename().string();
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (error != std::errc() || std::string_view(end) != ".outbox") continue;
    const UniqueFd fd = open_for_reading(file.path());
    const auto format = fd ? segment_format(read_at(fd.get(), 0, kSegmentHeaderBytes)) : std::nullopt;
    std::error_code unknown_size;
    const std::uint64_t size = file.file_size(unknown_size);
    if (format == kSegmentFormat && !unknown_size) {
      segments_[number] = {size, false};
    } else if (!unknown_size && size == 0) {
      std::filesystem::remove(file.path(), unknown_size);  // a crash between its creation and its first byte
    } else {
      // Damaged beyond its header, or of a newer plugin: left where it is, and out of the way of new segments.
      ++corrupt_regions_;
      log_(LogLevel::kError,
           file.path().string() + " is no outbox segment that this plugin can read; it is left alone");
    }
    next_segment_ = std::max(next_segment_, number + 1);
  }
  inherited_end_ = next_segment_;
  struck_ = {segments_.empty() ? next_segment_ : segments_.begin()->first, kSegmentHeaderBytes};
}

void Outbox::load_position() {
  position_file_ = UniqueFd(::open((folder_ / "position").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!position_file_) return;
  const Bytes bytes = read_at(position_file_.get(), 0, kPositionBytes);
  if (bytes.size() != kPositionBytes) return;
  ByteReader reader(bytes);
  const Position saved{reader.u64(), reader.u64()};
  if (reader.u32() != crc32c(std::span(bytes).first(16))) return;  // everything is read again, and counts once
  const auto segment = segments_.find(saved.segment);
  if (segment != segments_.end() && segment == segments_.begin() && saved.offset <= segment->second.end)
    struck_ = saved;
}

// Not fsynced: after a power cut an older position is read, which costs a replay and no row.
void Outbox::save_position() {
  if (!position_file_) return;
  std::array<std::uint8_t, kPositionBytes> bytes{};
  ByteWriter writer(bytes);
  writer.u64(struck_.segment);
  writer.u64(struck_.offset);
  writer.u32(crc32c(std::span(bytes).first(16)));
  if (::pwrite(position_file_.get(), bytes.data(), bytes.size(), 0) < 0) {
    std::ignore = ::ftruncate(position_file_.get(), 0);
  }
}

bool Outbox::failed(std::string why) {
  const std::lock_guard lock(mutex_);
  problem_ = std::move(why);
  return false;
}

bool Outbox::open_segment() {
  std::error_code ignored;
  std::filesystem::create_directories(folder_, ignored);
  const std::uint64_t number = next_segment_;
  const auto path = path_of(number);
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd) return failed(system_error("create", path));
  active_ = std::move(fd);
  active_size_ = 0;
  if (!write_all(segment_header())) {
    const std::string why = system_error("write", path);
    active_.reset();
    ::unlink(path.c_str());
    return failed(why);
  }
  sync_folder(folder_);
  ++next_segment_;
  const std::lock_guard lock(mutex_);
  if (segments_.empty()) struck_ = {number, kSegmentHeaderBytes};
  segments_[number] = {active_size_, true};
  return true;
}

void Outbox::close_segment() {
  active_.reset();
  const std::lock_guard lock(mutex_);
  if (!segments_.empty()) segments_.rbegin()->second.open = false;
}

// After a failed write: the next attempt starts a fresh segment, so that what this one left behind is never built upon.
// One that holds nothing is removed at once; on a full disk there are many attempts.
void Outbox::abandon_segment() {
  active_.reset();
  const std::lock_guard lock(mutex_);
  const auto last = std::prev(segments_.end());
  last->second.open = false;
  if (last->second.end > kSegmentHeaderBytes) return;
  ::unlink(path_of(last->first).c_str());
  segments_.erase(last);
}

// An open segment of some size of which everything is struck out makes room: on a small disk it may be what fills it.
void Outbox::drop_delivered_segment() {
  const std::lock_guard lock(mutex_);
  const auto last = std::prev(segments_.end());
  if (struck_.segment != last->first || struck_.offset < last->second.end || active_size_ < kWorthDropping) return;
  active_.reset();
  ::unlink(path_of(last->first).c_str());
  segments_.erase(last);
}

// Appends to the open segment; where that fails the segment is as it was before.
bool Outbox::write_all(std::span<const std::uint8_t> bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t part =
        ::pwrite(active_.get(), bytes.data() + done, bytes.size() - done, static_cast<off_t>(active_size_ + done));
    if (part < 0 && errno == EINTR) continue;
    if (part <= 0) {
      const int error = part == 0 ? ENOSPC : errno;
      std::ignore = ::ftruncate(active_.get(), static_cast<off_t>(active_size_));
      errno = error;
      return false;
    }
    done += static_cast<std::size_t>(part);
  }
  active_size_ += bytes.size();
  return true;
}

bool Outbox::append(std::span<const Bytes> payloads, const std::function<void()>& before_visible) {
  if (active_ && active_size_ >= segment_bytes_) close_segment();
  if (active_) drop_delivered_segment();
  if (!active_ && !open_segment()) return false;
  Bytes frames;
  for (const Bytes& payload : payloads) append_frame(frames, payload);
  if (!write_all(frames)) {
    const std::string why = system_error("write in", folder_);
    abandon_segment();
    return failed(why);
  }
  if (::fdatasync(active_.get()) != 0) {
    // After a failed fsync the pages may be gone though the file reads well: do not count on this segment's tail.
    const std::string why = system_error("fsync in", folder_);
    std::ignore = ::ftruncate(active_.get(), static_cast<off_t>(active_size_ - frames.size()));
    abandon_segment();
    return failed(why);
  }
  if (before_visible) before_visible();
  const std::lock_guard lock(mutex_);
  segments_.rbegin()->second.end = active_size_;
  rows_ += payloads.size();
  problem_.clear();
  return true;
}

void Outbox::note_corruption(Position at, std::uint64_t upto) {
  if (!before(last_corruption_, at)) return;  // read before, and not struck out yet
  last_corruption_ = at;
  {
    const std::lock_guard lock(mutex_);
    ++corrupt_regions_;
  }
  log_(LogLevel::kError, path_of(at.segment).string() + ": bytes " + std::to_string(at.offset) + " to " +
                             std::to_string(upto) +
                             " are damaged; the rows in them are lost, the others are delivered");
}

// Entries from `from` on, which moves behind the last one. How many bytes of payload they have.
std::size_t Outbox::read_segment(std::vector<Entry>& entries, Position& from, const Segment& segment,
                                 std::size_t max_rows, std::size_t max_bytes) {
  const UniqueFd fd = open_for_reading(path_of(from.segment));
  if (!fd) {
    note_corruption(from, segment.end);
    from.offset = segment.end;
    return 0;
  }
  const std::size_t window = std::max(max_bytes, kMaxRecordBytes + kFrameHeaderBytes);
  const std::uint64_t start = from.offset;
  Bytes bytes = read_at(fd.get(), start, std::min<std::uint64_t>(window, segment.end - start));
  bool whole = start + bytes.size() >= segment.end || bytes.size() < window;  // the rest of the segment is in `bytes`
  std::size_t at = 0, taken = 0;
  while (at < bytes.size() && entries.size() < max_rows && taken < max_bytes) {
    const Frame frame = parse_frame(std::span(bytes).subspan(at));
    if (frame.state == Frame::State::kWhole) {
      at += frame.size;
      taken += frame.payload.size();
      entries.push_back({Bytes(frame.payload.begin(), frame.payload.end()), {from.segment, start + at}});
      continue;
    }
    if (!whole) {
      if (frame.state == Frame::State::kCut && at > 0) break;  // goes on behind the window
      bytes = read_at(fd.get(), start, segment.end - start);
      whole = true;
      continue;
    }
    const std::size_t next = at + find_frame(std::span(bytes).subspan(at));
    const bool torn_tail = frame.state == Frame::State::kCut && next >= bytes.size();  // a write that a crash cut short
    if (!torn_tail) note_corruption({from.segment, start + at}, start + next);
    at = next;
  }
  from.offset = whole && at >= bytes.size() ? segment.end : start + at;
  return taken;
}

std::vector<Outbox::Entry> Outbox::read(std::size_t max_rows, std::size_t max_bytes, std::optional<Position> after) {
  std::vector<Entry> entries;
  std::size_t taken = 0;
  std::unique_lock lock(mutex_);
  Position from = after.value_or(struck_);
  auto segment = segments_.lower_bound(from.segment);
  while (segment != segments_.end() && entries.size() < max_rows && taken < max_bytes) {
    if (segment->first != from.segment) from = {segment->first, kSegmentHeaderBytes};
    const Segment state = segment->second;
    if (from.offset < state.end) {
      lock.unlock();
      taken += read_segment(entries, from, state, max_rows, max_bytes - taken);
      lock.lock();
    }
    if (from.offset < state.end) break;
    if (!after && entries.empty() && !state.open &&
        segment == segments_.begin()) {  // nothing left in it: damaged, or struck out
      ::unlink(path_of(segment->first).c_str());
      segments_.erase(segment);
      struck_ = {from.segment + 1, kSegmentHeaderBytes};
    }
    segment = segments_.upper_bound(from.segment);
  }
  return entries;
}

void Outbox::strike(Position upto, std::size_t rows) {
  const std::lock_guard lock(mutex_);
  rows_ -= std::min<std::uint64_t>(rows_, rows);
  struck_ = upto;
  save_position();
  while (!segments_.empty()) {
    const auto& [number, segment] = *segments_.begin();
    const bool done = number < upto.segment || (number == upto.segment && upto.offset >= segment.end);
    if (!done || segment.open) break;
    ::unlink(path_of(number).c_str());
    segments_.erase(segments_.begin());
  }
}

void Outbox::for_each_inherited(const std::function<void(std::span<const std::uint8_t>)>& visit) const {
  std::unique_lock lock(mutex_);
  const auto segments = segments_;
  lock.unlock();
  for (const auto& [number, segment] : segments) {
    if (number >= inherited_end_) break;
    const UniqueFd fd = open_for_reading(path_of(number));
    if (!fd) continue;
    const Bytes bytes = read_at(fd.get(), kSegmentHeaderBytes, segment.end - kSegmentHeaderBytes);
    walk_frames(bytes, visit);
  }
}

void Outbox::count_backlog() {
  std::uint64_t rows = 0;
  std::unique_lock lock(mutex_);
  const auto segments = segments_;
  const Position from = struck_;
  lock.unlock();
  for (const auto& [number, segment] : segments) {
    if (number >= inherited_end_) break;
    const UniqueFd fd = open_for_reading(path_of(number));
    if (!fd) continue;
    const std::uint64_t at = number == from.segment ? from.offset : kSegmentHeaderBytes;
    const Bytes bytes = read_at(fd.get(), at, segment.end - std::min(at, segment.end));
    walk_frames(bytes, [&](auto) { ++rows; });
  }
  lock.lock();
  rows_ += rows;
}

std::uint64_t Outbox::rows() const {
  const std::lock_guard lock(mutex_);
  return rows_;
}

std::uint64_t Outbox::bytes() const {
  const std::lock_guard lock(mutex_);
  std::uint64_t total = 0;
  for (const auto& [number, segment] : segments_) {
    total += segment.end - std::min(segment.end, number == struck_.segment ? struck_.offset : kSegmentHeaderBytes);
  }
  return total;
}

std::uint64_t Outbox::corrupt_regions() const {
  const std::lock_guard lock(mutex_);
  return corrupt_regions_;
}

std::string Outbox::problem() const {
  const std::lock_guard lock(mutex_);
  return problem_;
}

}  // namespace callroom::storage
