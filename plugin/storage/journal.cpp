#include "storage/journal.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <array>
#include <atomic>
#include <cstring>
#include <system_error>

#include "base/byte_reader.hpp"
#include "storage/byte_writer.hpp"
#include "storage/crc32c.hpp"
#include "storage/data_dir.hpp"
#include "storage/record_codec.hpp"

namespace callroom::storage {
namespace {

// File: one page of header (8 bytes "CALLJRNL", u32 format, u64 slot size), then slots.
// Slot: 64 bytes of which the first 4 say which half is good (0: none, the slot is free), then the halves.
// Half: u32 CRC-32C of what follows it, i64 time of the update, u32 length of record, u32 length of snapshot, both.
constexpr std::array<std::uint8_t, 8> kMagic = {'C', 'A', 'L', 'L', 'J', 'R', 'N', 'L'};
constexpr std::uint32_t kFormat = 1;
constexpr std::size_t kFileHeaderBytes = 4096;
constexpr std::size_t kSlotHeaderBytes = 64;
constexpr std::size_t kHalfHeaderBytes = 20;
constexpr std::size_t kRecordCapacity = 4096;  // a record without its quality has at most some 1,500 bytes
constexpr std::uint32_t kSlotsPerChunk = 64;
constexpr std::size_t kMaxSlotSize = 16 << 20;

constexpr std::size_t page_aligned(std::size_t size) {
  return (size + 4095) / 4096 * 4096;
}

std::atomic_ref<std::uint32_t> good_half(std::uint8_t* slot) {
  return std::atomic_ref<std::uint32_t>(*reinterpret_cast<std::uint32_t*>(slot));  // slots are page-aligned
}

bool write_half(std::span<std::uint8_t> half, const SessionRecord& record, WallTime now,
                std::span<const std::uint8_t> snapshot) {
  const std::size_t record_bytes = encode_into(record, half.subspan(kHalfHeaderBytes, kRecordCapacity));
  if (record_bytes == 0 || snapshot.size() > half.size() - kHalfHeaderBytes - record_bytes) return false;
  if (!snapshot.empty()) std::memcpy(half.data() + kHalfHeaderBytes + record_bytes, snapshot.data(), snapshot.size());
  ByteWriter lengths(half.subspan(4, kHalfHeaderBytes - 4));
  lengths.i64(now.time_since_epoch().count());
  lengths.u32(static_cast<std::uint32_t>(record_bytes));
  lengths.u32(static_cast<std::uint32_t>(snapshot.size()));
  const auto covered = half.subspan(4, kHalfHeaderBytes - 4 + record_bytes + snapshot.size());
  ByteWriter(half).u32(crc32c(covered));
  return true;
}

std::optional<SessionRecord> read_half(std::span<const std::uint8_t> half, const Journal::Summarize& summarize) {
  ByteReader reader(half);
  const std::uint32_t crc = reader.u32();
  const auto at = storable_time(static_cast<std::int64_t>(reader.u64()));
  const std::uint32_t record_bytes = reader.u32();
  const std::uint32_t snapshot_bytes = reader.u32();
  const auto encoded = reader.take(record_bytes);
  const auto snapshot = reader.take(snapshot_bytes);
  if (!reader.ok() || !at || crc32c(half.subspan(4, reader.position() - 4)) != crc) return std::nullopt;
  auto record = decode(encoded);
  if (!record) return std::nullopt;
  record->ended_at = *at;
  record->end_reason = "crashed";
  if (!snapshot.empty() && summarize) {
    if (auto summary = summarize(snapshot)) record->quality = *std::move(summary);
  }
  return *std::move(record);
}

}  // namespace

struct Journal::Chunk {
  std::uint8_t* bytes = nullptr;
  std::size_t size = 0;

