#include "storage/data_dir.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <array>
#include <system_error>
#include <tuple>

namespace callroom::storage {
namespace {

std::string holder_of(int fd) {
  std::array<char, 256> text{};
  const ssize_t got = ::pread(fd, text.data(), text.size(), 0);
  return got > 0 ? std::string(text.data(), static_cast<std::size_t>(got)) : std::string("another process");
}

}  // namespace

Result<DataDir> DataDir::lock(const std::filesystem::path& path, const std::string& node) {
  DataDir dir;
  dir.path_ = path;
  std::error_code failed;
  const bool created = std::filesystem::create_directories(path, failed);
  if (failed) {
    dir.problem_ = "cannot create " + path.string() + ": " + failed.message();
    return dir;
  }
  if (created) ::chmod(path.c_str(), 0700);  // rows hold names

  const auto file = path / "lock";
  UniqueFd fd(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd) {
    dir.problem_ = system_error("open", file);
    return dir;
  }
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) {
      return Error{ErrorCode::kInternal, "data_dir " + path.string() + " is in use by " + holder_of(fd.get()) +
                                             "; every Janus needs a data_dir of its own"};
    }
    dir.problem_ = system_error("lock", file);
    return dir;
  }
  const std::string holder = "process " + std::to_string(::getpid()) + " (node " + node + ")";
  // Only for the message to a second process: on a full disk the lock holds without it.
  if (::ftruncate(fd.get(), 0) == 0) std::ignore = ::pwrite(fd.get(), holder.data(), holder.size(), 0);
  dir.lock_ = std::move(fd);
  return dir;
}

void sync_folder(const std::filesystem::path& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd) ::fsync(fd.get());
}

}  // namespace callroom::storage
