#include "coturn.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <mutex>
#include <set>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace turn_test {
namespace {

using Clock = std::chrono::steady_clock;

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// A line-wise talk with coturn's command line: sends, then reads until `end` or half a second of silence.
std::string exchange(int fd, const std::string& line, const std::string& end) {
  if (!line.empty() && write(fd, line.data(), line.size()) < 0) return "";
  std::string text;
  char buffer[4096];
  pollfd ready{fd, POLLIN, 0};
  while (text.find(end) == std::string::npos && poll(&ready, 1, 500) == 1) {
    const auto size = read(fd, buffer, sizeof buffer);
    if (size <= 0) break;
    text.append(buffer, static_cast<std::size_t>(size));
  }
  return text;
}

int connect_cli(std::uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const auto address = loopback(port);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
  close(fd);
  return -1;
}

}  // namespace

TempFolder::TempFolder() {
  std::string name = "/tmp/callroom-turn-XXXXXX";
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
  path = name;
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path, ignored);
}

std::uint16_t free_port() {
  static std::mutex mutex;
  static std::set<std::uint16_t> taken;
  const std::lock_guard lock(mutex);
  while (true) {
    const int udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const int tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    auto address = loopback(0);
    socklen_t size = sizeof address;
    bool both = bind(tcp, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                getsockname(tcp, reinterpret_cast<sockaddr*>(&address), &size) == 0 &&
                bind(udp, reinterpret_cast<sockaddr*>(&address), size) == 0;
    close(udp);
    close(tcp);
    const std::uint16_t port = ntohs(address.sin_port);
    if (both && taken.insert(port).second) return port;
  }
}

Coturn::Coturn(const std::vector<std::string>& options, const std::string& ip)
    : ip_(ip), port_(free_port()), tls_port_(free_port()), cli_port_(free_port()) {
  std::vector<std::string> arguments = {"turnserver",
                                        "-n",
                                        "--listening-ip=" + ip,
                                        "--relay-ip=" + ip,
                                        "--listening-port=" + std::to_string(port_),
                                        "--tls-listening-port=" + std::to_string(tls_port_),
                                        "--realm=callroom.test",
                                        "--no-dtls",
                                        "--simple-log",
                                        "--log-file=stdout",
                                        "--pidfile=" + (folder_.path / "pid").string(),
                                        "--userdb=" + (folder_.path / "db").string(),
                                        "--cli-ip=127.0.0.1",
                                        "--cli-port=" + std::to_string(cli_port_),
                                        "--cli-password=test"};
  arguments.insert(arguments.end(), options.begin(), options.end());
  std::vector<char*> argv;
  for (auto& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  const std::string log_path = (folder_.path / "log").string();
  pid_ = fork();
  if (pid_ == 0) {
    const int out = open(log_path.c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600);
    dup2(out, 1);
    dup2(out, 2);
    execvp("turnserver", argv.data());
    _exit(127);
  }
  for (const auto until = Clock::now() + std::chrono::seconds(5); Clock::now() < until;) {
    if (allocations() == 0) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  throw std::runtime_error("coturn does not come up:\n" + log());
}

Coturn::~Coturn() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

std::string Coturn::turn(const std::string& transport) const {
  const std::string host = ip_.find(':') == std::string::npos ? ip_ : "[" + ip_ + "]";
  return "turn:" + host + ":" + std::to_string(port_) + "?transport=" + transport;
}

std::string Coturn::turns(const std::string& host) const {
  return "turns:" + host + ":" + std::to_string(tls_port_);
}

int Coturn::allocations() const {
  const int fd = connect_cli(cli_port_);
  if (fd < 0) return -1;
  exchange(fd, "", "password:");
  exchange(fd, "test\r\n", "> ");
  const auto text = exchange(fd, "ps\r\n", "> ");
  close(fd);
  const auto at = text.find("Total sessions: ");
  return at == std::string::npos ? -1 : std::stoi(text.substr(at + 16));
}

bool Coturn::becomes_free() const {
  for (const auto until = Clock::now() + std::chrono::seconds(3); Clock::now() < until;) {
    if (allocations() == 0) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return allocations() == 0;
}

std::string Coturn::log() const {
  std::ostringstream text;
  text << std::ifstream(folder_.path / "log").rdbuf();
  return text.str();
}

}  // namespace turn_test
