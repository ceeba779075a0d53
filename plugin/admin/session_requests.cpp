// sessions, session: rows.
#include <array>
#include <vector>

#include "admin/database.hpp"
#include "admin/dispatcher.hpp"
#include "admin/page.hpp"
#include "admin/rows_json.hpp"
#include "admin/scope.hpp"
#include "admin/timeline_json.hpp"
#include "storage/row_text.hpp"
#include "storage/session_queries.hpp"

namespace callroom::admin {
namespace {

using json::Json;
using json::JsonView;

constexpr std::int64_t kPageRows = 50, kMaxPageRows = 200;

bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    if (dash ? c != '-' : !hex) return false;
  }
  return true;
}

Result<Json> sessions(JsonView request, const Database& database) {
  json::Fields fields(request);
  const Page page = parse_page(fields, request, database.now(), kPageRows, kMaxPageRows);
  if (auto error = finish_scoped(fields, request, {"issue", "order", "limit", "cursor"})) return *std::move(error);
  auto rows = database.ask({storage::sessions_query(page.scope, page.order, page.limit, page.after)});
  if (!rows) return rows.error();
  Json answer = Json::object();
  answer.set("from", storage::rfc3339(page.scope.from)).set("to", storage::rfc3339(page.scope.to));
  answer.set("sessions", rows_json((*rows)[0], page.limit)).set("next", next_cursor(page, (*rows)[0]));
  return answer;
}

Result<Json> session(JsonView request, const Database& database) {
  json::Fields fields(request);
  const std::string id = fields.required_text("session_id", 64);
  if (!fields.error() && !is_uuid(id)) fields.fail(ErrorCode::kInvalidField, "session_id must be a UUID");
  if (auto error = finish(fields, request, {"session_id"})) return *std::move(error);
  auto rows = database.ask({storage::session_query(id), storage::participants_query(id)});
  if (!rows) return rows.error();
  const storage::Rows& found = (*rows)[0];
  if (found.size() == 0) return Error{ErrorCode::kNoSuchRow, "no finished session has this id"};
  Json row = row_json(found, 0);
  const auto timeline = found.find("timeline");
  row.set("timeline", timeline_json(found.text(0, *timeline)));
  Json answer = Json::object();
  answer.set("session", std::move(row)).set("participants", rows_json((*rows)[1], kMaxPageRows));
  return answer;
}

}  // namespace

void add_session_requests(Dispatcher& dispatcher, const Database& database) {
  dispatcher.add("sessions", [database](JsonView request) { return sessions(request, database); });
  dispatcher.add("session", [database](JsonView request) { return session(request, database); });
}

}  // namespace callroom::admin
