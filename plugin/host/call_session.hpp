// One participant's stay in a room: what it sends, what it receives, and what becomes its row. All of it is the
// Switchboard's, under its lock, but for what is said to belong to a loop thread.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/growing_list.hpp"
#include "base/made_once.hpp"
#include "base/spsc_ring.hpp"
#include "base/time.hpp"
#include "host/handle.hpp"
#include "media/codecs.hpp"
#include "media/estimator.hpp"
#include "media/kept_start.hpp"
#include "media/key_frame_requests.hpp"
#include "media/layer_filter.hpp"
#include "media/layered_source.hpp"
#include "media/layers.hpp"
#include "media/routing.hpp"
#include "media/slots.hpp"
#include "quality/client_sample.hpp"
#include "quality/downlink_stream.hpp"
#include "quality/key_frame.hpp"
#include "quality/peer_rtcp.hpp"
#include "quality/sample.hpp"
#include "quality/session_quality.hpp"
#include "quality/uplink_stream.hpp"
#include "signaling/rooms.hpp"
#include "storage/session_record.hpp"
#include "storage/store.hpp"

namespace callroom::host {

inline constexpr std::size_t kMaxSendingMLines = 32;
inline constexpr std::size_t kMostLayered = 2;  // of them, videos that are sent in layers

constexpr quality::MediaKind to_quality(media::Kind kind) {
  return kind == media::Kind::kAudio ? quality::MediaKind::kAudio : quality::MediaKind::kVideo;
}

constexpr quality::Codec to_quality(media::Codec codec) {
  switch (codec) {
    case media::Codec::kOpus:
      return quality::Codec::kOpus;
    case media::Codec::kVp8:
      return quality::Codec::kVp8;
    case media::Codec::kVp9:
      return quality::Codec::kVp9;
    case media::Codec::kH264:
      return quality::Codec::kH264;
  }
  return quality::Codec::kUnknown;
}

struct KeptWith {
  quality::PacketEvents events;
  std::int16_t rotation;  // degrees, of the header extension; -1: none
};
using KeptStart = media::KeptStart<KeptWith>;

// A video that is sent in layers.
struct LayeredVideo {
  explicit LayeredVideo(media::LayeredSource::Naming naming) : source(std::move(naming), true) {}

  void note_height(std::size_t spatial, std::uint16_t height) {  // loop thread
    if (height > heights_[spatial].load(std::memory_order_relaxed)) {
      heights_[spatial].store(height, std::memory_order_relaxed);
    }
  }
  // The greatest that was sent up to this layer, or of the lowest where none was; 0: not known yet.
  std::uint16_t height_up_to(std::size_t spatial) const;

  media::LayeredSource source;
  MadeOnce<KeptStart> start;
  std::uint64_t packets = 0;  // of the loop thread

 private:
  std::array<std::atomic<std::uint16_t>, media::kMostSpatial> heights_{};
};

inline std::uint16_t LayeredVideo::height_up_to(std::size_t spatial) const {
  std::uint16_t greatest = 0;
  for (std::size_t i = 0; i < heights_.size() && (i <= spatial || greatest == 0); ++i) {
    greatest = std::max(greatest, heights_[i].load(std::memory_order_relaxed));
  }
  return greatest;
}

// What only rooms for more than two need of an m-line.
struct AmongMany {
  std::unique_ptr<LayeredVideo> layered;   // where it is sent in layers; else null, for good
  std::atomic<std::uint64_t> loudness{0};  // of audio: a Tally of packets and, for bytes, dB above the softest
  std::uint64_t loudness_seen = 0;         // … when that was last looked at

  std::vector<media::LayerCost> costs;  // of a video, by what it sent of late; empty: not known
  std::uint64_t count = 0;              // stream.count() when that was last looked at
  MonotonicUs at = 0;
};

// One m-line on which the participant sends. `stream` and `route` are worked on by its loop thread.
struct UplinkTrack {
  UplinkTrack(int line, std::string its_mid, media::Format its_format, MonotonicUs now)
      : m_line(line),
        mid(std::move(its_mid)),
        kind(media::kind_of(its_format.codec)),
        format(its_format),
        stream(to_quality(kind), to_quality(its_format.codec), now) {}

