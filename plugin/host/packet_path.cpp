#include "host/packet_path.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <vector>

#include "host/call_session.hpp"
#include "host/handle.hpp"
#include "host/monotonic.hpp"

namespace callroom::host {
namespace {

constexpr std::size_t kMostRewritten = kRtpHeaderSize;
constexpr std::size_t kMostDescriptor = 8;  // RFC 7741: six bytes

void (*core_relay_rtp)(janus_plugin_session*, janus_plugin_rtp*) = nullptr;

std::span<const std::uint8_t> bytes_of(const char* buffer, std::uint16_t length) {
  return {reinterpret_cast<const std::uint8_t*>(buffer), length};
}

std::uint8_t* header_of(const janus_plugin_rtp& packet) {
  return reinterpret_cast<std::uint8_t*>(packet.buffer);
}

[[gnu::always_inline]] inline void relay_to(const media::Leg& leg, janus_plugin_rtp* packet) {
  packet->mindex = leg.m_line;
  core_relay_rtp(static_cast<janus_plugin_session*>(leg.receiver), packet);
}

// What is not irregular. `note` tells the leg of the packet: after leave() it may be gone.
template <typename Note>
[[gnu::always_inline]] inline void relay_in_order(UplinkTrack& track, janus_plugin_rtp* packet, media::Leg& leg,
                                                  RtpHead head, std::uint64_t count, Note note) {
  const media::SavedHeader original = track.route.rewrite_for(leg, header_of(*packet), head, count);
  relay_to(leg, packet);
  note(leg);
  original.restore(header_of(*packet));
  track.route.leave();
  packet->mindex = track.m_line;
}
template <typename Note>
[[gnu::always_inline]] inline void relay_in_order(UplinkTrack& track, janus_plugin_rtp* packet, RtpHead head,
                                                  std::uint64_t count, PacketClock clock, Note note) {
  const CountStep step{count - Tally::unit(packet->length), count};
  track.route.fan_out(header_of(*packet), packet->length, head, step, clock, false, [packet, note](media::Leg& leg) {
    relay_to(leg, packet);
    note(leg);
  });
  packet->mindex = track.m_line;
}

void note_nothing(const media::Leg&) {}

auto note_usual_frame(MonotonicUs now) {
  return [now](media::Leg& leg) { static_cast<RelayLeg&>(leg).stream.on_usual_frame(now); };
}

// What relay_rtp() does not do itself is in functions of their own, so that it keeps nothing across a call and ends in
// a jump to one of them; which takes that nothing can be thrown.

[[gnu::noinline]] void relay_to_one(UplinkTrack& track, janus_plugin_rtp* packet, RtpHead head, std::uint64_t count,
                                    media::Leg& leg) noexcept {
  relay_in_order(track, packet, leg, head, count, note_nothing);
}

// How loud the sender is, for who follows the speaker among several: a call of two pays nothing for it.
[[gnu::always_inline]] inline void note_loudness(UplinkTrack& track, const janus_plugin_rtp& packet) {
  constexpr unsigned kSoftest = 127;  // RFC 6464: the level counts down from full scale
  const auto level = packet.extensions.audio_level;
  AmongMany* many = track.among_many.get();
  if (level < 0 || many == nullptr) return;
  const std::uint64_t heard = many->loudness.load(std::memory_order_relaxed);
  many->loudness.store(heard + Tally::unit(kSoftest - (static_cast<unsigned>(level) & kSoftest)),
                       std::memory_order_relaxed);
}

[[gnu::noinline]] void relay_to_all(UplinkTrack& track, janus_plugin_rtp* packet, RtpHead head,
                                    std::uint64_t count) noexcept {
  note_loudness(track, *packet);
  relay_in_order(track, packet, head, count, PacketClock(), note_nothing);
}

[[gnu::noinline]] void relay_timed_to_all(UplinkTrack& track, janus_plugin_rtp* packet, RtpHead head,
                                          std::uint64_t count, MonotonicUs now) noexcept {
  relay_in_order(track, packet, head, count, PacketClock(now), note_nothing);
}

[[gnu::noinline]] void relay_frame_to_all(UplinkTrack& track, janus_plugin_rtp* packet, RtpHead head,
                                          std::uint64_t count, MonotonicUs now) noexcept {
  relay_in_order(track, packet, head, count, PacketClock(now), note_usual_frame(now));
}

// A key frame, the first frame after a while without, or whatever is irregular.
[[gnu::noinline, gnu::cold]] void relay_rare(UplinkTrack& track, janus_plugin_rtp* packet, RtpHead head,
                                             MonotonicUs now, quality::PacketEvents events) noexcept {
  const std::uint64_t count = track.stream.count();
  const std::uint64_t before = events.in_order() ? count - Tally::unit(packet->length) : track.stream.count_before();
  track.route.fan_out(header_of(*packet), packet->length, head, {before, count}, PacketClock(now), events.key_frame(),
                      [packet, now, events](media::Leg& leg) {
                        relay_to(leg, packet);
                        if (events.any()) static_cast<RelayLeg&>(leg).stream.on_frame(events, now);
                      });
  packet->mindex = track.m_line;
  if (events.key_frame()) track.last_key_frame.store(now, std::memory_order_relaxed);
}

// The first packet of a frame, one in five or so; audio that is timed; whatever is irregular.
[[gnu::noinline]] void relay_special(UplinkTrack& track, janus_plugin_rtp* packet, RtpHead head) noexcept {
  const MonotonicUs now = monotonic_now();
  const quality::PacketEvents events = track.stream.on_special(bytes_of(packet->buffer, packet->length), head, now);
  const bool frame = events.usual_frame();
  if (!frame && (events.any() || !events.in_order())) [[unlikely]]
    return relay_rare(track, packet, head, now, events);
  const std::uint64_t count = track.stream.count();
  media::Leg* only = track.route.only_leg(count);
  if (only == nullptr) {
    return frame ? relay_frame_to_all(track, packet, head, count, now)
                 : relay_timed_to_all(track, packet, head, count, now);
  }
  track.route.note_arrival(head.timestamp(), now);
  if (!frame) return relay_to_one(track, packet, head, count, *only);
  relay_in_order(track, packet, *only, head, count, note_usual_frame(now));
}

// What a receiver gets of a packet in layers: header and VP8 descriptor are rewritten for it, and put back by the
// caller.
bool rewrite_layered(RelayLeg& leg, const media::LayeredPacket& layered, std::span<std::uint8_t> bytes,
                     MonotonicUs now) {
  const auto taken = leg.filter->take(layered, now);
  if (!taken) return false;
  media::SourcePacket packet;
  packet.index = taken->index;
  packet.highest = taken->highest;
  packet.head = static_cast<std::uint32_t>(taken->index) << 16 | std::uint32_t{bytes[0]} << 8 | (bytes[1] & 0x80U);
  packet.timestamp = taken->timestamp;
  if (!leg.rewriter.takes(packet) && !leg.rewriter.begin(packet, bytes.size(), now, [] { return true; })) return false;
  leg.rewriter.rewrite_irregular(packet, bytes.size(), bytes.data());
  if (layered.descriptor) {
    leg.filter->continuity.rewrite(*layered.descriptor, bytes.subspan(layered.payload_at),
                                   taken->frames_left_out_since);
  }
  return true;
}

// To who begins: as if it had been there when that came.
void begin_with(const KeptStart& start, RelayLeg& leg, MonotonicUs now) {
  std::vector<std::uint8_t> bytes;
  for (const KeptStart::Packet& kept : start.packets(now)) {
    bytes.assign(kept.bytes.begin(), kept.bytes.end());
    if (!rewrite_layered(leg, kept.layered, bytes, kept.at)) continue;
    send_to(leg, bytes, kept.with.rotation);
    if (kept.with.events.any()) leg.stream.on_frame(kept.with.events, now);
  }
}

// A source in layers: costs more than others, which do not pay for it.
[[gnu::noinline]] void relay_layered(UplinkTrack& track, janus_plugin_rtp* packet) {
  const std::span bytes(reinterpret_cast<std::uint8_t*>(packet->buffer), packet->length);
  const MonotonicUs now = monotonic_now();
  const quality::PacketEvents events = track.stream.on_rtp(bytes, [now] { return now; });
  if (bytes.size() < kRtpHeaderSize) return;
  LayeredVideo& video = *track.layered();
  const auto layered = video.source.read(bytes, events.key_frame(), now);
  if (!layered) return;
  std::array<std::uint8_t, kMostRewritten> original{};
  const auto rewritten = bytes.first(std::min(bytes.size(), kMostRewritten));
  std::ranges::copy(rewritten, original.begin());
  const auto descriptor =
      bytes.subspan(layered->payload_at).first(layered->descriptor ? layered->descriptor->size : std::size_t{0});
  std::array<std::uint8_t, kMostDescriptor> original_descriptor{};
  std::ranges::copy(descriptor, original_descriptor.begin());
  KeptStart* start = video.start.get();
  track.route.for_each_leg(++video.packets, [&](media::Leg& entry) {
    auto& leg = static_cast<RelayLeg&>(entry);
    if (start != nullptr && !leg.filter->has_begun()) begin_with(*start, leg, now);
    if (!rewrite_layered(leg, *layered, bytes, now)) return;
    packet->mindex = leg.m_line;
    core_relay_rtp(static_cast<janus_plugin_session*>(leg.receiver), packet);
    if (events.any()) leg.stream.on_frame(events, now);
    std::ranges::copy(std::span(original).first(rewritten.size()), rewritten.begin());
    std::ranges::copy(std::span(original_descriptor).first(descriptor.size()), descriptor.begin());
  });
  packet->mindex = track.m_line;
  if (start != nullptr) start->note(*layered, bytes, now, {events, packet->extensions.video_rotation});
  if (!events.key_frame()) return;
  track.last_key_frame.store(now, std::memory_order_relaxed);
  video.note_height(layered->spatial, events.size().height);
}

[[gnu::noinline, gnu::cold]] void relay_if_layered(Uplink& uplink, janus_plugin_rtp* packet) {
  UplinkTrack* track = uplink.layered_track(packet->mindex);
  if (track != nullptr) relay_layered(*track, packet);
}

}  // namespace

void send_to(const RelayLeg& leg, std::span<std::uint8_t> bytes, std::int16_t rotation) noexcept {
  janus_plugin_rtp packet{};
  janus_plugin_rtp_reset(&packet);
  packet.mindex = leg.m_line;
  packet.video = leg.stream.kind() == quality::MediaKind::kVideo ? TRUE : FALSE;
  packet.buffer = reinterpret_cast<char*>(bytes.data());
  packet.length = static_cast<std::uint16_t>(bytes.size());
  packet.extensions.video_rotation = rotation;
  core_relay_rtp(static_cast<janus_plugin_session*>(leg.receiver), &packet);
}

void set_packet_core(const Core& core) {
  core_relay_rtp = core.relay_rtp();
}

void relay_rtp(janus_plugin_session* session, janus_plugin_rtp* packet) noexcept {
  const auto* handle = static_cast<const Handle*>(session->plugin_handle);
  Uplink* uplink = handle->uplink.load(std::memory_order_acquire);
  if (uplink == nullptr || static_cast<std::size_t>(packet->mindex) >= kMaxSendingMLines) return;
  UplinkTrack* track = uplink->by_line[static_cast<std::size_t>(packet->mindex)].load(std::memory_order_acquire);
  if (track == nullptr) [[unlikely]]
    return relay_if_layered(*uplink, packet);
  const std::size_t size = packet->length;
  if (size < kRtpHeaderSize) [[unlikely]]
    return track->stream.on_malformed();

  const RtpHead head = RtpHead::read(header_of(*packet));
  std::uint64_t count = 0;
  if (!track->stream.take_ordinary(head, size, count)) return relay_special(*track, packet, head);
  media::Leg* only = track->route.only_leg(count);
  if (only == nullptr) return relay_to_all(*track, packet, head, count);
  relay_to_one(*track, packet, head, count, *only);
}

namespace {

void read_sender_rtcp(Uplink& uplink, const janus_plugin_rtcp& packet, MonotonicUs now) {
  UplinkTrack* track = nullptr;
  if (static_cast<std::size_t>(packet.mindex) < kMaxSendingMLines) {
    track = uplink.by_line[static_cast<std::size_t>(packet.mindex)].load(std::memory_order_acquire);
    if (track == nullptr) track = uplink.layered_track(packet.mindex);
  }
  uplink.rtcp.on_rtcp(bytes_of(packet.buffer, packet.length), track != nullptr ? &track->stream : nullptr, now);
}

[[gnu::noinline]] void tell_of_network(Downlink& downlink, const quality::RtcpDigest& digest, MonotonicUs now) {
  NetworkNews news{.at = now,
                   .covered = NetworkNews::packets(digest.twcc_covered),
                   .missing = NetworkNews::packets(digest.twcc_lost),
                   .skipped = NetworkNews::packets(digest.twcc_skipped),
                   .late = NetworkNews::packets(digest.twcc_late),
                   .arrived = digest.twcc_arrived.value_or(0)};
  if (const auto& trip = digest.round_trip) {
    news.round_trip = NetworkNews::quarter_ms(trip->rtt);
    news.round_trip_ago = NetworkNews::quarter_ms(trip->ago);
  }
  for (const quality::DownlinkStream* stream : downlink.streams.all()) {
    if (stream->kind() != quality::MediaKind::kVideo) continue;
    const auto relayed = stream->relayed();
    news.relayed_packets += static_cast<std::uint32_t>(relayed.packets());
    news.relayed_bytes += static_cast<std::uint32_t>(relayed.bytes());
  }
  // Full: the ticker is held up, and these news would be old.
  static_cast<void>(downlink.network_news.push(news));
}

// What is lost before the core sends anything again would have the picture stand still for the 3 s that Chrome waits
// before it asks for a key frame.
void note_unrepeated(const Downlink& downlink, const quality::RtcpDigest& digest, MonotonicUs now) {
  constexpr MonotonicUs kToldOfLoss = 500'000;  // so late may feedback tell of what was sent before
  // Feedback that was lost may have told of losses; nothing else would.
  if (digest.twcc_lost == 0 && digest.twcc_skipped == 0) return;
  for (DownlinkTrack* each : downlink.seen.all()) {
    const quality::DownlinkStream& stream = each->leg->stream;
    if (stream.kind() != quality::MediaKind::kVideo) continue;
    if (stream.repeated_from() != 0 && now - stream.repeated_from() > kToldOfLoss) continue;
    each->key_frame_asked.store(true, std::memory_order_relaxed);
  }
}

[[gnu::noinline]] void read_receiver_compound(Downlink& downlink, const janus_plugin_rtcp& packet, DownlinkTrack* track,
                                              MonotonicUs now) {
  quality::DownlinkStream* stream = track != nullptr ? &track->leg->stream : nullptr;
  const quality::RtcpDigest digest = downlink.rtcp.on_rtcp(bytes_of(packet.buffer, packet.length), stream,
                                                           downlink.streams.all(), now, [] { return wall_now(); });
  if (digest.twcc_covered != 0 || digest.round_trip) tell_of_network(downlink, digest, now);
  note_unrepeated(downlink, digest, now);
  if (digest.wants_key_frame() && track != nullptr) track->key_frame_asked.store(true, std::memory_order_relaxed);
}

void read_receiver_rtcp(Downlink& downlink, const janus_plugin_rtcp& packet, MonotonicUs now) {
  DownlinkTrack* track = downlink.track_of(packet.mindex);
  quality::DownlinkStream* stream = track != nullptr ? &track->leg->stream : nullptr;
  const auto compound = bytes_of(packet.buffer, packet.length);
  if (downlink.rtcp.take_lone_report(compound, stream, downlink.streams.all(), now)) return;
  read_receiver_compound(downlink, packet, track, now);
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
