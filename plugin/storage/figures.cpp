#include "storage/figures.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace callroom::storage {

const std::array<const char*, kRatings> kRatingNames = {"excellent", "good", "fair", "poor", "failed", "unrated"};

const std::array<IssueKind, 22> kIssueKinds = {{
    {"high_latency", "warning"},     {"high_latency", "critical"},    {"high_loss", "warning"},
    {"high_loss", "critical"},       {"bursty_loss", "warning"},      {"bursty_loss", "critical"},
    {"high_jitter", "warning"},      {"high_jitter", "critical"},     {"low_frame_rate", "warning"},
    {"low_frame_rate", "critical"},  {"frozen_video", "warning"},     {"frozen_video", "critical"},
    {"low_bandwidth", "warning"},    {"low_bandwidth", "critical"},   {"keyframe_storm", "warning"},
    {"keyframe_storm", "critical"},  {"one_way_media", "warning"},    {"one_way_media", "critical"},
    {"connection_drop", "warning"},  {"connection_drop", "critical"}, {"never_connected", "warning"},
    {"never_connected", "critical"},
}};

namespace {

constexpr std::size_t kLatencyBins = 85;
constexpr std::size_t kScoreBins = 20;
constexpr double kFirstEdgeMs = 4, kEdgeGrowth = 1.08;  // as callroom_latency_edges() in sql/migrations
constexpr double kHighestMs = 4000;                     // where the last, open bin is taken to end
constexpr double kNormal95 = 1.96;

// Sums that are read by name, in the unit that `scale` turns into the figure's: those of every answer, and those that a
// figure over a whole range has besides.
constexpr std::array kSums = {"sessions",     "scored",           "score_sum",   "latency_n",
                              "latency_sum",  "loss_in_n",        "loss_in_sum", "loss_out_n",
                              "loss_out_sum", "dropped_sessions", "drops"};
constexpr std::array kFurtherSums = {
    "duration_ms",     "score_squares",     "latency_squares",  "jitter_n",       "jitter_sum",
    "jitter_squares",  "loss_in_squares",   "loss_out_squares", "bandwidth_in_n", "bandwidth_in_sum",
    "bandwidth_out_n", "bandwidth_out_sum", "frame_rate_n",     "frame_rate_sum", "recoveries",
    "freezes",         "freeze_tenths_ms",  "negotiations",     "glare"};

std::string numbered(const char* name, std::size_t count, const char* before, const char* after) {
  std::string list;
  for (std::size_t i = 0; i < count; ++i) {
    list += (i == 0 ? "" : ",") + (before + (name + std::to_string(i)) + after);
  }
  return list;
}

const char* table_of(Piece::Level level) {
  switch (level) {
    case Piece::Level::k5Min:
      return "session_quality_5min";
    case Piece::Level::kHour:
      return "session_quality_hour";
    case Piece::Level::kDay:
      return "session_quality_day";
    case Piece::Level::kRows:
      break;
  }
  return "session_quality_measures";
}

// The named columns of everything in the scope, as one relation of rollup rows and single rows.
std::string sources_sql(const Scope& scope, Piece::Level coarsest, const std::string& columns, Binder& binder) {
  if (scope.needs_rows()) coarsest = Piece::Level::kRows;
  std::string sql;
  for (const Piece& piece : cover(scope.from, scope.to, coarsest)) {
    const char* time = piece.level == Piece::Level::kRows ? "created_at" : "bucket";
    if (!sql.empty()) sql += " UNION ALL ";
    sql += "SELECT " + columns + " FROM " + table_of(piece.level) + " WHERE " + time +
           " >= " + binder.time(piece.from) + " AND " + time + " < " + binder.time(piece.to) +
           filter_sql(scope, "rating", binder);
  }
  return sql;
}

std::string group_key(Bucket bucket) {
  switch (bucket) {
    case Bucket::kHour:
      return "date_trunc('hour', bucket, 'UTC')";
    case Bucket::k3Hours:
      return "date_bin('3 hours', bucket, to_timestamp(0))";
    case Bucket::kDay:
      return "date_trunc('day', bucket, 'UTC')";
    default:
      return "bucket";
  }
}

enum class Detail { kOverTime, kWhole };

// `group` is the expression that rows are grouped by, with its name; empty for one row over all.
Query grouped_query(const Scope& scope, Piece::Level coarsest, const std::string& group, const std::string& name,
                    Detail detail = Detail::kWhole) {
  Binder binder;
  std::string columns = "rating, " + numbered("latency_bin_", kLatencyBins, "", "");
  std::string sql = "SELECT ";
  if (!group.empty()) {
    columns += ", " + group + " AS " + name;
    sql += name + ", ";
  }
  const auto add = [&](const char* sum) {
    columns += std::string(", ") + sum;
    sql += std::string("sum(") + sum + ") AS " + sum + ", ";
  };
  for (const char* sum : kSums) add(sum);
  if (detail == Detail::kWhole) {
    for (const char* sum : kFurtherSums) add(sum);
    columns += "," + numbered("score_bin_", kScoreBins, "", "");
    sql += "ARRAY[" + numbered("score_bin_", kScoreBins, "sum(", ")") + "] AS score_bins, ";
  }
  sql += "ARRAY[";
  for (const char* rating : kRatingNames) {
    sql += std::string(rating == kRatingNames[0] ? "" : ",") + "coalesce(sum(sessions) FILTER (WHERE rating = '" +
           rating + "'), 0)";
  }
  sql += "] AS ratings, ARRAY[" + numbered("latency_bin_", kLatencyBins, "sum(", ")") + "] AS latency_bins FROM (" +
         sources_sql(scope, coarsest, columns, binder) + ") part";
  if (!group.empty()) sql += " GROUP BY " + name + " ORDER BY " + name;
  return {std::move(sql), binder.take()};
}

// "{1,2,NULL}"
std::vector<std::uint64_t> read_array(std::optional<std::string_view> text, std::size_t size) {
  std::vector<std::uint64_t> values(size, 0);
  if (!text) return values;
  const char* at = text->data();
  const char* const end = at + text->size();
  for (std::size_t i = 0; i < size && at < end; ++i) {
    ++at;  // the brace or the comma
    const auto [rest, error] = std::from_chars(at, end, values[i]);
    at = error == std::errc() ? rest : std::find(at, end, ',');
  }
  return values;
}

class Sums {
 public:
  Sums(const Rows& rows, std::size_t row) : rows_(rows), row_(row) {}

