// A page of rows behind a cursor: what sessions and export share.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "json/fields.hpp"
#include "storage/connection.hpp"
#include "storage/session_queries.hpp"

namespace callroom::admin {

struct Page {
  storage::Scope scope;
  storage::Order order = storage::Order::kNewest;
  std::size_t limit = 0;
  std::optional<storage::Cursor> after;
};

// order, limit, cursor, issue beside range and filters. A cursor brings its own range; one of another question is
// refused.
Page parse_page(json::Fields& fields, json::JsonView request, WallTime now, std::int64_t limit, std::int64_t most);

// The cursor behind the last of the page's rows; absent where `rows` has no more than the page.
std::optional<std::string> next_cursor(const Page& page, const storage::Rows& rows);

}  // namespace callroom::admin
