// Which sessions a question is about. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "storage/reader.hpp"

namespace callroom::storage {

struct Scope {
  WallTime from{}, to{};  // by created_at, `to` excluded
  std::optional<std::string> room, user_id, provider, node;
  std::vector<std::string> ratings;  // empty: all
  std::optional<std::string> issue;  // a code of the catalogue; sessions and export only

  bool needs_rows() const { return room.has_value() || user_id.has_value(); }  // the rollups know neither
  Scope before() const;  // the period of the same length that ends where this one begins
};

// Gathers the parameters of a statement; bind() gives the placeholder to write into the SQL.
class Binder {
 public:
  std::string bind(std::string value) {
    parameters_.emplace_back(std::move(value));
    return "$" + std::to_string(parameters_.size());
  }
  std::string time(WallTime value);
  Parameters take() { return std::move(parameters_); }

 private:
  Parameters parameters_;
};

// " AND node = $3 AND …" for the filters that tables and view have in common; `rating` is the name of their rating
// column, `of` what stands before the others' names ("s.").
std::string filter_sql(const Scope& scope, std::string_view rating, Binder& binder, std::string_view of = "");

// A stretch of the range and the coarsest rollup whose buckets fill it; rows where none does.
struct Piece {
  enum class Level { kRows, k5Min, kHour, kDay };
  Level level = Level::kRows;
  WallTime from{}, to{};

  friend bool operator==(const Piece&, const Piece&) = default;
};

// The range from end to end, in at most seven pieces, none coarser than `coarsest`.
std::vector<Piece> cover(WallTime from, WallTime to, Piece::Level coarsest);

}  // namespace callroom::storage
