// A session record as the text of one row, in the form that Postgres reads composite values in. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "storage/session_record.hpp"

namespace callroom::storage {

// The columns, in the order of the composite type callroom_row (sql/migrations), comma-separated.
extern const std::string_view kRowColumns;

// `(a,"b c",,…)`. Text that is not UTF-8 has its bad bytes replaced, NUL bytes are dropped: Postgres would refuse the
// row.
std::string row_text(const SessionRecord& record);

// The elements as one parameter, a text[] in Postgres's binary form (array_recv): nothing needs quoting there, and the
// server need not look for quotes.
std::string text_array(std::span<const std::string> elements);

std::string json_string(std::string_view text);
std::string rfc3339(WallTime time);  // "2026-11-22T17:42:24.123456Z"

}  // namespace callroom::storage
