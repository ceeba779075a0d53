#include "storage/session_queries.hpp"

#include <array>
#include <charconv>

#include "storage/crc32c.hpp"
#include "storage/figures.hpp"

namespace callroom::storage {
namespace {

constexpr std::string_view kListColumns =
    "s.session_id, s.created_at, s.started_at, s.ended_at, s.duration_s, s.node, s.room, s.user_id, s.display, "
    "s.provider, "
    "s.media_path, s.quality_score, s.overall_quality, s.latency_avg_ms, s.latency_p95_ms, s.packet_loss_in_pct, "
    "s.packet_loss_out_pct, s.connection_drops, s.end_reason, s.issues, s.worst_rank";

constexpr std::string_view kAllButTimeline =
    "s.session_id, s.created_at, s.started_at, s.ended_at, s.duration_s, s.node, s.room, s.user_id, s.display, "
    "s.provider, "
    "s.media_path, s.measured_by, s.latency_avg_ms, s.latency_p50_ms, s.latency_p95_ms, s.latency_max_ms, "
    "s.jitter_avg_ms, "
    "s.jitter_p95_ms, s.packet_loss_in_pct, s.packet_loss_out_pct, s.packet_loss_p95_pct, s.bandwidth_in_kbps, "
    "s.bandwidth_out_kbps, s.bandwidth_p5_kbps, s.frame_rate_avg, s.frame_rate_p5, s.resolution_max, s.resolution_min, "
    "s.resolution_typical, s.freeze_count, s.freeze_ms, s.quality_changes, s.connection_drops, s.recoveries, "
    "s.negotiations, s.glare_count, s.rollbacks, s.keyframe_requests, s.quality_score, s.overall_quality, s.score_p10, "
    "s.good_share_pct, s.score_breakdown, s.issues, s.candidate_type, s.protocol, s.turn_server, s.device_info, "
    "s.end_reason, s.score_version, s.samples, s.worst_rank";

// Which question a cursor belongs to: filters and order, without the range, which the cursor carries itself.
std::string fingerprint(const Scope& scope, Order order, std::string_view position) {
  std::string text = order == Order::kNewest ? "newest" : "worst";
  for (const auto* filter : {&scope.room, &scope.user_id, &scope.provider, &scope.node, &scope.issue}) {
    text += filter->has_value() ? "\x01" + **filter : "\x02";
  }
  for (const auto& rating : scope.ratings) text += "\x03" + rating;
  text += position;
  std::array<char, 16> hex{};
  const std::uint32_t crc = crc32c({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  const auto [end, error] = std::to_chars(hex.data(), hex.data() + hex.size(), crc, 16);
  return error == std::errc() ? std::string(hex.data(), end) : std::string();
}

std::string in_range(const Scope& scope, Binder& binder) {
  return "s.created_at >= " + binder.time(scope.from) + " AND s.created_at < " + binder.time(scope.to);
}

std::string issue_json(std::string_view code, std::string_view severity = {}) {
  std::string json = "[{\"code\":\"" + std::string(code) + "\"";
  if (!severity.empty()) json += ",\"severity\":\"" + std::string(severity) + "\"";
  return json + "}]";
}

// The rows with an issue, newest first, found by way of the rollups: days that have it, hours of those, five minutes of
// those, rows of those. It reads as little for a rare issue as for a common one, and under row-level security no index
// on the issues themselves could be used (their operator might tell on hidden rows).
std::string rows_with_issue(const Scope& scope, const std::string& count, Binder& binder) {
  const std::string from = binder.time(scope.from), to = binder.time(scope.to);
  const std::string filter = filter_sql(scope, "rating", binder);
  const auto level = [&](const char* table, const char* width, const std::string& within) {
    return "SELECT DISTINCT bucket FROM " + std::string(table) + " WHERE bucket > " + from + " - interval '" + width +
           "' AND bucket < " + to + within + " AND " + count + " > 0" + filter + " ORDER BY bucket DESC";
  };
  return "(" + level("session_quality_day", "1 day", "") + ") d CROSS JOIN LATERAL (" +
         level("session_quality_hour", "1 hour", " AND bucket >= d.bucket AND bucket < d.bucket + interval '1 day'") +
         ") h CROSS JOIN LATERAL (" +
         level("session_quality_5min", "5 minutes",
               " AND bucket >= h.bucket AND bucket < h.bucket + interval '1 hour'") +
         ") m CROSS JOIN LATERAL ";
}

// One of the two halves of a keyset page, or the whole of a first one.
std::string page_sql(std::string_view columns, const std::string& where, Order order, std::size_t limit) {
  return "(SELECT " + std::string(columns) + " FROM session_quality_logs s WHERE " + where + " ORDER BY " +
         (order == Order::kWorst ? "s.worst_rank, " : "") + "s.created_at DESC, s.session_id DESC LIMIT " +
         std::to_string(limit) + ")";
}

std::string behind(const Cursor& after, Binder& binder) {
  const std::string at = binder.time(after.created_at);
  return " AND s.created_at <= " + at + " AND (s.created_at, s.session_id) < (" + at + ", " +
         binder.bind(after.session_id) + "::uuid)";
}

Query page_query(std::string_view columns, const Scope& scope, Order order, std::size_t limit,
                 const std::optional<Cursor>& after) {
  Binder binder;
  const std::size_t rows = limit + 1;
  std::string where = in_range(scope, binder) + filter_sql(scope, "s.overall_quality", binder);
  if (scope.issue) where += " AND s.issues @> " + binder.bind(issue_json(*scope.issue)) + "::jsonb";
  std::string sql;
  if (scope.issue && order == Order::kNewest && !scope.needs_rows()) {
    if (after) where += behind(*after, binder);
    Scope buckets = scope;
    if (after) buckets.to = after->created_at + std::chrono::microseconds(1);
    const std::string count = "(" + *scope.issue + "_warning + " + *scope.issue + "_critical)";
    sql = "SELECT s.* FROM " + rows_with_issue(buckets, count, binder) +
          page_sql(columns, where + " AND s.created_at >= m.bucket AND s.created_at < m.bucket + interval '5 minutes'",
                   order, rows) +
          " s LIMIT " + std::to_string(rows);
  } else if (order == Order::kNewest) {
    if (after) where += behind(*after, binder);
    sql = page_sql(columns, where, order, rows);
  } else if (!after) {
    sql = page_sql(columns, where, order, rows);
  } else {
    // What is left of the rank that the last page ended in, then the ranks behind it: each a plain walk along the
    // index.
    const std::string rank = binder.bind(std::to_string(after->rank)) + "::integer";
    const std::string same = where + " AND s.worst_rank = " + rank + behind(*after, binder);
    sql = "SELECT * FROM (" + page_sql(columns, same, Order::kNewest, rows) + " UNION ALL " +
          page_sql(columns, where + " AND s.worst_rank > " + rank, order, rows) + ") page LIMIT " +
          std::to_string(rows);
  }
  return {std::move(sql), binder.take()};
}

}  // namespace

std::string encode_cursor(const Cursor& cursor, const Scope& scope, Order order) {
  const auto number = [](WallTime time) { return std::to_string(time.time_since_epoch().count()); };
  const std::string position = number(cursor.from) + "." + number(cursor.to) + "." + std::to_string(cursor.rank) + "." +
                               number(cursor.created_at) + "." + cursor.session_id;
  return position + "." + fingerprint(scope, order, position);
}

Result<Cursor> decode_cursor(std::string_view text, const Scope& scope, Order order) {
  const Error stale{ErrorCode::kStaleCursor, "the cursor belongs to another request; start again without it"};
  const auto last = text.rfind('.');
  if (last == std::string_view::npos || text.size() > 256) return stale;
  const std::string_view position = text.substr(0, last);
  if (fingerprint(scope, order, position) != text.substr(last + 1)) return stale;
  std::array<std::int64_t, 4> numbers{};
  const char* at = position.data();
  const char* const end = at + position.size();
  for (auto& number : numbers) {
    const auto [rest, error] = std::from_chars(at, end, number);
    if (error != std::errc() || rest == end || *rest != '.') return stale;
    at = rest + 1;
  }
  const auto time = [](std::int64_t us) { return WallTime(std::chrono::microseconds(us)); };
  return Cursor{time(numbers[0]), time(numbers[1]), numbers[2], time(numbers[3]), std::string(at, end)};
}

Query sessions_query(const Scope& scope, Order order, std::size_t limit, const std::optional<Cursor>& after) {
  return page_query(kListColumns, scope, order, limit, after);
}

Query export_query(const Scope& scope, Order order, std::size_t limit, const std::optional<Cursor>& after) {
  return page_query(kAllButTimeline, scope, order, limit, after);
}

Query session_query(const std::string& session_id) {
  return {"SELECT " + std::string(kAllButTimeline) +
              ", encode(s.timeline, 'hex') AS timeline FROM session_quality_logs s WHERE s.session_id = $1::uuid "
              "ORDER BY s.created_at LIMIT 1",
          {session_id}};
}

Query participants_query(const std::string& session_id) {
  return {
      "SELECT " + std::string(kListColumns) +
          " FROM (SELECT * FROM session_quality_logs WHERE session_id = $1::uuid LIMIT 1) me, LATERAL (SELECT * FROM "
          "session_quality_logs other WHERE other.room = me.room AND other.created_at >= me.started_at AND "
          "other.created_at < me.ended_at + interval '1 day' AND other.started_at <= me.ended_at AND "
          "other.session_id <> me.session_id ORDER BY other.created_at LIMIT 50) s",
      {session_id}};
}

Query history_query(const std::string& user_id, std::size_t limit, std::optional<WallTime> before) {
  Binder binder;
  std::string sql =
      "SELECT " + std::string(kListColumns) + " FROM session_quality_logs s WHERE s.user_id = " + binder.bind(user_id);
  if (before) sql += " AND s.created_at < " + binder.time(*before);
  sql += " ORDER BY s.created_at DESC LIMIT " + std::to_string(limit);
  return {std::move(sql), binder.take()};
}

Query issue_examples_query(const std::vector<IssueExamples>& wanted, std::size_t limit) {
  Binder binder;
  std::string sql;
  for (const auto& [index, scope] : wanted) {
    const IssueKind& kind = kIssueKinds[index];
    std::string where = in_range(scope, binder) + filter_sql(scope, "s.overall_quality", binder) + " AND s.issues @> " +
                        binder.bind(issue_json(kind.code, kind.severity)) + "::jsonb";
    std::string found = "SELECT s.session_id FROM ";
    if (!scope.needs_rows()) {
      found += "(SELECT DISTINCT bucket FROM session_quality_5min WHERE bucket > " + binder.time(scope.from) +
               " - interval '5 minutes' AND bucket < " + binder.time(scope.to) + " AND " + kind.code + "_" +
               kind.severity + " > 0" + filter_sql(scope, "rating", binder) +
               " ORDER BY bucket DESC) m CROSS JOIN LATERAL ";
      where += " AND s.created_at >= m.bucket AND s.created_at < m.bucket + interval '5 minutes'";
    }
    found += page_sql("s.session_id", where, Order::kNewest, limit) + " s LIMIT " + std::to_string(limit);
    if (!sql.empty()) sql += " UNION ALL ";
    sql += "SELECT '" + std::string(kind.code) + "' AS code, '" + kind.severity + "' AS severity, e.session_id FROM (" +
           found + ") e";
  }
  return {std::move(sql), binder.take()};
}

Query alerts_query(WallTime from, WallTime to, std::size_t limit, const std::optional<Cursor>& after) {
  Binder binder;
  std::string where = "raised_at >= " + binder.time(from) + " AND raised_at < " + binder.time(to);
  if (after) {
    const std::string at = binder.time(after->created_at);
    where += " AND (raised_at, rule) < (" + at + ", " + binder.bind(after->session_id) + ")";
  }
  return {
      "SELECT a.*, coalesce((SELECT jsonb_agg(e.session_id) FROM (SELECT s.session_id FROM session_quality_logs s "
      "WHERE "
      "s.created_at >= a.window_start AND s.created_at < a.window_end AND CASE a.metric WHEN 'drops_share' THEN "
      "s.connection_drops > 0 WHEN 'latency' THEN s.latency_avg_ms >= a.threshold ELSE s.overall_quality IN ('poor', "
      "'failed') END ORDER BY s.created_at DESC LIMIT 10) e), '[]'::jsonb) AS examples FROM (SELECT * FROM "
      "session_quality_alerts WHERE " +
          where + " ORDER BY raised_at DESC, rule DESC LIMIT " + std::to_string(limit + 1) +
          ") a ORDER BY a.raised_at DESC, a.rule DESC",
      binder.take()};
}

}  // namespace callroom::storage
