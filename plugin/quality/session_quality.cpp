#include "quality/session_quality.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "quality/change_watch.hpp"
#include "quality/direction_measure.hpp"
#include "quality/liveness.hpp"
#include "quality/model.hpp"
#include "quality/session_measure.hpp"
#include "quality/snapshot.hpp"

namespace callroom::quality {
namespace {

std::optional<float> narrow(const std::optional<double>& value) {
  return value ? std::optional(static_cast<float>(*value)) : std::nullopt;
}

// The worse, where more is worse; or the one that is known.
std::optional<double> greater(const std::optional<double>& a, const std::optional<double>& b) {
  return a && b ? std::max(*a, *b) : a ? a : b;
}
std::optional<double> lesser(const std::optional<double>& a, const std::optional<double>& b) {
  return a && b ? std::min(*a, *b) : a ? a : b;
}

void count_size(SessionTotals& totals, FrameSize size) {
  if (!size.known()) return;
  SessionTotals::SizeShare* rarest = &totals.sizes[0];
  for (auto& share : totals.sizes) {
    if (share.samples == 0 || share.size == size) {
      share.size = size;
      if (share.samples != 0xFFFF) ++share.samples;
      return;
    }
    if (share.samples < rarest->samples) rarest = &share;
  }
  *rarest = {size, 1};
}

// A short stretch without media is part of the flow, as an outage is; a long one is somebody waiting for somebody.
void count_flow(const DirectionMeasure& measure, DirectionTotals& totals) {
  constexpr std::uint64_t kWaitingUs = 15'000'000;
  const auto duration_us = static_cast<std::uint64_t>(std::max<std::int64_t>(0, measure.duration_us));
  if (measure.packets == 0) {
    if (totals.flowing_us != 0) totals.dry_us += duration_us;
    return;
  }
  totals.flowing_us += duration_us + (totals.dry_us < kWaitingUs ? totals.dry_us : 0);
  totals.dry_us = 0;
}

std::optional<double> lowest_frame_rate(const DirectionMeasure& measure) {
  return measure.screen_share ? std::nullopt : measure.frame_rate();
}

std::optional<double> lowest_bits_per_pixel(const DirectionMeasure& measure) {
  std::optional<double> lowest;
  for (std::size_t i = 0; i < measure.video_count && !measure.screen_share; ++i) {
    lowest = lesser(lowest, bits_per_pixel(measure.videos[i].quality));
  }
  return lowest;
}

}  // namespace

std::optional<Rating> Sample::rating() const {
  return score ? std::optional(rate(static_cast<double>(*score))) : std::nullopt;
}

struct SessionQuality::Running {
  SessionState state;
  Sample latest;
  Liveness liveness;
  ChangeWatch changes;
  float rtt_ms = 0;
  std::uint8_t rtt_held_for = 255;        // samples since it was measured
  std::uint8_t layer_step = 0;            // layer_detail() of what happened since the last sample; 0: nothing
  std::uint8_t samples_since_step = 255;  // … since such a thing happened, or what is received began anew

  // The last score of a direction's audio, which stands in while a microphone is muted: what is left, the picture, is
  // worth no less for that.
  struct HeldAudio {
    float score = -1, lost_to_delay = 0, lost_to_loss = 0;  // score -1: none yet
  };
  HeldAudio held_audio_in, held_audio_out;
  static void hold_audio(HeldAudio& held, DirectionScore& score);

  std::optional<double> held_rtt(std::optional<double> measured) {
    if (measured) {
      rtt_ms = static_cast<float>(*measured);
      rtt_held_for = 0;
    } else if (rtt_held_for < 255) {
      ++rtt_held_for;
    }
    return rtt_held_for <= model::kKeepSamples ? std::optional<double>(rtt_ms) : std::nullopt;
  }

