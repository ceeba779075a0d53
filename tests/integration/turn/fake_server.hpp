// Servers that misbehave, one behaviour each, on loopback and on a thread of their own.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "turn/stun_message.hpp"

namespace turn_test {

using Frame = std::vector<std::uint8_t>;

// Answers a request with frames; none: it says nothing.
using Answer = std::function<std::vector<Frame>(callroom::turn::Bytes request)>;

class FakeUdp {
 public:
  explicit FakeUdp(Answer answer);
  ~FakeUdp();
  std::uint16_t port() const { return port_; }
  std::string turn() const { return "turn:127.0.0.1:" + std::to_string(port_); }
  int received() const { return received_; }

 private:
  int fd_;
  int stop_[2];
  std::uint16_t port_;
  std::atomic<int> received_{0};
  std::thread thread_;
};

// How a TCP server treats its first connection; it reads all that comes.
struct TcpBehaviour {
  std::string greeting;             // sent at once
  std::string on_first_bytes;       // sent when something came
  bool close_after_accept = false;  //
  bool close_after_error = false;   // once an answer was an error
  Answer answer;                    // requests cut out of the stream; null: silent
  std::size_t piece = 0;            // answers go out in pieces of so many bytes; 0: all that are due at once, merged
};

class FakeTcp {
 public:
  explicit FakeTcp(TcpBehaviour behaviour);
  ~FakeTcp();
  std::uint16_t port() const { return port_; }
  std::string turn() const { return "turn:127.0.0.1:" + std::to_string(port_) + "?transport=tcp"; }
  std::string turns() const { return "turns:127.0.0.1:" + std::to_string(port_); }

 private:
  void run();
  void serve(int fd);

  TcpBehaviour behaviour_;
  int fd_;
  int stop_[2];
  std::uint16_t port_;
  std::thread thread_;
};

// A listener whose queue is full: the kernel drops further SYNs.
class FullListener {
 public:
  FullListener();
  ~FullListener();
  std::string turn() const { return "turn:127.0.0.1:" + std::to_string(port_) + "?transport=tcp"; }

 private:
  int fd_;
  std::vector<int> clients_;
  std::uint16_t port_;
};

// A TURN server that works, with the parts that a case changes. Relayed data comes straight back, as if the peer had
// sent it.
struct FakeTurn {
  std::string realm = "callroom.test", password = "pw", username = "bob";
  std::string software = "fake";
  std::string signs_with_realm;  // where it signs with another than it announces
  bool asks_for_credentials = true;
  bool echoes = true;
  bool channels = true;
  bool signs = true;
  bool forged_success_first = false;
  int allocate_error = 0;  // given instead of a success
  bool stale_forever = false;
  bool unauthorized_forever = false;
  bool silent_after_401 = false;
  std::function<void(callroom::turn::MessageBuilder&)> with_error;

  // Counted by the fake: who looks at them stops it first, or asks for no more than "was it ever".
  int* allocates = nullptr;
  int* releases = nullptr;

  std::vector<Frame> operator()(callroom::turn::Bytes request);

 private:
  Frame challenge(const callroom::turn::MessageView& view, int code);
  int nonces_ = 0;
};

}  // namespace turn_test
