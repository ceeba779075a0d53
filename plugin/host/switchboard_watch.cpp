// Legs through the server that do not answer, or are not reached.
#include <algorithm>
#include <utility>

#include "host/monotonic.hpp"
#include "host/switchboard.hpp"
#include "json/room_events.hpp"

namespace callroom::host {

void Switchboard::watch_legs(MonotonicUs now) {
  constexpr MonotonicUs kInterval = 1'000'000;
  if (now - legs_watched_at_ < kInterval) return;
  legs_watched_at_ = now;
  for (const auto& [id, session] : calls_.all()) {
    watch_sender(*session, now);
    if (session->downlink) watch_receiver(*session, now);
  }
}

// Who sends gives reports too, muted or not, on audio alone every 5 s or so. Where none come any more and the page has
// not noticed, it is asked for a new way; three times, since it may have stopped sending without a word.
void Switchboard::watch_sender(CallSession& session, MonotonicUs now) {
  constexpr MonotonicUs kSilence = 15'000'000;
  constexpr int kMostAsked = 3;
  Uplink& uplink = session.uplink;
  const auto sends = [](const auto& track) { return track->sending; };
  if (session.direct || uplink.gone || !std::ranges::any_of(uplink.tracks, sends)) return;
  const MonotonicUs heard = uplink.rtcp.silence().last();
  if (heard > uplink.restart_asked_at) uplink.restarts_asked = 0;
  if (heard == 0 || now - std::max(heard, uplink.restart_asked_at) < kSilence) return;
  const auto sender = session.sender.lock();
  if (!sender || uplink.restarts_asked >= kMostAsked) return;
  ++uplink.restarts_asked;
  uplink.restart_asked_at = now;
  JANUS_LOG(LOG_INFO, "[callroom] Room %s: %s is not heard any more; asked to restart ICE\n", session.room.c_str(),
            session.user_id.c_str());
  outgoing_.post(sender, "", json::negotiate_json("ice_restart"));
}

// An offer that nobody answers comes again: what changes meanwhile would else wait for ever. A leg that is relayed to
// and gives no reports is dead though the page may call it connected: it gets a new way. Reports on video come every
// second, on audio alone every 5 s or so.
void Switchboard::watch_receiver(CallSession& session, MonotonicUs now) {
  constexpr MonotonicUs kAnswerTime = 10'000'000;
  constexpr MonotonicUs kVideoSilence = 5'000'000, kAudioSilence = 15'000'000;
  constexpr MonotonicUs kRestartInterval = 10'000'000;
  Downlink& downlink = *session.downlink;
  if (downlink.slots.offer_is_out() && now - downlink.offered_at >= kAnswerTime) {
    carry_out_change(session, downlink.slots.repeat(), "");
    return;
  }
  std::uint64_t relayed = 0;
  bool video = false;
  for (const auto& track : downlink.tracks) {
    relayed += track->leg->stream.relayed().packets();
    video = video || (track->leg->stream.kind() == quality::MediaKind::kVideo && !track->source_session.empty());
  }
  if (std::exchange(downlink.relayed, relayed) == relayed) {
    downlink.relayed_since = 0;
    return;
  }
  if (downlink.relayed_since == 0) downlink.relayed_since = now;
  const MonotonicUs since = std::max({downlink.relayed_since, downlink.rtcp.silence().last(), downlink.restarted_at});
  const bool restarted_lately = downlink.restarted_at != 0 && now - downlink.restarted_at < kRestartInterval;
  if (now < since + (video ? kVideoSilence : kAudioSilence) || restarted_lately) return;
  if (downlink.slots.offer_is_out()) return;
  JANUS_LOG(LOG_INFO, "[callroom] Room %s: %s gives no reports on what it receives; ICE restarts\n",
            session.room.c_str(), session.user_id.c_str());
  downlink.restarted_at = now;
  carry_out_change(session, downlink.slots.restart_ice(), "");
}

}  // namespace callroom::host
