#include "certificates.hpp"

#include <cstdlib>
#include <fstream>
#include <stdexcept>

namespace turn_test {

Certificates::Certificates() {
  shell(
      "openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj '/CN=Callroom test authority' -keyout ca.key -out "
      "ca.pem");
  shell("openssl req -newkey rsa:2048 -nodes -subj '/CN=localhost' -keyout key.pem -out request.pem");
  shell("chmod 644 key.pem ca.pem && chmod 755 .");
  std::ofstream(file("index.txt"));
  std::ofstream(file("serial")) << "1000\n";
  std::ofstream(file("ca.conf")) << "[ca]\ndefault_ca=own\n[own]\ndatabase=index.txt\nserial=serial\nnew_certs_dir=.\n"
                                    "certificate=ca.pem\nprivate_key=ca.key\ndefault_md=sha256\npolicy=any\n"
                                    "unique_subject=no\ncopy_extensions=none\n[any]\ncommonName=supplied\n";
  sign("good", "localhost", "20200101000000Z", "20991231000000Z");
  sign("expired", "localhost", "20200101000000Z", "20210101000000Z");
  sign("future", "localhost", "20990101000000Z", "20991231000000Z");
  sign("other-name", "turn.example.org", "20200101000000Z", "20991231000000Z");
}

void Certificates::sign(const std::string& kind, const std::string& name, const std::string& from,
                        const std::string& to) {
  std::ofstream(file(kind + ".ext")) << "subjectAltName=DNS:" << name << "\nextendedKeyUsage=serverAuth\n";
  shell("openssl ca -batch -config ca.conf -in request.pem -subj '/CN=" + name + "' -startdate " + from + " -enddate " +
        to + " -extfile " + kind + ".ext -notext -out " + kind + ".pem && chmod 644 " + kind + ".pem");
}

void Certificates::shell(const std::string& command) const {
  const std::string whole = "cd " + folder_.path.string() + " && { " + command + "; } >>openssl.log 2>&1";
  if (std::system(whole.c_str()) != 0) throw std::runtime_error("openssl: " + command);
}

}  // namespace turn_test
