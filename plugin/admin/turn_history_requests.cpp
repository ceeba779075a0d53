// turn_history: server?, range or from and to, limit? (1 to 1000, 200) -> {from, to,
//   servers: [{server_id, checks, reachable, success_pct, rtt_avg_ms, loss_avg_pct, last_verdict, last_checked_at,
//   verdicts: {verdict: checks}}], checks: [row of turn_checks], newest first}
#include "admin/database.hpp"
#include "admin/dispatcher.hpp"
#include "admin/rows_json.hpp"
#include "admin/scope.hpp"
#include "storage/row_text.hpp"

namespace callroom::admin {
namespace {

using json::Json;
using json::JsonView;

constexpr std::int64_t kChecks = 200, kMostChecks = 1'000;

constexpr const char* kWhere = " WHERE checked_at >= $1 AND checked_at < $2 AND ($3::text IS NULL OR server_id = $3)";

std::string servers_sql() {
  return std::string("WITH c AS (SELECT * FROM turn_checks") + kWhere +
         "), v AS (SELECT server_id, jsonb_object_agg(verdict, n) AS verdicts FROM (SELECT server_id, verdict,"
         " count(*) AS n FROM c GROUP BY 1, 2) AS each GROUP BY 1)"
         " SELECT server_id, count(*) AS checks, count(*) FILTER (WHERE reachable) AS reachable,"
         " round(100.0 * count(*) FILTER (WHERE reachable) / count(*), 2) AS success_pct,"
         " avg(rtt_ms) AS rtt_avg_ms, avg(loss_pct) AS loss_avg_pct,"
         " (array_agg(verdict ORDER BY checked_at DESC))[1] AS last_verdict, max(checked_at) AS last_checked_at,"
         " verdicts FROM c JOIN v USING (server_id) GROUP BY server_id, verdicts ORDER BY server_id";
}

Result<Json> turn_history(JsonView request, const Database& database) {
  json::Fields fields(request);
  const storage::Scope scope = parse_range(fields, database.now());
  const auto server = fields.id("server");
  const auto limit = fields.integer("limit", 1, kMostChecks).value_or(kChecks);
  if (auto error = finish(fields, request, {"range", "from", "to", "server", "limit"})) return *std::move(error);
  const storage::Parameters parameters = {storage::rfc3339(scope.from), storage::rfc3339(scope.to), server};
  storage::Parameters with_limit = parameters;
  with_limit.emplace_back(std::to_string(limit));
  const std::string checks = std::string("SELECT * FROM turn_checks") + kWhere + " ORDER BY checked_at DESC LIMIT $4";
  auto rows = database.ask({{servers_sql(), parameters}, {checks, std::move(with_limit)}});
  if (!rows) return rows.error();
  Json answer = Json::object();
  answer.set("from", storage::rfc3339(scope.from)).set("to", storage::rfc3339(scope.to));
  answer.set("servers", rows_json((*rows)[0], (*rows)[0].size()));
  answer.set("checks", rows_json((*rows)[1], (*rows)[1].size()));
  return answer;
}

}  // namespace

void add_turn_history_requests(Dispatcher& dispatcher, const Database& database) {
  dispatcher.add("turn_history", [database](JsonView request) { return turn_history(request, database); });
}

}  // namespace callroom::admin