  Chunk(std::uint8_t* mapped, std::size_t length) : bytes(mapped), size(length) {}
  Chunk(const Chunk&) = delete;
  Chunk& operator=(const Chunk&) = delete;
  ~Chunk() { ::munmap(bytes, size); }
};

Journal::Journal(std::filesystem::path folder, Limits limits, LogSink log)
    : folder_(std::move(folder)),
      limits_(limits),
      log_(std::move(log)),
      half_bytes_(kHalfHeaderBytes + kRecordCapacity + limits.snapshot_capacity),
      slot_size_(page_aligned(kSlotHeaderBytes + 2 * half_bytes_)),
      max_chunks_((limits.max_sessions + kSlotsPerChunk - 1) / kSlotsPerChunk) {
  chunks_ = std::make_unique<std::unique_ptr<Chunk>[]>(max_chunks_);
  set_aside_old();
  create();
}

Journal::~Journal() = default;

// A journal that is there is a dead process's. Two can wait: one more where this process's predecessor died recovering.
void Journal::set_aside_old() {
  std::error_code failed;
  const auto current = folder_ / "journal";
  if (!std::filesystem::exists(current, failed)) return;
  auto aside = folder_ / "journal.crashed";
  for (int i = 1; std::filesystem::exists(aside, failed); ++i)
    aside = folder_ / ("journal.crashed." + std::to_string(i));
  std::filesystem::rename(current, aside, failed);
  if (failed) problem_ = "cannot rename " + current.string() + ": " + failed.message();
}

void Journal::create() {
  if (!problem_.empty()) return;
  const auto path = folder_ / "journal";
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  std::array<std::uint8_t, kFileHeaderBytes> header{};
  std::memcpy(header.data(), kMagic.data(), kMagic.size());
  ByteWriter writer(std::span<std::uint8_t>(header).subspan(kMagic.size()));
  writer.u32(kFormat);
  writer.u64(slot_size_);
  writer.u64(half_bytes_);
  if (!fd) {
    problem_ = system_error("create", path);
  } else if (::pwrite(fd.get(), header.data(), header.size(), 0) != static_cast<ssize_t>(header.size())) {
    problem_ = system_error("write", path);
    ::unlink(path.c_str());
  } else {
    file_ = std::move(fd);
  }
  if (!problem_.empty())
    log_(LogLevel::kError, "crash journal: " + problem_ + "; sessions open at a crash have no row");
}

// With the mutex held.
bool Journal::grow() {
  if (!file_ || chunk_count_ == max_chunks_) return false;
  const std::size_t size = slot_size_ * kSlotsPerChunk;
  const auto offset = static_cast<off_t>(kFileHeaderBytes + size * chunk_count_);
  if (const int error = ::posix_fallocate(file_.get(), offset, static_cast<off_t>(size)); error != 0) {
    problem_ = system_error("reserve room in", folder_ / "journal", error);
    return false;
  }
  void* mapped = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, file_.get(), offset);
  if (mapped == MAP_FAILED) {
    problem_ = system_error("map", folder_ / "journal");
    return false;
  }
  chunks_[chunk_count_] = std::make_unique<Chunk>(static_cast<std::uint8_t*>(mapped), size);
  const auto first = static_cast<std::uint32_t>(chunk_count_ * kSlotsPerChunk);
  for (std::uint32_t i = kSlotsPerChunk; i > 0; --i) free_.push_back(first + i);
  ++chunk_count_;
  problem_.clear();
  return true;
}

std::uint8_t* Journal::slot_bytes(std::uint32_t index) const {
  const std::uint32_t at = index - 1;
  return chunks_[at / kSlotsPerChunk]->bytes + (at % kSlotsPerChunk) * slot_size_;
}

JournalSlot Journal::begin(const SessionRecord& so_far) {
  std::uint32_t index = 0;
  {
    const std::lock_guard lock(mutex_);
    if (free_.empty() && !grow()) return {};
    index = free_.back();
    free_.pop_back();
    ++open_;
  }
  const JournalSlot slot(index);
  update(slot, so_far, so_far.started_at, {});
  return slot;
}

