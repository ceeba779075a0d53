#include "admin/turn_requests.hpp"

#include "admin/scope.hpp"
#include "json/turn_json.hpp"

namespace callroom::admin {

using json::Json;
using json::JsonView;

void add_turn_requests(Dispatcher& dispatcher, turn::TestService& service) {
  dispatcher.add("turn_servers", [&service](JsonView request) -> Result<Json> {
    json::Fields fields(request);
    if (auto error = finish(fields, request, {})) return *std::move(error);
    return json::turn_servers_json(service.servers(), service.availability());
  });
  dispatcher.add("turn_test", [&service](JsonView request) -> Result<Json> {
    json::Fields fields(request);
    if (auto error = finish(fields, request, {"server", "url", "username", "password", "secret"})) {
      return *std::move(error);
    }
    const auto wanted = json::parse_turn_test(request);
    if (!wanted) return wanted.error();
    const auto test = service.start(*wanted);
    if (!test) return test.error();
    return std::move(Json::object().set("test", *test));
  });
  dispatcher.add("turn_test_status", [&service](JsonView request) -> Result<Json> {
    json::Fields fields(request);
    const auto test = fields.required_id("test");
    if (auto error = finish(fields, request, {"test"})) return *std::move(error);
    const auto status = service.status(test);
    if (!status) return status.error();
    return json::turn_status_json(*status);
  });
  dispatcher.add("turn_test_cancel", [&service](JsonView request) -> Result<Json> {
    json::Fields fields(request);
    const auto test = fields.required_id("test");
    if (auto error = finish(fields, request, {"test"})) return *std::move(error);
    if (const auto cancelled = service.cancel(test); !cancelled) return cancelled.error();
    return std::move(Json::object().set("test", test));
  });
}

}  // namespace callroom::admin
