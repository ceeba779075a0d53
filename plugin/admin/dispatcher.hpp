// The Admin API: a request as it came, an answer as it goes.
//
// A request is {"request": name, …}; an answer is {"callroom": name, …} or {"callroom": "error", "error_code",
// "error"}. Fields that a request does not know are refused, so that a misspelt filter never shows more than was asked
// for.
//
// Filters of summary, series, providers, issues, sessions, export and alerts (alerts takes the range only):
//   range = "24h" | "7d" | "30d" (default 24h), or from and to (RFC 3339); room, user_id, provider, node (strings),
//   rating ("excellent" … "unrated", or an array of them), issue (a code of the catalogue; sessions and export).
// `range` ends at the end of the present hour; every answer names the {from, to} it is about, and over how many
// sessions.
//
//   summary    {from, to, current: figures, before: figures, targets: [{figure, target, better, value, met, before}]}
//   series     bucket? ("5m", "hour", "day") -> {bucket, points: [{at, sessions, scored, score,
//              ratings, poor_or_failed, latency, loss_in, loss_out, drops}]}
//   providers  {providers: [{provider, …figures}], comparison: [{figure, difference, margin, within_noise}]}
//   issues     {sessions, issues: [{code, severity, sessions, share_pct, before: {…}, change_pct, examples:
//   [session_id]}]} sessions   order? ("newest", "worst"), limit? (1 to 200, 50), cursor?, issue? -> {sessions: [row],
//   next} session    session_id -> {session: row, participants: [the other rows of the same call]} export     format
//   ("csv", "json"), cursor?, limit? (1 to 2000, 500), order?  -> {data, rows, next} alerts     limit?, cursor? ->
//   {alerts: [{rule, metric, value, threshold, sessions, window_start, window_end, raised_at,
//              node, examples}], next}
//   live       room?, user_id?, provider?, node?, rating? -> {sessions: […]}         rooms -> {rooms: […]}
//   kick       room, id                                              destroy  room
//   health     the plugin's, the store's and the reader's state
//
// figures: {sessions, scored, score, score_margin, ratings: {excellent: {sessions, share_pct}, …},
//   poor_or_failed: {share_pct, sessions}, latency: {avg_ms, p50_ms, p95_ms, margin, sessions}, jitter: {avg_ms, …},
//   loss_in, loss_out: {avg_pct, …}, bandwidth_in, bandwidth_out: {avg_kbps, …}, frame_rate: {avg, …},
//   drops: {share_pct, count, sessions}, freezes: {count, ms}, duration_s, score_histogram: [20 counts]}
//
// Threads: any; requests that need the database block the caller for as long as Reader::run() does.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "admin/live_rooms.hpp"
#include "base/time.hpp"
#include "json/json.hpp"
#include "storage/reader.hpp"
#include "storage/store.hpp"

namespace callroom::admin {

class Dispatcher {
 public:
  using Handler = std::function<Result<json::Json>(json::JsonView request)>;

  struct Sources {
    LiveRooms& rooms;
    storage::Store* store = nullptr;    // null: no data_dir; health says so
    storage::Reader* reader = nullptr;  // null: no database configured; what needs it answers kDatabaseUnavailable
    std::string admin_user;             // the identity that admin requests read as; listed in admin_roles
    std::function<WallTime()> now;      // the system clock where absent
  };

  explicit Dispatcher(Sources sources);

  // A further request, such as turn_test. Its answer object gets {"callroom": name} added. Before the first handle()
  // only.
  void add(std::string name, Handler handler);

  // Never throws; the answer is always an object.
  json::Json handle(json::JsonView request) const;

 private:
  Result<json::Json> answer(json::JsonView request) const;

  Sources sources_;
  std::map<std::string, Handler, std::less<>> handlers_;
};

json::Json error_answer(const Error& error);

}  // namespace callroom::admin