  const int m_line;
  const std::string mid;
  const media::Kind kind;
  media::Format format;
  bool sending = false;  // by the last offer
  bool slides = false;   // by the last offer: a shared screen, or its sound
  quality::UplinkStream stream;
  media::Route route;
  MadeOnce<AmongMany> among_many;
  media::KeyFrameRequests key_frames;
  std::atomic<MonotonicUs> last_key_frame{0};  // relayed; 0: none yet

  LayeredVideo* layered() const {
    const AmongMany* many = among_many.get();
    return many != nullptr ? many->layered.get() : nullptr;
  }
  std::span<const media::LayerCost> costs() const {
    const AmongMany* many = among_many.get();
    return many != nullptr ? std::span<const media::LayerCost>(many->costs) : std::span<const media::LayerCost>();
  }
};

// The sending PeerConnection.
struct Uplink {
  std::array<std::atomic<UplinkTrack*>, kMaxSendingMLines> by_line{};  // for the loop thread
  using Layered = std::array<std::atomic<UplinkTrack*>, kMostLayered>;
  MadeOnce<Layered> layered;  // those that are not there, being sent in layers
  std::vector<std::unique_ptr<UplinkTrack>> tracks;
  bool up = false;    // media can come
  bool gone = false;  // the core gave the PeerConnection up: the next offer makes another
  std::vector<std::unique_ptr<UplinkTrack>> former;  // of PeerConnections before, whose loop thread may still see them
  quality::UplinkRtcp rtcp;                          // of the loop thread
  MonotonicUs restart_asked_at = 0;                  // of the client, when nothing was heard of it
  int restarts_asked = 0;                            // since it was last heard

  bool has_layers() const {
    const Layered* entries = layered.get();
    return entries != nullptr && entries->front().load(std::memory_order_relaxed) != nullptr;
  }
  UplinkTrack* layered_track(int m_line) const;
};

inline UplinkTrack* Uplink::layered_track(int m_line) const {
  const Layered* entries = layered.get();
  if (entries == nullptr) return nullptr;
  for (const auto& entry : *entries) {
    UplinkTrack* track = entry.load(std::memory_order_acquire);
    if (track != nullptr && track->m_line == m_line) return track;
  }
  return nullptr;
}

// What the source's thread needs of a receiving m-line: where to relay, and where to count.
struct RelayLeg final : media::Leg {
  // m-lines of one PeerConnection start with sequence numbers well apart, so that a report block can be told by its
  // own.
  static constexpr std::uint16_t first_sequence(std::uint16_t line) {
    return static_cast<std::uint16_t>(1 + 997 * (line + 1));
  }

  RelayLeg(janus_plugin_session* session, std::uint16_t line, media::Kind kind, MonotonicUs now)
      : Leg(session, line, first_sequence(line), 0, media::clock_khz(kind)),
        stream(to_quality(kind), rewriter.relayed(), first_sequence(line), now) {}

  quality::DownlinkStream stream;
  // While the source is in layers; of the source's thread while the leg is in its route, but for what it says itself.
  std::unique_ptr<media::LayerFilter> filter;
};

// One m-line on which the participant receives.
struct DownlinkTrack {
  std::shared_ptr<RelayLeg> leg;
  std::string source_session;                 // session id of whom the leg is attached to; empty: nobody
  std::atomic<UplinkTrack*> source{nullptr};  // whose route the leg is in, unless it is paused
  bool paused = false;                        // it is out of the route for now
  bool left_out = false;                      // it is not to be relayed: no room for it, or not wanted
  bool starved = false;                       // … the network has no room for it
  bool renewed = false;                       // a key frame is to be asked for, once those before it have gone
  std::atomic<bool> key_frame_asked{false};   // by the receiver, on its loop thread
  std::uint32_t starved_ms = 0;               // for how long it was starved since the last sample
};

// What an RTCP compound of a receiver tells of its network, and how much video had been relayed to it by then. Small,
// since every receiver has room for some of them.
struct NetworkNews {
  // Feedback counts packets with 16 bits; several of them in one compound may come to more.
  static constexpr std::uint16_t packets(std::uint32_t count) {
    return static_cast<std::uint16_t>(std::min<std::uint32_t>(count, UINT16_MAX));
  }

