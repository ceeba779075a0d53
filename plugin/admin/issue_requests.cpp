// issues: which issues hit how many sessions, the most frequent first.
#include <algorithm>
#include <vector>

#include "admin/database.hpp"
#include "admin/dispatcher.hpp"
#include "admin/rows_json.hpp"
#include "admin/scope.hpp"
#include "storage/figures.hpp"
#include "storage/row_text.hpp"
#include "storage/session_queries.hpp"

namespace callroom::admin {
namespace {

using json::Json;
using json::JsonView;
using storage::Share;

constexpr std::size_t kExamples = 3;

struct Counts {
  std::uint64_t sessions = 0;
  std::vector<std::uint64_t> hits;  // in the order of kIssueKinds
};

Counts read_counts(const storage::Rows& rows) {
  Counts counts;
  const auto value = [&](std::size_t column) {
    return static_cast<std::uint64_t>(rows.integer(0, column).value_or(0));
  };
  counts.sessions = value(0);
  for (std::size_t i = 0; i < storage::kIssueKinds.size(); ++i) counts.hits.push_back(value(i + 1));
  return counts;
}

Json issue_json(std::size_t kind, const Counts& current, const Counts& before, Json examples) {
  const auto now = Share{current.hits[kind], current.sessions}.percent();
  const auto then = Share{before.hits[kind], before.sessions}.percent();
  Json item = Json::object();
  item.set("code", storage::kIssueKinds[kind].code).set("severity", storage::kIssueKinds[kind].severity);
  item.set("sessions", static_cast<std::int64_t>(current.hits[kind])).set("share_pct", now);
  Json earlier = Json::object();
  earlier.set("sessions", static_cast<std::int64_t>(before.hits[kind])).set("share_pct", then);
  item.set("before", std::move(earlier));
  std::optional<double> change;  // of the share, relative; there is none from nothing
  if (now && then && *then > 0) change = 100 * (*now - *then) / *then;
  item.set("change_pct", change).set("examples", std::move(examples));
  return item;
}

Json examples_of(const storage::Rows& rows, const storage::IssueKind& kind) {
  Json list = Json::array();
  for (std::size_t row = 0; row < rows.size(); ++row) {
    if (rows.text(row, 0) == kind.code && rows.text(row, 1) == kind.severity) list.append(rows.text(row, 2));
  }
  return list;
}

Result<Json> issues(JsonView request, const Database& database) {
  json::Fields fields(request);
  const storage::Scope scope = parse_scope(fields, request, database.now());
  if (auto error = finish_scoped(fields, request, {})) return *std::move(error);
  auto rows = database.ask({storage::issues_query(scope), storage::issues_query(scope.before())});
  if (!rows) return rows.error();
  const Counts current = read_counts((*rows)[0]), before = read_counts((*rows)[1]);

  std::vector<std::size_t> kinds;
  for (std::size_t i = 0; i < current.hits.size(); ++i) {
    if (current.hits[i] > 0) kinds.push_back(i);
  }
  std::ranges::stable_sort(kinds, [&](std::size_t a, std::size_t b) { return current.hits[a] > current.hits[b]; });
  std::vector<storage::Rows> examples;
  if (!kinds.empty()) {
    auto found = database.ask({storage::issue_examples_query(scope, kinds, kExamples)});
    if (!found) return found.error();
    examples = *std::move(found);
  }

  Json list = Json::array();
  for (const std::size_t kind : kinds) {
    list.append(issue_json(kind, current, before, examples_of(examples[0], storage::kIssueKinds[kind])));
  }
  Json answer = Json::object();
  answer.set("from", storage::rfc3339(scope.from)).set("to", storage::rfc3339(scope.to));
  answer.set("sessions", static_cast<std::int64_t>(current.sessions));
  answer.set("sessions_before", static_cast<std::int64_t>(before.sessions)).set("issues", std::move(list));
  return answer;
}

}  // namespace

void add_issue_requests(Dispatcher& dispatcher, const Database& database) {
  dispatcher.add("issues", [database](JsonView request) { return issues(request, database); });
}

}  // namespace callroom::admin
