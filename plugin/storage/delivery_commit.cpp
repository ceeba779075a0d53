// Delivery's batches: from payloads to committed rows.
#include <algorithm>
#include <span>
#include <utility>

#include "storage/delivery.hpp"
#include "storage/record_codec.hpp"
#include "storage/row_text.hpp"
#include "storage/turn_record.hpp"

namespace callroom::storage {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kWorthSharing = 1'000;             // rows of a batch, between two connections
constexpr auto kHelperPause = std::chrono::seconds(30);  // after it had nothing to do, or could not connect

WallTime wall_now() {
  return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
}

const std::string& insert_sql() {
  static const std::string sql = "INSERT INTO session_quality_logs (" + std::string(kRowColumns) + ") SELECT " +
                                 std::string(kRowColumns) +
                                 " FROM unnest(ARRAY(SELECT unnest($1::text[])::callroom_row)) ON CONFLICT DO NOTHING";
  return sql;
}

std::string json_array(std::span<const std::string> rows) {
  std::string array = "[";
  for (const std::string& row : rows) array += (array.size() == 1 ? "" : ",") + row;
  return array + "]";
}

std::string parameter(std::span<const std::string> rows, bool json) {
  return json ? json_array(rows) : text_array(rows);
}

// The fault of the row, not of the server's present state: bad data, a violated constraint, a value too large.
bool is_rows_own_fault(const DatabaseError& error) {
  return !error.connection_lost && (error.is_class("22") || error.is_class("23") || error.is_class("54"));
}

}  // namespace

Delivery::Batch Delivery::prepare(std::vector<Outbox::Bytes> payloads) {
  Batch batch;
  for (Part& sessions : batch.sessions) sessions.sql = insert_sql().c_str();
  batch.checks.sql = insert_sql(TurnRecordKind::kCheck);
  batch.alerts.sql = insert_sql(TurnRecordKind::kAlert);
  batch.checks.json = batch.alerts.json = true;
  const std::size_t half = payloads.size() < kWorthSharing ? payloads.size() : payloads.size() / 2;
  for (auto& payload : payloads) {
    if (const auto turn = decode_turn_record(payload)) {
      Part& part = turn->kind == TurnRecordKind::kCheck ? batch.checks : batch.alerts;
      part.rows.emplace_back(turn->json);
      part.payloads.push_back(std::move(payload));
    } else if (const auto record = decode(payload)) {
      if (!batch.oldest) batch.oldest = record->ended_at;
      Part& part = batch.sessions[batch.sessions[0].rows.size() < half ? 0 : 1];
      part.rows.push_back(row_text(*record));
      part.payloads.push_back(std::move(payload));
    } else {
      batch.unreadable.emplace_back(std::move(payload), record.error().text);
    }
  }
  for (Part* part : {&batch.sessions[0], &batch.sessions[1], &batch.checks, &batch.alerts}) {
    part->all = parameter(part->rows, part->json);
  }
  return batch;
}

bool Delivery::commit(const Batch& batch, const std::function<void()>& meanwhile) {
  if (!commit_sessions(batch, meanwhile) || !commit_part(batch.checks) || !commit_part(batch.alerts)) return false;
  for (const auto& [payload, reason] : batch.unreadable) refuse(payload, reason);
  return true;
}

// Two connections insert at once, each on a processor of its own; they only wait for one another while they add to the
// rollups, in the order of their keys. What the helper cannot do, the first one does again: a row counts once.
bool Delivery::commit_sessions(const Batch& batch, const std::function<void()>& meanwhile) {
  const auto& [first, second] = batch.sessions;
  if (first.rows.empty()) return true;
  const auto deadline = statement_deadline();
  const bool helped =
      !second.rows.empty() && connect_helper() && !helper_->send(second.sql, {second.all}, deadline, Format::kBinary);
  if (auto error = connection_->send(first.sql, {first.all}, deadline, Format::kBinary)) {
    helper_.reset();
    lost(*error);
    return false;
  }
  if (meanwhile) meanwhile();
  auto first_outcome = connection_->receive(deadline);
  std::optional<DatabaseResult<Rows>> second_outcome;
  if (helped) second_outcome = helper_->receive(deadline);
  if (!conclude(first, 0, first.rows.size(), std::move(first_outcome))) {
    next_helper_ = Clock::now() + kHelperPause;  // should the two have been in each other's way
    return false;
  }
  if (second_outcome && *second_outcome) {
    return conclude(second, 0, second.rows.size(), *std::move(second_outcome));
  }
  if (helped) helper_.reset();
  return commit_part(second);
}

bool Delivery::connect_helper() {
  const auto now = Clock::now();
  helper_idle_at_ = now + kHelperPause;
  if (helper_ && helper_->alive()) return true;
  helper_.reset();
  if (now < next_helper_) return false;
  auto opened = Connection::open({config_.writer, "callroom-writer " + config_.node, true, config_.statement_timeout},
                                 std::min(statement_deadline(), now + kConnectTimeout), interrupt_);
  if (!opened) {
    next_helper_ = now + kHelperPause;
    return false;
  }
  helper_.emplace(*std::move(opened));
  return true;
}

bool Delivery::commit_part(const Part& part) {
  return commit_rows(part, 0, part.rows.size());
}

bool Delivery::commit_rows(const Part& part, std::size_t from, std::size_t count) {
  if (count == 0) return true;
  const bool whole = count == part.rows.size();
  return conclude(part, from, count,
                  connection_->execute(
                      part.sql, {whole ? part.all : parameter(std::span(part.rows).subspan(from, count), part.json)},
                      statement_deadline(), part.json ? Format::kText : Format::kBinary));
}

// Halves what is refused until the row is found whose fault it is: log2 of the batch more statements for one bad row.
bool Delivery::conclude(const Part& part, std::size_t from, std::size_t count, DatabaseResult<Rows> done) {
  if (done) {
    batch_rows_ = std::min(kBatchRows, batch_rows_ * 2);
    const std::lock_guard lock(mutex_);
    if (!part.json) {
      seen_.rows_committed += count;
      seen_.rows_inserted += done->affected();
    }
    seen_.last_commit = wall_now();
    return true;
  }
  if (is_rows_own_fault(done.error())) {
    if (count == 1) return refuse(part.payloads[from], done.error().sqlstate + " " + done.error().text);
    const std::size_t half = count / 2;
    return commit_rows(part, from, half) && commit_rows(part, from + half, count - half);
  }
  if (done.error().is_class("57014")) batch_rows_ = std::max<std::size_t>(1, count / 4);  // statement timeout
  lost(done.error());
  return false;
}

bool Delivery::refuse(const Outbox::Bytes& payload, const std::string& reason) {
  const auto record = decode(payload);
  const auto turn = decode_turn_record(payload);
  const std::string row = record ? row_text(*record) : std::string(turn ? turn->json : "");
  set_aside_.add(payload, record ? record->session_id : "?", row, reason, wall_now());
  const std::lock_guard lock(mutex_);
  ++seen_.rows_set_aside;
  return true;
}

}  // namespace callroom::storage
