#include "storage/scope.hpp"

#include <array>
#include <chrono>

#include "storage/row_text.hpp"

namespace callroom::storage {
namespace {

using std::chrono::microseconds;

microseconds width_of(Piece::Level level) {
  switch (level) {
    case Piece::Level::k5Min:
      return std::chrono::minutes(5);
    case Piece::Level::kHour:
      return std::chrono::hours(1);
    case Piece::Level::kDay:
      return std::chrono::days(1);
    case Piece::Level::kRows:
      break;
  }
  return microseconds(1);
}

// Buckets lie end to end from 1970-01-01 00:00 UTC on.
WallTime rounded(WallTime time, microseconds width, bool up) {
  auto remainder = time.time_since_epoch() % width;
  if (remainder.count() < 0) remainder += width;
  if (remainder.count() == 0) return time;
  return up ? time + (width - remainder) : time - remainder;
}

// Appends what covers [from, to): the whole buckets of `level` in the middle, finer levels at both ends.
void cover_with(std::vector<Piece>& pieces, WallTime from, WallTime to, Piece::Level level) {
  if (from >= to) return;
  if (level == Piece::Level::kRows) return pieces.push_back({level, from, to});
  const auto finer = static_cast<Piece::Level>(static_cast<int>(level) - 1);
  const WallTime first = rounded(from, width_of(level), true);
  const WallTime last = rounded(to, width_of(level), false);
  if (first >= last) return cover_with(pieces, from, to, finer);
  cover_with(pieces, from, first, finer);
  pieces.push_back({level, first, last});
  cover_with(pieces, last, to, finer);
}

}  // namespace

Scope Scope::before() const {
  Scope scope = *this;
  scope.to = from;
  scope.from = from - (to - from);
  return scope;
}

std::string Binder::time(WallTime value) {
  return bind(rfc3339(value)) + "::timestamptz";
}

std::string filter_sql(const Scope& scope, std::string_view rating, Binder& binder, std::string_view of) {
  std::string sql;
  const auto equal = [&](std::string_view column, const std::optional<std::string>& value) {
    if (value) sql += " AND " + std::string(of) + std::string(column) + " = " + binder.bind(*value);
  };
  equal("room", scope.room);
  equal("user_id", scope.user_id);
  equal("provider", scope.provider);
  equal("node", scope.node);
  if (scope.ratings.empty()) return sql;
  std::string list;
  for (const auto& wanted : scope.ratings) list += (list.empty() ? "" : ", ") + binder.bind(wanted);
  return sql + " AND " + std::string(rating) + " IN (" + list + ")";
}

std::vector<Piece> cover(WallTime from, WallTime to, Piece::Level coarsest) {
  std::vector<Piece> pieces;
  cover_with(pieces, from, to, coarsest);
  return pieces;
}

}  // namespace callroom::storage
