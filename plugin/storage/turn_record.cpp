#include "storage/turn_record.hpp"

#include <array>
#include <charconv>
#include <cmath>

#include "storage/row_text.hpp"

namespace callroom::storage {
namespace {

constexpr std::uint8_t kFormat = 1;

// One JSON object, member by member; what is absent is left out, which Postgres reads as NULL.
class JsonObject {
 public:
  JsonObject& text(std::string_view name, std::string_view value) { return member(name, json_string(value)); }
  JsonObject& flag(std::string_view name, bool value) { return member(name, value ? "true" : "false"); }

  JsonObject& number(std::string_view name, double value) {
    if (!std::isfinite(value)) return *this;
    std::array<char, 32> digits{};
    const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), value);
    return error == std::errc{} ? member(name, std::string_view(digits.data(), end)) : *this;
  }

  template <typename T>
  JsonObject& maybe(std::string_view name, const std::optional<T>& value) {
    if (!value) return *this;
    if constexpr (std::is_same_v<T, std::string>) {
      return text(name, *value);
    } else {
      return number(name, static_cast<double>(*value));
    }
  }

  std::vector<std::uint8_t> payload(TurnRecordKind kind) {
    text_ += '}';
    std::vector<std::uint8_t> bytes = {static_cast<std::uint8_t>(kind), kFormat};
    bytes.insert(bytes.end(), text_.begin(), text_.end());
    return bytes;
  }

 private:
  JsonObject& member(std::string_view name, std::string_view value) {
    text_ += text_.empty() ? '{' : ',';
    text_.append(json_string(name)).append(":").append(value);
    return *this;
  }

  std::string text_;
};

}  // namespace

std::vector<std::uint8_t> encode(const turn::CheckRecord& record) {
  JsonObject json;
  json.text("check_id", record.check_id).text("checked_at", rfc3339(record.checked_at)).text("node", record.node);
  json.text("server_id", record.server_id).text("url", record.url).text("transport", record.transport);
  json.text("trigger", record.trigger).text("verdict", record.verdict).text("status", record.status);
  json.flag("reachable", record.reachable).text("reason", record.reason).number("duration_ms", record.duration_ms);
  json.maybe("ipv4_verdict", record.ipv4_verdict).maybe("ipv6_verdict", record.ipv6_verdict);
  json.maybe("rtt_ms", record.rtt_ms).maybe("jitter_ms", record.jitter_ms).maybe("loss_pct", record.loss_pct);
  json.maybe("certificate_days_left", record.certificate_days_left);
  return json.payload(TurnRecordKind::kCheck);
}

const char* rule_name(const TurnAlert& alert) {
  return alert.availability.level == turn::Availability::kCritical ? "turn_servers_critical" : "turn_servers_warning";
}

// As a rule of the configuration would raise it: below two servers is a warning, below one critical.
std::vector<std::uint8_t> encode(const TurnAlert& alert) {
  JsonObject json;
  const bool critical = alert.availability.level == turn::Availability::kCritical;
  json.text("rule", rule_name(alert));
  json.number("value", alert.availability.reachable).number("threshold", critical ? 1 : 2);
  json.number("servers", alert.availability.checked).text("raised_at", rfc3339(alert.raised_at));
  json.text("node", alert.node);
  return json.payload(TurnRecordKind::kAlert);
}

std::optional<TurnRecord> decode_turn_record(std::span<const std::uint8_t> payload) {
  if (payload.size() < 2 || payload[1] != kFormat) return std::nullopt;
  const auto kind = static_cast<TurnRecordKind>(payload[0]);
  if (kind != TurnRecordKind::kCheck && kind != TurnRecordKind::kAlert) return std::nullopt;
  const auto text = payload.subspan(2);
  return TurnRecord{kind, std::string_view(reinterpret_cast<const char*>(text.data()), text.size())};
}

const char* insert_sql(TurnRecordKind kind) {
  if (kind == TurnRecordKind::kAlert) {
    return "SELECT callroom_raise_alert(rule, 'turn_servers', value, threshold, servers, raised_at,"
           " raised_at + interval '1 second', node) FROM jsonb_to_recordset($1::jsonb)"
           " AS a(rule text, value float8, threshold float8, servers int8, raised_at timestamptz, node text)";
  }
  return "INSERT INTO turn_checks (check_id, checked_at, node, server_id, url, transport, trigger, verdict, status,"
         " reachable, reason, ipv4_verdict, ipv6_verdict, duration_ms, rtt_ms, jitter_ms, loss_pct,"
         " certificate_days_left) SELECT * FROM jsonb_to_recordset($1::jsonb) AS c(check_id uuid,"
         " checked_at timestamptz, node text, server_id text, url text, transport text, trigger text, verdict text,"
         " status text, reachable boolean, reason text, ipv4_verdict text, ipv6_verdict text, duration_ms float8,"
         " rtt_ms float8, jitter_ms float8, loss_pct float8, certificate_days_left int4) ON CONFLICT DO NOTHING";
}

}  // namespace callroom::storage
