#include "storage/record_codec.hpp"

#include <bit>
#include <string>

#include "base/byte_reader.hpp"
#include "storage/byte_writer.hpp"

namespace callroom::storage {
namespace {

// One list of the fields, walked by both directions, so that they cannot disagree.
template <typename Archive, typename Record>
void walk(Archive& archive, Record& record) {
  archive(record.session_id);
  archive(record.started_at);
  archive(record.ended_at);
  archive(record.node);
  archive(record.room);
  archive(record.user_id);
  archive(record.display);
  archive(record.provider);
  archive(record.media_path);
  archive(record.measured_by);
  archive(record.end_reason);
  archive(record.negotiations);
  archive(record.glare_count);
  archive(record.rollbacks);
  archive(record.candidate_type);
  archive(record.protocol);
  archive(record.turn_server);
  archive(record.device_info);

  auto& quality = record.quality;
  archive(quality.samples);
  archive(quality.media_s);
  archive(quality.packets);
  archive(quality.latency_avg_ms);
  archive(quality.latency_p50_ms);
  archive(quality.latency_p95_ms);
  archive(quality.latency_max_ms);
  archive(quality.jitter_avg_ms);
  archive(quality.jitter_p95_ms);
  archive(quality.packet_loss_in_pct);
  archive(quality.packet_loss_out_pct);
  archive(quality.packet_loss_p95_pct);
  archive(quality.bandwidth_in_kbps);
  archive(quality.bandwidth_out_kbps);
  archive(quality.bandwidth_p5_kbps);
  archive(quality.frame_rate_avg);
  archive(quality.frame_rate_p5);
  archive(quality.resolution_max);
  archive(quality.resolution_min);
  archive(quality.resolution_typical);
  archive(quality.freeze_count);
  archive(quality.freeze_ms);
  archive(quality.quality_changes);
  archive(quality.connection_drops);
  archive(quality.recoveries);
  archive(quality.keyframe_requests);
  archive(quality.quality_score);
  archive(quality.rating);
  archive(quality.score_p10);
  archive(quality.good_share_pct);
  archive(quality.breakdown);
  archive(quality.issues);
  archive(quality.score_version);
  archive(quality.timeline);
}

class Encoder {
 public:
  explicit Encoder(std::span<std::uint8_t> buffer) : out_(buffer) {}

  std::size_t written() const { return out_.ok() ? out_.size() : 0; }

  void operator()(std::uint8_t value) { out_.u8(value); }
  void operator()(std::uint32_t value) { out_.u32(value); }
  void operator()(std::uint64_t value) { out_.u64(value); }
  void operator()(int value) { out_.u32(static_cast<std::uint32_t>(value)); }
  void operator()(double value) { out_.f64(value); }
  void operator()(const std::string& value) { out_.text(value); }
  void operator()(const std::vector<std::uint8_t>& value) { out_.bytes(value); }
  void operator()(WallTime value) { out_.i64(value.time_since_epoch().count()); }
  void operator()(quality::Rating value) { out_.u8(static_cast<std::uint8_t>(value)); }
  void operator()(const quality::Breakdown& value) {
    for (const double points :
         {value.delay, value.loss, value.freezes, value.frame_rate, value.resolution, value.bitrate, value.drops}) {
      out_.f64(points);
    }
  }
  void operator()(const quality::Issue& value) {
    out_.text(value.code);
    out_.u8(static_cast<std::uint8_t>(value.severity));
    out_.u32(value.samples);
    (*this)(value.first_sample);
  }
  void operator()(const std::vector<quality::Issue>& values) {
    out_.u32(static_cast<std::uint32_t>(values.size()));
    for (const auto& value : values) (*this)(value);
  }
  template <typename T>
  void operator()(const std::optional<T>& value) {
    out_.u8(value.has_value() ? 1 : 0);
    if (value) (*this)(*value);
  }

 private:
  ByteWriter out_;
};

class Decoder {
 public:
  explicit Decoder(std::span<const std::uint8_t> bytes) : in_(bytes) {}

  bool ok() const { return in_.ok() && !refused_; }

