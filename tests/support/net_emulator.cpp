// A network between this machine and a network namespace on it, in user space: two TUN devices, and what goes in at one
// comes out at the other, late, jittered, lost or squeezed through a narrow link. For kernels without netem. Only UDP
// is touched, so that signaling, over TCP, stays as it is.
//
//   net_emulator NAMESPACE NEAR_DEVICE NEAR_ADDRESS/LEN FAR_DEVICE FAR_ADDRESS/LEN
//
// "up" is from here into the namespace. Commands, a line each on standard input; each is answered by a line:
//
//   set up|down|both [ports=N,N,…] [loss=PERCENT] [delay=MS] [jitter=MS] [rate=KBIT/S] [queue=MS] [ordered=0|1]
//       What is not named is as without a rule. With ports: for the packets of these UDP ports on this side alone,
//       which then have a link of their own.
//   clear    forgets all links of ports, their counts included
//   stat     JSON: for both ways and each SSRC of RTP: packets and bytes (UDP payloads) offered, and how many were
//            dropped; "links": for both ways and each link of ports the same, in bytes of whole packets
//   quit
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <map>
#include <queue>
#include <random>
#include <span>
#include <sstream>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using Ms = std::chrono::duration<double, std::milli>;
using Bytes = std::vector<std::uint8_t>;

[[noreturn]] void fail(const std::string& what) {
  std::perror(("net_emulator: " + what).c_str());
  std::exit(1);
}

void run(const std::string& command) {
  if (std::system(command.c_str()) != 0) fail(command);
}

struct Rule {
  double loss_pct = 0, delay_ms = 0, jitter_ms = 0, rate_kbps = 0;
  double queue_ms = 400;  // what a narrow link holds before it drops
  bool ordered = false;   // jitter does not let a packet overtake another
};

struct Counts {
  std::uint64_t packets = 0, bytes = 0, dropped = 0, dropped_bytes = 0;
};

// The payload of a UDP packet over IPv4; empty for anything else.
std::span<const std::uint8_t> udp_payload(std::span<const std::uint8_t> packet) {
  if (packet.size() < 28 || packet[0] >> 4 != 4 || packet[9] != 17) return {};
  const std::size_t start = std::size_t{4} * (packet[0] & 0x0F) + 8;
  return start <= packet.size() ? packet.subspan(start) : std::span<const std::uint8_t>{};
}

// RTP, not RTCP (RFC 5761), STUN or DTLS.
bool is_rtp(std::span<const std::uint8_t> payload) {
  if (payload.size() < 12 || payload[0] >> 6 != 2) return false;
  const unsigned type = payload[1] & 0x7FU;
  return type < 64 || type > 95;
}

std::uint32_t ssrc_of(std::span<const std::uint8_t> rtp) {
  return static_cast<std::uint32_t>(rtp[8]) << 24 | static_cast<std::uint32_t>(rtp[9]) << 16 |
         static_cast<std::uint32_t>(rtp[10]) << 8 | rtp[11];
}

// Of a UDP packet over IPv4.
std::uint16_t port_of(std::span<const std::uint8_t> packet, bool source) {
  const std::size_t at = std::size_t{4} * (packet[0] & 0x0F) + (source ? 0 : 2);
  return static_cast<std::uint16_t>(packet[at] << 8 | packet[at + 1]);
}

void count(Counts& counts, std::size_t size, bool passed) {
  ++counts.packets;
  counts.bytes += size;
  if (passed) return;
  ++counts.dropped;
  counts.dropped_bytes += size;
}

std::string counts_json(const std::map<std::string, Counts>& all) {
  std::ostringstream out;
  const char* separator = "";
  out << '{';
  for (const auto& [name, counts] : all) {
    out << separator << '"' << name << R"(":{"packets":)" << counts.packets << R"(,"bytes":)" << counts.bytes
        << R"(,"dropped":)" << counts.dropped << R"(,"droppedBytes":)" << counts.dropped_bytes << '}';
    separator = ",";
  }
  out << '}';
  return out.str();
}

class Link {
 public:
  Rule rule;

  // When a packet of this size is to come out; false: never.
  bool pass(std::size_t size, Clock::time_point now, std::mt19937& random, Clock::time_point& due) {
    std::uniform_real_distribution<double> chance(0, 1);
    if (chance(random) * 100 < rule.loss_pct) return false;
    if (rule.rate_kbps > 0) {
      link_free_ = std::max(link_free_, now);
      if (Ms(link_free_ - now).count() > rule.queue_ms) return false;
      link_free_ += std::chrono::duration_cast<Clock::duration>(Ms(static_cast<double>(size) * 8 / rule.rate_kbps));
      due = link_free_;
    }
    const double late_ms = rule.delay_ms + rule.jitter_ms * (2 * chance(random) - 1);
    due += std::chrono::duration_cast<Clock::duration>(Ms(std::max(0.0, late_ms)));
    if (rule.ordered) due = last_due_ = std::max(due, last_due_);
    return true;
  }

