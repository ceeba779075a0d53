#include "host/relaying.hpp"

#include <functional>
#include <string>
#include <utility>

namespace callroom::host {

namespace {

void put_in(UplinkTrack& source, const std::shared_ptr<RelayLeg>& leg) {
  media::Legs legs = source.route.legs();
  legs.push_back(leg);
  source.route.publish(std::move(legs));
}

void take_out(UplinkTrack& source, const std::shared_ptr<RelayLeg>& leg) {
  media::Legs legs = source.route.legs();
  std::erase(legs, leg);
  source.route.publish(std::move(legs));
  if (source.layered() != nullptr) {
    leg->rewriter.hold(leg->filter->newest_timestamp(), leg->filter->newest_at());
  } else {
    source.route.detach(*leg);
  }
}

// Tells one medium of one participant from all others, as long as they are there.
std::uint32_t name_of(const UplinkTrack& source, const std::string& session) {
  return static_cast<std::uint32_t>(std::hash<std::string>()(session + ' ' + source.mid)) | 1U;
}

}  // namespace

void attach(DownlinkTrack& track, UplinkTrack& source, std::string source_session, std::uint8_t payload_type) {
  // Of a source in layers, the filter lets nothing pass before a key frame.
  track.leg->rewriter.attach(payload_type, source.kind == media::Kind::kVideo && source.layered() == nullptr);
  track.leg->stream.on_source(source.stream.size(), name_of(source, source_session));
  track.source_session = std::move(source_session);
  track.source.store(&source, std::memory_order_release);
  put_in(source, track.leg);
}

void detach(DownlinkTrack& track) {
  UplinkTrack* source = track.source.exchange(nullptr);
  track.source_session.clear();
  track.left_out = track.starved = false;
  track.starved_ms = 0;
  if (source != nullptr && !std::exchange(track.paused, false)) take_out(*source, track.leg);
}

void pause(DownlinkTrack& track) {
  UplinkTrack* source = track.source.load(std::memory_order_relaxed);
  if (source == nullptr || std::exchange(track.paused, true)) return;
  take_out(*source, track.leg);
}

void resume(DownlinkTrack& track) {
  UplinkTrack* source = track.source.load(std::memory_order_relaxed);
  if (source == nullptr || !std::exchange(track.paused, false)) return;
  if (source->layered() != nullptr) track.leg->filter->begin();
  track.key_frame_asked.store(false, std::memory_order_relaxed);  // of before
  track.renewed = false;
  put_in(*source, track.leg);
}

void stop_video(Downlink& downlink) {
  for (const auto& track : downlink.tracks) {
    if (track->leg->stream.kind() == quality::MediaKind::kVideo) pause(*track);
  }
}

void resume_video(Downlink& downlink) {
  for (const auto& track : downlink.tracks) {
    if (!track->left_out) resume(*track);
  }
}

}  // namespace callroom::host
