// summary, series, providers: figures over many sessions.
#include <array>
#include <cmath>
#include <map>

#include "admin/database.hpp"
#include "admin/dispatcher.hpp"
#include "admin/figures_json.hpp"
#include "admin/rows_json.hpp"
#include "admin/scope.hpp"
#include "storage/figures.hpp"
#include "storage/row_text.hpp"

namespace callroom::admin {
namespace {

using json::Json;
using json::JsonView;
using storage::Bucket;
using storage::Figures;
using storage::Scope;

constexpr std::int64_t kMaxPoints = 1500;

Json scoped_answer(const Scope& scope) {
  Json answer = Json::object();
  answer.set("from", storage::rfc3339(scope.from)).set("to", storage::rfc3339(scope.to));
  return answer;
}

// --- summary ---------------------------------------------------------------------------------------------------------

struct Target {
  const char* figure;
  double target;
  bool higher_is_better;
  std::optional<double> (*value)(const Figures&);
};

constexpr std::array<Target, 4> kTargets = {{
    {"score", 75, true, [](const Figures& f) { return f.score.value; }},
    {"poor_or_failed", 10, false, [](const Figures& f) { return f.poor_or_failed.percent(); }},
    {"latency", 200, false, [](const Figures& f) { return f.latency.value; }},
    {"drops", 5, false, [](const Figures& f) { return f.dropped.percent(); }},
}};

Json targets_json(const Figures& current, const Figures& before) {
  Json list = Json::array();
  for (const Target& target : kTargets) {
    const auto value = target.value(current);
    Json item = Json::object();
    item.set("figure", target.figure).set("target", target.target);
    item.set("better", target.higher_is_better ? "higher" : "lower").set("value", value);
    std::optional<bool> met;
    if (value) met = target.higher_is_better ? *value > target.target : *value < target.target;
    item.set("met", met).set("before", target.value(before));
    list.append(std::move(item));
  }
  return list;
}

Result<Json> summary(JsonView request, const Database& database) {
  json::Fields fields(request);
  const Scope scope = parse_scope(fields, request, database.now());
  if (auto error = finish_scoped(fields, request, {})) return *std::move(error);
  auto rows = database.ask({storage::figures_query(scope), storage::figures_query(scope.before())});
  if (!rows) return rows.error();
  const Figures current = storage::read_figures((*rows)[0], 0), before = storage::read_figures((*rows)[1], 0);
  Json answer = scoped_answer(scope);
  answer.set("current", figures_json(current)).set("before", figures_json(before));
  answer.set("targets", targets_json(current, before));
  return answer;
}

// --- series ----------------------------------------------------------------------------------------------------------

constexpr std::array<const char*, 5> kBucketNames = {"", "5m", "hour", "3h", "day"};

std::chrono::microseconds width_of(Bucket bucket) {
  switch (bucket) {
    case Bucket::k5Min:
      return std::chrono::minutes(5);
    case Bucket::kHour:
      return std::chrono::hours(1);
    case Bucket::k3Hours:
      return std::chrono::hours(3);
    default:
      return std::chrono::days(1);
  }
}

Bucket fitting_bucket(const Scope& scope) {
  const auto length = scope.to - scope.from;
  if (length <= std::chrono::hours(6)) return Bucket::k5Min;
  if (length <= std::chrono::days(2)) return Bucket::kHour;
  return length <= std::chrono::days(8) ? Bucket::k3Hours : Bucket::kDay;
}

// A point for each bucket, also for those in which no session ended: a gap is to be seen, not bridged.
Json points_json(const storage::Rows& rows, const Scope& scope, Bucket bucket) {
  std::map<std::string, std::size_t, std::less<>> found;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    if (const auto at = rows.text(row, 0)) found.emplace(rfc3339_of(*at), row);
  }
  Json list = Json::array();
  const auto width = width_of(bucket);
  for (WallTime at = scope.from - scope.from.time_since_epoch() % width; at < scope.to; at += width) {
    std::string name = storage::rfc3339(at);
    name.replace(name.find('.'), std::string::npos, "Z");  // buckets begin on whole seconds
    const auto row = found.find(name);
    Json point = point_json(row != found.end() ? storage::read_figures(rows, row->second) : Figures());
    point.set("at", name);
    list.append(std::move(point));
  }
  return list;
}

Result<Json> series(JsonView request, const Database& database) {
  json::Fields fields(request);
  const Scope scope = parse_scope(fields, request, database.now());
  const auto chosen = fields.choice("bucket", {"5m", "hour", "3h", "day"});
  const Bucket bucket = chosen ? static_cast<Bucket>(*chosen + 1) : fitting_bucket(scope);
  if ((scope.to - scope.from) / width_of(bucket) > kMaxPoints) {
    fields.fail(ErrorCode::kInvalidField, "bucket is too small for so long a range");
  }
  if (auto error = finish_scoped(fields, request, {"bucket"})) return *std::move(error);
  auto rows = database.ask({storage::figures_by_bucket_query(scope, bucket)});
  if (!rows) return rows.error();
  Json answer = scoped_answer(scope);
  answer.set("bucket", kBucketNames[static_cast<std::size_t>(bucket)]);
  answer.set("points", points_json((*rows)[0], scope, bucket));
  return answer;
}

// --- providers -------------------------------------------------------------------------------------------------------

struct Compared {
  const char* figure;
  storage::Mean (*mean)(const Figures&);
};

constexpr std::array<Compared, 7> kCompared = {{
    {"score", [](const Figures& f) { return f.score; }},
    {"latency", [](const Figures& f) { return f.latency; }},
    {"jitter", [](const Figures& f) { return f.jitter; }},
    {"loss_in", [](const Figures& f) { return f.loss_in; }},
    {"loss_out", [](const Figures& f) { return f.loss_out; }},
    {"poor_or_failed",
     [](const Figures& f) {
       return storage::Mean{f.poor_or_failed.sessions, f.poor_or_failed.percent(), f.poor_or_failed.margin()};
     }},
    {"drops",
     [](const Figures& f) {
       return storage::Mean{f.dropped.sessions, f.dropped.percent(), f.dropped.margin()};
     }},
}};

// The first provider less the second. Within noise: smaller than what chance gives 95 times in 100.
Json comparison_json(const Figures& first, const Figures& second) {
  Json list = Json::array();
  for (const Compared& compared : kCompared) {
    const auto a = compared.mean(first), b = compared.mean(second);
    std::optional<double> difference, margin;
    if (a.value && b.value) difference = *a.value - *b.value;
    if (a.margin && b.margin) margin = std::hypot(*a.margin, *b.margin);
    std::optional<bool> within_noise;
    if (difference && margin) within_noise = std::abs(*difference) <= *margin;
    Json item = Json::object();
    item.set("figure", compared.figure).set("difference", difference).set("margin", margin);
    item.set("within_noise", within_noise);
    list.append(std::move(item));
  }
  return list;
}

Result<Json> providers(JsonView request, const Database& database) {
  json::Fields fields(request);
  const Scope scope = parse_scope(fields, request, database.now());
  if (auto error = finish_scoped(fields, request, {})) return *std::move(error);
  auto rows = database.ask({storage::figures_by_provider_query(scope)});
  if (!rows) return rows.error();
  const storage::Rows& found = (*rows)[0];
  Json list = Json::array();
  for (std::size_t row = 0; row < found.size(); ++row) {
    Json item = figures_json(storage::read_figures(found, row));
    item.set("provider", cell_json(found, row, 0));
    list.append(std::move(item));
  }
  Json answer = scoped_answer(scope);
  answer.set("providers", std::move(list));
  answer.set("comparison", found.size() == 2
                               ? comparison_json(storage::read_figures(found, 0), storage::read_figures(found, 1))
                               : Json::array());
  return answer;
}

}  // namespace

void add_figure_requests(Dispatcher& dispatcher, const Database& database) {
  dispatcher.add("summary", [database](JsonView request) { return summary(request, database); });
  dispatcher.add("series", [database](JsonView request) { return series(request, database); });
  dispatcher.add("providers", [database](JsonView request) { return providers(request, database); });
}

}  // namespace callroom::admin
