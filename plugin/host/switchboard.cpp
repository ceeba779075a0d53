#include "host/switchboard.hpp"

#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "host/monotonic.hpp"
#include "host/random.hpp"
#include "host/test_rooms.hpp"
#include "host/turn_servers.hpp"
#include "json/quality_json.hpp"
#include "json/room_events.hpp"

namespace callroom::host {

using json::Json;

Switchboard::Switchboard(const Config& config, const Core& core, storage::Store* store, storage::Reader* reader)
    : config_(config),
      core_(core),
      store_(store),
      reader_(reader),
      outgoing_(core, config.events),
      rooms_(config.admin_key, {config.max_rooms, config.max_sessions}),
      peers_(rooms_, outgoing_) {}

Result<void> Switchboard::check_tokens(const signaling::RoomSettings& settings) const {
  if (!settings.signed_tokens || core_.tokens_are_signed()) return {};
  return Error{ErrorCode::kInvalidField, "signed_tokens needs token_auth_secret in Janus's own configuration"};
}

Result<std::string> Switchboard::add_room(signaling::RoomSettings settings) {
  if (const auto usable = check_tokens(settings); !usable) return usable.error();
  const std::lock_guard lock(mutex_);
  return rooms_.add(std::move(settings));
}

// ---- requests that concern rooms ----

Json Switchboard::answer(const signaling::CreateRoom& request) {
  if (const auto usable = check_tokens(request.settings); !usable) return json::error_json(usable.error());
  const std::lock_guard lock(mutex_);
  const auto created = rooms_.create(request, random_hex(8));
  if (!created) return json::error_json(created.error());
  Json answer = json::named_event("created");
  answer.set("room", *created);
  return answer;
}

Json Switchboard::answer(const signaling::EditRoom& request) {
  const std::lock_guard lock(mutex_);
  if (const auto edited = rooms_.edit(request); !edited) return json::error_json(edited.error());
  Json answer = json::named_event("edited");
  answer.set("room", request.room);
  return answer;
}

Json Switchboard::answer(const signaling::DestroyRoom& request) {
  const std::lock_guard lock(mutex_);
  const auto departures = rooms_.destroy(request);
  if (!departures) return json::error_json(departures.error());
  for (const auto& departure : *departures) depart(departure, "room_destroyed");
  Json answer = json::named_event("destroyed");
  answer.set("room", request.room);
  return answer;
}

Json Switchboard::answer(const signaling::RoomExists& request) {
  const std::lock_guard lock(mutex_);
  Json answer = json::named_event("exists");
  answer.set("room", request.room).set("exists", rooms_.find(request.room) != nullptr);
  return answer;
}

Json Switchboard::answer(const signaling::ListRooms& request) {
  const std::lock_guard lock(mutex_);
  return json::rooms_json(rooms_.list(request));
}

Json Switchboard::answer(const signaling::ListParticipants& request) {
  const std::lock_guard lock(mutex_);
  const auto participants = rooms_.participants(request);
  if (!participants) return json::error_json(participants.error());
  return json::participants_json(request.room, *participants);
}

Json Switchboard::answer(const signaling::Kick& request) {
  const std::lock_guard lock(mutex_);
  const auto departure = rooms_.kick(request);
  if (!departure) return json::error_json(departure.error());
  depart(*departure, "kicked");
  Json answer = json::named_event("kicked");
  answer.set("room", request.room).set("id", request.id);
  return answer;
}

Result<void> Switchboard::kick(const std::string& room, const std::string& participant) {
  const std::lock_guard lock(mutex_);
  const auto departure = rooms_.kick(room, participant);
  if (!departure) return departure.error();
  depart(*departure, "kicked");
  return {};
}

Result<void> Switchboard::destroy_room(const std::string& room) {
  const std::lock_guard lock(mutex_);
  const auto departures = rooms_.destroy(room);
  if (!departures) return departures.error();
  for (const auto& departure : *departures) depart(departure, "room_destroyed");
  return {};
}

// ---- joining and leaving ----

bool Switchboard::token_proves(const signaling::Join& request) const {
  return core_.tokens_are_signed() && !request.token.empty() && core_.token_is_valid(request.token) &&
         core_.token_contains(request.token, "room=" + request.room) &&
         core_.token_contains(request.token, "user=" + request.user_id);
}

Result<void> Switchboard::carry_out(const Context& context, const signaling::Join& asked) {
  signaling::Join request = asked;
  request.proven = token_proves(asked);
  const std::lock_guard lock(mutex_);
  Handle& handle = *context.handle;
  if (handle.destroyed) return {};
  if (handle.session) return Error{ErrorCode::kAlreadyJoined, "This handle is in a room already"};
  const signaling::FreshIds ids{random_uuid(), random_hex(8), random_hex(16)};
  auto outcome = rooms_.join(request, handle.id, ids);
  if (!outcome) return outcome.error();

  const signaling::RoomSettings& settings = rooms_.find(request.room)->settings;
  storage::SessionFacts facts;
  facts.session_id = ids.session_id;
  facts.started_at = wall_now();
  facts.node = config_.node;
  facts.room = request.room;
  facts.user_id = request.user_id;
  if (!request.display.empty()) facts.display = request.display;
  if (!request.device_info.empty()) facts.device_info = request.device_info;
  const quality::SessionOptions options{static_cast<std::uint32_t>(config_.sample_interval.count()),
                                        static_cast<double>(settings.bitrate_kbps), true};
  auto session = std::make_shared<CallSession>(std::move(facts), settings, options);
  session->participant = ids.participant_id;
  session->receive_token = ids.receive_token;
  session->proven = request.proven;
  session->next_sample =
      monotonic_now() + std::chrono::duration_cast<std::chrono::microseconds>(config_.sample_interval).count();
  session->bitrate_kbps = settings.bitrate_kbps;
  session->sender = context.handle;

  if (outcome->taken_over) depart(*outcome->taken_over, "takeover");
  follow_membership(request.room, monotonic_now());
  if (media_is_direct(*rooms_.find(request.room))) {
    session->direct = std::make_unique<Direct>();
    session->provider = session->media_path = "p2p";
    session->measured_by = "client";
  }
  if (store_ != nullptr && is_recorded(request.room))
    session->journal = store_->begin(storage::SessionRecord(*session));
  handle.session = session;
  handle.uplink.store(&session->uplink, std::memory_order_release);
  calls_.add(session);
  outgoing_.add(context.handle);
  json::Json joined =
      json::joined_json(outcome->joined, std::chrono::duration<double, std::milli>(config_.sample_interval).count());
  joined.set("provider", session->provider);
  joined.set("simulcast", session->settings.in_layers);
  joined.set("ice_servers", ice_servers_for_client(config_, outcome->joined.user_id));
  outgoing_.post(context.handle, context.transaction, std::move(joined));
  outgoing_.post_all(outcome->notices);
  Json event = json::named_event("joined");
  event.set("room", request.room).set("session_id", ids.session_id).set("id", ids.participant_id);
  event.set("user_id", request.user_id).set("display", session->display);
  outgoing_.notify(context.handle, std::move(event));
  return {};
}

Result<void> Switchboard::carry_out(const Context& context, const signaling::Signal& request) {
  const std::lock_guard lock(mutex_);
  const auto found = sending_session(*context.handle);
  if (!found) return found.error();
  const SessionPtr& session = *found;
  if (context.jsep) return Error{ErrorCode::kInvalidJsep, "signal carries its description in the body"};
  if (rooms_.find(session->room)->settings.media == signaling::MediaKind::kRelay) {
    return Error{ErrorCode::kWrongMedia, "In a relay room offers travel in negotiate"};
  }
  const auto others = calls_.others_in_room(*session);
  const auto other = std::ranges::find(others, request.to, [](const SessionPtr& each) { return each->participant; });
  if (other == others.end()) {
    return Error{ErrorCode::kNoSuchParticipant, "There is no other participant '" + request.to + "' in this room"};
  }
  // Where the room has just moved to the relay, what was on its way is of no use any more.
  if (session->direct) {
    if (const auto done = peers_.carry_out(request, session, *other, monotonic_now()); !done) return done.error();
  }
  outgoing_.post(context.handle, context.transaction, json::named_event("ack"));
  return {};
}

Result<void> Switchboard::carry_out(const Context& context, const signaling::Leave&) {
  const std::lock_guard lock(mutex_);
  const auto session = sending_session(*context.handle);
  if (!session) return session.error();
  const auto departure = rooms_.leave((*session)->room, (*session)->participant, "left");
  if (departure) depart(*departure, "left", context.transaction);
  return {};
}

void Switchboard::depart(const signaling::Departure& departure, const std::string& reason,
                         const std::string& transaction) {
  if (const auto session = calls_.find(departure.participant.session_id)) end(session, reason, transaction);
  outgoing_.post_all(departure.notices);
  outgoing_.remove(departure.participant.handle);
  follow_membership(departure.room, monotonic_now());
}

void Switchboard::end(const SessionPtr& session, const std::string& reason, const std::string& transaction) {
  if (session->ended) return;
  session->ended = true;
  storage::SessionRecord record(*session);
  record.quality = sum_up(*session, monotonic_now());
  record.ended_at = wall_now();
  record.end_reason = reason;
  JANUS_LOG(LOG_INFO, "[callroom] Room %s: %s is gone (%s) after %u negotiations, %u collisions, %u rollbacks\n",
            record.room.c_str(), record.user_id.c_str(), reason.c_str(), record.negotiations, record.glare_count,
            record.rollbacks);
  peers_.forget(*session);
  release_sources(*session);
  const auto sender = session->sender.lock();
  const auto receiver = session->receiver.lock();
  if (receiver) release_receiver(*receiver);
  if (sender) {
    sender->uplink.store(nullptr, std::memory_order_release);
    sender->session.reset();
    sender->retired.push_back(session);
  }
  if (calls_.remove(session)) layers_.forget(session->room);
  reconnect_room(session->room);

  const auto acknowledge = [this, sender, receiver, transaction, id = session->session_id, room = session->room, reason,
                            summary = record.quality] {
    Json left = json::named_event("left");
    left.set("session_id", id).set("room", room).set("reason", reason).set("quality", json::summary_json(summary));
    if (sender) {
      outgoing_.notify(sender, Json::adopt(json_deep_copy(left.get())));
      outgoing_.post(sender, transaction, std::move(left));
    }
    for (const auto& handle : {sender, receiver}) {
      if (handle) outgoing_.close_peer_connection(handle);
    }
  };
  if (store_ == nullptr || !is_recorded(session->room)) return acknowledge();
  store_->finish(std::move(record), session->journal, [acknowledge](storage::Kept) { acknowledge(); });
}

Result<Switchboard::SessionPtr> Switchboard::sending_session(const Handle& handle) const {
  if (handle.session && handle.session->sender.lock().get() == &handle) return handle.session;
  return Error{ErrorCode::kNotJoined, "This handle is in no room"};
}

void Switchboard::tick(MonotonicUs now) {
  std::vector<KeyFrameRequest> key_frames;
  std::vector<BitrateRequest> bitrates;
  {
    const std::lock_guard lock(mutex_);
    take_due_samples(now);
    peers_.tick(now);
    watch_legs(now);
    tick_auto_rooms(now);
    bitrates = adapt(now);
    for (const auto& [id, session] : calls_.all()) {
      if (session->downlink) LayerControl::resume_next(*session->downlink, now);
    }
    key_frames = due_key_frames(now);
  }
  for (const BitrateRequest& request : bitrates) {
    core_.send_remb(request.sender->core_session, request.bits_per_second);
  }
  send(key_frames);
}

// ---- of the core ----

void Switchboard::abandon_offer(const std::shared_ptr<Handle>& handle) {
  const std::lock_guard lock(mutex_);
  if (!handle->negotiated) outgoing_.close_peer_connection(handle);
}

void Switchboard::handle_gone(const std::shared_ptr<Handle>& handle, bool stopping) {
  const std::lock_guard lock(mutex_);
  handle->destroyed = true;
  handle->uplink.store(nullptr, std::memory_order_release);
  handle->downlink.store(nullptr, std::memory_order_release);
  const SessionPtr session = handle->session;
  if (session && session->sender.lock() == handle) {
    // Who went without a word was silent long before Janus gave up on the session; who closes the page is heard till
    // then.
    const quality::Sample* last = session->quality.latest();
    const std::string reason = stopping ? "shutdown" : last != nullptr && last->silent ? "timeout" : "hangup";
    const auto departure = rooms_.leave(session->room, session->participant, reason);
    if (departure) depart(*departure, reason);
  } else if (session) {
    release_receiver(*handle);
  }
  handle->session.reset();
  handle->retired.clear();
}

void Switchboard::end_all(const std::string& reason) {
  const std::lock_guard lock(mutex_);
  while (!calls_.all().empty()) {
    const SessionPtr session = calls_.all().begin()->second;
    const auto departure = rooms_.leave(session->room, session->participant, reason);
    if (departure) {
      depart(*departure, reason);
    } else {
      end(session, reason, "");
    }
  }
}

void Switchboard::media_up(Handle& handle) {
  const MonotonicUs now = monotonic_now();
  std::vector<KeyFrameRequest> requests;
  {
    const std::lock_guard lock(mutex_);
    const SessionPtr session = handle.session;
    if (!session) return;
    if (std::exchange(session->hung_up_at, 0) != 0)
      session->quality.disconnected(now);  // it came back before it counted
    session->quality.connected(now);
    if (session->sender.lock().get() == &handle) {
      for (const auto& track : session->uplink.tracks) {
        if (track->kind == media::Kind::kVideo) track->key_frames.negotiated(now);
      }
      session->uplink.up = true;
      cap(*session, now);
    } else if (session->downlink) {
      receiver_up(*session);
      requests = first_key_frames(*session, now);
    }
    if (session->moving) tell_arrival(session->room);
  }
  send(requests);
}

void Switchboard::media_down(Handle& handle) {
  const std::lock_guard lock(mutex_);
  handle.negotiated = false;
  handle.retired.clear();
  const SessionPtr session = handle.session;
  if (session && session->sender.lock().get() == &handle) {
    // Nobody is relayed what does not come; a PeerConnection that follows starts with m-lines of its own.
    for (const auto& track : session->uplink.tracks) track->sending = false;
    session->uplink.up = false;
    session->uplink.gone = true;
    reconnect_room(session->room);
  }
  if (handle.session && handle.session->hung_up_at == 0) handle.session->hung_up_at = monotonic_now();
}

Json Switchboard::describe(Handle& handle) const {
  const std::lock_guard lock(mutex_);
  Json json = Json::object();
  json.set("waiting", static_cast<std::int64_t>(handle.strand->waiting()));
  if (const auto& session = handle.session) {
    json.set("room", session->room).set("user_id", session->user_id).set("id", session->participant);
    json.set("session_id", session->session_id);
    json.set("peer_connection", session->sender.lock().get() == &handle ? "sending" : "receiving");
  }
  return json;
}

}  // namespace callroom::host