  double value(const char* name) const {
    const auto column = rows_.find(name);
    return column ? rows_.number(row_, *column).value_or(0) : 0;
  }
  std::uint64_t count(const char* name) const { return static_cast<std::uint64_t>(value(name)); }
  std::vector<std::uint64_t> array(const char* name, std::size_t size) const {
    const auto column = rows_.find(name);
    return read_array(column ? rows_.text(row_, *column) : std::nullopt, size);
  }

  // `squares` may be null: then there is no margin.
  Mean mean(const char* count_name, const char* sum, double scale, const char* squares = nullptr) const {
    Mean mean;
    mean.sessions = count(count_name);
    if (mean.sessions == 0) return mean;
    const auto n = static_cast<double>(mean.sessions);
    mean.value = value(sum) / scale / n;
    if (squares == nullptr || mean.sessions < 2) return mean;
    const double variance = std::max(0.0, (value(squares) - n * *mean.value * *mean.value) / (n - 1));
    mean.margin = kNormal95 * std::sqrt(variance / n);
    return mean;
  }

 private:
  const Rows& rows_;
  std::size_t row_;
};

}  // namespace

std::optional<double> Share::percent() const {
  if (sessions == 0) return std::nullopt;
  return 100.0 * static_cast<double>(hits) / static_cast<double>(sessions);
}

std::optional<double> Share::margin() const {
  if (sessions < 2) return std::nullopt;
  const double share = static_cast<double>(hits) / static_cast<double>(sessions);
  return 100 * kNormal95 * std::sqrt(share * (1 - share) / static_cast<double>(sessions));
}

Query figures_query(const Scope& scope) {
  return grouped_query(scope, Piece::Level::kDay, "", "");
}

Query figures_by_provider_query(const Scope& scope) {
  return grouped_query(scope, Piece::Level::kDay, "provider", "provider");
}

