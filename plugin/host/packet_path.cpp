#include "host/packet_path.hpp"

#include <span>

#include "host/call_session.hpp"
#include "host/handle.hpp"
#include "host/monotonic.hpp"

namespace callroom::host {
namespace {

const Core* packet_core = nullptr;

std::span<const std::uint8_t> bytes_of(const char* buffer, std::uint16_t length) {
  return {reinterpret_cast<const std::uint8_t*>(buffer), length};
}

}  // namespace

void set_packet_core(const Core* core) {
  packet_core = core;
}

void relay_rtp(janus_plugin_session* session, janus_plugin_rtp* packet) noexcept {
  const auto* handle = static_cast<const Handle*>(session->plugin_handle);
  if (handle == nullptr) return;
  Uplink* uplink = handle->uplink.load(std::memory_order_acquire);
  if (uplink == nullptr || static_cast<std::size_t>(packet->mindex) >= kMaxSendingMLines) return;
  UplinkTrack* track = uplink->by_line[static_cast<std::size_t>(packet->mindex)].load(std::memory_order_acquire);
  if (track == nullptr) return;

  PacketClock clock;
  const auto bytes = bytes_of(packet->buffer, packet->length);
  const quality::PacketEvents events = track->stream.on_rtp(bytes, clock);
  if (bytes.size() < media::kRtpHeaderSize) return;
  const int m_line = packet->mindex;
  track->route.fan_out(
      reinterpret_cast<std::uint8_t*>(packet->buffer), packet->length, clock, [events] { return events.key_frame(); },
      [packet, events, &clock](media::Leg& leg) {
        packet->mindex = leg.m_line;
        packet_core->relay_rtp(static_cast<janus_plugin_session*>(leg.receiver), packet);
        if (events.any()) static_cast<RelayLeg&>(leg).stream.on_frame(events, clock());
      });
  packet->mindex = m_line;
  if (events.key_frame()) track->last_key_frame.store(clock(), std::memory_order_relaxed);
}

namespace {

void read_sender_rtcp(Uplink& uplink, const janus_plugin_rtcp& packet, MonotonicUs now) {
  UplinkTrack* track = nullptr;
  if (static_cast<std::size_t>(packet.mindex) < kMaxSendingMLines) {
    track = uplink.by_line[static_cast<std::size_t>(packet.mindex)].load(std::memory_order_acquire);
  }
  uplink.rtcp.on_rtcp(bytes_of(packet.buffer, packet.length), track != nullptr ? &track->stream : nullptr, now);
}

void read_receiver_rtcp(Downlink& downlink, const janus_plugin_rtcp& packet, MonotonicUs now) {
  std::size_t known = 0;
  for (; known < downlink.streams.size(); ++known) {
    const DownlinkTrack* track = downlink.by_line[known].load(std::memory_order_acquire);
    if (track == nullptr) break;
    downlink.streams[known] = &track->leg->stream;
  }
  DownlinkTrack* track = nullptr;
  if (static_cast<std::size_t>(packet.mindex) < downlink.by_line.size()) {
    track = downlink.by_line[static_cast<std::size_t>(packet.mindex)].load(std::memory_order_acquire);
  }
  const quality::RtcpDigest digest =
      downlink.rtcp.on_rtcp(bytes_of(packet.buffer, packet.length), track != nullptr ? &track->leg->stream : nullptr,
                            std::span(downlink.streams).first(known), now, [] { return wall_now(); });
  if (digest.wants_key_frame() && track != nullptr) track->key_frame_asked.store(true, std::memory_order_relaxed);
}

}  // namespace

void read_rtcp(janus_plugin_session* session, janus_plugin_rtcp* packet) noexcept {
  const auto* handle = static_cast<const Handle*>(session->plugin_handle);
  if (handle == nullptr) return;
  const MonotonicUs now = monotonic_now();
  if (Uplink* uplink = handle->uplink.load(std::memory_order_acquire)) {
    read_sender_rtcp(*uplink, *packet, now);
  } else if (Downlink* downlink = handle->downlink.load(std::memory_order_acquire)) {
    read_receiver_rtcp(*downlink, *packet, now);
  }
}

}  // namespace callroom::host
