// Who hears and sees whom: offers and answers of the two PeerConnections, and the routes between them.
#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "host/monotonic.hpp"
#include "host/relaying.hpp"
#include "host/switchboard.hpp"
#include "json/room_events.hpp"

namespace callroom::host {

using json::Json;

namespace {

std::span<const media::Codec> preference(const CallSession& session, media::Kind kind) {
  const auto& settings = session.settings;
  return (kind == media::Kind::kAudio ? settings.audio : settings.video).codecs();
}

UplinkTrack* track_of_line(const Uplink& uplink, int m_line) {
  const auto it = std::ranges::find(uplink.tracks, m_line, [](const auto& track) { return track->m_line; });
  return it == uplink.tracks.end() ? nullptr : it->get();
}

const OfferedLayers* layers_of(const Jsep& offer, int m_line) {
  const auto found = std::ranges::find(offer.layers, m_line, &OfferedLayers::m_line);
  return found == offer.layers.end() ? nullptr : &*found;
}

bool is_free(const std::atomic<UplinkTrack*>& place) {
  return place.load(std::memory_order_relaxed) == nullptr;
}

std::ptrdiff_t free_places(const Uplink& uplink) {
  const Uplink::Layered* places = uplink.layered.get();
  return places == nullptr || uplink.gone ? std::ptrdiff_t{kMostLayered} : std::ranges::count_if(*places, is_free);
}

// Each packet has some 65 bytes of headers beside the 80 that 20 ms of sound take: half as many of them leave a narrow
// network a quarter of what several people's sound takes there. It costs 20 ms of latency.
constexpr int kPacketMsAmongMany = 40;

std::vector<sdp::AcceptedMedia> accept(const CallSession& session, const Jsep& offer,
                                       const std::vector<sdp::OfferedMedia>& offered) {
  std::vector<sdp::AcceptedMedia> accepted;
  const Uplink& uplink = session.uplink;
  auto places = free_places(uplink);
  for (const sdp::OfferedMedia& media : offered) {
    sdp::AcceptedMedia answer{media.m_line, std::nullopt};
    if (media.kind && static_cast<std::size_t>(media.m_line) < kMaxSendingMLines) {
      answer.format = media::choose(media.formats, preference(session, *media.kind));
    }
    // Of VP8 alone is known how to choose among layers; and what was sent without stays so.
    const UplinkTrack* before = uplink.gone ? nullptr : track_of_line(uplink, media.m_line);
    answer.in_layers = session.settings.in_layers && answer.format && answer.format->codec == media::Codec::kVp8 &&
                       layers_of(offer, media.m_line) != nullptr &&
                       (before == nullptr ? places-- > 0 : before->layered() != nullptr);
    if (session.settings.for_many && media.kind == media::Kind::kAudio) answer.packet_ms = kPacketMsAmongMany;
    accepted.push_back(answer);
  }
  return accepted;
}

UplinkTrack* track_of_mid(const Uplink& uplink, const std::string& mid) {
  const auto it = std::ranges::find(uplink.tracks, mid, [](const auto& track) { return track->mid; });
  return it == uplink.tracks.end() ? nullptr : it->get();
}

bool is_on(const CallSession& session, const UplinkTrack& track) {
  return track.sending && (track.kind == media::Kind::kAudio ? session.audio_on : session.video_on);
}

media::Sender sender_entry(const CallSession& session) {
  media::Sender sender{session.participant, {}};
  std::uint16_t audio = 0, video = 0;
  for (const auto& track : session.uplink.tracks) {
    const std::uint16_t slot = track->kind == media::Kind::kAudio ? audio++ : video++;
    if (is_on(session, *track)) sender.streams.push_back({track->mid, track->kind, track->format.codec, slot});
  }
  return sender;
}

const char* source_name(const UplinkTrack& track) {
  if (track.kind == media::Kind::kAudio) return track.slides ? "screen_audio" : "microphone";
  return track.slides ? "screen" : "camera";
}

}  // namespace

// ---- the sending PeerConnection ----

bool Switchboard::apply_offer(CallSession& session, const Jsep& offer, const std::vector<sdp::OfferedMedia>& offered,
                              const std::vector<sdp::AcceptedMedia>& accepted) {
  const MonotonicUs now = monotonic_now();
  bool shows_something_else = false;
  if (session.uplink.gone) begin_uplink_anew(session.uplink);
  for (std::size_t i = 0; i < offered.size(); ++i) {
    UplinkTrack* track = track_of_line(session.uplink, offered[i].m_line);
    if (!accepted[i].format) {
      if (track != nullptr) track->sending = false;
      continue;
    }
    if (track == nullptr) {
      session.uplink.tracks.push_back(
          std::make_unique<UplinkTrack>(offered[i].m_line, offered[i].mid, *accepted[i].format, now));
      track = session.uplink.tracks.back().get();
      if (accepted[i].in_layers) {
        track->among_many.make().layered = std::make_unique<LayeredVideo>(layers_of(offer, offered[i].m_line)->naming);
        track->stream.set_simulcast(true);
        std::ranges::find_if(session.uplink.layered.make(), is_free)->store(track, std::memory_order_release);
      }
    }
    track->format = *accepted[i].format;
    track->stream.set_codec(to_quality(track->format.codec));
    track->sending = offered[i].sends;
    shows_something_else = shows_something_else || track->slides != offered[i].slides;
    track->slides = offered[i].slides;
    if (track->kind == media::Kind::kVideo) track->key_frames.negotiated(now);
    if (track->layered() != nullptr) continue;
    session.uplink.by_line[static_cast<std::size_t>(offered[i].m_line)].store(track, std::memory_order_release);
  }
  return shows_something_else;
}

void Switchboard::begin_uplink_anew(Uplink& uplink) {
  uplink.gone = false;
  for (auto& entry : uplink.by_line) entry.store(nullptr, std::memory_order_release);
  if (Uplink::Layered* places = uplink.layered.get()) {
    for (auto& entry : *places) entry.store(nullptr, std::memory_order_release);
  }
  for (auto& track : uplink.tracks) uplink.former.push_back(std::move(track));
  uplink.tracks.clear();
}

Result<void> Switchboard::carry_out(const Context& context, const signaling::Negotiate& request) {
  const std::lock_guard lock(mutex_);
  const auto found = sending_session(*context.handle);
  if (!found) return found.error();
  if (!context.jsep) return Error{ErrorCode::kMissingJsep, "negotiate needs an offer"};
  if (context.jsep->type != "offer") return Error{ErrorCode::kInvalidJsep, "negotiate takes an offer only"};
  CallSession& session = **found;
  if (session.settings.media == signaling::MediaKind::kP2p) {
    return Error{ErrorCode::kWrongMedia, "In a p2p room offers travel in signal"};
  }
  const auto offered = sdp::read_offer(context.jsep->sdp);
  if (!offered) return offered.error();
  const auto accepted = accept(session, *context.jsep, *offered);
  std::string answer = sdp::write_answer(context.jsep->sdp, accepted);

  const bool shows_something_else = apply_offer(session, *context.jsep, *offered, accepted);
  context.handle->negotiated = true;
  ++session.negotiations;
  Json event = json::named_event("negotiated");
  Json streams = Json::array();
  for (const auto& track : session.uplink.tracks) {
    Json entry = Json::object();
    entry.set("mid", track->mid).set("kind", media::to_string(track->kind)).set("id", session.participant);
    streams.append(std::move(entry));
  }
  event.set("negotiation", request.negotiation).set("streams", std::move(streams));
  outgoing_.post(context.handle, context.transaction, std::move(event), Jsep{"answer", std::move(answer), false});
  reconnect_room(session.room, shows_something_else);
  return {};
}

// ---- the receiving PeerConnection ----

Result<void> Switchboard::carry_out(const Context& context, const signaling::Receive& request) {
  const std::lock_guard lock(mutex_);
  Handle& handle = *context.handle;
  if (handle.destroyed) return {};
  const SessionPtr session = calls_.find(request.session_id);
  if (!session || !equal_in_constant_time(session->receive_token, request.receive_token)) {
    return Error{ErrorCode::kNoSuchSession, "There is no such session, or the receive_token is wrong"};
  }
  if (handle.session == session && session->receiver.lock() == context.handle) {
    // The client lost its signaling connection, and may have missed events.
    carry_out_change(*session, session->downlink->slots.repeat(), context.transaction);
    return {};
  }
  if (handle.session) return Error{ErrorCode::kAlreadyJoined, "This handle is in use already"};
  if (session->settings.media == signaling::MediaKind::kP2p) {
    return Error{ErrorCode::kWrongMedia, "In a p2p room nothing is received from the server"};
  }
  if (const auto before = session->receiver.lock()) release_receiver(*before);
  const auto video = preference(*session, media::Kind::kVideo);
  session->downlink = std::make_shared<Downlink>(video.front(), 1000.0 * session->settings.bitrate_kbps);
  session->receiver = context.handle;
  handle.session = session;
  handle.negotiated = true;
  handle.downlink.store(session->downlink.get(), std::memory_order_release);
  session->downlink->slots.update(senders_for(*session));
  carry_out_change(*session, session->downlink->slots.start(), context.transaction);
  return {};
}

Result<void> Switchboard::carry_out(const Context& context, const signaling::Answer& request) {
  const std::lock_guard lock(mutex_);
  const SessionPtr session = context.handle->session;
  if (!session || session->receiver.lock() != context.handle) {
    return Error{ErrorCode::kNotJoined, "This handle receives nothing"};
  }
  if (!context.jsep) return Error{ErrorCode::kMissingJsep, "answer needs an answer"};
  if (context.jsep->type != "answer") return Error{ErrorCode::kInvalidJsep, "answer takes an answer only"};
  const auto lines = sdp::read_answer(context.jsep->sdp);
  if (!lines) return lines.error();
  const auto change = session->downlink->slots.answer(static_cast<std::uint64_t>(request.negotiation), *lines);
  if (!change) return change.error();
  ++session->negotiations;
  outgoing_.post(context.handle, context.transaction, json::named_event("ack"));
  carry_out_change(*session, *change, "");
  return {};
}

std::vector<media::Sender> Switchboard::senders_for(const CallSession& session) const {
  std::vector<media::Sender> senders;
  for (const SessionPtr& other : calls_.others_in_room(session)) senders.push_back(sender_entry(*other));
  return senders;
}

void Switchboard::reconnect_room(const std::string& room, bool tell_streams) {
  for (const SessionPtr& session : calls_.in_room(room)) {
    if (!session->downlink) continue;
    media::Change change = session->downlink->slots.update(senders_for(*session));
    change.streams_changed = change.streams_changed || tell_streams;
    carry_out_change(*session, change, "");
  }
}

Result<void> Switchboard::carry_out(const Context& context, const signaling::Configure& request) {
  const std::lock_guard lock(mutex_);
  const auto found = sending_session(*context.handle);
  if (!found) return found.error();
  CallSession& session = **found;
  session.audio_on = request.audio.value_or(session.audio_on);
  session.video_on = request.video.value_or(session.video_on);
  if (request.bitrate_kbps) session.bitrate_kbps = std::min(*request.bitrate_kbps, session.settings.bitrate_kbps);
  LayerControl::take_wishes(session, calls_.others_in_room(session), request);
  if (request.keyframe) {
    for (const auto& track : session.uplink.tracks) track->key_frames.ask(monotonic_now());
  }
  for (const auto& track : session.uplink.tracks) {
    track->stream.set_muted(track->kind == media::Kind::kAudio ? !session.audio_on : !session.video_on);
  }
  cap(session, monotonic_now());
  outgoing_.post(context.handle, context.transaction, json::named_event("configured"));
  reconnect_room(session.room);
  return {};
}

// ---- routes ----

// Who and what is on which m-line of a receiving PeerConnection.
Json Switchboard::streams_json(const CallSession& session) const {
  Json streams = Json::array();
  const auto others = calls_.others_in_room(session);
  for (const media::Occupied& line : session.downlink->slots.streams()) {
    const auto other = std::ranges::find(others, line.source.participant, [](const auto& o) { return o->participant; });
    const UplinkTrack* track = other == others.end() ? nullptr : track_of_mid((*other)->uplink, line.source.mid);
    Json entry = Json::object();
    entry.set("mid", line.mid).set("kind", media::to_string(line.kind)).set("id", line.source.participant);
    if (track != nullptr) entry.set("source", source_name(*track));
    const auto received = std::ranges::find_if(session.downlink->tracks, [&](const auto& each) {
      return line.kind == media::Kind::kVideo && std::to_string(each->leg->m_line) == line.mid;
    });
    if (received != session.downlink->tracks.end() && (*received)->starved) entry.set("paused", true);
    streams.append(std::move(entry));
  }
  return streams;
}

void Switchboard::carry_out_change(CallSession& session, const media::Change& change, const std::string& transaction) {
  for (const media::Move& move : change.moves) {
    if (session.downlink->up) {
      carry_out_move(session, move);
    } else {
      session.downlink->waiting.push_back(move);
    }
  }
  const auto receiver = session.receiver.lock();
  if (!receiver) return;
  if (change.offer) {
    session.downlink->offered_at = monotonic_now();
    Json event = json::named_event("offer");
    event.set("negotiation", static_cast<std::int64_t>(change.offer->negotiation));
    event.set("streams", streams_json(session));
    outgoing_.post(receiver, transaction, std::move(event),
                   Jsep{"offer", sdp::write_offer(*change.offer), change.offer->ice_restart});
  } else if (change.streams_changed) {
    Json event = json::named_event("streams");
    event.set("streams", streams_json(session));
    outgoing_.post(receiver, transaction, std::move(event));
  }
}

DownlinkTrack& Switchboard::downlink_track(CallSession& session, const media::Move& move) {
  Downlink& downlink = *session.downlink;
  if (DownlinkTrack* track = downlink.track_of(move.line)) return *track;
  auto track = std::make_unique<DownlinkTrack>();
  track->leg = std::make_shared<RelayLeg>(session.receiver.lock()->core_session, move.line, move.kind, monotonic_now());
  downlink.seen.append(track.get());
  downlink.streams.append(&track->leg->stream);
  downlink.position[move.line].store(static_cast<std::uint8_t>(downlink.tracks.size() + 1), std::memory_order_release);
  downlink.tracks.push_back(std::move(track));
  return *downlink.tracks.back();
}

void Switchboard::carry_out_move(CallSession& session, const media::Move& move) {
  DownlinkTrack& track = downlink_track(session, move);
  detach(track);
  if (!move.to) return;
  for (const SessionPtr& other : calls_.others_in_room(session)) {
    if (other->participant != move.to->participant) continue;
    UplinkTrack* source = track_of_mid(other->uplink, move.to->mid);
    if (source == nullptr) return;
    LayerControl::begin(session, track, *source);
    attach(track, *source, other->session_id, move.payload_type);
    if (source->kind == media::Kind::kVideo) source->key_frames.negotiated(monotonic_now());
    return;
  }
}

void Switchboard::receiver_up(CallSession& session) {
  session.downlink->up = true;
  for (const media::Move& move : std::exchange(session.downlink->waiting, {})) carry_out_move(session, move);
}

void Switchboard::tell_streams(const CallSession& session) {
  const auto receiver = session.receiver.lock();
  if (!receiver) return;
  Json event = json::named_event("streams");
  event.set("streams", streams_json(session));
  outgoing_.post(receiver, "", std::move(event));
}

void Switchboard::release_receiver(Handle& handle) {
  handle.downlink.store(nullptr, std::memory_order_release);
  const SessionPtr session = std::move(handle.session);
  handle.session.reset();
  if (!session) return;
  handle.retired.push_back(session);
  if (session->downlink) {
    for (const auto& track : session->downlink->tracks) detach(*track);
    session->former.push_back(std::move(session->downlink));
  }
  session->downlink.reset();
  session->receiver.reset();
}

void Switchboard::release_sources(const CallSession& session) {
  for (const SessionPtr& other : calls_.others_in_room(session)) {
    if (!other->downlink) continue;
    for (const auto& track : other->downlink->tracks) {
      if (track->source_session == session.session_id) detach(*track);
    }
  }
}

}  // namespace callroom::host
