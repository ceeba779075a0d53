#include "host/packet_path.hpp"

#include <span>

#include "host/call_session.hpp"
#include "host/handle.hpp"
#include "host/monotonic.hpp"

namespace callroom::host {
namespace {

void (*core_relay_rtp)(janus_plugin_session*, janus_plugin_rtp*) = nullptr;

std::span<const std::uint8_t> bytes_of(const char* buffer, std::uint16_t length) {
  return {reinterpret_cast<const std::uint8_t*>(buffer), length};
}

template <typename Relayed>
[[gnu::always_inline]] inline void fan_out(UplinkTrack& track, janus_plugin_rtp* packet, PacketClock clock,
                                           bool key_frame, Relayed relayed) {
  track.route.fan_out(reinterpret_cast<std::uint8_t*>(packet->buffer), packet->length, clock, key_frame,
                      [packet, relayed](media::Leg& leg) {
                        packet->mindex = leg.m_line;
                        core_relay_rtp(static_cast<janus_plugin_session*>(leg.receiver), packet);
                        relayed(static_cast<RelayLeg&>(leg));
                      });
  packet->mindex = track.m_line;
}

// The first packet of a frame, one in five or so.
[[gnu::noinline]] void relay_frame_start(UplinkTrack& track, janus_plugin_rtp* packet, PacketClock clock,
                                         quality::PacketEvents events) {
  const MonotonicUs now = clock();
  fan_out(track, packet, clock, events.key_frame(), [events, now](RelayLeg& leg) { leg.stream.on_frame(events, now); });
  if (events.key_frame()) track.last_key_frame.store(now, std::memory_order_relaxed);
}

}  // namespace

void set_packet_core(const Core& core) {
  core_relay_rtp = core.relay_rtp();
}

void relay_rtp(janus_plugin_session* session, janus_plugin_rtp* packet) noexcept {
  const auto* handle = static_cast<const Handle*>(session->plugin_handle);
  Uplink* uplink = handle->uplink.load(std::memory_order_acquire);
  if (uplink == nullptr || static_cast<std::size_t>(packet->mindex) >= kMaxSendingMLines) return;
  UplinkTrack* track = uplink->by_line[static_cast<std::size_t>(packet->mindex)].load(std::memory_order_acquire);
  if (track == nullptr) return;

  PacketClock clock;
  const auto bytes = bytes_of(packet->buffer, packet->length);
  const quality::PacketEvents events = track->stream.on_rtp(bytes, clock);
  if (bytes.size() < media::kRtpHeaderSize) [[unlikely]]
    return;
  if (events.any()) return relay_frame_start(*track, packet, clock, events);
  fan_out(*track, packet, clock, false, [](RelayLeg&) {});
}

namespace {

void read_sender_rtcp(Uplink& uplink, const janus_plugin_rtcp& packet, MonotonicUs now) {
  UplinkTrack* track = nullptr;
  if (static_cast<std::size_t>(packet.mindex) < kMaxSendingMLines) {
    track = uplink.by_line[static_cast<std::size_t>(packet.mindex)].load(std::memory_order_acquire);
  }
  uplink.rtcp.on_rtcp(bytes_of(packet.buffer, packet.length), track != nullptr ? &track->stream : nullptr, now);
}

void tell_of_network(Downlink& downlink, const quality::RtcpDigest& digest, std::size_t known, MonotonicUs now) {
  NetworkNews news{now, {digest.twcc_covered, digest.twcc_lost, digest.twcc_skipped}, {}, digest.round_trip};
  for (const quality::DownlinkStream* stream : std::span(downlink.streams).first(known)) {
    if (stream->kind() != quality::MediaKind::kVideo) continue;
    const auto relayed = stream->relayed();
    news.relayed.packets += relayed.packets;
    news.relayed.bytes += relayed.bytes;
  }
  // Full: the ticker is held up, and these news would be old.
  static_cast<void>(downlink.network_news.push(news));
}

void read_receiver_rtcp(Downlink& downlink, const janus_plugin_rtcp& packet, MonotonicUs now) {
  DownlinkTrack* track = nullptr;
  if (static_cast<std::size_t>(packet.mindex) < downlink.by_line.size()) {
    track = downlink.by_line[static_cast<std::size_t>(packet.mindex)].load(std::memory_order_acquire);
  }
  const std::size_t known = downlink.stream_count.load(std::memory_order_acquire);
  const quality::RtcpDigest digest =
      downlink.rtcp.on_rtcp(bytes_of(packet.buffer, packet.length), track != nullptr ? &track->leg->stream : nullptr,
                            std::span(downlink.streams).first(known), now, [] { return wall_now(); });
  if (digest.twcc_covered != 0 || digest.round_trip) tell_of_network(downlink, digest, known, now);
  if (digest.wants_key_frame() && track != nullptr) track->key_frame_asked.store(true, std::memory_order_relaxed);
}

}  // namespace

void read_rtcp(janus_plugin_session* session, janus_plugin_rtcp* packet) noexcept {
  const auto* handle = static_cast<const Handle*>(session->plugin_handle);
  const MonotonicUs now = monotonic_now();
  if (Uplink* uplink = handle->uplink.load(std::memory_order_acquire)) {
    read_sender_rtcp(*uplink, *packet, now);
  } else if (Downlink* downlink = handle->downlink.load(std::memory_order_acquire)) {
    read_receiver_rtcp(*downlink, *packet, now);
  }
}

}  // namespace callroom::host