void Journal::update(JournalSlot slot, const SessionRecord& so_far, WallTime now,
                     std::span<const std::uint8_t> snapshot) {
  if (!slot) return;
  std::uint8_t* bytes = slot_bytes(slot.index_);
  const auto good = good_half(bytes);
  const std::uint32_t next = good.load(std::memory_order_relaxed) == 1 ? 2 : 1;
  const std::span<std::uint8_t> half(bytes + kSlotHeaderBytes + (next - 1) * half_bytes_, half_bytes_);
  if (write_half(half, so_far, now, snapshot)) good.store(next, std::memory_order_release);
}

void Journal::close(JournalSlot slot) {
  if (!slot) return;
  good_half(slot_bytes(slot.index_)).store(0, std::memory_order_release);
  const std::lock_guard lock(mutex_);
  free_.push_back(slot.index_);
  --open_;
}

std::vector<SessionRecord> Journal::recover_file(const std::filesystem::path& path, const Summarize& summarize) const {
  std::vector<SessionRecord> records;
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::array<std::uint8_t, kFileHeaderBytes> header{};
  const bool readable = fd && ::pread(fd.get(), header.data(), header.size(), 0) == static_cast<ssize_t>(header.size());
  ByteReader reader(header);
  const auto magic = reader.take(kMagic.size());
  const std::uint32_t format = reader.u32();
  const std::uint64_t slot_size = reader.u64();
  const std::uint64_t half_bytes = reader.u64();
  if (!readable || !std::equal(magic.begin(), magic.end(), kMagic.begin()) || format != kFormat ||
      slot_size < kSlotHeaderBytes || slot_size > kMaxSlotSize || half_bytes > (slot_size - kSlotHeaderBytes) / 2) {
    log_(LogLevel::kError, "crash journal " + path.string() + " cannot be read; the sessions in it have no row");
    return records;
  }
  std::vector<std::uint8_t> slot(slot_size);
  std::size_t damaged = 0;
  for (auto at = static_cast<off_t>(kFileHeaderBytes);; at += static_cast<off_t>(slot_size)) {
    if (::pread(fd.get(), slot.data(), slot.size(), at) != static_cast<ssize_t>(slot.size())) break;
    const std::uint32_t good = good_half(slot.data()).load(std::memory_order_relaxed);
    if (good == 0) continue;
    // The other half is older by a sample, and better than nothing where a power cut spoiled the good one.
    const auto half = [&](std::uint32_t which) {
      return read_half(std::span(slot).subspan(kSlotHeaderBytes + (which - 1) * half_bytes, half_bytes), summarize);
    };
    auto record = half(good == 2 ? 2 : 1);
    if (!record) record = half(good == 2 ? 1 : 2);
    if (record) {
      records.push_back(*std::move(record));
    } else {
      ++damaged;
    }
  }
  if (damaged > 0) {
    log_(LogLevel::kError,
         "crash journal " + path.string() + ": " + std::to_string(damaged) + " sessions are unreadable");
  }
  return records;
}

std::vector<SessionRecord> Journal::recover(const Summarize& summarize) const {
  std::vector<SessionRecord> records;
  std::error_code failed;
  for (const auto& file : std::filesystem::directory_iterator(folder_, failed)) {
    if (!file.path().filename().string().starts_with("journal.crashed")) continue;
    auto found = recover_file(file.path(), summarize);
    std::move(found.begin(), found.end(), std::back_inserter(records));
  }
  return records;
}

void Journal::forget_recovered() {
  std::error_code failed;
  std::vector<std::filesystem::path> old;
  for (const auto& file : std::filesystem::directory_iterator(folder_, failed)) {
    if (file.path().filename().string().starts_with("journal.crashed")) old.push_back(file.path());
  }
  for (const auto& path : old) std::filesystem::remove(path, failed);
}

std::string Journal::problem() const {
  const std::lock_guard lock(mutex_);
  return problem_;
}

std::uint32_t Journal::open_sessions() const {
  const std::lock_guard lock(mutex_);
  return open_;
}

std::uint32_t Journal::capacity() const {
  const std::lock_guard lock(mutex_);
  return file_ ? static_cast<std::uint32_t>(max_chunks_ * kSlotsPerChunk) : 0;
}

}  // namespace callroom::storage
