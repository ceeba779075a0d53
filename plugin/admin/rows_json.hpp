// Rows of the database as JSON, by the types of their columns.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "json/json.hpp"
#include "storage/connection.hpp"

namespace callroom::admin {

// "2026-11-22 17:42:24.1+00", as Postgres writes it in UTC, as "2026-11-22T17:42:24.1Z".
std::string rfc3339_of(std::string_view timestamptz);

json::Json cell_json(const storage::Rows& rows, std::size_t row, std::size_t column);

// An object with a member for each column but worst_rank, NULL as null.
json::Json row_json(const storage::Rows& rows, std::size_t row);

// An array of at most `limit` such objects. Also what the room request `history` answers with.
json::Json rows_json(const storage::Rows& rows, std::size_t limit);

}  // namespace callroom::admin
