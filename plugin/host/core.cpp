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

namespace {

std::vector<OfferedLayers> read_layers(json::JsonView simulcast) {
  std::vector<OfferedLayers> layers;
  for (std::size_t i = 0; simulcast.is_array() && i < simulcast.size(); ++i) {
    const json::JsonView entry = simulcast.at(i);
    const std::int64_t extension = entry["rid-ext"].integer().value_or(0);
    OfferedLayers offered{static_cast<int>(entry["mindex"].integer().value_or(-1)), {}};
    const json::JsonView rids = entry["rids"];  // the highest first
    for (std::size_t k = 0; rids.is_array() && k < rids.size(); ++k) {
      if (const auto rid = rids.at(k).string()) offered.naming.rids.emplace_back(*rid);
    }
    offered.naming.rid_extension = static_cast<std::uint8_t>(extension);
    const bool usable = offered.naming.rids.size() >= 2 && offered.naming.rids.size() <= media::kMostSpatial;
    if (usable && extension > 0 && extension <= UINT8_MAX) layers.push_back(std::move(offered));
  }
  return layers;
}

}  // namespace

Result<std::optional<Jsep>> read_jsep(json::JsonView jsep) {
  if (!jsep) return std::optional<Jsep>();
  const auto type = jsep["type"].string();
  const auto sdp = jsep["sdp"].string();
  if (!type || !sdp) return Error{ErrorCode::kInvalidJsep, "A jsep needs the strings type and sdp"};
  return std::optional(Jsep{std::string(*type), std::string(*sdp), false, read_layers(jsep["simulcast"])});
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
