#include "quality/direction_measure.hpp"

#include <algorithm>
#include <cmath>

#include "quality/model.hpp"

namespace callroom::quality {
namespace {

bool is_paused(std::int64_t quiet_us, std::int64_t duration_us) {
  return static_cast<double>(quiet_us) > model::kMostPaused * static_cast<double>(duration_us);
}

double percent(std::uint32_t part, std::uint32_t whole) {
  return whole == 0 ? 0.0 : 100.0 * part / whole;
}

double rate(double amount, std::int64_t us) {
  return us > 0 ? amount * 1e6 / static_cast<double>(us) : 0.0;
}

double kbps_of(std::uint64_t bytes, std::int64_t us) {
  return rate(static_cast<double>(bytes) * 8 / 1000, us);
}

}  // namespace

std::optional<double> DirectionMeasure::kbps() const {
  if (duration_us <= 0 || packets == 0) return std::nullopt;
  return kbps_of(bytes, duration_us);
}

std::optional<double> DirectionMeasure::video_kbps() const {
  if (video_count == 0) return std::nullopt;
  double total = 0;
  for (std::size_t i = 0; i < video_count; ++i) total += videos[i].quality.kbps.value_or(0);
  return total;
}

std::optional<double> DirectionMeasure::frame_rate() const {
  if (video_count == 0) return std::nullopt;
  double total = 0;
  for (std::size_t i = 0; i < video_count; ++i) total += videos[i].quality.frame_rate.value_or(0);
  return total / static_cast<double>(video_count);
}

std::optional<double> DirectionMeasure::frozen_share() const {
  if (video_count == 0) return std::nullopt;
  double worst = 0;
  for (std::size_t i = 0; i < video_count; ++i) worst = std::max(worst, videos[i].quality.frozen_share);
  return worst;
}

void DirectionMeasure::add_video(const Video& video) {
  if (video.quality.size.height > size.height) size = video.quality.size;
  screen_share = screen_share || video.quality.screen_share;
  if (video_count < kMostVideos) videos[video_count++] = video;
}

void DirectionMeasure::add(const UplinkWindow& window, bool fec) {
  fec_ = fec;
  duration_us = std::max(duration_us, window.duration_us);
  bytes += window.bytes;
  packets += window.expected - std::min(window.expected, window.lost);
  expected += window.expected;
  lost += window.lost;
  const bool nothing_sent = window.reports_seen && window.packets_reported == 0 && window.expected == 0;
  should_flow = should_flow || (!window.muted && !nothing_sent);
  const bool flows = !window.muted && window.expected > 0 && !is_paused(window.quiet_us, window.duration_us);
  if (window.kind == MediaKind::kAudio) {
    if (!flows) return;
    has_audio = true;
    audio_flowing_ += window.expected;
    audio_expected_ += window.expected;
    audio_lost_ += window.lost;
    audio_bursts_ += window.bursts;
    if (window.jitter_ms) {
      audio_jitter_sum_ += *window.jitter_ms;
      ++audio_jitters_;
    }
    return;
  }
  freezes += window.freezes;
  frozen_us += window.frozen_us;
  if (!flows) return;
  video_expected_ += window.expected;
  video_residual_ += window.residual;
  if (window.jitter_ms) {
    video_jitter_sum_ += *window.jitter_ms;
    ++video_jitters_;
  }
  Video video;
  // A silence that ends in a gap of the numbers was an outage: the frames that are repaired after it belong to its
  // time.
  const bool outage = window.silent_until != 0 && window.lost > window.frames;
  video.active_us = window.duration_us - (outage ? 0 : window.quiet_us);
  video.frames = window.frames;
  video.quality.residual_loss_pct = percent(window.residual, window.expected);
  video.quality.frozen_share = std::min(1.0, rate(static_cast<double>(window.frozen_us) / 1e6, video.active_us));
  video.quality.frame_rate = rate(window.frames, video.active_us);
  video.quality.size = window.size;
  video.quality.best_height = window.best_height;
  video.quality.kbps = kbps_of(window.bytes, video.active_us);
  video.quality.screen_share = window.screen_share;
  add_video(video);
}

void DirectionMeasure::add(const DownlinkWindow& window, bool fec) {
  fec_ = fec;
  duration_us = std::max(duration_us, window.duration_us);
  bytes += window.bytes;
  packets += window.relayed;
  expected += window.expected;
  lost += window.lost;
  requests += window.requests;
  should_flow = should_flow || window.relayed > 0;
  const std::int64_t patience_us = window.kind == MediaKind::kVideo ? model::kOneWayUs : model::kQuietDropUs;
  unanswered = unanswered || window.unreported_us > patience_us;
  begins_anew = begins_anew || window.begins_anew;
  if (window.kind == MediaKind::kAudio) {
    has_audio = has_audio || window.relayed != 0;
    if (window.relayed < model::kLeastAudioPackets) return;
    audio_flowing_ += window.relayed;
    if (window.loss_pct) audio_loss_pct_ = std::max(audio_loss_pct_.value_or(0), *window.loss_pct);
    if (window.jitter_ms) {
      audio_jitter_sum_ += *window.jitter_ms;
      ++audio_jitters_;
    }
    return;
  }
  freezes += window.freezes;
  frozen_us += window.frozen_us;
  if (window.relayed == 0 || is_paused(window.quiet_us, window.duration_us)) return;
  if (window.jitter_ms) {
    video_jitter_sum_ += *window.jitter_ms;
    ++video_jitters_;
  }
  if (window.loss_pct) {
    video_loss_sum_ += *window.loss_pct;
    video_residual_sum_ += window.residual_loss_pct.value_or(0);
    ++video_losses_;
  }
  Video video;
  video.active_us = window.duration_us - window.quiet_us;
  video.frames = window.frames;
  video.quality.residual_loss_pct = window.residual_loss_pct.value_or(0);
  video.quality.frozen_share = std::min(1.0, rate(static_cast<double>(window.frozen_us) / 1e6, video.active_us));
  video.quality.frame_rate = rate(window.frames, video.active_us);
  video.quality.size = window.size;
  video.quality.best_height = window.best_height;
  video.quality.kbps = kbps_of(window.bytes, video.active_us);
  video.quality.screen_share = window.screen_share;
  add_video(video);
}

void DirectionMeasure::add(const DownlinkRtcp::Feedback& feedback) {
  if (feedback.covered == 0) return;
  const double feedback_loss_pct = percent(feedback.lost, feedback.covered);
  burst_ratio = quality::burst_ratio(feedback.lost, feedback.bursts, feedback_loss_pct);
  if (video_losses_ == 0 && expected == 0) loss_pct = feedback_loss_pct;
}

void DirectionMeasure::add_withheld(std::size_t count) {
  Video video;
  video.active_us = duration_us;
  video.quality.frame_rate = 0;
  video.quality.withheld = true;
  for (std::size_t i = 0; i < count; ++i) add_video(video);
}

void DirectionMeasure::finish() {
  if (audio_jitters_ != 0) audio_jitter_ms = audio_jitter_sum_ / audio_jitters_;
  if (video_jitters_ != 0) video_jitter_ms = video_jitter_sum_ / video_jitters_;
  if (audio_expected_ != 0) {
    audio_loss_pct_ = percent(audio_lost_, audio_expected_);
    burst_ratio = quality::burst_ratio(audio_lost_, audio_bursts_, *audio_loss_pct_);
  }
  if (video_expected_ != 0) {
    residual_loss_pct = percent(video_residual_, video_expected_);
  } else if (video_losses_ != 0) {
    residual_loss_pct = video_residual_sum_ / video_losses_;
  }
  if (expected != 0) {
    loss_pct = percent(lost, expected);
  } else if (video_losses_ != 0) {
    loss_pct = video_loss_sum_ / video_losses_;
  } else if (audio_loss_pct_ && !loss_pct) {
    loss_pct = audio_loss_pct_;
  }
  if (audio_flowing_ < model::kLeastAudioPackets || !audio_loss_pct_) return;
  const bool own_bursts = audio_expected_ != 0;  // transport-wide feedback tells of the video's alone
  audio =
      AudioQuality{0, audio_jitter_ms.value_or(0), *audio_loss_pct_, own_bursts ? burst_ratio.value_or(1) : 1, fec_};
}

DirectionMeasure measure_of_client(const ClientSample& sample, bool is_in) {
  const ClientSample::Way& way = is_in ? sample.sent : sample.received;
  DirectionMeasure measure;
  measure.duration_us = std::llround(sample.interval_ms * 1000);
  measure.loss_pct = way.loss_pct;
  measure.should_flow = true;
  if (!way.kbps || *way.kbps <= 0) return measure;
  // A browser reports rates: counts that weigh a sample by its length stand in for the packets nobody counted.
  constexpr double kPacketsPerMs = 0.05;
  measure.bytes = static_cast<std::uint64_t>(*way.kbps * sample.interval_ms / 8);
  measure.packets = static_cast<std::uint32_t>(std::max(1.0, kPacketsPerMs * sample.interval_ms));
  if (way.loss_pct) {
    measure.expected = measure.packets * 100;
    measure.lost = static_cast<std::uint32_t>(std::lround(measure.packets * *way.loss_pct));
  }
  measure.has_audio = true;
  if (!is_in) measure.audio_jitter_ms = sample.jitter_ms;
  measure.audio = AudioQuality{0, sample.jitter_ms.value_or(0), way.loss_pct.value_or(0), 1, true};
  if (!way.frame_rate || !way.size.known()) return measure;
  DirectionMeasure::Video video;
  video.active_us = measure.duration_us;
  video.frames = static_cast<std::uint32_t>(std::lround(*way.frame_rate * sample.interval_ms / 1000));
  video.quality.frame_rate = way.frame_rate;
  video.quality.size = way.size;
  video.quality.kbps = way.kbps;
  if (!is_in) {
    measure.freezes = sample.freezes;
    measure.frozen_us = std::llround(sample.frozen_ms * 1000);
    video.quality.frozen_share = std::min(1.0, sample.frozen_ms / sample.interval_ms);
  }
  if (*way.frame_rate > 0) {
    measure.videos[0] = video;
    measure.video_count = 1;
    measure.size = way.size;
  }
  return measure;
}

DirectionScore score_direction(const DirectionMeasure& measure, std::optional<double> rtt_ms,
                               std::optional<double> best_frame_rate) {
  DirectionScore result;
  if (measure.audio) {
    AudioQuality audio = *measure.audio;
    audio.rtt_ms = rtt_ms.value_or(0);
    result.audio = score_audio(audio);
  }
  if (measure.video_count != 0) {
    std::optional<double> asked_use;
    if (measure.asked_kbps) asked_use = measure.kbps().value_or(0) / *measure.asked_kbps;
    VideoScore mean;
    for (std::size_t i = 0; i < measure.video_count; ++i) {
      VideoQuality video = measure.videos[i].quality;
      video.best_frame_rate = best_frame_rate;
      video.asked_use = asked_use;
      const VideoScore one = score_video(video);
      const double share = 1.0 / static_cast<double>(measure.video_count);
      mean.score += share * one.score;
      mean.lost = weighted_sum(mean.lost, 1, one.lost, share);
    }
    result.video = mean;
  }
  result.all = score_sample(result.audio, result.video);
  return result;
}

}  // namespace callroom::quality