  // … and times, to the quarter of a ms, up to 16 s.
  static constexpr MonotonicUs kQuarterMs = 250;
  static constexpr std::uint16_t quarter_ms(MonotonicUs us) {
    return static_cast<std::uint16_t>(std::clamp<MonotonicUs>(us / kQuarterMs, 1, UINT16_MAX));
  }

  MonotonicUs at = 0;
  std::uint16_t covered = 0, missing = 0, skipped = 0, late = 0;  // see Estimator::Feedback
  std::uint32_t arrived = 0;                                      // … 0: not known
  std::uint32_t relayed_packets = 0, relayed_bytes = 0;           // modulo 2^32, as Tally's
  std::uint16_t round_trip = 0, round_trip_ago = 0;               // quarters of a ms; 0: none

  media::Estimator::Feedback feedback() const { return {covered, missing, skipped, late, arrived}; }
  media::Relayed relayed() const { return {relayed_packets, relayed_bytes}; }
};

struct Forgetting {
  DownlinkTrack* track;
  MonotonicUs jumped_at;
  bool done = false;  // its receiver has asked for a key frame
};

// What one receiver gets of everybody's layers.
struct ChosenLayers {
  media::LayerAllocation allocation;
  bool limited = false;         // of somebody there is more to be had, if the network took it
  MonotonicUs at = 0;           // when it was last chosen
  MonotonicUs begun_until = 0;  // when what the pictures that began last begin with has gone, and repetitions before it
};

// The receiving PeerConnection: what one handle was for. A new handle gets a new one.
struct Downlink {
  Downlink(media::Codec video, double bitrate_bps) : slots(video), estimator({bitrate_bps, bitrate_bps}) {}

  media::Slots slots;
  // What is relayed before the PeerConnection is up is lost, key frames above all: until then moves wait here.
  bool up = false;
  std::vector<media::Move> waiting;
  std::vector<std::unique_ptr<DownlinkTrack>> tracks;
  quality::DownlinkRtcp rtcp;     // of the loop thread
  MonotonicUs offered_at = 0;     // when the offer that is out was last sent
  MonotonicUs restarted_at = 0;   // when ICE was last restarted for silence
  std::uint64_t relayed = 0;      // packets, when last looked at
  MonotonicUs relayed_since = 0;  // packets have been relayed since then without a break; 0: they are not

  // For the loop thread: the tracks and their streams in one order, and by m-line where in it, counted from 1.
  GrowingList<DownlinkTrack> seen;
  GrowingList<quality::DownlinkStream> streams;
  std::array<std::atomic<std::uint8_t>, 2 * media::Slots::kMost> position{};  // 0: nowhere
  DownlinkTrack* track_of(int m_line) const {
    if (static_cast<std::size_t>(m_line) >= position.size()) return nullptr;
    const std::size_t at = position[static_cast<std::size_t>(m_line)].load(std::memory_order_acquire);
    return at != 0 ? seen.all()[at - 1] : nullptr;
  }

