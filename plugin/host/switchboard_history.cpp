// A participant's own rows, by the identity they joined with. Postgres decides what that identity may see, and nothing
// here waits for it: the answer comes from a thread of the reader by way of the handle's strand.
#include <utility>

#include "admin/rows_json.hpp"
#include "host/switchboard.hpp"
#include "json/room_events.hpp"
#include "storage/session_queries.hpp"

namespace callroom::host {

using json::Json;

namespace {

// `rows` may hold one more than `limit`, which says that there are more.
Json history_json(const storage::Rows& rows, std::size_t limit) {
  Json answer = json::named_event("history");
  answer.set("sessions", admin::rows_json(rows, limit));
  std::optional<std::string> next;
  if (const auto column = rows.find("created_at"); column && rows.size() > limit) {
    next = admin::rfc3339_of(rows.text(limit - 1, *column).value_or(""));
  }
  answer.set("next", next);
  return answer;
}

}  // namespace

Result<void> Switchboard::carry_out(const Context& context, const json::History& request) {
  std::string identity;
  {
    const std::lock_guard lock(mutex_);
    const auto session = sending_session(*context.handle);
    if (!session) return session.error();
    // Where tokens are on, a user is who the token says; where they are not, whoever the application lets in as.
    if (core_.tokens_are_signed() && !(*session)->proven) {
      return Error{ErrorCode::kNotAllowed, "Only who joined with a signed token for this room and user has a history"};
    }
    if (reader_ == nullptr) return Error{ErrorCode::kDatabaseUnavailable, "This server has no database to ask"};
    if (std::exchange((*session)->asking_history, true)) {
      return Error{ErrorCode::kTooManyRequests, "The history that was asked for before is not there yet"};
    }
    identity = (*session)->user_id;
  }
  auto query = storage::history_query(identity, request.limit + 1, request.before);
  reader_->submit(std::move(identity), storage::Access::kOwnRows, {std::move(query)},
                  [this, weak = std::weak_ptr(context.handle), transaction = context.transaction,
                   limit = request.limit](const storage::Reader::Answer& found) {
                    const auto handle = weak.lock();
                    if (!handle) return;
                    const std::lock_guard lock(mutex_);
                    if (handle->session) handle->session->asking_history = false;
                    outgoing_.post(handle, transaction,
                                   found ? history_json(found->front(), limit) : json::error_json(found.error()));
                  });
  return {};
}

}  // namespace callroom::host
