#include "host/plugin.hpp"

#include <utility>
#include <variant>

#include "admin/turn_requests.hpp"
#include "host/alert_events.hpp"
#include "host/monotonic.hpp"
#include "host/packet_path.hpp"
#include "host/test_rooms.hpp"
#include "json/room_events.hpp"
#include "json/room_requests.hpp"

namespace callroom::host {

using json::Json;
using json::JsonView;

namespace {

// Enough that a few clients whose candidates take seconds to gather delay nobody else.
constexpr std::size_t kWorkers = 8;
constexpr std::chrono::milliseconds kTick{50};

// How long Janus's end may wait for Postgres; what is left is delivered by the next start.
constexpr std::chrono::milliseconds kDeliveryAtShutdown{3'000};

template <typename Request>
concept AboutRooms = requires(Switchboard& board, const Request& request) {
  board.answer(request);
};

void log_storage(storage::LogLevel level, std::string_view text) {
  const std::string line(text);
  switch (level) {
    case storage::LogLevel::kInfo:
      JANUS_LOG(LOG_INFO, "[callroom] %s\n", line.c_str());
      break;
    case storage::LogLevel::kWarning:
      JANUS_LOG(LOG_WARN, "[callroom] %s\n", line.c_str());
      break;
    case storage::LogLevel::kError:
      JANUS_LOG(LOG_ERR, "[callroom] %s\n", line.c_str());
      break;
  }
}

Result<std::unique_ptr<storage::Store>> open_store(const Config& config, const Core& core) {
  storage::StoreConfig store;
  store.data_dir = config.data_dir;
  store.writer = config.database_writer;
  store.node = config.node;
  store.retention_days = config.retention_days;
  store.statement_timeout = config.statement_timeout;
  store.max_sessions = config.max_sessions;
  store.alert_rules = config.alert_rules;
  store.on_alert = [core, events = config.events](const storage::Alert& alert) {
    tell_event_handlers(core, events, alert);
  };
  store.snapshot_capacity = quality::SessionQuality::kMostSnapshotBytes;
  store.recover = [](std::span<const std::uint8_t> snapshot) {
    return quality::summary_of_snapshot(std::as_bytes(snapshot));
  };
  store.log = log_storage;
  return storage::Store::open(std::move(store));
}

Result<std::unique_ptr<storage::Reader>> open_reader(const Config& config) {
  if (config.database_reader.empty()) return std::unique_ptr<storage::Reader>();
  storage::ReaderConfig reader;
  reader.reader = config.database_reader;
  reader.node = config.node;
  reader.statement_timeout = config.statement_timeout;
  reader.log = log_storage;
  return storage::Reader::open(std::move(reader));
}

}  // namespace

std::unique_ptr<Plugin> Plugin::start(janus_callbacks* callbacks, janus_plugin* entry, const char* config_path) {
  if (const auto reason = reason_to_refuse_core()) {
    JANUS_LOG(LOG_FATAL, "[callroom] Not loaded: %s\n", reason->c_str());
    return nullptr;
  }
  auto config = load_config(config_path);
  if (!config) {
    JANUS_LOG(LOG_FATAL, "[callroom] Not loaded: %s\n", config.error().text.c_str());
    return nullptr;
  }
  auto store = open_store(*config, Core(callbacks, entry));
  if (!store) {
    JANUS_LOG(LOG_FATAL, "[callroom] Not loaded: %s\n", store.error().text.c_str());
    return nullptr;
  }
  auto reader = open_reader(*config);
  if (!reader) {
    JANUS_LOG(LOG_FATAL, "[callroom] Not loaded: %s\n", reader.error().text.c_str());
    return nullptr;
  }
  auto plugin =
      std::make_unique<Plugin>(Core(callbacks, entry), *std::move(config), *std::move(store), *std::move(reader));
  JANUS_LOG(LOG_INFO, "[callroom] Callroom %s is ready\n", CALLROOM_VERSION);
  return plugin;
}

Plugin::Plugin(const Core& core, Config config, std::unique_ptr<storage::Store> store,
               std::unique_ptr<storage::Reader> reader)
    : core_(core),
      config_(std::move(config)),
      store_(std::move(store)),
      reader_(std::move(reader)),
      pool_(kWorkers),
      registry_(pool_),
      switchboard_(config_, core_, store_.get(), reader_.get()),
      open_rooms_(switchboard_, registry_, config_.node),
      turn_tests_(start_turn_tests(config_, core_, store_.get())),
      dispatcher_({open_rooms_, store_.get(), reader_.get(), config_.database_admin_user, wall_now}) {
  admin::add_turn_requests(dispatcher_, *turn_tests_);
  add_test_room_request(dispatcher_, switchboard_);
  set_packet_core(core_);
  for (const auto& room : config_.rooms) {
    if (const auto added = switchboard_.add_room(room); !added) {
      JANUS_LOG(LOG_ERR, "[callroom] Room %s: %s\n", room.id.c_str(), added.error().text.c_str());
    }
  }
  if (reader_) store_->watch_with(reader_.get(), config_.database_admin_user);
  ticker_ = std::make_unique<Ticker>(kTick, [this] { switchboard_.tick(monotonic_now()); });
}

Plugin::~Plugin() {
  ticker_.reset();
  switchboard_.end_all("shutdown");
  store_->stop(kDeliveryAtShutdown);
  reader_.reset();  // its last answers go to the strands
  pool_.stop();
  registry_.leave_behind();
}

bool Plugin::create_session(janus_plugin_session* session) {
  session->plugin_handle = registry_.add(session).get();
  return true;
}

Json Plugin::handle_message(janus_plugin_session* session, std::string transaction, Json body, Json jsep) {
  const auto handle = registry_.find(session);
  if (!handle) return json::error_json({ErrorCode::kInternal, "This handle is gone"});
  if (!handle->may_ask(monotonic_now())) {
    return refuse(handle, {ErrorCode::kTooManyRequests, "Too many requests in a short time"}, bool{jsep});
  }
  auto request = json::parse_room_request(body.view());
  if (!request) return refuse(handle, request.error(), bool{jsep});
  return std::visit(
      [&](auto& each) -> Json {
        using Each = std::decay_t<decltype(each)>;
        if constexpr (std::is_same_v<Each, signaling::ListParticipants>) each.viewer = handle->id;
        if constexpr (AboutRooms<Each>) {
          return switchboard_.answer(each);
        } else {
          return enqueue(handle, std::move(transaction), std::move(each), std::move(jsep));
        }
      },
      *request);
}

// An offer that the core has applied and nobody answers would leave the handle stuck: its PeerConnection goes.
Json Plugin::refuse(const std::shared_ptr<Handle>& handle, const Error& error, bool had_jsep) {
  if (had_jsep) switchboard_.abandon_offer(handle);
  return json::error_json(error);
}

template <typename Request>
Json Plugin::enqueue(const std::shared_ptr<Handle>& handle, std::string transaction, Request request, Json jsep) {
  auto description = read_jsep(jsep.view());
  if (!description) return refuse(handle, description.error(), true);
  const bool had_jsep = description->has_value();
  const bool posted =
      handle->strand->post_request([this, weak = std::weak_ptr(handle), request = std::move(request),
                                    transaction = std::move(transaction), jsep = *std::move(description)]() mutable {
        const auto open = weak.lock();
        if (!open) return;
        const bool has_jsep = jsep.has_value();
        Switchboard::Context context{open, std::move(transaction), std::move(jsep)};
        const auto done = switchboard_.carry_out(context, request);
        if (done) return;
        if (has_jsep) switchboard_.abandon_offer(open);
        core_.push_event(open->core_session, context.transaction, json::error_json(done.error()), std::nullopt);
      });
  if (posted) return {};
  return refuse(handle, {ErrorCode::kQueueFull, "Too many requests of this handle are waiting"}, had_jsep);
}

Json Plugin::handle_admin_message(JsonView request) {
  return dispatcher_.handle(request);
}

void Plugin::setup_media(janus_plugin_session* session) {
  if (const auto handle = registry_.find(session)) switchboard_.media_up(*handle);
}

void Plugin::hangup_media(janus_plugin_session* session) {
  if (const auto handle = registry_.find(session)) switchboard_.media_down(*handle);
}

void Plugin::destroy_session(janus_plugin_session* session) {
  const auto handle = registry_.remove(session);
  if (!handle) return;
  const bool stopping = core_is_stopping();
  // After what its client asked for before: who left has left, though the page was closed at once.
  const auto gone = [this, handle, stopping] { switchboard_.handle_gone(handle, stopping); };
  if (!handle->strand->post_event(gone)) gone();
}

Json Plugin::query_session(janus_plugin_session* session) {
  const auto handle = registry_.find(session);
  return handle ? switchboard_.describe(*handle) : Json::object();
}

}  // namespace callroom::host
