#include "storage/row_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <optional>

#include "storage/byte_writer.hpp"

namespace callroom::storage {

const std::string_view kRowColumns =
    "session_id,created_at,started_at,ended_at,duration_s,node,room,user_id,display,provider,media_path,measured_by,"
    "latency_avg_ms,latency_p50_ms,latency_p95_ms,latency_max_ms,jitter_avg_ms,jitter_p95_ms,packet_loss_in_pct,"
    "packet_loss_out_pct,packet_loss_p95_pct,bandwidth_in_kbps,bandwidth_out_kbps,bandwidth_p5_kbps,frame_rate_avg,"
    "frame_rate_p5,resolution_max,resolution_min,resolution_typical,freeze_count,freeze_ms,quality_changes,"
    "connection_drops,recoveries,negotiations,glare_count,rollbacks,keyframe_requests,quality_score,overall_quality,"
    "score_p10,good_share_pct,score_breakdown,issues,candidate_type,protocol,turn_server,device_info,end_reason,"
    "score_version,samples,timeline";

namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

// The length of the well-formed UTF-8 sequence (Unicode 15, table 3-7) that `text` begins with; 0 where there is none.
std::size_t sequence_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const auto tail = [&](std::size_t i) { return byte(i) >= 0x80 && byte(i) <= 0xBF; };
  const unsigned first = byte(0), second = byte(1);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return tail(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const unsigned low = first == 0xE0 ? 0xA0 : 0x80, high = first == 0xED ? 0x9F : 0xBF;
    return second >= low && second <= high && tail(2) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const unsigned low = first == 0xF0 ? 0x90 : 0x80, high = first == 0xF4 ? 0x8F : 0xBF;
    return second >= low && second <= high && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

std::string storable(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = sequence_length(text);
    if (length == 0) {
      result += kReplacement;
    } else if (text.front() != '\0') {
      result += text.substr(0, length);
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return result;
}

// Builds `(a,b,…)`: every value that is not a plain number in quotes, absent ones empty.
class RowBuilder {
 public:
  RowBuilder() { text_.reserve(2048); }

  void raw(std::string_view value) {
    separate();
    text_ += value;
  }
  void quoted(std::string_view value) {
    separate();
    text_ += '"';
    for (const char c : value) {
      if (c == '"' || c == '\\') text_ += '\\';
      text_ += c;
    }
    text_ += '"';
  }
  void absent() { separate(); }

  void text(const std::string& value) { quoted(storable(value)); }
  void text(const std::optional<std::string>& value) { value ? text(*value) : absent(); }
  void time(WallTime value) { quoted(rfc3339(value)); }
  void integer(std::uint64_t value) {
    raw(std::to_string(std::min<std::uint64_t>(value, 0x7FFFFFFF)));  // the columns are integers of 32 bits
  }
  void number(double value, int digits) {
    if (!std::isfinite(value)) return absent();
    std::array<char, 64> buffer{};
    const auto [end, error] =
        std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::fixed, digits);
    error == std::errc() ? raw({buffer.data(), static_cast<std::size_t>(end - buffer.data())}) : absent();
  }
  void number(const std::optional<double>& value, int digits) { value ? number(*value, digits) : absent(); }
  void hex(const std::vector<std::uint8_t>& bytes) {
    if (bytes.empty()) return absent();
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string value = "\\x";
    for (const std::uint8_t byte : bytes) {
      value += kDigits[byte >> 4];
      value += kDigits[byte & 15];
    }
    quoted(value);
  }

  std::string finish() {
    text_ += ')';
    return std::move(text_);
  }

 private:
  void separate() {
    text_ += first_ ? '(' : ',';
    first_ = false;
  }

  std::string text_;
  bool first_ = true;
};

std::string breakdown_json(const quality::Breakdown& points) {
  std::array<char, 256> buffer{};
  std::snprintf(
      buffer.data(), buffer.size(),
      R"({"delay":%.2f,"loss":%.2f,"freezes":%.2f,"frame_rate":%.2f,"resolution":%.2f,"bitrate":%.2f,"drops":%.2f})",
      points.delay, points.loss, points.freezes, points.frame_rate, points.resolution, points.bitrate, points.drops);
  return buffer.data();
}

std::string issues_json(const std::vector<quality::Issue>& issues) {
  std::string text = "[";
  for (const auto& issue : issues) {
    if (text.size() > 1) text += ',';
    text += R"({"code":)" + json_string(storable(issue.code)) + R"(,"severity":")";
    text += issue.severity == quality::Severity::kCritical ? "critical" : "warning";
    text += R"(","samples":)" + std::to_string(issue.samples);
    if (issue.first_sample) text += R"(,"first_sample":)" + std::to_string(*issue.first_sample);
    text += '}';
  }
  return text + "]";
}

