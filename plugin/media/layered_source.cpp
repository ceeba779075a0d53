#include "media/layered_source.hpp"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "media/header_rewriter.hpp"

namespace callroom::media {

namespace {

constexpr MonotonicUs kGoneAfter = 1'000'000;
constexpr double kSmoothedOverS = 1.5;
constexpr std::uint16_t kOneByteForm = 0xbede;

}  // namespace

std::optional<std::size_t> payload_offset(std::span<const std::uint8_t> packet) {
  if (packet.size() < kRtpHeaderSize) return std::nullopt;
  std::size_t at = kRtpHeaderSize + std::size_t{4} * (packet[0] & 0x0fU);
  if ((packet[0] & 0x10U) != 0) {
    if (packet.size() < at + 4) return std::nullopt;
    at += 4 + std::size_t{4} * load_u16(packet.data() + at + 2);
  }
  return at <= packet.size() ? std::optional(at) : std::nullopt;
}

std::span<const std::uint8_t> header_extension(std::span<const std::uint8_t> packet, std::uint8_t id) {
  const std::optional<std::size_t> end = payload_offset(packet);
  if (!end || (packet[0] & 0x10U) == 0) return {};
  std::size_t at = kRtpHeaderSize + std::size_t{4} * (packet[0] & 0x0fU);
  const bool one_byte = load_u16(packet.data() + at) == kOneByteForm;
  for (at += 4; at < *end;) {
    if (packet[at] == 0) {  // padding
      ++at;
      continue;
    }
    const std::uint8_t found = one_byte ? packet[at] >> 4 : packet[at];
    if (one_byte && found == 15) return {};
    std::size_t size = 0;
    if (one_byte) {
      size = std::size_t{1} + (packet[at] & 0x0fU);
      at += 1;
    } else {
      if (at + 1 >= *end) return {};
      size = packet[at + 1];
      at += 2;
    }
    if (at + size > *end) return {};
    if (found == id) return packet.subspan(at, size);
    at += size;
  }
  return {};
}

namespace {

// The padding at the end of a packet (RFC 3550, 5.1), `payload` being what follows the header.
std::size_t padding_of(std::span<const std::uint8_t> packet, std::size_t payload) {
  const bool padded = (packet[0] & 0x20U) != 0 && packet.size() > payload;
  return padded ? std::min<std::size_t>(packet.back(), packet.size() - payload) : 0;
}

}  // namespace

LayeredSource::Stream* LayeredSource::stream_of(std::span<const std::uint8_t> packet) {
  const std::uint32_t ssrc = load_u32(packet.data() + 8);
  for (Stream& stream : streams_) {
    if (stream.known && stream.ssrc == ssrc) return &stream;
  }
  const auto value = header_extension(packet, naming_.rid_extension);
  const std::string_view name(reinterpret_cast<const char*>(value.data()), value.size());
  const auto found = std::ranges::find(naming_.rids, name);
  if (name.empty() || found == naming_.rids.end()) return nullptr;
  const auto spatial = static_cast<std::size_t>(naming_.rids.end() - found) - 1;
  if (spatial >= kMostSpatial) return nullptr;
  Stream& stream = streams_[spatial];
  stream.ssrc = ssrc;
  stream.known = true;
  stream.begun = false;
  return &stream;
}

bool LayeredSource::is_first(Stream& stream, const LayeredPacket& packet, std::uint64_t highest_before) {
  if (packet.is_newest) {
    if (packet.index - highest_before >= kRemembered) {
      stream.seen.reset();
    } else {
      for (std::uint64_t passed = highest_before + 1; passed < packet.index; ++passed) {
        stream.seen.reset(passed % kRemembered);
      }
    }
  } else if (stream.highest - packet.index >= kRemembered || stream.seen.test(packet.index % kRemembered)) {
    return false;
  }
  stream.seen.set(packet.index % kRemembered);
  return true;
}

LayeredSource::Frames LayeredSource::frames() const {
  Frames frames{};
  std::ranges::transform(streams_, frames.begin(), &Stream::frames);
  return frames;
}

// The most frames that any other stream has sent since these were counted.
std::uint32_t LayeredSource::most_of_another(const Stream& stream, const Frames& since) const {
  std::uint32_t most = 0;
  for (std::size_t i = 0; i < kMostSpatial; ++i) {
    if (&streams_[i] != &stream) most = std::max(most, streams_[i].frames - since[i]);
  }
  return most;
}

void LayeredSource::note_flow(Stream& stream, bool starts_frame, MonotonicUs now) {
  stream.frames_of_all = frames();
  if (stream.stopped || stream.last_at == 0) {
    stream.flows_since = stream.keeps_up_since = now;
    stream.frames_at_trial = stream.frames_of_all;
  }
  stream.stopped = false;
  stream.last_at = now;
  if (!starts_frame) return;
  ++stream.frames;
  try_out(stream, now);
  update_steady(now);
}

bool LayeredSource::is_left_behind(const Stream& stream, MonotonicUs now) const {
  return now - stream.last_at > kStoppedAfter && most_of_another(stream, stream.frames_of_all) >= kMissedFrames;
}

// Steady is what has sent most of the frames that the others did, for long enough.
void LayeredSource::try_out(Stream& stream, MonotonicUs now) const {
  if (stream.steady) return;
  const std::uint32_t most = most_of_another(stream, stream.frames_at_trial);
  if (most >= kTrialFrames) {
    const auto own = static_cast<std::size_t>(&stream - streams_.data());
    if (3 * (stream.frames - stream.frames_at_trial[own]) <= 2 * most) stream.keeps_up_since = now;
    stream.frames_at_trial = frames();
  }
  stream.steady = now - stream.keeps_up_since >= stream.patience;
}

// The lowest that flows has nothing to wait for.
void LayeredSource::update_steady(MonotonicUs now) {
  steady_ = 0;
  for (std::size_t i = 0; i < kMostSpatial; ++i) {
    Stream& stream = streams_[i];
    if (stream.last_at == 0 || stream.stopped) continue;
    if (is_left_behind(stream, now)) {
      const bool lasted = stream.last_at - stream.flows_since >= kLasting;
      if (stream.steady) stream.patience = lasted ? kPatience : std::min(3 * stream.patience / 2, kMostPatience);
      stream.stopped = true;
      stream.steady = false;
      continue;
    }
    if (steady_ == 0 || stream.steady) steady_ = static_cast<std::uint8_t>(steady_ | 1U << i);
  }
}

std::optional<LayeredPacket> LayeredSource::read(std::span<const std::uint8_t> packet, bool key_frame,
                                                 MonotonicUs now) {
  const std::optional<std::size_t> payload = payload_offset(packet);
  Stream* const stream = payload ? stream_of(packet) : nullptr;
  if (stream == nullptr) return std::nullopt;
  LayeredPacket read;
  read.spatial = static_cast<std::uint8_t>(stream - streams_.data());
  read.payload_at = *payload;
  read.timestamp = load_u32(packet.data() + 4);
  const std::uint16_t sequence = load_u16(packet.data() + 2);
  const std::uint64_t highest_before = stream->highest;
  if (!stream->begun) {
    stream->begun = true;
    stream->highest = ((stream->highest >> 16) + 2) << 16 | sequence;  // far from whatever was before
    read.index = stream->highest;
    read.is_newest = true;
  } else {
    const auto step = static_cast<std::int16_t>(sequence - static_cast<std::uint16_t>(stream->highest));
    read.index = stream->highest + static_cast<std::uint64_t>(static_cast<std::int64_t>(step));
    read.is_newest = step > 0;
    if (step > 0) stream->highest = read.index;
  }
  if (!is_first(*stream, read, highest_before)) return std::nullopt;
  read.is_empty = packet.size() - padding_of(packet, *payload) == *payload;
  read.key_frame = key_frame;
  if (is_vp8_ && !read.is_empty) {
    read.descriptor = parse_vp8_descriptor(packet.subspan(*payload));
    if (read.descriptor) {
      read.temporal = std::min<std::uint8_t>(read.descriptor->temporal_layer.value_or(0), kMostTemporal - 1);
      read.starts_frame = read.descriptor->starts_frame;
      read.is_layer_sync = read.descriptor->is_layer_sync;
      read.key_frame = read.descriptor->is_key_frame;
    }
  } else {
    read.starts_frame = key_frame;
  }
  if (read.is_newest && !read.is_empty) note_flow(*stream, read.starts_frame, now);
  read.steady = steady_;
  if (read.key_frame) stream->key_frame_at = read.timestamp;
  // A key frame is what a receiver pays once, for a change: counted in, each change would look too dear to keep.
  if (read.timestamp == stream->key_frame_at) return read;
  auto& bytes = stream->bytes[read.temporal];
  bytes.store(bytes.load(std::memory_order_relaxed) + packet.size(), std::memory_order_relaxed);
  return read;
}

std::vector<LayerCost> LayeredSource::costs(MonotonicUs now) {
  const double seconds = read_at_ == 0 ? 0 : static_cast<double>(now - read_at_) / 1e6;
  read_at_ = now;
  std::vector<LayerCost> costs;
  double least = 0;
  for (std::size_t spatial = 0; spatial < kMostSpatial; ++spatial) {
    Reading& reading = readings_[spatial];
    bool flows = false;
    const double weight = reading.rated ? 1 - std::exp(-seconds / kSmoothedOverS) : 1;
    for (std::size_t temporal = 0; temporal < kMostTemporal; ++temporal) {
      const std::uint64_t bytes = streams_[spatial].bytes[temporal].load(std::memory_order_relaxed);
      const auto more = static_cast<double>(bytes - reading.bytes[temporal]);
      reading.bytes[temporal] = bytes;
      flows |= more > 0;
      if (seconds > 0) reading.bps[temporal] += weight * (more * 8 / seconds - reading.bps[temporal]);
    }
    if (flows) reading.flowed_at = now;
    if (seconds > 0 && flows) reading.rated = true;
    if (!reading.rated) continue;
    if (now - reading.flowed_at > kGoneAfter) {
      reading = {reading.bytes, {}, 0, false};
      continue;
    }
    double sum = 0;
    for (std::size_t temporal = 0; temporal < kMostTemporal; ++temporal) {
      if (reading.bps[temporal] < 1) continue;
      sum += reading.bps[temporal];
      // A larger picture of a quarter of the frames is no step up from a smaller one of all.
      if (temporal == 0 && !costs.empty() && reading.bps[1] >= 1) continue;
      // A step that costs no more than the one before is not worth choosing between, and the list has to rise.
      if (sum <= least) continue;
      costs.push_back({{static_cast<std::uint8_t>(spatial), static_cast<std::uint8_t>(temporal)}, sum});
      least = sum;
    }
  }
  return costs;
}

double LayeredSource::total_bps() const {
  double sum = 0;
  for (const Reading& reading : readings_) {
    for (const double bps : reading.bps) sum += bps;
  }
  return sum;
}

}  // namespace callroom::media