 private:
  Clock::time_point link_free_{}, last_due_{};
};

class Way {
 public:
  // `up`: ports on the near side are those that packets come from, else those they go to.
  explicit Way(bool up) : up_(up) {}

  void set(const Rule& rule, const std::string& ports) { (ports.empty() ? rest_ : links_[ports].link).rule = rule; }
  void set_ports(const std::string& ports, const std::vector<std::uint16_t>& numbers) {
    for (const std::uint16_t number : numbers) by_port_[number] = ports;
  }
  void clear() {
    links_.clear();
    by_port_.clear();
  }

  // When the packet is to come out; false: never.
  bool admit(std::span<const std::uint8_t> packet, Clock::time_point now, std::mt19937& random,
             Clock::time_point& due) {
    due = now;
    const auto payload = udp_payload(packet);
    if (payload.empty()) return true;
    const auto port = by_port_.find(port_of(packet, up_));
    Shared* const own = port == by_port_.end() ? nullptr : &links_[port->second];
    const bool passed = (own != nullptr ? own->link : rest_).pass(packet.size(), now, random, due);
    if (own != nullptr) count(own->counts, packet.size(), passed);
    if (is_rtp(payload)) count(streams_[std::to_string(ssrc_of(payload))], payload.size(), passed);
    return passed;
  }

  std::string streams_json() const { return counts_json(streams_); }
  std::string links_json() const {
    std::map<std::string, Counts> counts;
    for (const auto& [ports, shared] : links_) counts[ports] = shared.counts;
    return counts_json(counts);
  }

 private:
  struct Shared {
    Link link;
    Counts counts;
  };

  const bool up_;
  Link rest_;
  std::map<std::string, Shared> links_;           // by their ports, as they were named
  std::map<std::uint16_t, std::string> by_port_;  // of links_
  std::map<std::string, Counts> streams_;         // by SSRC
};

struct Parcel {
  Clock::time_point due;
  std::uint64_t number;
  int to;
  Bytes packet;

  bool operator<(const Parcel& other) const { return due != other.due ? due > other.due : number > other.number; }
};

