#include "admin/rows_json.hpp"

#include <algorithm>

namespace callroom::admin {

using json::Json;
using storage::ColumnType;
using storage::Rows;

std::string rfc3339_of(std::string_view timestamptz) {
  std::string text(timestamptz);
  if (const auto space = text.find(' '); space != std::string::npos) text[space] = 'T';
  if (text.ends_with("+00")) text.replace(text.size() - 3, 3, "Z");
  return text;
}

Json cell_json(const Rows& rows, std::size_t row, std::size_t column) {
  const auto text = rows.text(row, column);
  if (!text) return Json::adopt(json_null());
  switch (rows.type(column)) {
    case ColumnType::kInteger:
      return rows.integer(row, column);
    case ColumnType::kNumber:
      return rows.number(row, column);
    case ColumnType::kBoolean:
      return Json(*text == "t");
    case ColumnType::kTime:
      return rfc3339_of(*text);
    case ColumnType::kJson:
      return json::parse(*text);
    case ColumnType::kText:
      break;
  }
  return Json(*text);
}

Json row_json(const Rows& rows, std::size_t row) {
  Json object = Json::object();
  for (std::size_t column = 0; column < rows.columns(); ++column) {
    if (rows.name(column) == "worst_rank") continue;
    object.set(std::string(rows.name(column)).c_str(), cell_json(rows, row, column));
  }
  return object;
}

Json rows_json(const Rows& rows, std::size_t limit) {
  Json list = Json::array();
  for (std::size_t row = 0; row < std::min(limit, rows.size()); ++row) list.append(row_json(rows, row));
  return list;
}

}  // namespace callroom::admin
