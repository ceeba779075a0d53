// A session record as the text of one row, in the form that Postgres reads composite values in. Pure.
#pragma once

#include <string>
#include <string_view>

#include "storage/session_record.hpp"

namespace callroom::storage {

// The columns, in the order of the composite type callroom_row (sql/migrations), comma-separated.
extern const std::string_view kRowColumns;

// `(a,"b c",,…)`. Text that is not UTF-8 has its bad bytes replaced, NUL bytes are dropped: Postgres would refuse the
// row.
std::string row_text(const SessionRecord& record);

// Appends a row to the text of an array: `{"(…)","(…)"`. The caller closes it with `}`.
void append_array_element(std::string& array, std::string_view row);

std::string json_string(std::string_view text);
std::string rfc3339(WallTime time);  // "2026-11-22T17:42:24.123456Z"

}  // namespace callroom::storage
