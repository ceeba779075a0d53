#include "host/alert_events.hpp"

#include "base/rfc3339.hpp"
#include "json/room_events.hpp"

namespace callroom::host {

using json::Json;

Json alert_event(const storage::Alert& alert) {
  Json event = json::named_event("alert");
  event.set("rule", alert.rule).set("metric", storage::to_string(alert.metric)).set("value", alert.value);
  event.set("threshold", alert.threshold).set("sessions", static_cast<std::int64_t>(alert.sessions));
  event.set("window_start", rfc3339_ms(alert.window_start)).set("window_end", rfc3339_ms(alert.window_end));
  return event;
}

Json alert_event(const storage::TurnAlert& alert) {
  Json event = json::named_event("alert");
  event.set("rule", storage::rule_name(alert)).set("metric", "turn_servers");
  event.set("level", turn::availability_name(alert.availability.level)).set("value", alert.availability.reachable);
  event.set("checked", alert.availability.checked).set("text", alert.availability.text);
  event.set("raised_at", rfc3339_ms(alert.raised_at));
  return event;
}

}  // namespace callroom::host
