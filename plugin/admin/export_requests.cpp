// export: what is filtered, as a file in pieces.
#include "admin/database.hpp"
#include "admin/dispatcher.hpp"
#include "admin/export_text.hpp"
#include "admin/page.hpp"
#include "admin/scope.hpp"
#include "storage/row_text.hpp"
#include "storage/session_queries.hpp"

namespace callroom::admin {
namespace {

using json::Json;
using json::JsonView;

constexpr std::int64_t kPageRows = 500, kMaxPageRows = 2000;  // 2000 rows are some 2 MB

Result<Json> export_page(JsonView request, const Database& database) {
  json::Fields fields(request);
  const Page page = parse_page(fields, request, database.now(), kPageRows, kMaxPageRows);
  const auto format = fields.choice("format", {"csv", "json"});
  if (!format && !fields.error()) fields.fail(ErrorCode::kMissingField, "format is missing");
  if (auto error = finish_scoped(fields, request, {"issue", "order", "limit", "cursor", "format"}))
    return *std::move(error);
  auto rows = database.ask({storage::export_query(page.scope, page.order, page.limit, page.after)});
  if (!rows) return rows.error();
  const storage::Rows& found = (*rows)[0];
  const auto next = next_cursor(page, found);
  const bool first = !page.after.has_value();
  Json answer = Json::object();
  answer.set("from", storage::rfc3339(page.scope.from)).set("to", storage::rfc3339(page.scope.to));
  answer.set("data", *format == 0 ? csv_page(found, page.limit, first) : json_page(found, page.limit, first, !next));
  answer.set("rows", static_cast<std::int64_t>(std::min(page.limit, found.size()))).set("next", next);
  return answer;
}

}  // namespace

void add_export_requests(Dispatcher& dispatcher, const Database& database) {
  dispatcher.add("export", [database](JsonView request) { return export_page(request, database); });
}

}  // namespace callroom::admin
