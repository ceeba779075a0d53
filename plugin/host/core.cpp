#include "host/core.hpp"

#include <cstdlib>

extern "C" {
// Exported by the janus executable, declared in no installed header. Weak, so that a core without them still loads
// the plugin and is refused with a message.
extern int janus_version __attribute__((weak));
extern char* janus_version_string __attribute__((weak));
gint janus_is_stopping(void) __attribute__((weak));
}

namespace callroom::host {

Result<std::optional<Jsep>> read_jsep(json::JsonView jsep) {
  if (!jsep) return std::optional<Jsep>();
  const auto type = jsep["type"].string();
  const auto sdp = jsep["sdp"].string();
  if (!type || !sdp) return Error{ErrorCode::kInvalidJsep, "A jsep needs the strings type and sdp"};
  return std::optional(Jsep{std::string(*type), std::string(*sdp), false});
}

bool Core::push_event(janus_plugin_session* session, const std::string& transaction, const json::Json& event,
                      const std::optional<Jsep>& jsep) const {
  json::Json description;
  if (jsep) {
    description = json::Json::object();
    description.set("type", jsep->type).set("sdp", jsep->sdp);
    if (jsep->ice_restart) description.set("restart", true);
  }
  return callbacks_->push_event(session, plugin_, transaction.empty() ? nullptr : transaction.c_str(), event.get(),
                                description.get()) == 0;
}

std::optional<std::string> reason_to_refuse_core() {
  const std::string built_for = CALLROOM_JANUS_VERSION;
  if (&janus_version_string == nullptr || janus_version_string == nullptr) {
    return "this plugin was built for Janus " + built_for + ", and the running core does not tell its version";
  }
  if (built_for != janus_version_string) {
    return "this plugin was built for Janus " + built_for + ", and this is Janus " + janus_version_string +
           ": build it with the headers of the Janus that runs it";
  }
  return std::nullopt;
}

bool core_is_stopping() {
  return janus_is_stopping != nullptr && janus_is_stopping() != 0;
}

}  // namespace callroom::host
