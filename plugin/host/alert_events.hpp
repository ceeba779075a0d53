// Alerts as Janus's event handlers are told them, beside the row in Postgres and its NOTIFY.
#pragma once

#include "host/core.hpp"
#include "json/json.hpp"
#include "storage/alert_rule.hpp"
#include "storage/turn_record.hpp"

namespace callroom::host {

// {"callroom": "alert", rule, metric, value, threshold, sessions, window_start, window_end}
json::Json alert_event(const storage::Alert& alert);
// {"callroom": "alert", rule, metric: "turn_servers", level, value (servers that work), checked, text, raised_at}
json::Json alert_event(const storage::TurnAlert& alert);

// On any thread. An alert belongs to no session. `events` is general.events.
template <typename Alert>
void tell_event_handlers(const Core& core, bool events, const Alert& alert) {
  if (events && core.has_event_handlers()) core.notify_event_handlers(nullptr, alert_event(alert));
}

}  // namespace callroom::host
