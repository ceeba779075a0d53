// One Janus handle attached to the plugin: a signaling connection, and perhaps a PeerConnection.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "base/token_bucket.hpp"
#include "host/janus.hpp"
#include "host/strand.hpp"
#include "signaling/rooms.hpp"

namespace callroom::host {

struct CallSession;
struct Uplink;
struct Downlink;

// Owned by the registry until the core destroys the handle, and by work under way until that is done; then it gives
// back the reference to the core's session that the core took for the plugin.
class Handle : public std::enable_shared_from_this<Handle> {
 public:
  Handle(janus_plugin_session* its_session, signaling::HandleId handle_id, WorkerPool& pool)
      : core_session(its_session), id(handle_id), strand(std::make_shared<Strand>(pool)) {}
  ~Handle();
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  // False where the client asks too often. Any thread.
  bool may_ask(MonotonicUs now) { return rate_.take(now); }

  janus_plugin_session* const core_session;
  const signaling::HandleId id;
  const std::shared_ptr<Strand> strand;

  // Read by the handle's loop thread for each packet; what they point at lives on in `session` and `retired`.
  std::atomic<Uplink*> uplink{nullptr};
  std::atomic<Downlink*> downlink{nullptr};

  // Under the lock of the Switchboard.
  std::shared_ptr<CallSession> session;               // whose sending or receiving PeerConnection this is
  std::vector<std::shared_ptr<CallSession>> retired;  // former ones, which the loop thread may still be looking at
  bool negotiated = false;                            // the core has a PeerConnection here
  bool destroyed = false;

 private:
  // Four people that trickle to each other at once stay far below; a flood does not.
  static constexpr int kRequestsPerSecond = 50;
  static constexpr int kRequestsAtOnce = 300;

  TokenBucket<kRequestsPerSecond, kRequestsAtOnce> rate_;
};

}  // namespace callroom::host
