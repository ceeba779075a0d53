#include "storage/intake.hpp"

#include <algorithm>
#include <iterator>

#include "storage/record_codec.hpp"

namespace callroom::storage {
namespace {

constexpr std::size_t kMaxMemoryRows = 20'000;  // some 20 MB
constexpr auto kDiskRetry = std::chrono::seconds(1);

}  // namespace

Intake::Intake(Outbox& outbox, Journal& journal, LogSink log, std::function<void()> on_new_rows)
    : outbox_(outbox), journal_(journal), log_(std::move(log)), on_new_rows_(std::move(on_new_rows)) {
  thread_ = std::thread([this] { run(); });
}

Intake::~Intake() {
  stop();
}

void Intake::finish(SessionRecord record, JournalSlot slot, Store::Done done) {
  ++finished_;
  const auto refused = done;
  if (enqueue({std::move(record), slot, std::move(done)})) return;
  ++dropped_;  // its slot stays in the journal: after a restart it is a row with end_reason "crashed"
  if (refused) refused(Kept::kRefused);
}

void Intake::keep(Outbox::Bytes payload) {
  enqueue({std::move(payload), {}, {}});
}

bool Intake::enqueue(Finished finished) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || waiting_.size() + held_.size() + lent_ >= kMaxMemoryRows) return false;
    waiting_.push_back(std::move(finished));
    if (waiting_.size() > 1) return true;  // the thread was woken for the first
  }
  wake_.notify_one();
  return true;
}

namespace {

Outbox::Bytes payload_of(std::variant<SessionRecord, Outbox::Bytes>& row) {
  if (const auto* record = std::get_if<SessionRecord>(&row)) return encode(*record);
  return std::move(std::get<Outbox::Bytes>(row));
}

}  // namespace

void Intake::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    const auto ready = [this] { return !waiting_.empty() || stopping_; };
    if (held_.empty()) {
      wake_.wait(lock, ready);
    } else {
      wake_.wait_for(lock, kDiskRetry, ready);
    }
    const bool last = stopping_;
    std::deque<Finished> batch = std::exchange(waiting_, {});
    lock.unlock();
    if (!batch.empty()) keep(std::move(batch));
    retry_held();
    lock.lock();
    if (last && waiting_.empty()) return;
  }
}

void Intake::keep(std::deque<Finished> batch) {
  std::vector<Outbox::Bytes> payloads;
  payloads.reserve(batch.size());
  for (Finished& finished : batch) payloads.push_back(payload_of(finished.row));
  // Out of the journal before the rows can be delivered: a kill in between finds them in both, and then recovery sees
  // it; delivered and struck out, it could not.
  const bool kept = outbox_.append(payloads, [&] {
    for (const Finished& finished : batch) journal_.close(finished.slot);
  });
  if (!kept) {
    if (!disk_refuses_) log_(LogLevel::kError, outbox_.problem() + "; finished sessions are kept in memory");
    disk_refuses_ = true;
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < batch.size(); ++i) held_.push_back({std::move(payloads[i]), batch[i].slot});
  }
  on_new_rows_();
  for (const Finished& finished : batch) {
    if (finished.done) finished.done(kept ? Kept::kOnDisk : Kept::kInMemory);
  }
}

void Intake::retry_held() {
  auto rows = lend(kMaxMemoryRows);
  if (rows.empty()) return;
  std::vector<Outbox::Bytes> payloads;
  payloads.reserve(rows.size());
  for (const Held& row : rows) payloads.push_back(row.payload);
  if (!outbox_.append(payloads, [&] { settle(rows); })) return give_back(std::move(rows));
  disk_refuses_ = false;
  log_(LogLevel::kInfo, std::to_string(rows.size()) + " finished sessions went from memory to disk");
  on_new_rows_();
}

std::vector<Intake::Held> Intake::lend(std::size_t max_rows) {
  const std::lock_guard lock(mutex_);
  const auto count = static_cast<std::ptrdiff_t>(std::min(max_rows, held_.size()));
  std::vector<Held> rows(std::make_move_iterator(held_.begin()), std::make_move_iterator(held_.begin() + count));
  held_.erase(held_.begin(), held_.begin() + count);
  lent_ += rows.size();
  return rows;
}

void Intake::give_back(std::vector<Held> rows) {
  const std::lock_guard lock(mutex_);
  lent_ -= rows.size();
  held_.insert(held_.begin(), std::make_move_iterator(rows.begin()), std::make_move_iterator(rows.end()));
}

void Intake::settle(const std::vector<Held>& rows) {
  for (const Held& row : rows) journal_.close(row.slot);
  const std::lock_guard lock(mutex_);
  lent_ -= rows.size();
}

std::uint64_t Intake::memory_rows() const {
  const std::lock_guard lock(mutex_);
  return waiting_.size() + held_.size() + lent_;
}

void Intake::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    wake_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

}  // namespace callroom::storage
