#include "storage/set_aside.hpp"

#include <fcntl.h>

#include "storage/file.hpp"
#include "storage/row_text.hpp"

namespace callroom::storage {
namespace {

std::string hex(std::span<const std::uint8_t> bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const std::uint8_t byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

}  // namespace

void SetAside::add(std::span<const std::uint8_t> payload, const std::string& session_id, const std::string& row,
                   const std::string& reason, WallTime now) {
  log_(LogLevel::kError, "session " + session_id + " is set aside in " + file_.string() + ": " + reason);
  unwritten_ += "{\"at\":" + json_string(rfc3339(now)) + ",\"reason\":" + json_string(reason) +
                ",\"session_id\":" + json_string(session_id) + ",\"row\":" + json_string(row) +
                ",\"record\":" + json_string(hex(payload)) + "}\n";
  if (write_lines()) {
    unwritten_.clear();
  } else {
    log_(LogLevel::kError, system_error("write", file_) + "; what is set aside waits in memory");
  }
}

bool SetAside::write_lines() {
  const UniqueFd fd(::open(file_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!fd) return false;
  const off_t before = ::lseek(fd.get(), 0, SEEK_END);
  const ssize_t written = ::write(fd.get(), unwritten_.data(), unwritten_.size());
  if (written == static_cast<ssize_t>(unwritten_.size()) && ::fsync(fd.get()) == 0) return true;
  if (written > 0 && ::ftruncate(fd.get(), before) != 0) unwritten_.clear();  // half a line is better than it twice
  return false;
}

}  // namespace callroom::storage
