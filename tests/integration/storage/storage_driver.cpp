// A Janus without Janus, for tests: the store and the Admin API, driven by lines on standard input.
//
//   storage_driver <data_dir> [writer=CONNINFO] [reader=CONNINFO] [admin_user=ID] [node=NAME] [statement_timeout_ms=N]
//                  [retention_days=N] [maintenance_ms=N] [alert=NAME,METRIC,THRESHOLD,WINDOW_MINUTES,MIN_SESSIONS]…
//
//   finish COUNT FIRST [ENDED_US]   sessions number FIRST to FIRST+COUNT-1 end; once all are acknowledged "finished
//                                   COUNT disk N memory N refused N caller_us_max N caller_us_p99 N over_100_us N
//                                   waited N faulted N preempted N" (see SlowEnds). A number stands for one session id.
//   spin MS                         does nothing for so long but look at the clock: "spun gaps N", how often it could
//                                   not for over 100 us
//   begin COUNT FIRST               they are opened in the crash journal: "begun COUNT"
//   sample                          all open ones are updated: "sampled COUNT"
//   churn SEED                      opens, samples and ends sessions at random until it is killed: "B id" when one was
//                                   opened, "E id" when the end of one was acknowledged
//   spoil NUMBER                    a session that Postgres must refuse for itself: "spoilt"
//   {"request": …}                  an admin request; its answer
//   health                          the answer to the admin request
//   stop MS                         stops the store and ends
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <iostream>
#include <mutex>
#include <random>
#include <sstream>
#include <thread>

#include "admin/dispatcher.hpp"
#include "storage/reader.hpp"
#include "storage/store.hpp"
#include "unit/admin/support/fake_rooms.hpp"

namespace {

using namespace callroom;
using namespace callroom::storage;

WallTime now() {
  return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
}

std::string session_id(std::uint64_t number) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "00000000-0000-4000-8000-%012llx", static_cast<unsigned long long>(number));
  return text.data();
}

quality::Rating rating_of(double score) {
  if (score >= 86) return quality::Rating::kExcellent;
  if (score >= 75) return quality::Rating::kGood;
  return score >= 64 ? quality::Rating::kFair : quality::Rating::kPoor;
}