const char* rating_name(quality::Rating rating) {
  switch (rating) {
    case quality::Rating::kExcellent:
      return "excellent";
    case quality::Rating::kGood:
      return "good";
    case quality::Rating::kFair:
      return "fair";
    case quality::Rating::kPoor:
      return "poor";
    case quality::Rating::kFailed:
      return "failed";
    case quality::Rating::kUnrated:
      break;
  }
  return "unrated";
}

void add_identity(RowBuilder& row, const SessionRecord& record) {
  row.text(record.session_id);
  row.time(record.ended_at);  // created_at: fixed with the record, so that a replay has the same key
  row.time(record.started_at);
  row.time(record.ended_at);
  row.number(std::max(0.0, std::chrono::duration<double>(record.ended_at - record.started_at).count()), 3);
  row.text(record.node);
  row.text(record.room);
  row.text(record.user_id);
  row.text(record.display);
  row.text(record.provider);
  row.text(record.media_path);
  row.text(record.measured_by);
}

void add_quality(RowBuilder& row, const SessionRecord& record) {
  const auto& quality = record.quality;
  for (const auto& ms : {quality.latency_avg_ms, quality.latency_p50_ms, quality.latency_p95_ms, quality.latency_max_ms,
                         quality.jitter_avg_ms, quality.jitter_p95_ms}) {
    row.number(ms, 2);
  }
  for (const auto& pct : {quality.packet_loss_in_pct, quality.packet_loss_out_pct, quality.packet_loss_p95_pct}) {
    row.number(pct, 3);
  }
  for (const auto& kbps : {quality.bandwidth_in_kbps, quality.bandwidth_out_kbps, quality.bandwidth_p5_kbps}) {
    row.number(kbps, 1);
  }
  row.number(quality.frame_rate_avg, 2);
  row.number(quality.frame_rate_p5, 2);
  row.text(quality.resolution_max);
  row.text(quality.resolution_min);
  row.text(quality.resolution_typical);
  row.integer(quality.freeze_count);
  row.number(quality.freeze_ms, 1);
  row.integer(quality.quality_changes);
  row.integer(quality.connection_drops);
  row.integer(quality.recoveries);
  row.integer(record.negotiations);
  row.integer(record.glare_count);
  row.integer(record.rollbacks);
  row.integer(quality.keyframe_requests);
  row.number(quality.quality_score, 2);
  row.raw(rating_name(quality.rating));
  row.number(quality.score_p10, 2);
  row.number(quality.good_share_pct, 2);
  quality.breakdown ? row.quoted(breakdown_json(*quality.breakdown)) : row.absent();
  row.quoted(issues_json(quality.issues));
}

}  // namespace

std::string row_text(const SessionRecord& record) {
  RowBuilder row;
  add_identity(row, record);
  add_quality(row, record);
  row.text(record.candidate_type);
  row.text(record.protocol);
  row.text(record.turn_server);
  row.text(record.device_info);
  row.text(record.end_reason);
  row.integer(static_cast<std::uint64_t>(std::max(0, record.quality.score_version)));
  row.integer(record.quality.samples);
  row.hex(record.quality.timeline);
  return row.finish();
}

std::string text_array(std::span<const std::string> elements) {
  constexpr std::uint32_t kDimensions = 1, kNoNulls = 0, kTextOid = 25, kLowerBound = 1;
  std::size_t size = 5 * sizeof(std::uint32_t);
  for (const std::string& element : elements) size += sizeof(std::uint32_t) + element.size();
  std::string array(size, '\0');
  ByteWriter writer({reinterpret_cast<std::uint8_t*>(array.data()), array.size()});
  for (const std::uint32_t value : {kDimensions, kNoNulls, kTextOid}) writer.u32(value);
  writer.u32(static_cast<std::uint32_t>(elements.size()));
  writer.u32(kLowerBound);
  for (const std::string& element : elements) writer.text(element);
  return array;
}

std::string json_string(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      result += '\\';
      result += c;
    } else if (byte < 0x20) {
      std::array<char, 8> escape{};
      std::snprintf(escape.data(), escape.size(), "\\u%04x", byte);
      result += escape.data();
    } else {
      result += c;
    }
  }
  return result + "\"";
}

std::string rfc3339(WallTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02lld:%02lld:%02lld.%06lldZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<long long>(clock.hours().count()), static_cast<long long>(clock.minutes().count()),
                static_cast<long long>(clock.seconds().count()), static_cast<long long>(clock.subseconds().count()));
  return text.data();
}

}  // namespace callroom::storage
