// From the windows of the streams of one direction to the inputs of the model. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "quality/client_sample.hpp"
#include "quality/downlink_stream.hpp"
#include "quality/peer_rtcp.hpp"
#include "quality/sample.hpp"
#include "quality/score.hpp"
#include "quality/uplink_stream.hpp"

namespace callroom::quality {

// What one direction of a session did in one sample.
struct DirectionMeasure {
  static constexpr std::size_t kMostVideos = 8;  // further ones are counted, not scored
  struct Video {
    VideoQuality quality;  // without the best frame rate, which the session knows
    std::int64_t active_us = 0;
    std::uint32_t frames = 0;
  };

  std::int64_t duration_us = 0;
  std::uint64_t bytes = 0;
  std::uint32_t packets = 0;
  std::uint32_t expected = 0, lost = 0;  // of all media
  std::optional<AudioQuality> audio;     // without the round-trip time; absent: muted, or too little to score
  std::array<Video, kMostVideos> videos{};
  std::size_t video_count = 0;       // of those that flowed
  FrameSize size;                    // of the largest video
  std::optional<double> asked_kbps;  // that whoever sends asked to keep to
  std::optional<double> loss_pct, residual_loss_pct, audio_jitter_ms, video_jitter_ms, burst_ratio;
  std::uint32_t requests = 0, freezes = 0;
  std::int64_t frozen_us = 0;
  bool screen_share = false;
  bool has_audio = false;    // some arrived or was relayed
  bool should_flow = false;  // nothing says that it is meant to be silent
  bool unanswered = false;   // relayed to for long, and no report came
  bool begins_anew = false;  // the client asked for another size, or it is another participant's picture

  // The audio's; the video's where there is no audio, but not where its jitter is not known.
  std::optional<double> jitter_ms() const { return has_audio ? audio_jitter_ms : video_jitter_ms; }
  std::optional<double> kbps() const;
  std::optional<double> video_kbps() const;
  std::optional<double> frame_rate() const;  // mean of the videos
  std::optional<double> frozen_share() const;

  void add(const UplinkWindow& window, bool fec);
  void add(const DownlinkWindow& window, bool fec);
  void add(const DownlinkRtcp::Feedback& feedback);  // after the windows: stands in where no report came
  // So many videos were not relayed for most of the time, since the network had no room: they are not paused by their
  // senders, and worth nothing.
  void add_withheld(std::size_t count);
  void finish();  // after everything was added

 private:
  void add_video(const Video& video);

  std::uint32_t audio_expected_ = 0, audio_lost_ = 0, audio_bursts_ = 0, video_expected_ = 0, video_residual_ = 0;
  double audio_jitter_sum_ = 0, video_jitter_sum_ = 0;
  std::uint32_t audio_jitters_ = 0, video_jitters_ = 0;
  std::optional<double> audio_loss_pct_;  // where only a percentage is known
  double video_loss_sum_ = 0, video_residual_sum_ = 0;
  std::uint32_t video_losses_ = 0;
  std::uint32_t audio_flowing_ = 0;  // packets of audio that was not paused
  bool fec_ = false;
};

// The client's own figures in the same form; what it sent is "in".
DirectionMeasure measure_of_client(const ClientSample& sample, bool is_in);

// The score of a direction: mean over its videos; absent parts were not measured, or paused.
struct DirectionScore {
  std::optional<AudioScore> audio;
  std::optional<VideoScore> video;
  std::optional<SampleScore> all;
};
DirectionScore score_direction(const DirectionMeasure& measure, std::optional<double> rtt_ms,
                               std::optional<double> best_frame_rate);

}  // namespace callroom::quality