class Emulator {
 public:
  explicit Emulator(std::array<int, 2> devices)
      : devices_(devices), timer_(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK)) {}

  void work() {
    for (;;) {
      arm();
      std::array<pollfd, 4> polled{
          {{devices_[0], POLLIN, 0}, {devices_[1], POLLIN, 0}, {timer_, POLLIN, 0}, {0, POLLIN, 0}}};
      poll(polled.data(), polled.size(), -1);
      for (int way = 0; way < 2; ++way) {
        if ((polled[static_cast<std::size_t>(way)].revents & POLLIN) != 0) take(way);
      }
      deliver();
      if ((polled[3].revents & (POLLIN | POLLHUP)) != 0 && !listen()) return;
    }
  }

 private:
  void take(int way) {
    std::array<std::uint8_t, 2048> buffer{};
    for (;;) {
      const ssize_t size = read(devices_[static_cast<std::size_t>(way)], buffer.data(), buffer.size());
      if (size <= 0) return;
      const std::span packet(buffer.data(), static_cast<std::size_t>(size));
      Clock::time_point due;
      if (!ways_[static_cast<std::size_t>(way)].admit(packet, Clock::now(), random_, due)) continue;
      parcels_.push({due, next_number_++, 1 - way, Bytes(packet.begin(), packet.end())});
    }
  }

  void deliver() {
    const auto now = Clock::now();
    while (!parcels_.empty() && parcels_.top().due <= now) {
      const Parcel& parcel = parcels_.top();
      if (write(devices_[static_cast<std::size_t>(parcel.to)], parcel.packet.data(), parcel.packet.size()) < 0 &&
          errno != EIO) {
        std::perror("net_emulator: write");
      }
      parcels_.pop();
    }
  }

  void arm() {
    itimerspec when{};
    if (!parcels_.empty()) {
      const auto ns =
          std::max<std::int64_t>(1, std::chrono::nanoseconds(parcels_.top().due.time_since_epoch()).count());
      when.it_value = {ns / 1'000'000'000, ns % 1'000'000'000};
    }
    timerfd_settime(timer_, TFD_TIMER_ABSTIME, &when, nullptr);
  }

  bool listen() {
    std::array<char, 1024> buffer{};
    const ssize_t size = read(0, buffer.data(), buffer.size());
    if (size <= 0) return false;
    input_.append(buffer.data(), static_cast<std::size_t>(size));
    for (std::size_t end; (end = input_.find('\n')) != std::string::npos; input_.erase(0, end + 1)) {
      if (!obey(input_.substr(0, end))) return false;
    }
    return true;
  }

  bool obey(const std::string& line) {
    std::istringstream words(line);
    std::string command;
    words >> command;
    if (command == "quit") return false;
    if (command == "stat") {
      std::cout << R"({"up":)" << ways_[0].streams_json() << R"(,"down":)" << ways_[1].streams_json()
                << R"(,"links":{"up":)" << ways_[0].links_json() << R"(,"down":)" << ways_[1].links_json() << "}}"
                << std::endl;
    } else if (command == "clear") {
      for (Way& way : ways_) way.clear();
      std::cout << "ok" << std::endl;
    } else if (command == "set") {
      std::cout << (set(words) ? "ok" : "what?") << std::endl;
    } else {
      std::cout << "what?" << std::endl;
    }
    return true;
  }

  bool set(std::istringstream& words) {
    std::string which;
    words >> which;
    if (which != "up" && which != "down" && which != "both") return false;
    Rule rule;
    std::string ports;
    for (std::string word; words >> word;) {
      const std::size_t equals = word.find('=');
      if (equals == std::string::npos) return false;
      const double value = std::strtod(word.c_str() + equals + 1, nullptr);
      const std::string name = word.substr(0, equals);
      if (name == "ports")
        ports = word.substr(equals + 1);
      else if (name == "loss")
        rule.loss_pct = value;
      else if (name == "delay")
        rule.delay_ms = value;
      else if (name == "jitter")
        rule.jitter_ms = value;
      else if (name == "rate")
        rule.rate_kbps = value;
      else if (name == "queue")
        rule.queue_ms = value;
      else if (name == "ordered")
        rule.ordered = value != 0;
      else
        return false;
    }
    std::vector<std::uint16_t> numbers;
    std::istringstream list(ports);
    for (std::string number; std::getline(list, number, ',');) {
      numbers.push_back(static_cast<std::uint16_t>(std::strtoul(number.c_str(), nullptr, 10)));
    }
    for (const std::size_t way : {0, 1}) {
      if (which == (way == 0 ? "down" : "up")) continue;
      ways_[way].set_ports(ports, numbers);
      ways_[way].set(rule, ports);
    }
    return true;
  }

  std::array<int, 2> devices_;  // near, far
  int timer_;
  std::array<Way, 2> ways_{Way(true), Way(false)};  // up, down
  std::priority_queue<Parcel> parcels_;
  std::uint64_t next_number_ = 0;
  std::mt19937 random_{20260101};
  std::string input_;
};

int open_tun(const std::string& name) {
  const int device = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (device < 0) fail("/dev/net/tun");
  ifreq request{};
  std::snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name.c_str());
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  if (ioctl(device, TUNSETIFF, &request) < 0) fail("device " + name);
  return device;
}

// The kernel keeps what waits for this program, which on a busy machine may have to wait for a second; with its usual
// 500 packets it would drop many of a few people's, and every rule has its own idea of what is to be lost.
void bring_up(const std::string& name, const std::string& address) {
  run("ip addr add " + address + " dev " + name + " && ip link set " + name + " mtu 1400 txqueuelen 20000 up");
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 6) {
    std::cerr << "usage: net_emulator NAMESPACE NEAR_DEVICE NEAR_ADDRESS/LEN FAR_DEVICE FAR_ADDRESS/LEN\n";
    return 2;
  }
  const std::string space = arguments[1], near = arguments[2], far = arguments[4];
  const int near_device = open_tun(near);
  bring_up(near, arguments[3]);
  const int here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
  const int there = open(("/var/run/netns/" + space).c_str(), O_RDONLY | O_CLOEXEC);
  if (here < 0 || there < 0 || setns(there, CLONE_NEWNET) != 0) fail("namespace " + space);
  const int far_device = open_tun(far);
  bring_up(far, arguments[5]);
  run("ip link set lo up && ip route add default dev " + far);
  if (setns(here, CLONE_NEWNET) != 0) fail("back to this namespace");
  std::cout << "ready" << std::endl;
  Emulator({near_device, far_device}).work();
}
