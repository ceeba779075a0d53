// Session records and temporary folders for the tests of this layer.
#pragma once

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "storage/log.hpp"
#include "storage/session_record.hpp"

namespace callroom::storage::testing {

inline WallTime at_second(std::int64_t seconds) {
  return WallTime(std::chrono::seconds(seconds));
}

inline SessionRecord full_record() {
  SessionRecord record;
  record.session_id = "6f1c9a52-3c1e-4c58-9d6c-0d5b8f1f2a01";
  record.started_at = at_second(1'700'000'000);
  record.ended_at = at_second(1'700'000'300) + std::chrono::microseconds(123);
  record.node = "node-1";
  record.room = "room \"one\", (a\\b)";
  record.user_id = "ann";
  record.display = "Ann \xC3\x84";
  record.end_reason = "left";
  record.negotiations = 3;
  record.glare_count = 1;
  record.candidate_type = "host";
  record.device_info = R"({"browser":"Chrome \"130\""})";
  auto& quality = record.quality;
  quality.samples = 100;
  quality.media_s = 299.5;
  quality.packets = 123'456;
  quality.latency_avg_ms = 45.125;
  quality.packet_loss_in_pct = 0.25;
  quality.resolution_max = "1280x720";
  quality.freeze_count = 2;
  quality.quality_score = 88.5;
  quality.rating = quality::Rating::kExcellent;
  quality.breakdown = quality::Breakdown{1, 2, 3, 0, 0, 5.5, 0};
  quality.issues = {{"high_loss", quality::Severity::kCritical, 7, 12},
                    {"high_jitter", quality::Severity::kWarning, 3, {}}};
  quality.timeline = {0, 1, 2, 254, 255};
  return record;
}

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "callroom-test-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline LogSink silent() {
  return [](LogLevel, std::string_view) {};
}

}  // namespace callroom::storage::testing