  SpscRing<NetworkNews, 8> network_news;  // from the loop thread to the ticker's
  media::Estimator estimator;             // of what this PeerConnection can take: video, in bits of RTP
  media::Relayed video_relayed;           // as the estimator was last told
  std::vector<Forgetting> forgetting;     // since the last stop
  std::unique_ptr<ChosenLayers> chosen;   // null until something was chosen
};

// Media that goes directly to the other participants: what the client reports of it.
struct Direct {
  bool fell_silent = false;  // reports were missed, or the client said that it has no connection
  MonotonicUs reported = 0;  // when the last report came; 0: none did
  std::map<std::string, quality::ClientSample> waiting;  // by participant, until everybody was measured
  std::map<std::string, double> covered_ms;              // by participant
};

// The codecs that a room wants of one kind, the most wanted first; each once.
class CodecPreference {
 public:
  explicit CodecPreference(const std::vector<std::string>& names) {
    for (const std::string& name : names) {
      const auto codec = media::codec_named(name);
      if (codec && !std::ranges::count(codecs(), *codec) && count_ < codecs_.size()) codecs_[count_++] = *codec;
    }
  }
  std::span<const media::Codec> codecs() const { return {codecs_.data(), count_}; }

 private:
  std::array<media::Codec, 4> codecs_{};
  std::uint8_t count_ = 0;
};

// What of the room's settings holds for a session as it was when the room was joined.
struct JoinedSettings {
  explicit JoinedSettings(const signaling::RoomSettings& room)
      : media(room.media),
        quality_events(room.quality_events),
        audio(room.audiocodec),
        video(room.videocodec),
        bitrate_kbps(room.bitrate_kbps) {
    for_many = room.media != signaling::MediaKind::kP2p && room.capacity > 2;
    in_layers = for_many && !video.codecs().empty() && video.codecs().front() == media::Codec::kVp8;
  }

  signaling::MediaKind media;
  bool quality_events;
  bool for_many = false;  // more than two can be there, by way of Janus
  bool in_layers =
      false;  // more than two can be there, each with their own network: senders had better send several sizes
  CodecPreference audio, video;
  int bitrate_kbps;
};

// The most that is wanted of others' videos.
struct WantedLayers {
  signaling::WantedLayer of(const std::string& participant) const {
    const auto found = of_single.find(participant);
    return found == of_single.end() ? of_all : found->second;
  }

  signaling::WantedLayer of_all = signaling::WantedLayer::kHigh;
  std::map<std::string, signaling::WantedLayer> of_single;  // participants, instead
};

// The facts are those of its row, as far as they are known.
struct CallSession : storage::SessionFacts {
  CallSession(storage::SessionFacts facts, const signaling::RoomSettings& room_settings,
              quality::SessionOptions options)
      : SessionFacts(std::move(facts)), settings(room_settings), quality(options) {}

  std::string participant, receive_token;
  JoinedSettings settings;
  bool proven = false;          // a signed token said that this is the user
  bool asking_history = false;  // and has no answer yet

  std::weak_ptr<Handle> sender, receiver;
  Uplink uplink;
  std::shared_ptr<Downlink> downlink;             // null: no receiving handle
  std::vector<std::shared_ptr<Downlink>> former;  // whose loop thread may still be looking at them

  storage::JournalSlot journal;
  quality::SessionQuality quality;
  MonotonicUs next_sample = 0;
  std::optional<quality::Rating> told_rating;  // what the others in the room were last told
  MonotonicUs hung_up_at = 0;                  // the core hung up, and nobody left; 0: it did not
  bool ended = false;
  bool moving = false;                    // to the relay, from a direct connection that is still there
  bool audio_on = true, video_on = true;  // by `configure`
  std::unique_ptr<WantedLayers> wanted;   // of the others' videos, by `configure`; null: all
  std::uint32_t best_height = 0;          // of the video it has sent
  std::optional<float> best_frame_rate;   // …
  bool limit_noted = false;               // that its network limits what it receives is in the timeline
  int bitrate_kbps = 0;                   // by the room, or less by `configure`
  std::uint32_t told_bps = 0;             // what the sender was last told to keep to; 0: nothing yet
  MonotonicUs told_at = 0;
  std::uint32_t keyframe_requests = 0;
  std::unique_ptr<Direct> direct;  // null: media goes through the server now
};

}  // namespace callroom::host
