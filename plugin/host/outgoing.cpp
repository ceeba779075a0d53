#include "host/outgoing.hpp"

#include <utility>

#include "host/call_session.hpp"
#include "host/janus.hpp"
#include "json/room_events.hpp"

namespace callroom::host {

using json::Json;

void Outgoing::post(const std::shared_ptr<Handle>& to, std::string transaction, Json event,
                    std::optional<Jsep> jsep) const {
  const bool posted = to->strand->post_event([this, weak = std::weak_ptr(to), transaction = std::move(transaction),
                                              event = std::move(event), jsep = std::move(jsep)] {
    if (const auto handle = weak.lock()) core_.push_event(handle->core_session, transaction, event, jsep);
  });
  if (!posted) JANUS_LOG(LOG_WARN, "[callroom] A client takes no events; one was dropped\n");
}

void Outgoing::notify(const std::shared_ptr<Handle>& handle, Json event) const {
  if (!events_ || !handle || !core_.has_event_handlers()) return;
  const bool posted = handle->strand->post_event([this, handle, event = std::move(event)]() mutable {
    core_.notify_event_handlers(handle->core_session, std::move(event));
  });
  if (!posted) JANUS_LOG(LOG_WARN, "[callroom] A client takes no events; event handlers were not told one\n");
}

void Outgoing::close_peer_connection(const std::shared_ptr<Handle>& handle) const {
  const bool posted = handle->strand->post_event([this, weak = std::weak_ptr(handle)] {
    if (const auto open = weak.lock()) core_.close_peer_connection(open->core_session);
  });
  if (!posted) JANUS_LOG(LOG_WARN, "[callroom] A client takes no events; its PeerConnection stays open\n");
}

void Outgoing::send_remb(const std::shared_ptr<Handle>& handle, std::uint32_t bits_per_second) const {
  const bool posted = handle->strand->post_event([this, weak = std::weak_ptr(handle), bits_per_second] {
    if (const auto open = weak.lock()) core_.send_remb(open->core_session, bits_per_second);
  });
  if (!posted) JANUS_LOG(LOG_WARN, "[callroom] A client takes no events; its bitrate was not capped\n");
}

void Outgoing::post(const CallSession& to, Json event) const {
  if (const auto sender = to.sender.lock()) post(sender, "", std::move(event));
}

void Outgoing::add(const std::shared_ptr<Handle>& handle) {
  handles_[handle->id] = handle;
}

void Outgoing::post_all(const std::vector<signaling::Notice>& notices) const {
  for (const auto& notice : notices) {
    const auto found = handles_.find(notice.to);
    if (found == handles_.end()) continue;
    if (const auto handle = found->second.lock()) post(handle, "", json::event_json(notice.event));
  }
}

}  // namespace callroom::host
