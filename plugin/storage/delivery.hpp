// The thread that talks to Postgres as callroom_writer: the outbox's rows in batches, maintenance, alerts.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "storage/connection.hpp"
#include "storage/health.hpp"
#include "storage/intake.hpp"
#include "storage/outbox.hpp"
#include "storage/set_aside.hpp"
#include "storage/store.hpp"

namespace callroom::storage {

// The version of the schema (sql/migrations) that this plugin writes.
inline constexpr int kSchemaVersion = 8;

class Delivery {
 public:
  Delivery(const StoreConfig& config, Outbox& outbox);
  ~Delivery();

  void start(Intake& intake);
  void new_rows();  // there is something to deliver

  // Runs `work` on this thread with an open connection; dropped when there is none for now.
  void post(std::function<void(Connection&, Connection::Deadline)> work);
  // Stores an alert, notifies others by NOTIFY, and tells config.on_alert where this node was the first to raise it.
  void raise(const Alert& alert, std::function<void()> stored);

  void fill(StoreHealth& health) const;

  // Delivers what there is until the deadline, then ends the thread.
  void stop(std::chrono::steady_clock::time_point deadline);

 private:
  static constexpr std::size_t kBatchRows = 5'000;
  static constexpr auto kConnectTimeout = std::chrono::seconds(15);  // all hosts of the string together

  enum class Outcome { kDelivered, kNothingToDo, kTryLater };

  void run();
  bool keep_going() const;
  void idle(std::chrono::milliseconds at_most);
  void back_off();
  bool connect();
  bool check_schema();
  Outcome deliver();
  Outcome deliver_held();
  void maintain();
  void store_alert(Connection& connection, Connection::Deadline deadline, const Alert& alert,
                   const std::function<void()>& stored);
  void run_posted();

  // Rows of one kind, and the statement that takes them.
  struct Part {
    const char* sql = nullptr;
    bool json = false;  // an array in JSON, else one of text in binary form
    std::vector<std::string> rows;
    std::vector<Outbox::Bytes> payloads;
    std::string all;  // the rows as one parameter
  };
  struct Batch {
    std::array<Part, 2> sessions;  // the second one only where there are many
    Part checks, alerts;
    std::vector<std::pair<Outbox::Bytes, std::string>> unreadable;  // each with the reason
    std::size_t entries = 0;                                        // of the outbox
    Outbox::Position after{};
    std::optional<WallTime> oldest;
  };

  Batch read(std::optional<Outbox::Position> after);
  Batch prepare(std::vector<Outbox::Bytes> payloads);
  // Commits all of it, apart from rows that Postgres refuses for themselves, which are set aside. False: try later.
  // `meanwhile` is called while Postgres works on it.
  bool commit(const Batch& batch, const std::function<void()>& meanwhile);
  bool commit_sessions(const Batch& batch, const std::function<void()>& meanwhile);
  bool commit_part(const Part& part);
  bool commit_rows(const Part& part, std::size_t from, std::size_t count);
  // What became of the statement for these rows of the part; the ones that are refused for themselves are found.
  bool conclude(const Part& part, std::size_t from, std::size_t count, DatabaseResult<Rows> done);
  bool connect_helper();
  bool refuse(const Outbox::Bytes& payload, const std::string& reason);
  void lost(const DatabaseError& error);
  void set_state(DatabaseState state, const std::string& error);
  Connection::Deadline statement_deadline() const;

  const StoreConfig& config_;
  Outbox& outbox_;
  Intake* intake_ = nullptr;  // from start() on
  SetAside set_aside_;
  Interrupt interrupt_;

  // This thread's own.
  std::optional<Connection> connection_;
  std::optional<Connection> helper_;  // takes half of a large batch; open while there are such
  std::chrono::steady_clock::time_point helper_idle_at_{}, next_helper_{};
  std::size_t batch_rows_;
  std::optional<Batch> ahead_;  // read from the outbox while Postgres worked on the one before it
  unsigned failures_ = 0;
  std::minstd_rand random_;
  std::chrono::steady_clock::time_point next_maintenance_{};

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  bool news_ = false;
  bool stopping_ = false;
  std::chrono::steady_clock::time_point stop_by_{};
  std::deque<std::function<void(Connection&, Connection::Deadline)>> posted_;
  StoreHealth seen_;  // only this thread's part of it
  std::optional<WallTime> oldest_;

  std::thread thread_;
};

}  // namespace callroom::storage
