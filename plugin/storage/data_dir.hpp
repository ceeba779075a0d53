// The folder of one Janus: made where it is missing, and locked against a second process.
#pragma once

#include <filesystem>
#include <string>

#include "base/result.hpp"
#include "storage/file.hpp"

namespace callroom::storage {

class DataDir {
 public:
  // Fails where another process holds the folder, and only then; whether it can be written is seen by writing.
  static Result<DataDir> lock(const std::filesystem::path& path, const std::string& node);

  const std::filesystem::path& path() const { return path_; }
  // Why the folder could not be made or locked; empty when all is well.
  const std::string& problem() const { return problem_; }

 private:
  std::filesystem::path path_;
  std::string problem_;
  UniqueFd lock_;  // flock: given back when the process ends, however it ends
};

// Makes renames and new files in a folder survive a power cut.
void sync_folder(const std::filesystem::path& path);

}  // namespace callroom::storage
