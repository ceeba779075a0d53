#include "admin/health.hpp"

#include <string>

#include "storage/row_text.hpp"

namespace callroom::admin {
namespace {

using json::Json;

Json count(std::uint64_t value) {
  return Json(static_cast<std::int64_t>(value));
}

Json time(const std::optional<WallTime>& value) {
  return value ? Json(storage::rfc3339(*value)) : Json::adopt(json_null());
}

Json problem_or_null(const std::string& problem) {
  return problem.empty() ? Json::adopt(json_null()) : Json(problem);
}

// Collects what is wrong in words, for whoever looks at nothing else.
class Problems {
 public:
  void add(const char* about, const std::string& problem) {
    if (!problem.empty()) list_.append(std::string(about) + ": " + problem);
  }
  bool any() const { return list_.view().size() > 0; }
  Json take() { return std::move(list_); }

 private:
  Json list_ = Json::array();
};

void add_store(Json& answer, const storage::StoreHealth& store, Problems& problems) {
  Json database = Json::object();
  database.set("state", storage::to_string(store.database)).set("error", problem_or_null(store.database_error));
  database.set("schema_version", store.schema_version ? Json(*store.schema_version) : Json::adopt(json_null()));
  database.set("schema_version_wanted", store.schema_version_wanted);
  database.set("last_commit", time(store.last_commit)).set("last_maintenance", time(store.last_maintenance));
  database.set("maintenance_error", problem_or_null(store.maintenance_error));
  answer.set("database", std::move(database));

  Json outbox = Json::object();
  outbox.set("rows", count(store.outbox_rows)).set("bytes", count(store.outbox_bytes));
  outbox.set("age_s", store.outbox_age_s).set("memory_rows", count(store.memory_rows));
  outbox.set("corrupt_regions", count(store.corrupt_regions)).set("error", problem_or_null(store.disk_error));
  answer.set("outbox", std::move(outbox));

  Json rows = Json::object();
  rows.set("finished", count(store.rows_finished)).set("written", count(store.rows_committed));
  rows.set("inserted", count(store.rows_inserted)).set("set_aside", count(store.rows_set_aside));
  rows.set("dropped", count(store.rows_dropped)).set("recovered", count(store.rows_recovered));
  answer.set("rows", std::move(rows));

  Json journal = Json::object();
  journal.set("open", count(store.journal_open)).set("capacity", count(store.journal_capacity));
  journal.set("error", problem_or_null(store.journal_error));
  answer.set("journal", std::move(journal));
  answer.set("alerts_raised", count(store.alerts_raised));

  problems.add("database", store.database_error);
  if (store.database == storage::DatabaseState::kNotConfigured) {
    problems.add("database", "not configured; rows wait in data_dir");
  }
  problems.add("maintenance", store.maintenance_error);
  problems.add("outbox", store.disk_error);
  problems.add("journal", store.journal_error);
  if (store.corrupt_regions > 0) problems.add("outbox", std::to_string(store.corrupt_regions) + " damaged places");
  if (store.rows_set_aside > 0) problems.add("rows", std::to_string(store.rows_set_aside) + " set aside");
  if (store.rows_dropped > 0) problems.add("rows", std::to_string(store.rows_dropped) + " dropped");
}

Json reader_json(const storage::ReaderHealth& reader, Problems& problems) {
  problems.add("reader", reader.error);
  Json answer = Json::object();
  answer.set("connected", count(reader.connected)).set("connections", count(reader.connections));
  answer.set("waiting", count(reader.waiting)).set("answered", count(reader.answered));
  answer.set("failed", count(reader.failed)).set("error", problem_or_null(reader.error));
  return answer;
}

}  // namespace

Json health_answer(LiveRooms& rooms, const storage::Store* store, const storage::Reader* reader) {
  Problems problems;
  Json answer = rooms.health();
  if (!answer) answer = Json::object();
  if (store != nullptr) {
    add_store(answer, store->health(), problems);
  } else {
    problems.add("storage", "no data_dir; finished sessions are not kept");
  }
  answer.set("reader", reader != nullptr ? reader_json(reader->health(), problems) : Json::adopt(json_null()));
  answer.set("status", problems.any() ? "degraded" : "ok");
  answer.set("problems", problems.take());
  return answer;
}

}  // namespace callroom::admin
