// What the requests that read the database share.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "storage/reader.hpp"

namespace callroom::admin {

class Dispatcher;

struct Database {
  storage::Reader* reader = nullptr;
  std::string admin_user;
  std::function<WallTime()> now;

  storage::Reader::Answer ask(std::vector<storage::Query> queries) const {
    if (reader == nullptr) return Error{ErrorCode::kDatabaseUnavailable, "no database is configured"};
    return reader->run(admin_user, storage::Access::kAdmin, std::move(queries));
  }
};

// Each adds the requests of its file.
void add_figure_requests(Dispatcher& dispatcher, const Database& database);        // summary, series, providers
void add_issue_requests(Dispatcher& dispatcher, const Database& database);         // issues
void add_session_requests(Dispatcher& dispatcher, const Database& database);       // sessions, session
void add_export_requests(Dispatcher& dispatcher, const Database& database);        // export
void add_alert_requests(Dispatcher& dispatcher, const Database& database);         // alerts
void add_turn_history_requests(Dispatcher& dispatcher, const Database& database);  // turn_history

}  // namespace callroom::admin
