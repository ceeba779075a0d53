#include "storage/session_walk.hpp"

#include <algorithm>
#include <utility>

#include "storage/figures.hpp"

namespace callroom::storage {
namespace {

std::string in_order(Order order, const std::string& of) {
  return " ORDER BY " + (order == Order::kWorst ? of + "worst_rank, " : "") + of + "created_at DESC, " + of +
         "session_id DESC";
}

std::string at_most(std::size_t limit) {
  return " LIMIT " + std::to_string(limit);
}

}  // namespace

Walk::Walk(const Scope& scope, Order order, std::optional<WantedIssue> issue, Binder& binder)
    : order_(order),
      // Of one user or room, or the worst of a short time.
      of_few_(scope.needs_rows() || (order == Order::kWorst && scope.to - scope.from <= kSortedRange)) {
  std::vector<std::string> severities = {""}, ratings = {""};
  if (issue && of_few_) {
    filter_ = " AND s.issues @> jsonb_build_array(jsonb_build_object('code', " + issue->code +
              (issue->severities.size() == 1 ? ", 'severity', " + issue->severities.front() : "") + "))";
  } else if (issue) {
    issue_ = *std::move(issue);
    severities.clear();
    for (const std::string& one : issue_.severities) {
      severities.push_back(" AND k.code = " + issue_.code + " AND k.severity = " + one);
    }
  }
  from_ = binder.time(scope.from);
  to_ = binder.time(scope.to);
  const std::string rating = walked(by_keys() ? "rating" : "overall_quality");
  Scope filters = scope;
  // The index of the worst sessions has them by rating.
  if (!of_few_ && (!scope.ratings.empty() || (order == Order::kWorst && !by_keys()))) {
    const auto wanted = [&](const char* one) {
      return scope.ratings.empty() || std::ranges::find(scope.ratings, one) != scope.ratings.end();
    };
    ratings.clear();
    for (const char* one : kRatingNames) {
      if (wanted(one)) ratings.push_back(" AND " + rating + " = " + binder.bind(one));
    }
    filters.ratings.clear();
  }
  const std::string filter = filter_sql(filters, rating, binder, by_keys() ? "k." : "s.");
  filter_ += filter;
  filtered_ = !filter.empty();
  // The rollups know whether there is anything to be found on the way.
  if (!of_few_ && !filter.empty()) {
    filter_ += " AND EXISTS (SELECT FROM session_quality_day d WHERE d.bucket > " + from_ +
               " - interval '1 day' AND d.bucket < " + to_ + filter_sql(filters, "d.rating", binder, "d.") + ")";
  }
  for (const std::string& of_severity : severities) {
    for (const std::string& of_rating : ratings) walks_.push_back(of_severity + of_rating);
  }
}

std::string Walk::in_range(const std::string& of) const {
  return of + "created_at >= " + from_ + " AND " + of + "created_at < " + to_;
}

// What comes behind a row in the order of time.
std::string Walk::behind(const Cursor& row, Binder& binder) const {
  const std::string at = binder.time(row.created_at);
  return walked("created_at") + " <= " + at + " AND (" + walked("created_at") + ", " + walked("session_id") + ") < (" +
         at + ", " + binder.bind(row.session_id) + "::uuid)";
}

// The first rows of all walks together.
std::string Walk::merged(const std::string& columns, const std::string& where, Order order, std::size_t limit) const {
  const std::string from = by_keys() ? " FROM session_quality_issues k" : " FROM session_quality_logs s";
  const std::string selected = "(SELECT " + columns + from + " WHERE " + in_range(walked(""));
  const std::string rest = filter_ + where + in_order(order, walked("")) + at_most(limit) + ")";
  std::string all;
  for (const std::string& walk : walks_) {
    if (!all.empty()) all += " UNION ALL ";
    all.append(selected).append(walk).append(rest);
  }
  if (walks_.size() == 1) return all;
  return "(SELECT * FROM (" + all + ") walk" + in_order(order, "") + at_most(limit) + ")";
}

// The first rows by worst_rank of a few: all of them, and then sorted, whatever order an index would have.
std::string Walk::sorted(const std::string& columns, const std::string& where, std::size_t limit) const {
  return "(SELECT * FROM (SELECT " + columns + " FROM session_quality_logs s WHERE " + in_range("s.") + filter_ +
         where + " OFFSET 0) few" + in_order(Order::kWorst, "") + at_most(limit) + ")";
}

// The sessions of the keys that `keys` selects, in their order.
std::string Walk::looked_at(const std::string& columns, const std::string& keys) const {
  return "SELECT f.* FROM " + keys + " k CROSS JOIN LATERAL (SELECT " + columns +
         " FROM session_quality_logs s WHERE s.session_id = k.session_id AND s.created_at = k.created_at AND " +
         in_range("s.") + " OFFSET 0) f";
}

std::string Walk::page(const std::string& columns, std::size_t limit, const std::optional<Cursor>& after,
                       Binder& binder) const {
  // What pages that are found by keys need of them; a session is looked at when it is certain to be on the page.
  const std::string of_walk =
      keys_first() ? walked("worst_rank, ") + walked("created_at, ") + walked("session_id") : columns;
  std::string page;
  if (!after) {
    page = sorts() ? sorted(of_walk, "", limit) : merged(of_walk, "", order_, limit);
  } else if (order_ == Order::kNewest) {
    page = merged(of_walk, " AND " + behind(*after, binder), order_, limit);
  } else {
    const std::string rank = binder.bind(std::to_string(after->rank)) + "::integer";
    const std::string of_rank = walked("worst_rank") + " = " + rank + " AND " + behind(*after, binder);
    const std::string of_ranks_behind = walked("worst_rank") + " > " + rank;
    if (sorts()) {
      page = sorted(of_walk, " AND (" + of_ranks_behind + " OR " + of_rank + ")", limit);
    } else {
      // What is left of the rank that the last page ended in, then the ranks behind it.
      page = "(SELECT * FROM (" + merged(of_walk, " AND " + of_rank, Order::kNewest, limit) + " UNION ALL " +
             merged(of_walk, " AND " + of_ranks_behind, order_, limit) + ") page" + at_most(limit) + ")";
    }
  }
  return keys_first() ? looked_at(columns, page) : page;
}

std::string Walk::ids(std::size_t limit) const {
  return merged(walked("created_at, ") + walked("session_id"), "", Order::kNewest, limit);
}

}  // namespace callroom::storage
