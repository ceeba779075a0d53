// Everything that is decided about rooms and calls on this node, behind one lock: requests come in from the handles'
// strands, decisions are made on the pure layers, and what follows from them is posted to the strands of those whom it
// concerns, in the order of the decisions. The core is never called with the lock held.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "admin/live_rooms.hpp"
#include "base/result.hpp"
#include "host/call_session.hpp"
#include "host/calls.hpp"
#include "host/config.hpp"
#include "host/core.hpp"
#include "host/handle.hpp"
#include "host/layer_control.hpp"
#include "host/outgoing.hpp"
#include "host/peer_signaling.hpp"
#include "host/sdp.hpp"
#include "json/json.hpp"
#include "json/room_requests.hpp"
#include "media/picture_limit.hpp"
#include "signaling/auto_media.hpp"
#include "signaling/rooms.hpp"
#include "storage/reader.hpp"

namespace callroom::host {

class Switchboard {
 public:
  // `store` may be null: rows go nowhere. So may `reader`: there is no database to ask.
  Switchboard(const Config& config, const Core& core, storage::Store* store, storage::Reader* reader);

  Result<std::string> add_room(signaling::RoomSettings settings);

  // Requests that concern rooms rather than this handle; answered at once. Any thread.
  json::Json answer(const signaling::CreateRoom& request);
  json::Json answer(const signaling::EditRoom& request);
  json::Json answer(const signaling::DestroyRoom& request);
  json::Json answer(const signaling::RoomExists& request);
  json::Json answer(const signaling::ListRooms& request);
  json::Json answer(const signaling::ListParticipants& request);
  json::Json answer(const signaling::Kick& request);

  // Requests of a handle, on its strand. What comes of them is posted, the error returned.
  struct Context {
    std::shared_ptr<Handle> handle;
    std::string transaction;
    std::optional<Jsep> jsep;
  };
  Result<void> carry_out(const Context& context, const signaling::Join& request);
  Result<void> carry_out(const Context& context, const signaling::Negotiate& request);
  Result<void> carry_out(const Context& context, const signaling::Receive& request);
  Result<void> carry_out(const Context& context, const signaling::Answer& request);
  Result<void> carry_out(const Context& context, const signaling::Configure& request);
  Result<void> carry_out(const Context& context, const signaling::Signal& request);
  Result<void> carry_out(const Context& context, const json::Report& request);
  Result<void> carry_out(const Context& context, const signaling::Leave& request);
  Result<void> carry_out(const Context& context, const json::History& request);  // switchboard_history.cpp

  // A jsep came with a request that was refused. An offer that the core has applied and nobody answers would leave a
  // handle without a PeerConnection stuck, so what the core made of it is closed.
  void abandon_offer(const std::shared_ptr<Handle>& handle);

  // Of the core, on the handle's loop thread.
  void media_up(Handle& handle);
  void media_down(Handle& handle);
  void handle_gone(const std::shared_ptr<Handle>& handle, bool stopping);

  void end_all(const std::string& reason);

  // Several times a second, on the ticker's thread: asks senders for the key frames that somebody waits for, and takes
  // the samples that are due.
  void tick(MonotonicUs now);
  json::Json describe(Handle& handle) const;

  // For administrators.
  json::Json rooms() const;
  json::Json live(const admin::LiveFilter& filter) const;
  Result<void> kick(const std::string& room, const std::string& participant);
  Result<void> destroy_room(const std::string& room);
  struct Load {
    std::size_t rooms = 0, sessions = 0, deepest_queue = 0;
    LeftOut left_out;
  };
  Load load() const;

 private:
  using SessionPtr = Calls::SessionPtr;

  // All of these with the lock held.
  Result<void> check_tokens(const signaling::RoomSettings& settings) const;  // asks the core: without the lock
  bool token_proves(const signaling::Join& request) const;                   // asks the core: without the lock
  void depart(const signaling::Departure& departure, const std::string& reason, const std::string& transaction = "");
  void end(const SessionPtr& session, const std::string& reason, const std::string& transaction);
  Result<SessionPtr> sending_session(const Handle& handle) const;