  void operator()(std::uint8_t& value) { value = in_.u8(); }
  void operator()(std::uint32_t& value) { value = in_.u32(); }
  void operator()(std::uint64_t& value) { value = in_.u64(); }
  void operator()(int& value) { value = static_cast<int>(in_.u32()); }
  void operator()(double& value) { value = std::bit_cast<double>(in_.u64()); }
  void operator()(std::string& value) {
    const auto part = in_.take(in_.u32());
    value.assign(part.begin(), part.end());
  }
  void operator()(std::vector<std::uint8_t>& value) {
    const auto part = in_.take(in_.u32());
    value.assign(part.begin(), part.end());
  }
  void operator()(WallTime& value) {
    const auto time = storable_time(static_cast<std::int64_t>(in_.u64()));
    refuse_unless(time.has_value());
    if (time) value = *time;
  }
  void operator()(quality::Rating& value) {
    const std::uint8_t number = in_.u8();
    refuse_unless(number <= static_cast<std::uint8_t>(quality::Rating::kUnrated));
    value = static_cast<quality::Rating>(number);
  }
  void operator()(quality::Breakdown& value) {
    for (double* points : {&value.delay, &value.loss, &value.freezes, &value.frame_rate, &value.resolution,
                           &value.bitrate, &value.drops}) {
      (*this)(*points);
    }
  }
  void operator()(quality::Issue& value) {
    (*this)(value.code);
    const std::uint8_t severity = in_.u8();
    refuse_unless(severity <= static_cast<std::uint8_t>(quality::Severity::kCritical));
    value.severity = static_cast<quality::Severity>(severity);
    (*this)(value.samples);
    (*this)(value.first_sample);
  }
  void operator()(std::vector<quality::Issue>& values) {
    const std::uint32_t count = in_.u32();
    for (std::uint32_t i = 0; i < count && ok(); ++i) (*this)(values.emplace_back());
  }
  template <typename T>
  void operator()(std::optional<T>& value) {
    const std::uint8_t present = in_.u8();
    refuse_unless(present <= 1);
    if (present == 1) (*this)(value.emplace());
  }

 private:
  void refuse_unless(bool valid) { refused_ = refused_ || !valid; }

  ByteReader in_;
  bool refused_ = false;
};

}  // namespace

std::size_t encode_into(const SessionRecord& record, std::span<std::uint8_t> buffer) {
  Encoder encoder(buffer);
  encoder(kRecordFormat);
  walk(encoder, record);
  return encoder.written();
}

std::vector<std::uint8_t> encode(const SessionRecord& record) {
  std::vector<std::uint8_t> bytes(4096 + record.quality.timeline.size());
  std::size_t written = encode_into(record, bytes);
  while (written == 0 && bytes.size() < kMaxRecordBytes) {
    bytes.resize(bytes.size() * 2);
    written = encode_into(record, bytes);
  }
  bytes.resize(written);
  return bytes;
}

std::optional<WallTime> storable_time(std::int64_t us) {
  const WallTime time{std::chrono::microseconds(us)};
  const bool fits = time >= WallTime() && time < std::chrono::sys_days(std::chrono::year(10'000) / 1 / 1);
  return fits ? std::optional(time) : std::nullopt;
}

Result<SessionRecord> decode(std::span<const std::uint8_t> bytes) {
  Decoder decoder(bytes);
  std::uint8_t format = 0;
  decoder(format);
  if (format != kRecordFormat) {
    return Error{ErrorCode::kInternal,
                 "record of format " + std::to_string(format) + ", this plugin reads " + std::to_string(kRecordFormat)};
  }
  SessionRecord record;
  walk(decoder, record);
  if (!decoder.ok()) return Error{ErrorCode::kInternal, "record cut short or malformed"};
  return record;
}

std::string session_id_of(std::span<const std::uint8_t> bytes) {
  Decoder decoder(bytes);
  std::uint8_t format = 0;
  std::string id;
  decoder(format);
  if (format == kRecordFormat) decoder(id);
  return id;
}

}  // namespace callroom::storage
