#include "host/layer_control.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "host/relaying.hpp"

namespace callroom::host {

namespace {

using signaling::WantedLayer;

// The whole of a sender's layers comes to about so many times what its highest costs alone.
constexpr double kAllLayers = 1.5;
// The estimates are of video; a sender spends what it is told on all its media.
constexpr double kAudioBps = 50'000;

// Of a sender without layers everybody gets the same. It follows its worse receivers, but not the worst ones whatever
// they cost the others: a quarter of them may be left with no picture, and nobody's falls below a quarter of what the
// room allows for their sake.
constexpr std::size_t kLowQuantile = 4;
constexpr double kLeastShare = 0.25;

// A picture begins with a key frame; of the smallest size it takes about so much. So much as most networks' queues hold
// may be on its way at once.
constexpr double kKeyFrameBits = 52'000;
constexpr MonotonicUs kMayQueueUs = 400'000;

constexpr double kSmoothedOverS = 1.5;  // the rate of a video without layers

WantedLayer wanted_of(const CallSession& receiver, const std::string& participant) {
  return receiver.wanted ? receiver.wanted->of(participant) : WantedLayer::kHigh;
}

std::string name_of(const DownlinkTrack& track) {
  return std::to_string(track.leg->m_line) + track.source_session;
}

// The video that is relayed on a track, or would be, were it not paused.
const UplinkTrack* video_of(const DownlinkTrack& track) {
  const UplinkTrack* source = track.source.load(std::memory_order_relaxed);
  return source != nullptr && source->kind == media::Kind::kVideo ? source : nullptr;
}

bool waits_for_key_frame(const std::unique_ptr<DownlinkTrack>& track) {
  const UplinkTrack* source = video_of(*track);
  return source != nullptr && source->layered() != nullptr && !track->paused &&
         track->leg->filter->waits_for_key_frame();
}

// What is paused for a stop is to begin when that ends, and not only when it is asked for then.
void prepare_to_begin(const DownlinkTrack& track, MonotonicUs now) {
  constexpr MonotonicUs kWanted = 1'000'000;
  UplinkTrack* source = track.source.load(std::memory_order_relaxed);
  if (source == nullptr || source->layered() == nullptr) return;
  KeptStart& start = source->layered()->start.make();
  start.want_until(now + kWanted);
  if (!start.is_kept(now)) source->key_frames.ask(now);
}

// Null: it waits for a key frame.
const KeptStart* begins_with(const UplinkTrack& source, MonotonicUs now) {
  const KeptStart* start = source.layered() != nullptr ? source.layered()->start.get() : nullptr;
  return start != nullptr && start->is_kept(now) ? start : nullptr;
}

// How long its first picture takes on the way.
MonotonicUs beginning_takes(const DownlinkTrack& track, double bps, MonotonicUs now) {
  const UplinkTrack* source = video_of(track);
  const KeptStart* start = source != nullptr ? begins_with(*source, now) : nullptr;
  return static_cast<MonotonicUs>(1e6 * (start != nullptr ? start->bits() : kKeyFrameBits) / bps);
}

void weigh(UplinkTrack& track, MonotonicUs now) {
  AmongMany& many = track.among_many.make();
  if (many.layered) {
    many.costs = many.layered->source.costs(now);
    return;
  }
  const std::uint64_t count = track.stream.count();
  const double bytes = static_cast<double>(Tally::between(std::exchange(many.count, count), count).bytes);
  const double seconds = static_cast<double>(now - std::exchange(many.at, now)) / 1e6;
  if (seconds <= 0 || seconds > kSmoothedOverS) return;
  if (many.costs.empty()) many.costs.push_back({{}, 0});
  double& bps = many.costs.front().bps;
  bps += std::min(seconds / kSmoothedOverS, 1.0) * (bytes * 8 / seconds - bps);
}

// Of what was heard since the last time.
std::optional<double> loudness_of(CallSession& session) {
  double sum = 0, packets = 0;
  for (const auto& track : session.uplink.tracks) {
    if (track->kind != media::Kind::kAudio || track->slides) continue;
    AmongMany& many = track->among_many.make();
    const std::uint64_t heard = many.loudness.load(std::memory_order_relaxed);
    const Tally news = Tally::between(std::exchange(many.loudness_seen, heard), heard);
    sum += static_cast<double>(news.bytes);
    packets += static_cast<double>(news.packets);
  }
  return packets > 0 && session.audio_on ? std::optional(sum / packets) : std::nullopt;
}

}  // namespace

void LayerControl::weigh(const std::string& room, Sessions members, MonotonicUs now) {
  std::vector<media::Loudness> loudness;
  for (const auto& session : members) {
    loudness.push_back({session->participant, loudness_of(*session)});
    for (const auto& track : session->uplink.tracks) {
      if (track->kind == media::Kind::kVideo) host::weigh(*track, now);
    }
  }
  speakers_[room].update(loudness, now);
}

void LayerControl::take_wishes(CallSession& receiver, Sessions others, const signaling::Configure& request) {
  if (!request.layer && request.layers.empty()) return;
  WantedLayers before;
  if (receiver.wanted) before = std::move(*receiver.wanted);
  if (request.layer) before = {*request.layer, {}};
  // Of those who are there: what is known of others would stay for ever.
  WantedLayers wanted{before.of_all, {}};
  for (const auto& other : others) {
    const auto known = before.of_single.find(other->participant);
    if (known != before.of_single.end()) wanted.of_single.insert(*known);
    const auto asked =
        std::ranges::find(request.layers, other->participant, &std::pair<std::string, WantedLayer>::first);
    if (asked != request.layers.end()) wanted.of_single[other->participant] = asked->second;
  }
  receiver.wanted = std::make_unique<WantedLayers>(std::move(wanted));
}

void LayerControl::begin(const CallSession& receiver, DownlinkTrack& track, const UplinkTrack& source) {
  if (source.layered() == nullptr) return;
  if (!track.leg->filter) track.leg->filter = std::make_unique<media::LayerFilter>();
  track.leg->filter->begin();
  const bool freely = !receiver.downlink->estimator.is_limited();
  track.leg->filter->choose(freely ? media::Layer{media::kMostSpatial - 1, media::kMostTemporal - 1} : media::Layer{});
}

bool LayerControl::chooses(const CallSession& receiver, Sessions others) {
  if (others.size() != 1) return others.size() > 1;
  return others.front()->uplink.has_layers() || receiver.wanted;
}

LayerControl::Choice LayerControl::choice_of(const CallSession& receiver, Sessions others) const {
  const auto room = speakers_.find(receiver.room);
  const std::optional<std::string> speaker = room == speakers_.end() ? std::nullopt : room->second.speaker();
  Choice choice;
  for (const auto& track : receiver.downlink->tracks) {
    const UplinkTrack* source = video_of(*track);
    const auto sender = std::ranges::find(others, track->source_session, [](const auto& o) { return o->session_id; });
    if (source == nullptr || sender == others.end()) continue;
    const std::string& participant = (*sender)->participant;
    const WantedLayer wanted = wanted_of(receiver, participant);
    media::Candidate candidate{name_of(*track), participant == speaker, {}, static_cast<std::uint8_t>(wanted)};
    // The only one without layers is told what fits, and is not paused for what it sent before.
    const bool follows = others.size() == 1 && source->layered() == nullptr;
    if (wanted != WantedLayer::kNone) {
      const auto costs = source->costs();
      if (costs.empty() && !follows) continue;  // not known yet
      if (follows) {
        candidate.costs.push_back({});
      } else {
        candidate.costs.assign(costs.begin(), costs.end());
      }
    }
    choice.candidates.push_back(std::move(candidate));
    choice.tracks.push_back(track.get());
  }
  return choice;
}

bool LayerControl::choose(CallSession& receiver, Sessions others, MonotonicUs now) const {
  Downlink& downlink = *receiver.downlink;
  if (!downlink.chosen) downlink.chosen = std::make_unique<ChosenLayers>();
  media::LayerAllocation& allocation = downlink.chosen->allocation;
  const auto [candidates, tracks] = choice_of(receiver, others);
  double most = 0;
  for (const auto& other : others) most += 1000.0 * other->settings.bitrate_kbps;
  downlink.estimator.set_max(std::max(most, 1000.0 * receiver.settings.bitrate_kbps));
  // Nobody is paused while a queue drains, or for delays that may be those of a busy machine. But after a stop
  // everybody begins with a key frame: first come those that fit well, the others when these have arrived.
  const media::Estimator& estimator = downlink.estimator;
  double lowest = estimator.is_proven() ? estimator.capacity_bps() : std::numeric_limits<double>::infinity();
  if (estimator.is_proven() && estimator.is_stopped()) lowest = estimator.target_bps();
  if (downlink.estimator.take_corrected()) allocation.forgive(now);
  const auto chosen = allocation.update(candidates, {lowest, estimator.target_bps()}, now, !estimator.is_limited());
  if (allocation.raised_at() == now) downlink.estimator.note_try(now);
  downlink.estimator.set_sender_follows(others.size() == 1 && !others.front()->uplink.has_layers());
  downlink.estimator.set_wanted(allocation.next_budget_bps(candidates, estimator.capacity_bps()));
  bool changed = false;
  downlink.chosen->limited = false;
  const MonotonicUs before = std::exchange(downlink.chosen->at, now);
  const auto elapsed_ms = static_cast<std::uint32_t>(before == 0 ? 0 : (now - before) / 1000);
  for (std::size_t i = 0; i < tracks.size(); ++i) {
    DownlinkTrack& track = *tracks[i];
    const media::Selection& selection = chosen[i];
    downlink.chosen->limited |= selection.by_network;
    if (selection.layer && track.leg->filter) track.leg->filter->choose(*selection.layer);
    if (track.starved) track.starved_ms += elapsed_ms;
    track.left_out = !selection.layer;
    if (track.left_out || estimator.is_stopped()) pause(track);
    if (!track.left_out && estimator.is_stopped()) prepare_to_begin(track, now);
  }
  resume_next(downlink, now);
  for (std::size_t i = 0; i < tracks.size(); ++i) {
    DownlinkTrack& track = *tracks[i];
    // Also while it waits for others' key frames after a stop; the stop itself is over before that could be shown.
    const bool waits = track.paused && !track.left_out && !estimator.is_stopped();
    const bool starved = waits || (!chosen[i].layer && chosen[i].by_network);
    changed |= starved != std::exchange(track.starved, starved);
  }
  return changed;
}

bool LayerControl::choose_no_more(CallSession& receiver) {
  Downlink& downlink = *receiver.downlink;
  if (!std::exchange(downlink.chosen, nullptr)) return false;
  downlink.estimator.set_max(1000.0 * receiver.settings.bitrate_kbps);
  downlink.estimator.set_wanted(0);
  downlink.estimator.set_sender_follows(true);
  bool changed = false;
  for (const auto& track : downlink.tracks) {
    changed |= std::exchange(track->starved, false);
    track->left_out = false;
    if (!downlink.estimator.is_stopped()) resume(*track);
  }
  return changed;
}

void LayerControl::renew(Downlink& downlink) {
  for (const auto& track : downlink.tracks) track->renewed = video_of(*track) != nullptr && !track->paused;
}

void LayerControl::resume_next(Downlink& downlink, MonotonicUs now) {
  const media::Estimator& estimator = downlink.estimator;
  if (!downlink.chosen || estimator.is_stopped()) return;
  MonotonicUs& begun_until = downlink.chosen->begun_until;
  for (const auto& track : downlink.tracks) {
    if ((!track->paused && !track->renewed) || track->left_out) continue;
    const MonotonicUs takes = beginning_takes(*track, estimator.capacity_bps(), now);
    if (estimator.is_proven() && now < begun_until && now + kMayQueueUs < begun_until + takes) return;
    UplinkTrack* source = track->source.load(std::memory_order_relaxed);
    if (std::exchange(track->renewed, false) && source != nullptr) source->key_frames.ask(now);
    resume(*track);
    begun_until = std::max(now, begun_until) + takes;
  }
}

void LayerControl::ask_for_key_frames(const Downlink& downlink, MonotonicUs now) {
  for (const auto& track : downlink.tracks) {
    if (!waits_for_key_frame(track)) continue;
    UplinkTrack& source = *track->source.load(std::memory_order_relaxed);
    if (begins_with(source, now) == nullptr) source.key_frames.ask(now);
  }
}

namespace {

// What the receiver can take of this sender's video, besides what it gets of the others; nothing where it limits
// nothing.
std::optional<double> share_of(const CallSession& receiver, const CallSession& sender) {
  const Downlink& downlink = *receiver.downlink;
  if (!downlink.estimator.is_limited()) return std::nullopt;
  double others = 0;
  std::size_t sources = 0;
  bool layered = false;
  for (const auto& track : downlink.tracks) {
    const UplinkTrack* source = video_of(*track);
    if (source == nullptr) continue;
    ++sources;
    if (track->source_session == sender.session_id) {
      layered = layered || source->layered() != nullptr;
      continue;
    }
    if (track->left_out) continue;
    const media::Layer layer = source->layered() != nullptr ? track->leg->filter->wanted() : media::Layer{};
    const auto costs = source->costs();
    const auto cost = std::ranges::find(costs, layer, &media::LayerCost::layer);
    if (cost != costs.end()) others += cost->bps;
  }
  const double target = downlink.estimator.target_bps();
  const double equal = target / static_cast<double>(std::max<std::size_t>(sources, 1));
  return layered ? kAllLayers * std::max(target - others, equal) : equal;
}

}  // namespace

std::uint32_t LayerControl::bitrate_for(const CallSession& sender, Sessions others) {
  const double allowed = 1000.0 * sender.bitrate_kbps;
  std::vector<double> shares;
  for (const auto& receiver : others) {
    if (!receiver->downlink || !receiver->downlink->up) continue;
    shares.push_back(std::min(allowed, share_of(*receiver, sender).value_or(allowed)));
  }
  if (shares.empty()) return static_cast<std::uint32_t>(allowed);
  std::ranges::sort(shares);
  const double share = sender.uplink.has_layers()
                           ? shares.back()
                           : std::max(shares[shares.size() / kLowQuantile], kLeastShare * allowed);
  return static_cast<std::uint32_t>(std::min(allowed, share + kAudioBps));
}

}  // namespace callroom::host