void measure(quality::Summary& quality, std::uint64_t number) {
  quality.samples = 100;
  quality.media_s = 295;
  quality.packets = 40'000;
  quality.latency_avg_ms = 20.0 + static_cast<double>(number * 7919 % 40'000) / 100;
  quality.latency_p95_ms = *quality.latency_avg_ms * 1.5;
  quality.jitter_avg_ms = static_cast<double>(number % 50);
  if (number % 5 != 0) quality.packet_loss_in_pct = static_cast<double>(number % 700) / 100;
  quality.packet_loss_out_pct = static_cast<double>(number % 300) / 100;
  quality.bandwidth_in_kbps = 900;
  quality.frame_rate_avg = 25.5;
  quality.connection_drops = number % 20 == 0 ? 1 : 0;
  const auto score = static_cast<double>(number * 104'729 % 10'001) / 100;
  if (number % 50 == 0) {
    quality.rating = quality::Rating::kFailed;
  } else if (number % 51 == 0) {
    quality.rating = quality::Rating::kUnrated;
  } else {
    quality.rating = rating_of(score);
    quality.quality_score = score;
    quality.breakdown = quality::Breakdown{2, 3, 1, 0, 0, 4, 0};
  }
  if (number % 3 == 0) quality.issues.push_back({"high_loss", quality::Severity::kWarning, 4, 10});
  if (number % 7 == 0) quality.issues.push_back({"high_latency", quality::Severity::kCritical, 9, 1});
  quality.timeline.assign(200, static_cast<std::uint8_t>(number));
}

SessionRecord record_of(std::uint64_t number, const std::string& node) {
  SessionRecord record;
  record.session_id = session_id(number);
  record.ended_at = now();
  record.started_at = record.ended_at - std::chrono::seconds(300);
  record.node = node;
  record.room = "room-" + std::to_string(number % 97);
  record.user_id = "user-" + std::to_string(number % 1009);
  record.display = number % 2 == 0 ? "=cmd|' /C calc'!A0" : "Zo\xC3\xAB, \"the\" " + std::to_string(number);
  record.provider = number % 4 == 0 ? "p2p" : "janus";
  record.end_reason = "left";
  record.device_info = R"({"browser":"Chrome 130","os":"Linux"})";
  measure(record.quality, number);
  return record;
}

rusage this_thread() {
  rusage usage{};
  ::getrusage(RUSAGE_THREAD, &usage);
  return usage;
}

// Ends that took over 100 us, by what happened to the caller meanwhile, the likeliest cause first: it waited (for a
// lock), it was given memory that was not there yet, the scheduler gave its processor to another; or none of these, and
// then the processor itself was away (an interrupt, the machine below a virtual one).
struct SlowEnds {
  std::uint64_t all = 0, waited = 0, faulted = 0, preempted = 0;

  void add(const rusage& before, const rusage& after) {
    ++all;
    if (after.ru_nvcsw > before.ru_nvcsw) {
      ++waited;
    } else if (after.ru_minflt > before.ru_minflt || after.ru_majflt > before.ru_majflt) {
      ++faulted;
    } else if (after.ru_nivcsw > before.ru_nivcsw) {
      ++preempted;
    }
  }
  std::string text() const {
    return " over_100_us " + std::to_string(all) + " waited " + std::to_string(waited) + " faulted " +
           std::to_string(faulted) + " preempted " + std::to_string(preempted);
  }
};

// Lines from several threads, each whole.
void say(const std::string& line) {
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  std::cout << line << std::endl;
}

class Driver {
 public:
  Driver(std::unique_ptr<Store> store, std::unique_ptr<Reader> reader, std::string admin_user, std::string node)
      : store_(std::move(store)),
        reader_(std::move(reader)),
        node_(std::move(node)),
        dispatcher_({rooms_, store_.get(), reader_.get(), admin_user, now}) {
    if (reader_) store_->watch_with(reader_.get(), admin_user);
  }
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;
  ~Driver() { store_.reset(); }  // before the reader that it watches with

  // False when the program is to end.
  bool obey(const std::string& line) {
    std::istringstream words(line);
    std::string verb;
    words >> verb;
    std::uint64_t a = 0, b = 0, c = 0;
    if (!line.empty() && line.front() == '{') {
      say(dispatcher_.handle(json::parse(line).view()).dump());
    } else if (verb == "health") {
      say(dispatcher_.handle(json::parse(R"({"request":"health"})").view()).dump());
    } else if (verb == "finish" && words >> a >> b) {
      words >> c;
      finish(a, b, c);
    } else if (verb == "spin" && words >> a) {
      spin(std::chrono::milliseconds(a));
    } else if (verb == "begin" && words >> a >> b) {
      for (std::uint64_t i = 0; i < a; ++i) open_.emplace_back(b + i, store_->begin(so_far(b + i)));
      say("begun " + std::to_string(a));
    } else if (verb == "sample") {
      for (const auto& [number, slot] : open_) store_->update(slot, so_far(number), now(), snapshot_);
      say("sampled " + std::to_string(open_.size()));
    } else if (verb == "churn" && words >> a) {
      churn(a);
    } else if (verb == "spoil" && words >> a) {
      SessionRecord record = record_of(a, node_);
      record.quality.packet_loss_in_pct = 250;  // the table's CHECK refuses it
      store_->finish(std::move(record), {}, [](Kept) { say("spoilt"); });
    } else if (verb == "stop" && words >> a) {
      store_->stop(std::chrono::milliseconds(a));
      say("stopped");
      return false;
    } else {
      say("what? " + line);
    }
    return true;
  }

 private:
  SessionRecord so_far(std::uint64_t number) const {
    SessionRecord record = record_of(number, node_);
    record.quality = {};
    record.end_reason.clear();
    return record;
  }

  void finish(std::uint64_t count, std::uint64_t first, std::uint64_t ended_us) {
    std::mutex mutex;
    std::condition_variable all;
    std::array<std::uint64_t, 3> kept{};
    std::vector<SessionRecord> records;
    for (std::uint64_t i = 0; i < count; ++i) {
      records.push_back(record_of(first + i, node_));
      if (ended_us == 0) continue;
      records.back().ended_at = WallTime(std::chrono::microseconds(ended_us + i));
      records.back().started_at = records.back().ended_at - std::chrono::seconds(300);
    }
    std::vector<std::int64_t> callers_us;
    callers_us.reserve(records.size());
    SlowEnds slow;
    rusage before = this_thread();
    for (auto& record : records) {
      const auto began = std::chrono::steady_clock::now();
      store_->finish(std::move(record), {}, [&](Kept how) {
        const std::lock_guard lock(mutex);
        ++kept[static_cast<std::size_t>(how)];
        all.notify_one();
      });
      const auto took = std::chrono::steady_clock::now() - began;
      callers_us.push_back(std::chrono::duration_cast<std::chrono::microseconds>(took).count());
      const rusage after = this_thread();
      if (callers_us.back() > 100) slow.add(before, after);
      before = after;
    }
    std::ranges::sort(callers_us);
    std::unique_lock lock(mutex);
    all.wait(lock, [&] { return kept[0] + kept[1] + kept[2] == count; });
    say("finished " + std::to_string(count) + " disk " + std::to_string(kept[0]) + " memory " +
        std::to_string(kept[1]) + " refused " + std::to_string(kept[2]) + " caller_us_max " +
        std::to_string(callers_us.back()) + " caller_us_p99 " +
        std::to_string(callers_us[callers_us.size() * 99 / 100]) + slow.text());
  }

  void spin(std::chrono::milliseconds how_long) {
    std::uint64_t gaps = 0;
    const auto end = std::chrono::steady_clock::now() + how_long;
    for (auto last = std::chrono::steady_clock::now(); last < end;) {
      const auto now = std::chrono::steady_clock::now();
      if (now - last > std::chrono::microseconds(100)) ++gaps;
      last = now;
    }
    say("spun gaps " + std::to_string(gaps));
  }

  [[noreturn]] void churn(std::uint64_t seed) {
    std::mt19937_64 random(seed);
    std::uint64_t next = seed * 1'000'000;
    while (true) {
      const auto dice = random() % 10;
      if (dice < 4 || open_.empty()) {
        const auto slot = store_->begin(so_far(next));
        open_.emplace_back(next, slot);
        say("B " + session_id(next++));
      } else if (dice < 7) {
        const auto& [number, slot] = open_[random() % open_.size()];
        store_->update(slot, so_far(number), now(), snapshot_);
      } else {
        const auto at = open_.begin() + static_cast<std::ptrdiff_t>(random() % open_.size());
        const std::string id = session_id(at->first);
        store_->finish(record_of(at->first, node_), at->second, [id](Kept) { say("E " + id); });
        open_.erase(at);
      }
      std::this_thread::sleep_for(std::chrono::microseconds(random() % 800));
    }
  }

  admin::testing::FakeRooms rooms_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Reader> reader_;
  const std::string node_;
  admin::Dispatcher dispatcher_;
  std::vector<std::pair<std::uint64_t, JournalSlot>> open_;
  const std::vector<std::uint8_t> snapshot_ = std::vector<std::uint8_t>(3000, 7);
};

std::optional<AlertRule> rule_of(const std::string& text) {
  std::istringstream in(text);
  std::array<std::string, 5> part;
  for (auto& field : part) std::getline(in, field, ',');
  const auto metric = alert_metric(part[1]);
  if (!metric) return std::nullopt;
  return AlertRule{part[0], *metric, std::stod(part[2]), std::chrono::minutes(std::stoi(part[3])),
                   static_cast<std::uint32_t>(std::stoul(part[4]))};
}

struct Arguments {
  StoreConfig store;
  std::string reader, admin_user = "admin";
};

void apply(Arguments& arguments, const std::string& key, const std::string& value) {
  StoreConfig& store = arguments.store;
  if (key == "writer") store.writer = value;
  if (key == "reader") arguments.reader = value;
  if (key == "admin_user") arguments.admin_user = value;
  if (key == "node") store.node = value;
  if (key == "retention_days") store.retention_days = std::stoi(value);
  if (key == "statement_timeout_ms") store.statement_timeout = std::chrono::milliseconds(std::stoi(value));
  if (key == "maintenance_ms") store.maintenance_interval = std::chrono::milliseconds(std::stoi(value));
  if (key == "alert") {
    if (const auto rule = rule_of(value)) store.alert_rules.push_back(*rule);
  }
}

Arguments parse(int argc, char** argv) {
  Arguments arguments;
  StoreConfig& store = arguments.store;
  store.data_dir = argv[1];
  store.node = "node-1";
  store.maintenance_interval = std::chrono::seconds(1);
  store.alert_interval = std::chrono::milliseconds(300);
  store.backoff_max = std::chrono::seconds(1);
  for (int i = 2; i < argc; ++i) {
    const std::string argument = argv[i];
    const auto sign = argument.find('=');
    apply(arguments, argument.substr(0, sign), argument.substr(sign + 1));
  }
  store.recover = [](std::span<const std::uint8_t> snapshot) {
    quality::Summary summary;
    summary.samples = static_cast<std::uint32_t>(snapshot.size());
    return std::optional(summary);
  };
  store.log = [](LogLevel, std::string_view text) { std::cerr << text << std::endl; };
  store.on_alert = [](const Alert& alert) { say("alert " + alert.rule); };
  return arguments;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  Arguments arguments = parse(argc, argv);
  const std::string node = arguments.store.node;
  const auto timeout = arguments.store.statement_timeout;
  auto store = Store::open(std::move(arguments.store));
  if (!store) {
    say("refused " + store.error().text);
    return 1;
  }
  std::unique_ptr<Reader> reader;
  if (!arguments.reader.empty()) {
    ReaderConfig config;
    config.reader = arguments.reader;
    config.node = node;
    config.statement_timeout = timeout;
    auto opened = Reader::open(std::move(config));
    if (!opened) {
      say("refused " + opened.error().text);
      return 1;
    }
    reader = *std::move(opened);
  }
  Driver driver(*std::move(store), std::move(reader), arguments.admin_user, node);
  say("ready");
  std::string line;
  while (std::getline(std::cin, line) && driver.obey(line)) {
  }
  return 0;
}
