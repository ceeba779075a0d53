// Which handle stands behind which of the core's sessions. For the threads that the core does not keep apart from the
// end of the session; the handle's own loop thread goes by the session's plugin_handle instead.
#pragma once

#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "host/handle.hpp"

namespace callroom::host {

class Registry {
 public:
  explicit Registry(WorkerPool& pool) : pool_(pool) {}

  // Thread-safe, and never blocked for long: create_session and query_session run on the core's one and only thread.
  std::shared_ptr<Handle> add(janus_plugin_session* session) {
    const std::lock_guard lock(mutex_);
    auto handle = std::make_shared<Handle>(session, next_id_++, pool_);
    handles_.emplace(session, handle);
    return handle;
  }
  std::shared_ptr<Handle> find(janus_plugin_session* session) const {
    const std::lock_guard lock(mutex_);
    const auto it = handles_.find(session);
    return it == handles_.end() ? nullptr : it->second;
  }
  std::shared_ptr<Handle> remove(janus_plugin_session* session) {
    const std::lock_guard lock(mutex_);
    const auto it = handles_.find(session);
    if (it == handles_.end()) return nullptr;
    auto handle = std::move(it->second);
    handles_.erase(it);
    return handle;
  }
  // At the end: the core's loop threads may still bring packets to the handles that the core has not destroyed, so
  // those stay until the process ends.
  void leave_behind() {
    static auto& left = *new std::vector<std::shared_ptr<Handle>>;
    const std::lock_guard lock(mutex_);
    for (auto& [session, handle] : handles_) left.push_back(std::move(handle));
    handles_.clear();
  }
  std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return handles_.size();
  }

 private:
  WorkerPool& pool_;
  mutable std::mutex mutex_;
  std::unordered_map<janus_plugin_session*, std::shared_ptr<Handle>> handles_;
  signaling::HandleId next_id_ = 1;
};

}  // namespace callroom::host
