// A coturn of our own on loopback, in a folder that goes with it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace turn_test {

// A folder under /tmp, removed with everything in it.
class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  std::filesystem::path path;
};

std::uint16_t free_port();  // of UDP and TCP on 127.0.0.1, not handed out twice

class Coturn {
 public:
  // `options` beside what every one here gets: loopback, its ports, its log, its command line. Throws where it does not
  // come up.
  explicit Coturn(const std::vector<std::string>& options, const std::string& ip = "127.0.0.1");
  ~Coturn();
  Coturn(const Coturn&) = delete;
  Coturn& operator=(const Coturn&) = delete;

  std::uint16_t port() const { return port_; }
  std::uint16_t tls_port() const { return tls_port_; }
  std::string turn(const std::string& transport = "udp") const;  // the URL
  std::string turns(const std::string& host) const;

  int allocations() const;    // coturn's own count; -1 where it does not say
  bool becomes_free() const;  // within 3 s: coturn makes one second of a lifetime of 0
  std::string log() const;

 private:
  TempFolder folder_;
  std::string ip_;
  std::uint16_t port_, tls_port_, cli_port_;
  pid_t pid_ = -1;
};

}  // namespace turn_test
