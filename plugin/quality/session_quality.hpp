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
#include "quality/sample.hpp"
#include "quality/score.hpp"
#include "quality/session_streams.hpp"
#include "quality/session_totals.hpp"

namespace callroom::quality {

struct SessionOptions {
  std::uint32_t sample_interval_ms = 3000;
  std::optional<double> room_kbps;  // what the room allows each sender; absent: no limit
  bool fec = true;                  // Opus in-band FEC was negotiated
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