Query figures_by_bucket_query(const Scope& scope, Bucket bucket) {
  const auto coarsest = bucket == Bucket::k5Min  ? Piece::Level::k5Min
                        : bucket == Bucket::kDay ? Piece::Level::kDay
                                                 : Piece::Level::kHour;
  return grouped_query(scope, coarsest, group_key(bucket), "at", Detail::kOverTime);
}

Figures read_figures(const Rows& rows, std::size_t row) {
  const Sums sums(rows, row);
  Figures figures;
  figures.sessions = sums.count("sessions");
  const auto ratings = sums.array("ratings", kRatings);
  std::copy(ratings.begin(), ratings.end(), figures.by_rating.begin());
  figures.duration_s = sums.value("duration_ms") / 1000;
  figures.score = sums.mean("scored", "score_sum", 100, "score_squares");
  figures.latency = sums.mean("latency_n", "latency_sum", 100, "latency_squares");
  figures.jitter = sums.mean("jitter_n", "jitter_sum", 100, "jitter_squares");
  figures.loss_in = sums.mean("loss_in_n", "loss_in_sum", 1000, "loss_in_squares");
  figures.loss_out = sums.mean("loss_out_n", "loss_out_sum", 1000, "loss_out_squares");
  figures.bandwidth_in = sums.mean("bandwidth_in_n", "bandwidth_in_sum", 10);
  figures.bandwidth_out = sums.mean("bandwidth_out_n", "bandwidth_out_sum", 10);
  figures.frame_rate = sums.mean("frame_rate_n", "frame_rate_sum", 100);
  const auto latency_bins = sums.array("latency_bins", kLatencyBins);
  figures.latency_p50_ms = latency_quantile(latency_bins, 0.5);
  figures.latency_p95_ms = latency_quantile(latency_bins, 0.95);
  const auto [excellent, good, fair, poor, failed, unrated] = figures.by_rating;
  figures.poor_or_failed = {poor + failed, excellent + good + fair + poor + failed};
  figures.dropped = {sums.count("dropped_sessions"), figures.sessions};
  figures.drops = sums.count("drops");
  figures.recoveries = sums.count("recoveries");
  figures.freezes = sums.count("freezes");
  figures.freeze_ms = sums.value("freeze_tenths_ms") / 10;
  figures.negotiations = sums.count("negotiations");
  figures.glare = sums.count("glare");
  const auto scores = sums.array("score_bins", kScoreBins);
  std::copy(scores.begin(), scores.end(), figures.score_histogram.begin());
  return figures;
}

bool is_issue_code(std::string_view code) {
  return std::ranges::any_of(kIssueKinds, [&](const IssueKind& kind) { return code == kind.code; });
}

Query issues_query(const Scope& scope) {
  Binder binder;
  std::string columns = "sessions", counts;
  for (const IssueKind& kind : kIssueKinds) {
    const std::string name = std::string(kind.code) + "_" + kind.severity;
    columns += ", " + name;
    counts += ", coalesce(sum(" + name + "), 0)";
  }
  return {"SELECT coalesce(sum(sessions), 0)" + counts + " FROM (" +
              sources_sql(scope, Piece::Level::kDay, columns, binder) + ") part",
          binder.take()};
}

double latency_edge(std::size_t bin) {
  return std::round(kFirstEdgeMs * std::pow(kEdgeGrowth, static_cast<double>(bin)) * 100) / 100;
}

std::optional<double> latency_quantile(const std::vector<std::uint64_t>& bins, double q) {
  std::uint64_t total = 0;
  for (const std::uint64_t count : bins) total += count;
  if (total == 0) return std::nullopt;
  // Observation k of a bin's n is taken to lie at (k + 1/2) / n of its width.
  const double rank = q * static_cast<double>(total - 1);
  double below = 0;
  for (std::size_t bin = 0; bin < bins.size(); ++bin) {
    const auto count = static_cast<double>(bins[bin]);
    if (bins[bin] > 0 && rank < below + count) {
      const double low = bin == 0 ? 0 : latency_edge(bin - 1);
      const double high = bin + 1 == bins.size() ? std::max(low, kHighestMs) : latency_edge(bin);
      return low + (high - low) * std::clamp((rank - below + 0.5) / count, 0.0, 1.0);
    }
    below += count;
  }
  return std::nullopt;
}

}  // namespace callroom::storage
