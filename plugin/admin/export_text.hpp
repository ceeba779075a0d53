// Rows as pieces of a CSV or JSON file that concatenate to a valid one. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "storage/connection.hpp"

namespace callroom::admin {

// One cell after RFC 4180. Text that a spreadsheet would take for a formula gets an apostrophe in front.
std::string csv_text(std::string_view text);

// `first`: the page begins the file; `last`: it ends it.
std::string csv_page(const storage::Rows& rows, std::size_t limit, bool first);
std::string json_page(const storage::Rows& rows, std::size_t limit, bool first, bool last);

}  // namespace callroom::admin
