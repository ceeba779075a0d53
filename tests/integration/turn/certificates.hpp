// Certificates made by openssl for one run: an authority of our own, and servers' certificates of several kinds.
#pragma once

#include <string>

#include "coturn.hpp"

namespace turn_test {

class Certificates {
 public:
  Certificates();

  std::string authority() const { return file("ca.pem"); }
  std::string certificate(const std::string& kind) const { return file(kind + ".pem"); }
  std::string key() const { return file("key.pem"); }

 private:
  std::string file(const std::string& name) const { return (folder_.path / name).string(); }
  void sign(const std::string& kind, const std::string& name, const std::string& from, const std::string& to);
  void shell(const std::string& command) const;

  TempFolder folder_;
};

}  // namespace turn_test
