// One `turn-<id>` category of the .jcfg, as the host hands it over.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace callroom::turn {

struct ServerConfig {
  std::string id;  // what follows "turn-" in the category's name
  std::string url;

  // Static credentials: both. REST credentials: `secret` alone, with `username` as the optional name part.
  std::optional<std::string> username, password, secret;

  std::chrono::seconds check_every{0};  // 0: never on a schedule
  std::optional<std::string> ca_file;  // PEM: trusted instead of the system's authorities, for tests of private servers
};

}  // namespace callroom::turn
