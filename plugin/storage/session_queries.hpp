// Questions about single sessions: pages, one of them whole, a user's own, alerts. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "storage/reader.hpp"
#include "storage/scope.hpp"
#include "storage/session_walk.hpp"

namespace callroom::storage {

std::string encode_cursor(const Cursor& cursor, const Scope& scope, Order order);
// kStaleCursor where the text is no cursor, or one of another question.
Result<Cursor> decode_cursor(std::string_view text, const Scope& scope, Order order);

// Rows of the list: what a page shows of each, and worst_rank. One more than `limit`, to know whether there is a next
// page.
Query sessions_query(const Scope& scope, Order order, std::size_t limit, const std::optional<Cursor>& after);
// The same rows with all their columns but the timeline.
Query export_query(const Scope& scope, Order order, std::size_t limit, const std::optional<Cursor>& after);

Query session_query(const std::string& session_id);
// The other sessions of the same room that overlapped it.
Query participants_query(const std::string& session_id);

// The identity's own rows, newest first, before a time.
Query history_query(const std::string& user_id, std::size_t limit, std::optional<WallTime> before);

// Up to `limit` ids of the newest sessions with each of these issues (indexes in kIssueKinds, at least one); columns
// code, severity, session_id.
Query issue_examples_query(const Scope& scope, const std::vector<std::size_t>& kinds, std::size_t limit);

// Alerts by raised_at, newest first, each with the ids of some of its sessions ("examples", an array as JSON).
Query alerts_query(const Scope& scope, std::size_t limit, const std::optional<Cursor>& after);

}  // namespace callroom::storage
