#include "admin/export_text.hpp"

#include <algorithm>

#include "admin/rows_json.hpp"

namespace callroom::admin {
namespace {

using storage::ColumnType;
using storage::Rows;

constexpr std::string_view kInternal = "worst_rank";

bool begins_a_formula(std::string_view text) {
  // Spreadsheets skip leading blanks; a tab or a line break in front counts as much as the sign itself.
  const auto first = text.find_first_not_of(" \t\r\n");
  return !text.empty() &&
         (text.front() == '\t' || text.front() == '\r' || text.front() == '\n' ||
          (first != std::string_view::npos && std::string_view("=+-@|%").find(text[first]) != std::string_view::npos));
}

std::string csv_cell(const Rows& rows, std::size_t row, std::size_t column) {
  const auto text = rows.text(row, column);
  if (!text) return "";
  switch (rows.type(column)) {
    case ColumnType::kInteger:
    case ColumnType::kNumber:
    case ColumnType::kBoolean:
      return std::string(*text);
    case ColumnType::kTime:
      return rfc3339_of(*text);
    case ColumnType::kText:
    case ColumnType::kJson:
      break;
  }
  return csv_text(*text);
}

}  // namespace

std::string csv_text(std::string_view text) {
  std::string cell = begins_a_formula(text) ? "'" + std::string(text) : std::string(text);
  if (cell.find_first_of(",\"\r\n") == std::string::npos) return cell;
  std::string quoted = "\"";
  for (const char c : cell) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + "\"";
}

std::string csv_page(const Rows& rows, std::size_t limit, bool first) {
  std::string page;
  const auto add_line = [&](auto cell) {
    bool begun = false;
    for (std::size_t column = 0; column < rows.columns(); ++column) {
      if (rows.name(column) == kInternal) continue;
      if (begun) page += ',';
      page += cell(column);
      begun = true;
    }
    page += "\r\n";
  };
  if (first) add_line([&](std::size_t column) { return std::string(rows.name(column)); });
  for (std::size_t row = 0; row < std::min(limit, rows.size()); ++row) {
    add_line([&](std::size_t column) { return csv_cell(rows, row, column); });
  }
  return page;
}

std::string json_page(const Rows& rows, std::size_t limit, bool first, bool last) {
  std::string page = first ? "[\n" : "";
  for (std::size_t row = 0; row < std::min(limit, rows.size()); ++row) {
    if (!first || row > 0) page += ",\n";
    page += row_json(rows, row).dump();
  }
  return last ? page + "\n]\n" : page;
}

}  // namespace callroom::admin
