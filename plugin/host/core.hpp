// The Janus core, as the plugin calls it. Set once before any session exists.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "host/janus.hpp"
#include "json/json.hpp"
#include "media/layered_source.hpp"

namespace callroom::host {

// A video that the client offers to send in several sizes at once (simulcast, RFC 8853). The core keeps the lines that
// say so from the plugin, and tells it of them beside the description.
struct OfferedLayers {
  int m_line = 0;
  media::LayeredSource::Naming naming;
};

struct Jsep {
  std::string type, sdp;  // "offer" or "answer"
  bool ice_restart = false;
  std::vector<OfferedLayers> layers = {};  // of an offer of a client
};

// What came with a message: nothing where there was none, an error where it is no jsep.
Result<std::optional<Jsep>> read_jsep(json::JsonView jsep);

class Core {
 public:
  Core(janus_callbacks* callbacks, janus_plugin* plugin) : callbacks_(callbacks), plugin_(plugin) {}

  // None of these may be called with a lock held that query_session takes too. With a jsep this may block for seconds
  // while candidates are gathered: from a strand only. False where the core refused it.
  bool push_event(janus_plugin_session* session, const std::string& transaction, const json::Json& event,
                  const std::optional<Jsep>& jsep) const;
  void close_peer_connection(janus_plugin_session* session) const { callbacks_->close_pc(session); }
  void end_session(janus_plugin_session* session) const { callbacks_->end_session(session); }
  void request_key_frame(janus_plugin_session* session, int m_line) const {
    callbacks_->send_pli_stream(session, m_line);
  }
  void send_remb(janus_plugin_session* session, std::uint32_t bits_per_second) const {
    callbacks_->send_remb(session, bits_per_second);
  }
  bool has_event_handlers() const { return callbacks_->events_is_enabled() != 0; }
  void notify_event_handlers(janus_plugin_session* session, json::Json event) const {
    callbacks_->notify_event(plugin_, session, event.release());
  }

  // The callback itself, for the packet path: a packet costs one indirect call.
  auto relay_rtp() const { return callbacks_->relay_rtp; }

  bool tokens_are_signed() const { return callbacks_->auth_is_signed() != 0; }
  bool token_is_valid(const std::string& token) const {
    return callbacks_->auth_is_signature_valid(plugin_, token.c_str()) != 0;
  }
  bool token_contains(const std::string& token, const std::string& descriptor) const {
    return callbacks_->auth_signature_contains(plugin_, token.c_str(), descriptor.c_str()) != 0;
  }

 private:
  janus_callbacks* callbacks_;
  janus_plugin* plugin_;
};

// Why this core cannot run the plugin, or nothing where it can: the layout of what both sides share differs between
// versions of Janus without a change of the API number, so the plugin runs in the version it was built for only.
std::optional<std::string> reason_to_refuse_core();

bool core_is_stopping();

}  // namespace callroom::host