  void take_direction(const DirectionMeasure& measure, DirectionTotals& totals, Quantity frame_rates);
  void take_score(const Sample& sample, const std::optional<SampleScore>& worse);
  void take_issues(const DirectionMeasure& in, const DirectionMeasure& out, const SessionOptions& options,
                   std::optional<double> rtt);
  void take_change(Liveness::Change change);
  void take_layer_step();
  void take_picture(const DirectionMeasure& in, const DirectionMeasure& out);
  void event(Happening what, std::uint8_t detail) {
    state.timeline.add_event(
        {what, detail, static_cast<std::uint16_t>(std::min<std::uint32_t>(state.totals.samples, 0xFFFF))});
  }
  void take(const DirectionMeasure& in, const DirectionMeasure& out, const RoundTrips& round_trips, WallTime wall,
            const SessionOptions& options, bool is_sample);
};

SessionQuality::SessionQuality(SessionOptions options) : options_(options) {}
SessionQuality::~SessionQuality() = default;
SessionQuality::SessionQuality(SessionQuality&&) noexcept = default;
SessionQuality& SessionQuality::operator=(SessionQuality&&) noexcept = default;

SessionQuality::Running& SessionQuality::running() {
  if (!running_) {
    running_ = std::make_unique<Running>();
    running_->state.totals.sample_interval_ms = options_.sample_interval_ms;
    running_->state.totals.connected = connected_ ? 1 : 0;
  }
  return *running_;
}

void SessionQuality::connected(MonotonicUs) {
  connected_ = true;
  if (running_) running_->state.totals.connected = 1;
}

void SessionQuality::disconnected(MonotonicUs now) {
  if (connected_) running().take_change(running().liveness.fail(now));
}

void SessionQuality::add_event(Happening what, std::uint8_t detail) {
  running().event(what, detail);
}

void SessionQuality::add_layer_step(LayerStep step, std::optional<std::uint8_t> cause) {
  std::uint8_t& pending = running().layer_step;
  if (step >= step_of(pending).value_or(step)) pending = layer_detail(step, cause);
}

const Sample* SessionQuality::latest() const {
  return running_ && running_->state.totals.samples != 0 ? &running_->latest : nullptr;
}

void SessionQuality::Running::take_direction(const DirectionMeasure& measure, DirectionTotals& totals,
                                             Quantity frame_rates) {
  totals.bytes += measure.bytes;
  totals.packets += measure.packets;
  totals.expected += measure.expected;
  totals.lost += measure.lost;
  count_flow(measure, totals);
  for (std::size_t i = 0; i < measure.video_count; ++i) {
    totals.video_us += static_cast<std::uint64_t>(std::max<std::int64_t>(0, measure.videos[i].active_us));
    totals.frames += measure.videos[i].frames;
  }
  if (const auto frame_rate = measure.frame_rate()) state.sketch.add(frame_rates, *frame_rate);
  count_size(state.totals, measure.size);
  SessionTotals& all = state.totals;
  all.freezes += measure.freezes;
  all.frozen_ms += static_cast<double>(measure.frozen_us) / 1000;
  all.key_frame_requests += measure.requests;
  if (const auto jitter = measure.jitter_ms()) {
    all.jitter_sum_ms += *jitter;
    ++all.jitter_count;
    state.sketch.add(Quantity::kJitter, *jitter);
  }
}

void SessionQuality::Running::hold_audio(HeldAudio& held, DirectionScore& score) {
  if (score.audio) {
    held = {static_cast<float>(score.audio->score), static_cast<float>(score.audio->lost_to_delay),
            static_cast<float>(score.audio->lost_to_loss)};
  } else if (score.video && held.score >= 0) {
    AudioScore audio;
    audio.score = static_cast<double>(held.score);
    audio.lost_to_delay = static_cast<double>(held.lost_to_delay);
    audio.lost_to_loss = static_cast<double>(held.lost_to_loss);
    score.all = score_sample(audio, score.video);
  }
}

void SessionQuality::Running::take_score(const Sample& sample, const std::optional<SampleScore>& worse) {
  if (!sample.score || !worse) return;
  SessionTotals& totals = state.totals;
  const double score = worse->score;
  ++totals.scored;
  if (score >= model::kGood) ++totals.good;
  totals.score_sum += score;
  const Breakdown& lost = worse->lost;
  const std::array<double, 6> points{lost.delay,      lost.loss,       lost.freezes,
                                     lost.frame_rate, lost.resolution, lost.bitrate};
  for (std::size_t i = 0; i < points.size(); ++i) totals.lost_points[i] += points[i];
  state.sketch.add(Quantity::kScore, score);
}

void SessionQuality::Running::take_issues(const DirectionMeasure& in, const DirectionMeasure& out,
                                          const SessionOptions& options, std::optional<double> rtt) {
  IssueInputs inputs;
  inputs.rtt_ms = rtt;
  inputs.loss_pct = greater(in.loss_pct, out.loss_pct);
  inputs.burst_ratio = greater(in.burst_ratio, out.burst_ratio);
  inputs.jitter_ms = greater(in.jitter_ms(), out.jitter_ms());
  inputs.frame_rate = lesser(lowest_frame_rate(in), lowest_frame_rate(out));
  inputs.frozen_share = greater(in.frozen_share(), out.frozen_share());
  inputs.bits_per_pixel = lesser(lowest_bits_per_pixel(in), lowest_bits_per_pixel(out));
  const auto allowed_kbps = lesser(options.room_kbps, in.asked_kbps);
  if (const auto kbps = in.video_kbps(); allowed_kbps && *allowed_kbps > 0 && kbps) {
    inputs.bitrate_share = *kbps / *allowed_kbps;
  }
  const std::int64_t duration_us = std::max(in.duration_us, out.duration_us);
  if (duration_us > 0) inputs.key_frame_requests_per_s = out.requests * 1e6 / static_cast<double>(duration_us);
  const bool in_dry = in.should_flow && in.packets == 0 && in.duration_us > 0 && out.packets != 0 && !out.unanswered;
  const bool out_dry = out.unanswered && in.packets != 0;
  inputs.one_way = in_dry || out_dry;

  IssueTracker tracker;
  tracker.assign(state.totals.issues);
  tracker.add(issue_levels(inputs), state.totals.samples, [this](IssueCode code, bool began) {
    event(began ? Happening::kIssueBegan : Happening::kIssueEnded, static_cast<std::uint8_t>(code));
  });
  state.totals.issues = tracker.states();
  for (std::size_t i = 0; i < kIssueCodes; ++i) latest.issues[i] = tracker.current(static_cast<IssueCode>(i));
}

void SessionQuality::Running::take_change(Liveness::Change change) {
  SessionTotals& totals = state.totals;
  if (change.dropped) {
    ++totals.drops;
    IssueTracker tracker;
    tracker.assign(totals.issues);
    tracker.raise(IssueCode::kConnectionDrop,
                  totals.drops >= model::kCriticalDropIssue ? Severity::kCritical : Severity::kWarning, totals.samples);
    totals.issues = tracker.states();
    event(Happening::kDrop, 0);
  }
  if (change.recovered) {
    ++totals.recoveries;
    event(Happening::kRecovery, 0);
  }
}

void SessionQuality::Running::take_layer_step() {
  if (layer_step == 0) {
    if (samples_since_step < 255) ++samples_since_step;
    return;
  }
  samples_since_step = 0;
  ++state.totals.quality_changes;
  event(Happening::kQualityChange, std::exchange(layer_step, std::uint8_t{0}));
}

// Of the video that is sent; of who sends none, of what is received, where it is not what the network has just had
// done, what the client has asked for, or somebody else.
void SessionQuality::Running::take_picture(const DirectionMeasure& in, const DirectionMeasure& out) {
  const bool sends_video = in.video_count != 0;
  const DirectionMeasure& shown = sends_video ? in : out;
  const auto change = changes.add(shown.size, lowest_frame_rate(shown));
  if (change == ChangeWatch::Change::kNone) return;
  if (!sends_video && samples_since_step <= model::kFrameRateChangeSamples) return;
  latest.changed = true;
  ++state.totals.quality_changes;
  event(Happening::kQualityChange, change == ChangeWatch::Change::kResolution ? 0 : 1);
}

void SessionQuality::Running::take(const DirectionMeasure& in, const DirectionMeasure& out,
                                   const RoundTrips& round_trips, WallTime wall, const SessionOptions& options,
                                   bool is_sample) {
  SessionTotals& totals = state.totals;
  take_direction(in, totals.in, Quantity::kFrameRateIn);
  take_direction(out, totals.out, Quantity::kFrameRateOut);
  if (in.packets + out.packets != 0) {
    totals.media_us += static_cast<std::uint64_t>(std::max<std::int64_t>(0, std::max(in.duration_us, out.duration_us)));
  }
  // The mean weighs by time, not by reports; quantiles are of what was measured, not of medians.
  if (const auto mean_ms = round_trips.mean()) {
    totals.rtt_sum_ms += *mean_ms;
    ++totals.rtt_count;
  }
  for (const double trip_ms : round_trips.all()) {
    totals.rtt_max_ms = std::max(totals.rtt_max_ms, trip_ms);
    state.sketch.add(Quantity::kRtt, trip_ms);
  }
  const bool stepped = layer_step != 0;
  take_layer_step();
  if (out.begins_anew) samples_since_step = 0;
  if (!is_sample) return;

  const std::optional<double> rtt = held_rtt(round_trips.median());
  const auto best = [&](Quantity quantity) { return state.sketch.quantile(quantity, model::kBestFrameRateQuantile); };
  DirectionScore in_score = score_direction(in, rtt, best(Quantity::kFrameRateIn));
  DirectionScore out_score = score_direction(out, rtt, best(Quantity::kFrameRateOut));
  hold_audio(held_audio_in, in_score);
  hold_audio(held_audio_out, out_score);
  const bool in_is_worse = in_score.all && (!out_score.all || in_score.all->score <= out_score.all->score);
  const std::optional<SampleScore>& worse = in_is_worse ? in_score.all : out_score.all;

  const auto describe = [](const DirectionMeasure& measure, const DirectionScore& score) {
    DirectionSample sample;
    if (score.all) sample.score = static_cast<float>(score.all->score);
    if (score.audio) {
      sample.audio_score = static_cast<float>(score.audio->score);
      sample.mos = static_cast<float>(score.audio->mos);
    }
    if (score.video) sample.video_score = static_cast<float>(score.video->score);
    sample.loss_pct = narrow(measure.loss_pct);
    sample.residual_loss_pct = narrow(measure.residual_loss_pct);
    sample.jitter_ms = narrow(measure.jitter_ms());
    sample.kbps = narrow(measure.kbps());
    sample.frame_rate = narrow(measure.frame_rate());
    sample.size = measure.size;
    return sample;
  };
  latest = {};
  latest.index = totals.samples;
  latest.at = wall;
  latest.rtt_ms = narrow(rtt);
  latest.in = describe(in, in_score);
  latest.out = describe(out, out_score);
  latest.silent = liveness.is_dropped();
  latest.changed = stepped;
  if (worse) latest.score = static_cast<float>(worse->score);
  take_score(latest, worse);
  take_issues(in, out, options, rtt);

  take_picture(in, out);
  if (const auto loss = greater(in.loss_pct, out.loss_pct)) state.sketch.add(Quantity::kLoss, *loss);
  if (const auto rate = lesser(in.kbps(), out.kbps())) state.sketch.add(Quantity::kBitrate, *rate);
  if (const auto rate = lesser(in.frame_rate(), out.frame_rate())) state.sketch.add(Quantity::kFrameRate, *rate);
  state.timeline.add({worse ? std::optional(worse->score) : std::nullopt, rtt, in.loss_pct, out.loss_pct, in.kbps(),
                      out.kbps(), in.video_count != 0 ? in.frame_rate() : out.frame_rate()});
  ++totals.samples;
}

const Sample& SessionQuality::sample(MonotonicUs now, WallTime wall, const SessionStreams& streams) {
  Running& run = running();
  const Measured measured = measure(streams, now, options_.fec, run.liveness);
  if (connected_) run.take_change(run.liveness.conclude(now, measured.media_at));
  if (const auto rtt_ms = measured.round_trips.median()) {
    for (UplinkStream* stream : streams.uplinks) {
      if (stream != nullptr) stream->set_round_trip(static_cast<std::uint32_t>(*rtt_ms * 1000));
    }
  }
  run.take(measured.in, measured.out, measured.round_trips, wall, options_, true);
  return run.latest;
}

const Sample& SessionQuality::report(const ClientSample& measured, MonotonicUs, WallTime wall) {
  Running& run = running();
  connected_ = true;
  run.state.totals.connected = 1;
  run.take_change(run.liveness.recover());
  const RoundTrips round_trips = measured.rtt_ms ? RoundTrips(*measured.rtt_ms) : RoundTrips();
  run.take(measure_of_client(measured, true), measure_of_client(measured, false), round_trips, wall, options_, true);
  return run.latest;
}

Summary SessionQuality::finish(MonotonicUs now, WallTime wall, const SessionStreams& streams) {
  Running& run = running();
  const Measured measured = measure(streams, now, options_.fec, run.liveness);
  const bool long_enough = std::max(measured.in.duration_us, measured.out.duration_us) * 2 >=
                           std::int64_t{options_.sample_interval_ms} * 1000;
  run.take(measured.in, measured.out, measured.round_trips, wall, options_, long_enough);
  return summary();
}

Summary SessionQuality::summary() const {
  if (running_) return summarize(running_->state);
  SessionState nothing;
  nothing.totals.connected = connected_ ? 1 : 0;
  return summarize(nothing);
}

std::size_t SessionQuality::snapshot(std::span<std::byte> out) const {
  if (running_) return write_snapshot(running_->state, out);
  SessionState nothing;
  nothing.totals.connected = connected_ ? 1 : 0;
  return write_snapshot(nothing, out);
}

}  // namespace callroom::quality
