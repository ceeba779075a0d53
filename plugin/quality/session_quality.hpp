// The quality of one session while it runs: takes a sample every few seconds, and sums up at the end. Everything here
// runs on one thread at a time (the host sees to that); the streams' packet threads are never waited for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "base/layer_step.hpp"
#include "base/time.hpp"
#include "quality/client_sample.hpp"
#include "quality/downlink_stream.hpp"
#include "quality/peer_rtcp.hpp"
#include "quality/sample.hpp"
#include "quality/score.hpp"
#include "quality/session_totals.hpp"
#include "quality/uplink_stream.hpp"

namespace callroom::quality {

struct SessionOptions {
  std::uint32_t sample_interval_ms = 3000;
  std::optional<double> room_kbps;  // what the room allows each sender; absent: no limit
  bool fec = true;                  // Opus in-band FEC was negotiated
};

// What a session's media run over at the moment. Null entries are skipped; null RTCP: that PeerConnection does not
// exist.
struct SessionStreams {
  std::span<UplinkStream* const> uplinks;
  std::span<DownlinkStream* const> downlinks;
  const UplinkRtcp* uplink_rtcp = nullptr;
  DownlinkRtcp* downlink_rtcp = nullptr;
  std::size_t withheld = 0;  // of the downlinks' videos, those that the network had no room for most of the time
  // What the participant's client chose itself, which is no loss: the greatest height of each downlink (empty: all of
  // it), and what all that it sends keeps to.
  std::span<const std::uint16_t> asked_heights;
  std::optional<double> asked_kbps;
};

class SessionQuality {
 public:
  explicit SessionQuality(SessionOptions options);
  ~SessionQuality();
  SessionQuality(SessionQuality&&) noexcept;
  SessionQuality& operator=(SessionQuality&&) noexcept;

  // Media can flow: one of the session's PeerConnections is up (also again, after a restart).
  void connected(MonotonicUs now);
  // ICE or DTLS failed, or the core hung up, without the participant having left: a drop.
  void disconnected(MonotonicUs now);

  // Every sample_interval_ms. Also to be called before a stream goes that is not to be sampled any more.
  const Sample& sample(MonotonicUs now, WallTime wall, const SessionStreams& streams);
  // Instead, where the participant's own client measures. Precondition: is_plausible(measured).
  const Sample& report(const ClientSample& measured, MonotonicUs now, WallTime wall);

  // For the timeline: the media path changed, something adapted.
  void add_event(Happening what, std::uint8_t detail);
  // The pictures received were changed for the network's sake, for this cause (see layer_detail()). Counts as a change
  // of quality: one a sample, whatever happened in it.
  void add_layer_step(LayerStep step, std::optional<std::uint8_t> cause);

  // The last sample; null before the first.
  const Sample* latest() const;

  // The end: takes what came since the last sample. Nothing may be called after it but latest() and snapshot().
  Summary finish(MonotonicUs now, WallTime wall, const SessionStreams& streams);
  // The same as it stands, without ending anything.
  Summary summary() const;

  // Everything summary() needs, in plain bytes for the crash journal; how many of `out` were written: 0 where it is too
  // small.
  static constexpr std::size_t kMostSnapshotBytes = 2304;
  std::size_t snapshot(std::span<std::byte> out) const;

 private:
  struct Running;
  Running& running();

  SessionOptions options_;
  bool connected_ = false;
  std::unique_ptr<Running> running_;  // made with the first sample: a session that never has media stays small
};

// What a snapshot comes to; absent where the bytes are none, or of another version.
std::optional<Summary> summary_of_snapshot(std::span<const std::byte> snapshot);

}  // namespace callroom::quality
