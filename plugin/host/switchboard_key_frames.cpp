// Key frames: who waits for one, and which senders are asked.
#include <optional>
#include <utility>

#include "host/layer_control.hpp"
#include "host/switchboard.hpp"

namespace callroom::host {

namespace {

void note_requests(const CallSession& receiver, MonotonicUs now) {
  for (const auto& track : receiver.downlink->tracks) {
    if (track->paused) continue;  // it begins with a key frame anyway
    if (!track->key_frame_asked.exchange(false, std::memory_order_relaxed)) continue;
    if (UplinkTrack* source = track->source.load(std::memory_order_relaxed)) source->key_frames.ask(now);
  }
}

bool is_due(UplinkTrack& track, MonotonicUs now) {
  if (track.kind != media::Kind::kVideo || track.route.legs().empty()) return false;
  if (track.route.waits_for_key_frame()) track.key_frames.ask(now);
  const MonotonicUs last = track.last_key_frame.load(std::memory_order_relaxed);
  // Receivers find out a second later, when their own requests for what the relay never got have all failed.
  if (last != 0 && track.layered() == nullptr && track.stream.broken_since(now) > last) track.key_frames.ask(now);
  return track.key_frames.take_due(now, last == 0 ? std::nullopt : std::optional(last));
}

}  // namespace

std::vector<Switchboard::KeyFrameRequest> Switchboard::due_key_frames(MonotonicUs now) {
  for (const auto& [id, session] : calls_.all()) {
    if (!session->downlink) continue;
    note_requests(*session, now);
    LayerControl::ask_for_key_frames(*session->downlink, now);
  }
  std::vector<KeyFrameRequest> requests;
  for (const auto& [id, session] : calls_.all()) {
    for (const auto& track : session->uplink.tracks) {
      if (!is_due(*track, now)) continue;
      ++session->keyframe_requests;
      if (auto sender = session->sender.lock()) requests.push_back({std::move(sender), track->m_line});
    }
  }
  return requests;
}

// Of a receiver that has just come up: its first picture does not wait for the next tick.
std::vector<Switchboard::KeyFrameRequest> Switchboard::first_key_frames(const CallSession& receiver, MonotonicUs now) {
  std::vector<KeyFrameRequest> requests;
  for (const auto& track : receiver.downlink->tracks) {
    UplinkTrack* source = track->source.load(std::memory_order_relaxed);
    const SessionPtr sender = calls_.find(track->source_session);
    if (source == nullptr || source->kind != media::Kind::kVideo || !sender) continue;
    source->key_frames.ask(now);
    if (!source->key_frames.take_due(now, std::nullopt)) continue;
    ++sender->keyframe_requests;
    if (auto handle = sender->sender.lock()) requests.push_back({std::move(handle), source->m_line});
  }
  return requests;
}

void Switchboard::send(const std::vector<KeyFrameRequest>& requests) const {
  for (const KeyFrameRequest& request : requests) {
    core_.request_key_frame(request.sender->core_session, request.m_line);
  }
}

}  // namespace callroom::host
