// One category of a .jcfg, read key by key. The first thing that is wrong with it is kept in the shared complaint.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/janus.hpp"

namespace callroom::host {

class ConfigSection {
 public:
  ConfigSection(janus_config* config, janus_config_category* category, std::string name,
                std::optional<std::string>& complaint)
      : config_(config), category_(category), name_(std::move(name)), complaint_(complaint) {}

  std::optional<std::string> text(const char* key);
  std::optional<bool> flag(const char* key);  // true, yes, 1 / false, no, 0
  std::optional<std::int64_t> integer(const char* key, std::int64_t least, std::int64_t most);
  std::optional<std::size_t> choice(const char* key, std::initializer_list<std::string_view> allowed);
  // Comma-separated; without `allowed`, any non-empty words.
  std::optional<std::vector<std::string>> words(const char* key, std::initializer_list<std::string_view> allowed = {});

  // Call after the last key: a key that was never asked for is a spelling mistake, and said so.
  void refuse_other_keys();
  void complain(const std::string& key, const std::string& what);
  const std::string& name() const { return name_; }

 private:
  janus_config* config_;
  janus_config_category* category_;
  std::string name_;
  std::optional<std::string>& complaint_;
  std::vector<std::string> known_;
};

}  // namespace callroom::host