  // Quality (switchboard_quality.cpp).
  void take_due_samples(MonotonicUs now);
  void take_sample(CallSession& session, MonotonicUs now);
  std::vector<std::uint16_t> asked_heights(const CallSession& session) const;
  void tell_others_rating(CallSession& session, const quality::Sample& sample);
  void keep_sample(CallSession& session, const quality::Sample& sample, WallTime wall);
  quality::Summary sum_up(CallSession& session, MonotonicUs now);

  // What clients measure themselves (switchboard_reports.cpp).
  void take_client_samples(CallSession& session, MonotonicUs now);
  void take_connection(CallSession& session, json::PeerConnectionState state, MonotonicUs now);
  void watch_reports(CallSession& session, MonotonicUs now);
  void lose_direct_connection(CallSession& session, MonotonicUs now);

  // Rooms that choose between the two (switchboard_auto.cpp).
  void follow_membership(const std::string& room, MonotonicUs now);
  void move_media(const std::string& room, signaling::AutoMedia::Move move);
  void tell_arrival(const std::string& room);
  bool media_is_direct(const signaling::Room& room) const;
  void tick_auto_rooms(MonotonicUs now);

  // What each network can take, and who is to send how much (switchboard_adaptation.cpp).
  struct BitrateRequest {
    std::shared_ptr<Handle> sender;
    std::uint32_t bits_per_second = 0;
  };
  std::vector<BitrateRequest> adapt(MonotonicUs now);
  bool follow_estimate(CallSession& session, MonotonicUs now);
  bool hear_of_network(Downlink& downlink, MonotonicUs now);
  std::uint32_t bitrate_for(const CallSession& session) const;
  void cap(CallSession& session, MonotonicUs now);
  bool network_limits(const CallSession& receiver, MonotonicUs now) const;
  void note_limit(CallSession& session, MonotonicUs now);
  std::optional<media::LimitedBy> limit_of(const CallSession& receiver, const CallSession& sender,
                                           MonotonicUs now) const;
  std::optional<media::LimitedBy> limit_of(const CallSession& receiver, MonotonicUs now) const;

  // Key frames (switchboard_key_frames.cpp).
  struct KeyFrameRequest {
    std::shared_ptr<Handle> sender;
    int m_line;
  };
  std::vector<KeyFrameRequest> due_key_frames(MonotonicUs now);
  std::vector<KeyFrameRequest> first_key_frames(const CallSession& receiver, MonotonicUs now);
  void send(const std::vector<KeyFrameRequest>& requests) const;  // without the lock

  // Media (switchboard_media.cpp).
  // True where an m-line that was there shows something else now: a screen instead of a camera, or the reverse.
  bool apply_offer(CallSession& session, const Jsep& offer, const std::vector<sdp::OfferedMedia>& offered,
                   const std::vector<sdp::AcceptedMedia>& accepted);
  std::vector<media::Sender> senders_for(const CallSession& session) const;
  json::Json streams_json(const CallSession& session) const;
  // After anybody's media changed: who receives whom now. tell_streams: also those for whom no m-line changes.
  void reconnect_room(const std::string& room, bool tell_streams = false);
  void carry_out_change(CallSession& session, const media::Change& change, const std::string& transaction);
  void carry_out_move(CallSession& session, const media::Move& move);
  void tell_streams(const CallSession& session);
  void receiver_up(CallSession& session);
  DownlinkTrack& downlink_track(CallSession& session, const media::Move& move);
  void begin_uplink_anew(Uplink& uplink);
  void watch_legs(MonotonicUs now);
  void watch_sender(CallSession& session, MonotonicUs now);
  void watch_receiver(CallSession& session, MonotonicUs now);
  void release_receiver(Handle& handle);
  void release_sources(const CallSession& session);  // whoever receives this session, no more

  const Config& config_;
  const Core& core_;
  storage::Store* const store_;
  storage::Reader* const reader_;
  mutable std::mutex mutex_;
  Outgoing outgoing_;
  signaling::Rooms rooms_;
  PeerSignaling peers_;
  Calls calls_;
  MonotonicUs legs_watched_at_ = 0;
  MonotonicUs adapted_at_ = 0;
  LayerControl layers_;
  std::map<std::string, signaling::AutoMedia> auto_rooms_;  // those that somebody is in
};

}  // namespace callroom::host
