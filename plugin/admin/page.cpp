#include "admin/page.hpp"

#include "admin/rows_json.hpp"
#include "admin/scope.hpp"
#include "base/rfc3339.hpp"
#include "storage/figures.hpp"

namespace callroom::admin {

Page parse_page(json::Fields& fields, json::JsonView request, WallTime now, std::int64_t limit, std::int64_t most) {
  Page page;
  page.scope = parse_scope(fields, request, now);
  page.scope.issue = fields.text("issue", 32);
  if (page.scope.issue && !storage::is_issue_code(*page.scope.issue)) {
    fields.fail(ErrorCode::kInvalidField, "issue must be a code of the issue catalogue");
  }
  page.order =
      fields.choice("order", {"newest", "worst"}).value_or(0) == 0 ? storage::Order::kNewest : storage::Order::kWorst;
  page.limit = static_cast<std::size_t>(fields.integer("limit", 1, most).value_or(limit));
  const auto cursor = fields.text("cursor", 256);
  if (!cursor || fields.error()) return page;
  auto decoded = storage::decode_cursor(*cursor, page.scope, page.order);
  if (!decoded) {
    fields.fail(decoded.error().code, decoded.error().text);
    return page;
  }
  page.after = *std::move(decoded);
  page.scope.from = page.after->from;
  page.scope.to = page.after->to;
  return page;
}

std::optional<std::string> next_cursor(const Page& page, const storage::Rows& rows) {
  if (rows.size() <= page.limit) return std::nullopt;
  const std::size_t last = page.limit - 1;
  storage::Cursor cursor{page.scope.from, page.scope.to, 0, {}, ""};
  if (const auto column = rows.find("worst_rank")) cursor.rank = rows.integer(last, *column).value_or(0);
  if (const auto column = rows.find("created_at")) {
    cursor.created_at = parse_rfc3339(rfc3339_of(rows.text(last, *column).value_or(""))).value_or(WallTime{});
  }
  if (const auto column = rows.find("session_id")) cursor.session_id = rows.text(last, *column).value_or("");
  return storage::encode_cursor(cursor, page.scope, page.order);
}

}  // namespace callroom::admin
