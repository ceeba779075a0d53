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

Query page_query(std::string_view columns, const Scope& scope, Order order, std::size_t limit,
                 const std::optional<Cursor>& after) {
  Binder binder;
  std::optional<WantedIssue> issue;
  if (scope.issue) issue = WantedIssue{binder.bind(*scope.issue) + "::text", {"'warning'", "'critical'"}};
  const Walk walk(scope, order, std::move(issue), binder);
  std::string sql = walk.page(std::string(columns), limit + 1, after, binder);
  return {std::move(sql), binder.take(), walk.plan()};
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

Query issue_examples_query(const Scope& scope, const std::vector<std::size_t>& kinds, std::size_t limit) {
  Binder binder;
  std::string codes, severities;
  for (const std::size_t index : kinds) {
    const IssueKind& kind = kIssueKinds[index];
    codes += (codes.empty() ? "{" : ",") + std::string(kind.code);
    severities += (severities.empty() ? "{" : ",") + std::string(kind.severity);
  }
  const std::string wanted = binder.bind(codes + "}") + "::text[], " + binder.bind(severities + "}") + "::text[]";
  const Walk walk(scope, Order::kNewest, WantedIssue{"kind.code", {"kind.severity"}}, binder);
  return {"SELECT kind.code, kind.severity, e.session_id FROM unnest(" + wanted +
              ") kind (code, severity) CROSS JOIN LATERAL " + walk.ids(limit) + " e",
          binder.take(), walk.plan()};
}

Query alerts_query(const Scope& scope, std::size_t limit, const std::optional<Cursor>& after) {
  Binder binder;
  std::string where = "a.raised_at >= " + binder.time(scope.from) + " AND a.raised_at < " + binder.time(scope.to);
  if (after) {
    const std::string at = binder.time(after->created_at);
    where += " AND (a.raised_at, a.rule) < (" + at + ", " + binder.bind(after->session_id) + ")";
  }
  const std::string filter = filter_sql(scope, "s.overall_quality", binder);
  const std::string its_sessions =
      "FROM session_quality_logs s WHERE s.created_at >= a.window_start AND s.created_at < a.window_end AND CASE "
      "a.metric WHEN 'drops_share' THEN s.connection_drops > 0 WHEN 'latency' THEN s.latency_avg_ms >= a.threshold "
      "WHEN "
      "'turn_servers' THEN false ELSE s.overall_quality IN ('poor', 'failed') END" +
      filter;
  if (!filter.empty()) where += " AND EXISTS (SELECT 1 " + its_sessions + ")";
  return {"SELECT a.*, coalesce((SELECT jsonb_agg(e.session_id) FROM (SELECT s.session_id " + its_sessions +
              " ORDER BY s.created_at DESC LIMIT 10) e), '[]'::jsonb) AS examples FROM (SELECT * FROM "
              "session_quality_alerts a WHERE " +
              where + " ORDER BY a.raised_at DESC, a.rule DESC LIMIT " + std::to_string(limit + 1) +
              ") a ORDER BY a.raised_at DESC, a.rule DESC",
          binder.take()};
}

}  // namespace callroom::storage
