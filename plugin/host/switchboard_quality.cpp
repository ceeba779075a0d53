// Samples of the sessions that run, and their sums when they end.
#include <array>
#include <chrono>
#include <utility>

#include "host/monotonic.hpp"
#include "host/switchboard.hpp"
#include "json/quality_json.hpp"
#include "json/room_events.hpp"

namespace callroom::host {

using json::Json;

namespace {

// A hang-up that is the end of the session is followed by it at once; one that is not was a drop.
constexpr MonotonicUs kHangUpIsDropUs = 5'000'000;

// The streams of a session at this moment, for one call into its quality.
class Streams {
 public:
  // asked_heights: of each receiving track; none: whatever comes.
  Streams(CallSession& session, std::chrono::milliseconds interval, std::vector<std::uint16_t> asked_heights)
      : asked_heights_(std::move(asked_heights)) {
    for (const auto& track : session.uplink.tracks) uplinks_.push_back(&track->stream);
    if (session.downlink) {
      for (const auto& track : session.downlink->tracks) {
        downlinks_.push_back(&track->leg->stream);
        if (2 * std::chrono::milliseconds(std::exchange(track->starved_ms, 0)) > interval) ++streams_.withheld;
      }
    }
    streams_.uplinks = uplinks_;
    streams_.downlinks = downlinks_;
    streams_.uplink_rtcp = session.uplink.tracks.empty() ? nullptr : &session.uplink.rtcp;
    streams_.downlink_rtcp = session.downlink ? &session.downlink->rtcp : nullptr;
    streams_.asked_heights = asked_heights_;
    if (session.bitrate_kbps < session.settings.bitrate_kbps) streams_.asked_kbps = session.bitrate_kbps;
  }
  const quality::SessionStreams& get() const { return streams_; }

 private:
  std::vector<quality::UplinkStream*> uplinks_;
  std::vector<quality::DownlinkStream*> downlinks_;
  std::vector<std::uint16_t> asked_heights_;
  quality::SessionStreams streams_;
};

}  // namespace

// What a client asked for itself is the best that its pictures are held against.
std::vector<std::uint16_t> Switchboard::asked_heights(const CallSession& session) const {
  std::vector<std::uint16_t> heights;
  if (!session.downlink || !session.wanted) return heights;
  for (const auto& track : session.downlink->tracks) {
    heights.push_back(UINT16_MAX);
    const UplinkTrack* source = track->source.load(std::memory_order_relaxed);
    const SessionPtr sender = calls_.find(track->source_session);
    if (source == nullptr || source->layered() == nullptr || !sender) continue;
    const auto wanted = session.wanted->of(sender->participant);
    if (wanted >= signaling::WantedLayer::kHigh) continue;
    const std::uint16_t height = source->layered()->height_up_to(static_cast<std::size_t>(wanted));
    if (height != 0) heights.back() = height;
  }
  return heights;
}

void Switchboard::take_sample(CallSession& session, MonotonicUs now) {
  if (session.hung_up_at != 0 && now - session.hung_up_at >= kHangUpIsDropUs) {
    session.hung_up_at = 0;
    session.quality.disconnected(now);
  }
  const WallTime wall = wall_now();
  const Streams streams(session, config_.sample_interval, asked_heights(session));
  keep_sample(session, session.quality.sample(now, wall, streams.get()), wall);
}

// Into the journal, and to whoever wants to know.
void Switchboard::keep_sample(CallSession& session, const quality::Sample& sample, WallTime wall) {
  session.best_height = std::max<std::uint32_t>(session.best_height, sample.in.size.height);
  session.best_frame_rate = std::max(session.best_frame_rate, sample.in.frame_rate);
  if (store_ != nullptr) {
    std::array<std::byte, quality::SessionQuality::kMostSnapshotBytes> bytes;
    const std::size_t size = session.quality.snapshot(bytes);
    const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
    const storage::SessionFacts& facts = session;
    store_->update(session.journal, storage::SessionRecord(facts), wall, {data, size});
  }
  if (const auto sender = session.sender.lock(); sender && session.settings.quality_events) {
    Json event = json::sample_json(sample);
    event.set("callroom", "quality").set("session_id", session.session_id);
    const auto limit = limit_of(session, monotonic_now());
    event.set("limited_by", limit ? Json(media::to_string(*limit)) : Json());
    outgoing_.notify(sender, Json::adopt(json_deep_copy(event.get())));
    outgoing_.post(sender, "", std::move(event));
    tell_others_rating(session, sample);
  }
}

// The others see how this person's connection does: its rating when it changes, and now and then for who came since.
void Switchboard::tell_others_rating(CallSession& session, const quality::Sample& sample) {
  constexpr std::uint32_t kAgainAfterSamples = 5;
  const auto rating = sample.rating();
  if (!rating || (rating == session.told_rating && sample.index % kAgainAfterSamples != 0)) return;
  session.told_rating = rating;
  for (const SessionPtr& other : calls_.others_in_room(session)) {
    Json event = json::named_event("quality");
    event.set("id", session.participant).set("rating", quality::to_string(*rating));
    if (const auto limit = limit_of(*other, session, monotonic_now()))
      event.set("limited_by", media::to_string(*limit));
    outgoing_.post(*other, std::move(event));
  }
}

void Switchboard::take_due_samples(MonotonicUs now) {
  const auto interval = std::chrono::duration_cast<std::chrono::microseconds>(config_.sample_interval).count();
  for (const auto& [id, session] : calls_.all()) {
    if (now < session->next_sample) continue;
    session->next_sample = std::max(session->next_sample + interval, now);
    if (session->direct) {
      watch_reports(*session, now);
    } else {
      take_sample(*session, now);
    }
  }
}

quality::Summary Switchboard::sum_up(CallSession& session, MonotonicUs now) {
  take_client_samples(session, now);
  const Streams streams(session, config_.sample_interval, asked_heights(session));
  quality::Summary summary = session.quality.finish(now, wall_now(), streams.get());
  summary.keyframe_requests += session.keyframe_requests;
  return summary;
}

}  // namespace callroom::host
