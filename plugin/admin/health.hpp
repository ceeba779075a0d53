// The answer to `health`.
#pragma once

#include "admin/live_rooms.hpp"
#include "json/json.hpp"
#include "storage/reader.hpp"
#include "storage/store.hpp"

namespace callroom::admin {

// {status: "ok" or "degraded", problems: [text], …the host's own, database: {…}, reader: {…}, outbox: {…}, rows: {…},
// journal: {…}}
json::Json health_answer(LiveRooms& rooms, const storage::Store* store, const storage::Reader* reader);

}  // namespace callroom::admin
