// alerts: what the rules of the configuration raised.
#include "admin/database.hpp"
#include "admin/dispatcher.hpp"
#include "admin/rows_json.hpp"
#include "admin/scope.hpp"
#include "base/rfc3339.hpp"
#include "storage/row_text.hpp"
#include "storage/session_queries.hpp"

namespace callroom::admin {
namespace {

using json::Json;
using json::JsonView;

constexpr std::int64_t kPageRows = 50, kMaxPageRows = 200;

Result<Json> alerts(JsonView request, const Database& database) {
  json::Fields fields(request);
  storage::Scope scope = parse_scope(fields, request, database.now());
  const auto limit = static_cast<std::size_t>(fields.integer("limit", 1, kMaxPageRows).value_or(kPageRows));
  const auto text = fields.text("cursor", 256);
  if (auto error = finish_scoped(fields, request, {"limit", "cursor"})) return *std::move(error);
  std::optional<storage::Cursor> after;
  if (text) {
    auto cursor = storage::decode_cursor(*text, scope, storage::Order::kNewest);
    if (!cursor) return cursor.error();
    after = *std::move(cursor);
    scope.from = after->from;
    scope.to = after->to;
  }
  auto rows = database.ask({storage::alerts_query(scope, limit, after)});
  if (!rows) return rows.error();
  const storage::Rows& found = (*rows)[0];
  std::optional<std::string> next;
  if (found.size() > limit) {
    const auto cell = [&](const char* name) { return found.text(limit - 1, *found.find(name)).value_or(""); };
    const auto raised_at = parse_rfc3339(rfc3339_of(cell("raised_at"))).value_or(WallTime{});
    next = storage::encode_cursor({scope.from, scope.to, 0, raised_at, std::string(cell("rule"))}, scope,
                                  storage::Order::kNewest);
  }
  Json answer = Json::object();
  answer.set("from", storage::rfc3339(scope.from)).set("to", storage::rfc3339(scope.to));
  answer.set("alerts", rows_json(found, limit)).set("next", next);
  return answer;
}

}  // namespace

void add_alert_requests(Dispatcher& dispatcher, const Database& database) {
  dispatcher.add("alerts", [database](JsonView request) { return alerts(request, database); });
}

}  // namespace callroom::admin
