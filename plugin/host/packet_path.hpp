// What happens to each packet, on the loop thread of the handle it came in on. No lock, no allocation, no log.
#pragma once

#include <cstdint>
#include <span>

#include "host/call_session.hpp"
#include "host/core.hpp"

namespace callroom::host {

// Where packets are relayed to; set once, before any session exists.
void set_packet_core(const Core& core);

// A packet of the plugin's own, header and all, on an m-line that is in no route.
void send_to(const RelayLeg& leg, std::span<std::uint8_t> packet, std::int16_t rotation = -1) noexcept;

// Precondition of both: create_session has been called with the session, and destroy_session has not.

void relay_rtp(janus_plugin_session* session, janus_plugin_rtp* packet) noexcept;
void read_rtcp(janus_plugin_session* session, janus_plugin_rtcp* packet) noexcept;

}  // namespace callroom::host
