#include "json/turn_json.hpp"

#include <algorithm>

#include "base/rfc3339.hpp"
#include "json/fields.hpp"

namespace callroom::json {
namespace {

using namespace turn;

Json step_json(const Step& step) {
  Json json = Json::object();
  json.set("name", step.name).set("state", step_state_name(step.state)).set("at_ms", step.at_ms);
  json.set("duration_ms", step.duration_ms).set("detail", step.detail);
  return json;
}

Json steps_json(const std::vector<Step>& steps) {
  Json list = Json::array();
  for (const auto& step : steps) list.append(step_json(step));
  return list;
}

Json recommendation_json(const Recommendation& one) {
  Json json = Json::object();
  json.set("severity", severity_name(one.severity)).set("code", one.code).set("text", one.text);
  return json;
}

Json address_json(const std::optional<Address>& address) {
  return Json(address ? std::optional(to_text(*address)) : std::nullopt);
}

Json kind_json(const std::optional<Address>& address) {
  return Json(address ? std::optional(std::string(kind_name(classify(*address)))) : std::nullopt);
}

Json certificate_json(const CertificateFacts& facts) {
  Json json = Json::object();
  json.set("subject", facts.subject).set("issuer", facts.issuer).set("days_left", facts.days_left);
  json.set("not_after", facts.not_after ? std::optional(rfc3339_ms(*facts.not_after)) : std::nullopt);
  return json;
}

Json echo_json(const EchoFacts& facts) {
  Json json = Json::object();
  json.set("through", facts.through).set("sent", facts.sent).set("received", facts.received);
  json.set("rtt_ms", facts.rtt_avg_ms).set("rtt_min_ms", facts.rtt_min_ms).set("rtt_max_ms", facts.rtt_max_ms);
  json.set("jitter_ms", facts.jitter_ms).set("loss_pct", facts.loss_pct);
  return json;
}

Json hardening_json(const std::vector<HardeningFact>& facts) {
  Json list = Json::array();
  for (const auto& fact : facts) {
    Json json = Json::object();
    json.set("peer", fact.peer).set("kind", kind_name(fact.kind)).set("accepted", fact.accepted);
    list.append(std::move(json));
  }
  return list;
}

Json path_json(const PathReport& path, bool finished) {
  Json json = Json::object();
  json.set("family", path.server.family == Family::kIpv4 ? "ipv4" : "ipv6").set("address", to_text(path.server));
  json.set("transport", transport_name(path.transport)).set("reason", path.reason);
  json.set("verdict", finished ? std::optional(std::string(verdict_name(path.verdict))) : std::nullopt);
  json.set("status", finished ? std::optional(std::string(status_name(status_of(path.verdict)))) : std::nullopt);
  json.set("steps", steps_json(path.steps)).set("software", path.software).set("realm", path.realm);
  json.set("mapped", address_json(path.mapped)).set("relayed", address_json(path.relayed));
  json.set("relayed_kind", kind_json(path.relayed)).set("alternate", address_json(path.alternate));
  json.set("alternate_kind", kind_json(path.alternate)).set("binding_ms", path.binding_rtt_ms);
  json.set("lifetime_s", path.lifetime_s ? std::optional<std::int64_t>(*path.lifetime_s) : std::nullopt);
  json.set("certificate", path.certificate ? certificate_json(*path.certificate) : Json());
  json.set("echo", path.echo ? echo_json(*path.echo) : Json()).set("hardening", hardening_json(path.hardening));
  json.set("retransmissions", path.retransmissions).set("forged", path.forged).set("foreign", path.foreign);
  return json;
}

Json report_json(const CheckReport& report) {
  Json json = Json::object();
  json.set("server", report.server_id.empty() ? std::nullopt : std::optional(report.server_id));
  json.set("url", report.url).set("transport", transport_name(report.transport)).set("relays", report.relays);
  json.set("scheme_added", report.scheme_added).set("finished", report.finished).set("reason", report.reason);
  const auto when_finished = [&](std::string_view text) {
    return Json(report.finished ? std::optional(std::string(text)) : std::nullopt);
  };
  json.set("verdict", when_finished(verdict_name(report.verdict)));
  json.set("status", when_finished(status_name(report.status)));
  json.set("meaning", when_finished(meaning(report.verdict)));
  const bool started = report.started_at != WallTime{};
  json.set("started_at", started ? std::optional(rfc3339_ms(report.started_at)) : std::nullopt);
  json.set("duration_ms", report.duration_ms).set("steps", steps_json(report.steps));
  Json paths = Json::array();
  for (const auto& path : report.paths) paths.append(path_json(path, report.finished));
  Json recommendations = Json::array();
  for (const auto& one : report.recommendations) recommendations.append(recommendation_json(one));
  json.set("paths", std::move(paths)).set("recommendations", std::move(recommendations));
  return json;
}

// The steps of all servers in one list, each with whose it is.
Json all_steps_json(const TestStatus& status) {
  Json list = Json::array();
  const auto add = [&](const CheckReport& report, const PathReport* path, const Step& step) {
    Json json = step_json(step);
    json.set("server", report.server_id.empty() ? report.url : report.server_id);
    json.set("address", path != nullptr ? std::optional(to_text(path->server)) : std::nullopt);
    list.append(std::move(json));
  };
  for (const auto& report : status.reports) {
    for (const auto& step : report.steps) add(report, nullptr, step);
    for (const auto& path : report.paths) {
      for (const auto& step : path.steps) add(report, &path, step);
    }
  }
  return list;
}

Json all_recommendations_json(const TestStatus& status) {
  struct Entry {
    const CheckReport* report;
    const Recommendation* recommendation;
  };
  std::vector<Entry> all;
  for (const auto& report : status.reports) {
    for (const auto& one : report.recommendations) all.push_back({&report, &one});
  }
  std::ranges::stable_sort(all, {}, [](const Entry& entry) { return entry.recommendation->severity; });
  Json list = Json::array();
  for (const auto& [report, recommendation] : all) {
    Json json = recommendation_json(*recommendation);
    json.set("server", report->server_id.empty() ? report->url : report->server_id);
    list.append(std::move(json));
  }
  return list;
}

int badness(Status status) {
  switch (status) {
    case Status::kFail:
      return 3;
    case Status::kWarn:
      return 2;
    case Status::kSkipped:
      return 1;
    case Status::kPass:
      break;
  }
  return 0;
}

}  // namespace

Result<TestRequest> parse_turn_test(JsonView request) {
  Fields fields(request);
  const auto server = fields.id("server");
  TestAdHoc adhoc;
  const auto url = fields.text("url", 512);
  adhoc.username = fields.text("username", 513);
  adhoc.password = fields.text("password", 512);
  adhoc.secret = fields.text("secret", 512);
  if (fields.error()) return *fields.error();
  if (server && url) return Error{ErrorCode::kInvalidField, "give either server or url"};
  if (!server && !url) return Error{ErrorCode::kMissingField, "server is missing: the id of one, or \"all\""};
  if (server && (adhoc.username || adhoc.password || adhoc.secret)) {
    return Error{ErrorCode::kInvalidField, "credentials go with url only: a configured server has its own"};
  }
  if (adhoc.password && adhoc.secret) return Error{ErrorCode::kInvalidField, "give either password or secret"};
  if (adhoc.password.has_value() && !adhoc.username) return Error{ErrorCode::kMissingField, "username is missing"};
  if (server) return *server == "all" ? TestRequest(TestAll{}) : TestRequest(TestOne{*server});
  adhoc.url = *url;
  return TestRequest(std::move(adhoc));
}

Json turn_servers_json(const std::vector<ServerSummary>& servers, const AvailabilityReport& availability) {
  Json list = Json::array();
  for (const auto& server : servers) {
    Json json = Json::object();
    json.set("id", server.id).set("url", server.url).set("transport", transport_name(server.transport));
    json.set("relays", server.relays).set("credentials", server.credentials);
    json.set("check_every", static_cast<std::int64_t>(server.check_every.count()));
    json.set("last", server.last ? report_json(*server.last) : Json());
    list.append(std::move(json));
  }
  Json level = Json::object();
  level.set("level", availability_name(availability.level)).set("reachable", availability.reachable);
  level.set("checked", availability.checked).set("text", availability.text);
  Json json = Json::object();
  json.set("servers", std::move(list)).set("availability", std::move(level));
  return json;
}

Json turn_status_json(const TestStatus& status) {
  Json json = Json::object();
  json.set("test", status.test).set("state", test_state_name(status.state)).set("progress", status.progress);
  json.set("started_at", status.started_at ? std::optional(rfc3339_ms(*status.started_at)) : std::nullopt);
  const auto worst = std::ranges::max_element(status.reports, {}, [](const auto& r) { return badness(r.status); });
  const bool over = std::ranges::all_of(status.reports, &CheckReport::finished) && worst != status.reports.end();
  json.set("verdict", over ? std::optional(std::string(verdict_name(worst->verdict))) : std::nullopt);
  json.set("status", over ? std::optional(std::string(status_name(worst->status))) : std::nullopt);
  json.set("steps", all_steps_json(status)).set("recommendations", all_recommendations_json(status));
  Json reports = Json::array();
  for (const auto& report : status.reports) reports.append(report_json(report));
  json.set("servers", std::move(reports));
  return json;
}

Json ice_servers_json(const std::vector<IceServer>& servers) {
  Json list = Json::array();
  for (const auto& server : servers) {
    Json json = Json::object();
    json.set("id", server.id).set("urls", server.url);
    if (server.credentials) {
      json.set("username", server.credentials->username).set("credential", server.credentials->password);
    }
    list.append(std::move(json));
  }
  return list;
}

}  // namespace callroom::json
