#include "storage/store.hpp"

#include <unordered_set>
#include <utility>

#include "storage/alert_watch.hpp"
#include "storage/data_dir.hpp"
#include "storage/delivery.hpp"
#include "storage/intake.hpp"
#include "storage/journal.hpp"
#include "storage/outbox.hpp"
#include "storage/record_codec.hpp"

namespace callroom::storage {
namespace {

class DiskStore final : public Store {
 public:
  DiskStore(StoreConfig config, DataDir dir)
      : config_(std::move(config)),
        dir_(std::move(dir)),
        outbox_(config_.data_dir / "outbox", config_.log),
        journal_(config_.data_dir, {config_.max_sessions, config_.snapshot_capacity}, config_.log),
        delivery_(config_, outbox_),
        intake_(outbox_, journal_, config_.log, [this] { delivery_.new_rows(); }) {
    if (!dir_.problem().empty())
      config_.log(LogLevel::kError, dir_.problem() + "; finished sessions are kept in memory");
    recover();
    delivery_.start(intake_);
  }

  ~DiskStore() override { stop(std::chrono::milliseconds(0)); }

  JournalSlot begin(const SessionRecord& so_far) override { return journal_.begin(so_far); }

  void update(JournalSlot slot, const SessionRecord& so_far, WallTime now,
              std::span<const std::uint8_t> snapshot) override {
    journal_.update(slot, so_far, now, snapshot);
  }

  void finish(SessionRecord record, JournalSlot slot, Done done) override {
    intake_.finish(std::move(record), slot, std::move(done));
  }

  void keep(const turn::CheckRecord& record) override { intake_.keep(encode(record)); }
  void keep(const TurnAlert& alert) override { intake_.keep(encode(alert)); }

  StoreHealth health() const override {
    StoreHealth health;
    delivery_.fill(health);
    health.outbox_rows = outbox_.rows();
    health.outbox_bytes = outbox_.bytes();
    health.corrupt_regions = outbox_.corrupt_regions();
    health.memory_rows = intake_.memory_rows();
    health.disk_error = dir_.problem().empty() ? outbox_.problem() : dir_.problem();
    health.rows_finished = intake_.finished();
    health.rows_dropped = intake_.dropped();
    health.journal_error = journal_.problem();
    health.journal_open = journal_.open_sessions();
    health.journal_capacity = journal_.capacity();
    health.rows_recovered = recovered_;
    return health;
  }

  void watch_with(Reader* reader, std::string admin_user) override {
    if (reader == nullptr || config_.alert_rules.empty() || config_.writer.empty()) return;
    const auto raise = [this](const Alert& alert, std::function<void()> stored) {
      delivery_.raise(alert, std::move(stored));
    };
    watch_ = std::make_unique<AlertWatch>(config_.alert_rules, config_.alert_interval, *reader, std::move(admin_user),
                                          raise, config_.log);
  }

  void stop(std::chrono::milliseconds deadline) override {
    const auto by = std::chrono::steady_clock::now() + deadline;
    watch_.reset();
    intake_.stop();
    delivery_.stop(by);
  }

 private:
  // The journal of a killed process is forgotten once its last session is on disk; killed before that, it is read again
  // by the next start, and the rows' keys make them count once.
  void recover() {
    auto records = journal_.recover(config_.recover);
    if (!records.empty()) {
      std::unordered_set<std::string> ended;  // killed between the fsync and the journal's entry
      outbox_.for_each_inherited([&](std::span<const std::uint8_t> payload) { ended.insert(session_id_of(payload)); });
      std::erase_if(records, [&](const SessionRecord& record) { return ended.contains(record.session_id); });
    }
    recovered_ = records.size();
    if (records.empty()) return journal_.forget_recovered();
    config_.log(LogLevel::kWarning, "the last process died with " + std::to_string(records.size()) +
                                        " sessions open; they get their rows with end_reason \"crashed\"");
    auto missing = std::make_shared<std::size_t>(records.size());
    for (auto& record : records) {
      intake_.finish(std::move(record), {}, [this, missing](Kept kept) {
        if (kept == Kept::kOnDisk && --*missing == 0) journal_.forget_recovered();
      });
    }
  }

  const StoreConfig config_;
  const DataDir dir_;
  Outbox outbox_;
  Journal journal_;
  std::uint64_t recovered_ = 0;
  Delivery delivery_;
  Intake intake_;
  std::unique_ptr<AlertWatch> watch_;
};

}  // namespace

Store::~Store() = default;

Result<std::unique_ptr<Store>> Store::open(StoreConfig config) {
  if (!config.log) config.log = [](LogLevel, std::string_view) {};
  if (!config.writer.empty()) {
    if (const std::string problem = conninfo_problem(config.writer); !problem.empty()) {
      return Error{ErrorCode::kInternal, "database.writer: " + problem};
    }
  }
  auto dir = DataDir::lock(config.data_dir, config.node);
  if (!dir) return dir.error();
  return std::unique_ptr<Store>(std::make_unique<DiskStore>(std::move(config), *std::move(dir)));
}

}  // namespace callroom::storage
