// What administrators see of the open rooms.
#include <algorithm>

#include "host/monotonic.hpp"
#include "host/switchboard.hpp"
#include "json/quality_json.hpp"
#include "storage/row_text.hpp"

namespace callroom::host {

using json::Json;

Json Switchboard::rooms() const {
  const std::lock_guard lock(mutex_);
  Json list = Json::array();
  for (const auto& listing : rooms_.list_all()) {
    const signaling::Room& room = *rooms_.find(listing.room);
    Json participants = Json::array();
    for (const auto& participant : room.participants) {
      Json entry = Json::object();
      entry.set("id", participant.id).set("user_id", participant.user_id).set("display", participant.display);
      entry.set("session_id", participant.session_id);
      participants.append(std::move(entry));
    }
    Json entry = Json::object();
    entry.set("room", listing.room).set("description", listing.description);
    entry.set("media", signaling::to_string(listing.media)).set("capacity", listing.capacity);
    entry.set("participants", std::move(participants)).set("is_private", listing.is_private);
    entry.set("has_pin", listing.pin_required).set("permanent", room.settings.permanent);
    list.append(std::move(entry));
  }
  return list;
}

namespace {

bool has_rating(const CallSession& session, const std::vector<std::string>& ratings) {
  const quality::Sample* sample = session.quality.latest();
  const auto rating = sample != nullptr ? sample->rating() : std::nullopt;
  return std::ranges::find(ratings, quality::to_string(rating.value_or(quality::Rating::kUnrated))) != ratings.end();
}

bool passes(const CallSession& session, const admin::LiveFilter& filter) {
  return (!filter.room || *filter.room == session.room) && (!filter.user_id || *filter.user_id == session.user_id) &&
         (!filter.provider || *filter.provider == session.provider) &&
         (filter.ratings.empty() || has_rating(session, filter.ratings));
}

Json live_entry(const CallSession& session, WallTime now) {
  Json entry = Json::object();
  entry.set("session_id", session.session_id).set("room", session.room).set("user_id", session.user_id);
  entry.set("id", session.participant).set("display", session.display);
  entry.set("provider", session.provider).set("media_path", session.media_path);
  entry.set("started_at", storage::rfc3339(session.started_at));
  entry.set("duration_s", std::chrono::duration<double>(now - session.started_at).count());
  const quality::Sample* sample = session.quality.latest();
  Json figures = sample != nullptr ? json::sample_json(*sample) : Json();
  entry.set("issues", Json::share(figures.view()["issues"].get()));
  entry.set("sample", std::move(figures));
  return entry;
}

}  // namespace

Json Switchboard::live(const admin::LiveFilter& filter) const {
  const WallTime now = wall_now();
  const std::lock_guard lock(mutex_);
  Json list = Json::array();
  if (filter.node && *filter.node != config_.node) return list;
  for (const auto& [room, sessions] : calls_.rooms()) {
    for (const SessionPtr& session : sessions) {
      if (passes(*session, filter)) list.append(live_entry(*session, now));
    }
  }
  return list;
}

Switchboard::Load Switchboard::load() const {
  const std::lock_guard lock(mutex_);
  Load load{rooms_.room_count(), calls_.all().size(), 0, calls_.left_out()};
  for (const auto& [id, session] : calls_.all()) {
    for (const auto& weak : {session->sender, session->receiver}) {
      if (const auto handle = weak.lock()) load.deepest_queue = std::max(load.deepest_queue, handle->strand->waiting());
    }
  }
  return load;
}

}  // namespace callroom::host
