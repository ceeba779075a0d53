// What the network of each receiver can take, and so what each sender is told to keep to.
#include <algorithm>
#include <cmath>
#include <optional>

#include "host/forgetting.hpp"
#include "host/relaying.hpp"
#include "host/switchboard.hpp"

namespace callroom::host {

namespace {

constexpr MonotonicUs kInterval = 250'000;
// A REMB can get lost; and one is only worth a packet where it says something new.
constexpr MonotonicUs kTellAgain = 1'000'000;
constexpr double kWorthTelling = 0.03;
constexpr double kToldLess = 0.9;  // of what the room allows: less is sent than could be

// The estimate is of video; a sender spends what it is told on all its media.
constexpr double kAudioBps = 50'000;

// Bytes of a packet beside RTP: IPv4, UDP and the tag of SRTP. Of sound they are a good part.
constexpr std::uint64_t kBelowRtp = 20 + 8 + 10;

// The value that a counter of `bits` bits stands for, near to `last`.
std::uint64_t unwrapped(std::uint64_t last, std::uint64_t counter, unsigned bits) {
  const unsigned unused = 64 - bits;
  return last + static_cast<std::uint64_t>(static_cast<std::int64_t>((counter - last) << unused) >> unused);
}

media::Relayed unwrapped(const media::Relayed& last, const media::Relayed& counted) {
  return {unwrapped(last.packets, counted.packets, 32), unwrapped(last.bytes, counted.bytes, 32)};
}

// Of all that the receiver is sent.
void ask_for_key_frames(const Downlink& downlink, MonotonicUs now) {
  for (const auto& track : downlink.tracks) {
    UplinkTrack* source = track->source.load(std::memory_order_relaxed);
    if (source != nullptr && source->kind == media::Kind::kVideo) source->key_frames.ask(now);
  }
}

media::Relayed relayed_of(const Downlink& downlink, quality::MediaKind kind) {
  media::Relayed counted;
  for (const auto& track : downlink.tracks) {
    if (track->leg->stream.kind() != kind) continue;
    const auto relayed = track->leg->stream.relayed();
    counted.packets += relayed.packets();
    counted.bytes += relayed.bytes();
  }
  return counted;
}

// The row has what was done for a receiver whose network is narrow.
void note_step(CallSession& session, LayerStep step) {
  const auto cause = session.downlink->estimator.last_cause();
  const bool better = step == LayerStep::kRaised || step == LayerStep::kResumed;
  session.quality.add_layer_step(step,
                                 cause && !better ? std::optional(static_cast<std::uint8_t>(*cause)) : std::nullopt);
}

}  // namespace

// True where the estimate was cut.
bool Switchboard::hear_of_network(Downlink& downlink, MonotonicUs now) {
  const std::uint32_t cuts = downlink.estimator.cuts();
  while (const auto news = downlink.network_news.pop()) {
    downlink.video_relayed = unwrapped(downlink.video_relayed, news->relayed());
    if (news->round_trip != 0) {
      constexpr MonotonicUs kUnit = NetworkNews::kQuarterMs;
      downlink.estimator.round_trip(news->at, news->round_trip * kUnit, news->at - news->round_trip_ago * kUnit);
    }
    if (news->covered != 0) downlink.estimator.feedback(news->at, news->feedback(), downlink.video_relayed);
  }
  if (now - adapted_at_ >= kInterval) {
    downlink.video_relayed = unwrapped(downlink.video_relayed, relayed_of(downlink, quality::MediaKind::kVideo));
    const media::Relayed sound = relayed_of(downlink, quality::MediaKind::kAudio);
    const std::uint64_t on_the_way = sound.bytes + kBelowRtp * sound.packets;
    downlink.estimator.tick(now, downlink.video_relayed, static_cast<std::uint32_t>(on_the_way));
  }
  return downlink.estimator.cuts() != cuts;
}

// What everybody who receives the session can take of it, at most what the room and its client allow.
std::uint32_t Switchboard::bitrate_for(const CallSession& session) const {
  const double allowed = 1000.0 * session.bitrate_kbps;
  const auto others = calls_.others_in_room(session);
  if (others.size() != 1 || session.uplink.has_layers()) return LayerControl::bitrate_for(session, others);
  if (!others.front()->downlink) return static_cast<std::uint32_t>(allowed);
  const media::Estimator& estimator = others.front()->downlink->estimator;
  if (!estimator.is_limited()) return static_cast<std::uint32_t>(allowed);
  return static_cast<std::uint32_t>(std::min(allowed, estimator.target_bps() + kAudioBps));
}

// Whether the receiver's own network keeps what it is shown from being better.
bool Switchboard::network_limits(const CallSession& receiver, MonotonicUs now) const {
  const Downlink& downlink = *receiver.downlink;
  if (!downlink.estimator.is_limited()) return false;
  const auto others = calls_.others_in_room(receiver);
  const auto in_layers = [](const SessionPtr& sender) { return sender->uplink.has_layers(); };
  const bool more_to_be_had = downlink.chosen && downlink.chosen->limited;
  if (std::ranges::none_of(others, in_layers)) return more_to_be_had || downlink.estimator.is_felt(now);
  // There is a better layer; or there was, before its sender was told to keep to what is taken of it.
  return more_to_be_had || std::ranges::any_of(others, [&](const SessionPtr& sender) {
           return in_layers(sender) && sender->told_bps < kToldLess * 1000 * sender->bitrate_kbps;
         });
}

// The timeline has each time that a network began to limit, with its cause, and each time that it ended.
void Switchboard::note_limit(CallSession& session, MonotonicUs now) {
  const media::Estimator& estimator = session.downlink->estimator;
  const bool limits = network_limits(session, now);
  if (limits == session.limit_noted) return;
  // A call of two that sends little for a while is limited all the same.
  if (!limits && estimator.is_limited() && !LayerControl::chooses(session, calls_.others_in_room(session))) return;
  session.limit_noted = limits;
  const auto cause = estimator.last_cause();
  const auto detail = limits && cause ? static_cast<std::uint8_t>(*cause) : quality::kAdaptationEnded;
  session.quality.add_event(quality::Happening::kAdaptation, detail);
}

// What keeps the picture that one receives of the other from being better.
std::optional<media::LimitedBy> Switchboard::limit_of(const CallSession& receiver, const CallSession& sender,
                                                      MonotonicUs now) const {
  const quality::Sample* sample = sender.quality.latest();
  if (!receiver.downlink || sample == nullptr) return std::nullopt;
  media::Picture picture;
  picture.receiver_is_limited = network_limits(receiver, now);
  picture.allowed_kbps = sender.settings.bitrate_kbps;
  picture.sender_is_limited = sender.told_bps < 1000 * *picture.allowed_kbps;
  picture.sent_kbps = sample->in.kbps;
  picture.height = sample->in.size.height;
  picture.best_height = sender.best_height;
  picture.frame_rate = sample->in.frame_rate;
  picture.best_frame_rate = sender.best_frame_rate;
  return media::limited_by(picture);
}

// … of anybody.
std::optional<media::LimitedBy> Switchboard::limit_of(const CallSession& receiver, MonotonicUs now) const {
  std::optional<media::LimitedBy> limit;
  for (const SessionPtr& sender : calls_.others_in_room(receiver)) {
    const auto one = limit_of(receiver, *sender, now);
    if (one && (!limit || *one < *limit)) limit = one;
  }
  return limit;
}

// Stops and resumes what the receiver is sent, as its estimate has it. True where it is to be chosen anew at once.
bool Switchboard::follow_estimate(CallSession& session, MonotonicUs now) {
  Downlink& downlink = *session.downlink;
  const bool at_once = hear_of_network(downlink, now);
  note_limit(session, now);
  if (downlink.estimator.take_stop_due()) {
    stop_video(downlink);
    note_step(session, LayerStep::kPaused);
  }
  if (downlink.estimator.is_stopped()) go_on_forgetting(downlink, now);
  const auto chooses = [&] { return LayerControl::chooses(session, calls_.others_in_room(session)); };
  if (downlink.estimator.take_key_frame_due(now)) {
    if (chooses()) {
      LayerControl::renew(downlink);
    } else {
      ask_for_key_frames(downlink, now);
    }
  }
  if (!downlink.estimator.take_stop_over(now)) return at_once;
  end_forgetting(downlink);
  if (chooses()) {
    stop_video(downlink);  // choosing begins one after the other again
    if (downlink.chosen) {
      downlink.chosen->allocation.begin_low();
      downlink.chosen->begun_until = now + downlink.estimator.repetitions_take();
    }
    return true;
  }
  resume_video(downlink);
  ask_for_key_frames(downlink, now);
  return at_once;
}

std::vector<Switchboard::BitrateRequest> Switchboard::adapt(MonotonicUs now) {
  bool at_once = false;
  for (const auto& [id, session] : calls_.all()) {
    if (session->downlink && session->downlink->up) at_once |= follow_estimate(*session, now);
  }
  const bool due = now - adapted_at_ >= kInterval;
  if (!at_once && !due) return {};
  if (due) {
    adapted_at_ = now;
    for (const auto& [room, members] : calls_.rooms()) {
      if (members.size() > 2 || members.front()->settings.in_layers) layers_.weigh(room, members, now);
    }
  }
  for (const auto& [id, session] : calls_.all()) {
    if (!session->downlink || !session->downlink->up) continue;
    const auto others = calls_.others_in_room(*session);
    const bool chooses = LayerControl::chooses(*session, others);
    if (chooses ? layers_.choose(*session, others, now) : LayerControl::choose_no_more(*session)) {
      tell_streams(*session);
    }
    const auto step = session->downlink->chosen ? session->downlink->chosen->allocation.take_step() : std::nullopt;
    if (step) note_step(*session, *step);
  }
  std::vector<BitrateRequest> requests;
  for (const auto& [id, session] : calls_.all()) {
    if (session->uplink.tracks.empty()) continue;
    const std::uint32_t bps = bitrate_for(*session);
    const double change = std::abs(static_cast<double>(bps) - session->told_bps);
    if (change <= kWorthTelling * session->told_bps && now - session->told_at < kTellAgain) continue;
    auto sender = session->sender.lock();
    if (!sender) continue;
    session->told_bps = bps;
    session->told_at = now;
    requests.push_back({std::move(sender), bps});
  }
  return requests;
}

// At once, and not with the next tick.
void Switchboard::cap(CallSession& session, MonotonicUs now) {
  const auto sender = session.sender.lock();
  if (!sender || session.uplink.tracks.empty()) return;
  session.told_bps = bitrate_for(session);
  session.told_at = now;
  outgoing_.send_remb(sender, session.told_bps);
}

}  // namespace callroom::host
