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

// An issue as SQL: expressions for its code and for the severities that are meant; none: whichever.
struct WantedIssue {
  std::string code;
  std::vector<std::string> severities;
};

std::optional<WantedIssue> wanted_issue(const Scope& scope, Binder& binder) {
  if (!scope.issue) return std::nullopt;
  return WantedIssue{binder.bind(*scope.issue) + "::text", {}};
}

// Which rows, and by which walk they are found: along the sessions themselves or, for an issue, along its keys, so that
// a page of a rare one costs no more than of a common one. Placeholders are bound once and used in every part.
class Walk {
 public:
  Walk(std::string_view columns, const Scope& scope, std::optional<WantedIssue> issue, Binder& binder)
      : columns_(columns), filter_(filter_sql(scope, "s.overall_quality", binder)), unfiltered_(filter_.empty()) {
    if (issue && scope.needs_rows()) {  // few rows, and an index that leads to them
      filter_ += " AND s.issues @> jsonb_build_array(jsonb_build_object('code', " + issue->code +
                 (issue->severities.empty() ? "" : ", 'severity', " + issue->severities.front()) + "))";
    } else if (issue) {
      walked_ = "k.";
      issue_ = *std::move(issue);
      if (issue_.severities.empty()) issue_.severities = {"'warning'", "'critical'"};
    }
    const std::string from = binder.time(scope.from), to = binder.time(scope.to);
    const auto in_range = [&](const std::string& of) {
      return of + "created_at >= " + from + " AND " + of + "created_at < " + to;
    };
    range_ = in_range(walked_);
    if (by_keys()) filter_ += " AND " + in_range("s.");  // which partitions the keys can lead to
  }

  // " AND …" for what comes behind a row in the order of time, with its time and id.
  std::string behind(const Cursor& row, Binder& binder) const {
    const std::string at = binder.time(row.created_at);
    return " AND " + walked_ + "created_at <= " + at + " AND (" + walked_ + "created_at, " + walked_ +
           "session_id) < (" + at + ", " + binder.bind(row.session_id) + "::uuid)";
  }
  std::string of_rank(std::string_view comparison, const std::string& rank) const {
    return " AND " + walked_ + "worst_rank " + std::string(comparison) + " " + rank;
  }

  // The first rows that satisfy `where` besides.
  std::string page(const std::string& where, Order order, std::size_t limit) const {
    const std::string most = " LIMIT " + std::to_string(limit);
    if (!by_keys()) {
      return "(SELECT " + columns_ + " FROM session_quality_logs s WHERE " + range_ + where + filter_ +
             in_order(order, walked_) + most + ")";
    }
    std::string parts;
    for (const std::string& severity : issue_.severities) {
      parts += (parts.empty() ? "" : " UNION ALL ") +
               ("(SELECT f.* FROM session_quality_issues k CROSS JOIN LATERAL (SELECT " + columns_ +
                " FROM session_quality_logs s WHERE s.session_id = k.session_id AND s.created_at = k.created_at" +
                filter_ + " OFFSET 0) f WHERE " + key_is(severity) + where + in_order(order, walked_) + most + ")");
    }
    if (issue_.severities.size() == 1) return parts;
    return "(SELECT * FROM (" + parts + ") either" + in_order(order, "") + most + ")";
  }

  // The newest, of which only the ids are wanted: without a filter the keys know them.
  std::string ids(std::size_t limit) const {
    if (!by_keys() || !unfiltered_ || issue_.severities.size() > 1) return page("", Order::kNewest, limit);
    return "(SELECT k.session_id FROM session_quality_issues k WHERE " + key_is(issue_.severities.front()) +
           in_order(Order::kNewest, walked_) + " LIMIT " + std::to_string(limit) + ")";
  }

 private:
  bool by_keys() const { return !issue_.code.empty(); }
  std::string key_is(const std::string& severity) const {
    return "k.code = " + issue_.code + " AND k.severity = " + severity + " AND " + range_;
  }
  static std::string in_order(Order order, const std::string& of) {
    return " ORDER BY " + (order == Order::kWorst ? of + "worst_rank, " : "") + of + "created_at DESC, " + of +
           "session_id DESC";
  }

  const std::string columns_;
  std::string filter_, range_;
  const bool unfiltered_;
  std::string walked_ = "s.";
  WantedIssue issue_;
};

Query page_query(std::string_view columns, const Scope& scope, Order order, std::size_t limit,
                 const std::optional<Cursor>& after) {
  Binder binder;
  const std::size_t rows = limit + 1;
  const Walk walk(columns, scope, wanted_issue(scope, binder), binder);
  if (!after || order == Order::kNewest) {
    return {walk.page(after ? walk.behind(*after, binder) : "", order, rows), binder.take()};
  }
  // What is left of the rank that the last page ended in, then the ranks behind it: each a plain walk along the index.
  const std::string rank = binder.bind(std::to_string(after->rank)) + "::integer";
  std::string sql =
      "SELECT * FROM (" + walk.page(walk.of_rank("=", rank) + walk.behind(*after, binder), Order::kNewest, rows) +
      " UNION ALL " + walk.page(walk.of_rank(">", rank), order, rows) + ") page LIMIT " + std::to_string(rows);
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

Query issue_examples_query(const Scope& scope, const std::vector<std::size_t>& kinds, std::size_t limit) {
  Binder binder;
  std::string wanted;
  for (const std::size_t index : kinds) {
    const IssueKind& kind = kIssueKinds[index];
    wanted += std::string(wanted.empty() ? "" : ", ") + "('" + kind.code + "', '" + kind.severity + "')";
  }
  const Walk walk("s.created_at, s.session_id", scope, WantedIssue{"kind.code", {"kind.severity"}}, binder);
  return {"SELECT kind.code, kind.severity, e.session_id FROM (VALUES " + wanted +
              ") kind (code, severity) CROSS JOIN LATERAL " + walk.ids(limit) + " e",
          binder.take()};
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
