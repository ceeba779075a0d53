// A video source that is sent in layers: several streams of one picture (simulcast), each of which may have temporal
// layers. Tells of every packet which layer it belongs to, and counts what each layer costs.
//
// Senders stop a layer without a word, and begin it again: Chromium its largest ones when a call begins, until it knows
// its network, and after one key frame at that. What came of a layer is compared with the others of the same picture:
// where they went on without it, it has stopped.
//
// read() belongs to the source's thread; costs() to the one that chooses layers, at intervals.
#pragma once

#include <array>
#include <atomic>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "media/layers.hpp"
#include "media/vp8_descriptor.hpp"

namespace callroom::media {

inline constexpr std::size_t kMostSpatial = 3;
inline constexpr std::size_t kMostTemporal = 4;

// One packet of a layered source.
struct LayeredPacket {
  std::uint8_t spatial = 0;
  std::uint8_t temporal = 0;
  bool key_frame = false;  // a decoder can start with it
  bool starts_frame = false;
  bool is_layer_sync = false;  // its frame depends on the lowest temporal layer alone
  bool is_newest = false;      // of its spatial layer
  bool is_empty = false;       // padding alone, with which browsers probe
  std::uint8_t steady = 0;     // a bit for each spatial layer that flows, and has done so for a while
  std::uint64_t index = 0;     // extended sequence number within its spatial layer
  std::uint32_t timestamp = 0;
  std::size_t payload_at = 0;               // where the payload begins
  std::optional<Vp8Descriptor> descriptor;  // of VP8
};

class LayeredSource {
 public:
  // rids: by their names in the packets, the highest layer first. rid_extension: the header extension that has them.
  struct Naming {
    std::vector<std::string> rids;
    std::uint8_t rid_extension = 0;
  };
  LayeredSource(Naming naming, bool is_vp8) : naming_(std::move(naming)), is_vp8_(is_vp8) {}

  // Precondition: kRtpHeaderSize bytes at least. Absent: the packet is of no layer that is known, or was here before:
  // browsers probe with repetitions, of which the core lets some pass, and no receiver may get a number twice.
  std::optional<LayeredPacket> read(std::span<const std::uint8_t> packet, bool key_frame, MonotonicUs now);

  // What each layer costs, rising, of those that flowed in the last second; over the time since the call before, and
  // smoothed. Key frames are not in it. Empty until enough was seen.
  std::vector<LayerCost> costs(MonotonicUs now);

  // Of all layers together, by the last costs().
  double total_bps() const;

 private:
  static constexpr std::size_t kRemembered = 1024;
  static constexpr std::uint32_t kMissedFrames = 3;  // of another layer, without one of this
  static constexpr MonotonicUs kStoppedAfter = 150'000;
  // How long a layer has to keep up with the others before it is steady; longer each time that it does not last.
  static constexpr MonotonicUs kPatience = 1'000'000;
  static constexpr MonotonicUs kMostPatience = 8'000'000;
  static constexpr MonotonicUs kLasting = 10'000'000;
  static constexpr std::uint32_t kTrialFrames = 6;  // of another layer, by which is seen whether this one keeps up

  using Frames = std::array<std::uint32_t, kMostSpatial>;  // of each stream, since the beginning
  struct Stream {
    std::uint32_t ssrc = 0;
    bool known = false;
    bool begun = false;
    std::uint64_t highest = 0;
    std::optional<std::uint32_t> key_frame_at;                      // timestamp of the last one
    std::bitset<kRemembered> seen;                                  // of the newest packets, by their index
    std::array<std::atomic<std::uint64_t>, kMostTemporal> bytes{};  // by temporal layer
    std::uint32_t frames = 0;
    Frames frames_of_all{};                                        // as they were with its last packet
    Frames frames_at_trial{};                                      // … and as it was last seen whether it keeps up
    MonotonicUs last_at = 0, flows_since = 0, keeps_up_since = 0;  // 0: nothing came yet
    MonotonicUs patience = kPatience;
    bool stopped = false, steady = false;
  };
  struct Reading {
    std::array<std::uint64_t, kMostTemporal> bytes{};
    std::array<double, kMostTemporal> bps{};  // smoothed
    MonotonicUs flowed_at = 0;
    bool rated = false;
  };

  static bool is_first(Stream& stream, const LayeredPacket& packet, std::uint64_t highest_before);
  Stream* stream_of(std::span<const std::uint8_t> packet);
  void note_flow(Stream& stream, bool starts_frame, MonotonicUs now);
  Frames frames() const;
  std::uint32_t most_of_another(const Stream& stream, const Frames& since) const;
  bool is_left_behind(const Stream& stream, MonotonicUs now) const;
  void try_out(Stream& stream, MonotonicUs now) const;
  void update_steady(MonotonicUs now);

  const Naming naming_;
  const bool is_vp8_;
  std::array<Stream, kMostSpatial> streams_{};  // the lowest first
  std::uint8_t steady_ = 0;
  std::array<Reading, kMostSpatial> readings_{};  // of the thread that chooses
  MonotonicUs read_at_ = 0;
};

// The value of a header extension of one or two bytes' form (RFC 8285); empty: the packet has none of this id.
std::span<const std::uint8_t> header_extension(std::span<const std::uint8_t> packet, std::uint8_t id);

// Where the payload begins; absent: the header is longer than the packet.
std::optional<std::size_t> payload_offset(std::span<const std::uint8_t> packet);

}  // namespace callroom::media
