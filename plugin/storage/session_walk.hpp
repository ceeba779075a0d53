// How a page of sessions is found: by walks along indexes that have their rows in the order of the page. Where there
// are several, for several ratings or severities, Postgres merges them and stops at the page's last row. Pure.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/scope.hpp"

namespace callroom::storage {

enum class Order { kNewest, kWorst };

// Where a page ended. It carries the range of the first page, so that "the last 24 hours" stay the same to the last
// page, and is only taken with the same filters and order.
struct Cursor {
  WallTime from{}, to{};
  std::int64_t rank = 0;  // worst_rank of the last row
  WallTime created_at{};
  std::string session_id;
};

// An issue as SQL: expressions for its code and for each of the severities that are meant.
struct WantedIssue {
  std::string code;
  std::vector<std::string> severities;
};

// Along the sessions themselves or, for an issue, along its keys, so that a page of a rare one costs no more than of a
// common one. Placeholders are bound once and used in every part.
class Walk {
 public:
  // The worst of a range of so much are sorted. The shorter a range is, the longer is the way along the order of the
  // worst until a page is full: of ten million sessions in a month, both take about as long here.
  static constexpr WallTime::duration kSortedRange = std::chrono::minutes(20);

  Walk(const Scope& scope, Order order, std::optional<WantedIssue> issue, Binder& binder);

  // Selects these columns ("s.…") of the first rows, or of the first behind `after`.
  std::string page(const std::string& columns, std::size_t limit, const std::optional<Cursor>& after,
                   Binder& binder) const;
  // Selects created_at and session_id of the first rows, and nothing else.
  std::string ids(std::size_t limit) const;

  Query::Plan plan() const { return sorts() ? Query::Plan::kAny : Query::Plan::kWalk; }

 private:
  bool by_keys() const { return !issue_.code.empty(); }
  bool sorts() const { return order_ == Order::kWorst && of_few_; }
  // Whether the page's rows are looked at only when it is certain which they are.
  bool keys_first() const { return by_keys() || sorts() || (order_ == Order::kWorst && filtered_); }
  std::string walked(const std::string& column) const { return (by_keys() ? "k." : "s.") + column; }
  std::string in_range(const std::string& of) const;
  std::string behind(const Cursor& row, Binder& binder) const;
  std::string sorted(const std::string& columns, const std::string& where, std::size_t limit) const;
  std::string merged(const std::string& columns, const std::string& where, Order order, std::size_t limit) const;
  std::string looked_at(const std::string& columns, const std::string& keys) const;

  const Order order_;
  const bool of_few_;               // so few that the keys of all can be sorted
  bool filtered_ = false;           // by more than the index's order begins with
  std::string from_, to_, filter_;  // placeholders, and a condition for all that is walked along
  std::vector<std::string> walks_;  // what tells each from the others: " AND …", or nothing
  WantedIssue issue_;
};

}  // namespace callroom::storage
