#include "storage/reader.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <future>
#include <mutex>
#include <optional>
#include <thread>

namespace callroom::storage {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kConnectTimeout = std::chrono::seconds(5);
constexpr auto kGrace = std::chrono::seconds(2);

struct Question {
  std::string identity;
  Access access = Access::kOwnRows;
  std::vector<Query> queries;
  std::function<void(Reader::Answer)> done;
  Clock::time_point expires;  // nobody waits for the answer after this
};

Error as_error(const DatabaseError& error) {
  if (error.is_class("57014")) return {ErrorCode::kDatabaseUnavailable, "the database took too long to answer"};
  return {ErrorCode::kDatabaseUnavailable, "the database cannot be asked: " + error.text};
}

class PooledReader final : public Reader {
 public:
  explicit PooledReader(ReaderConfig config) : config_(std::move(config)) {
    health_.connections = config_.connections;
    for (std::size_t i = 0; i < config_.connections; ++i) threads_.emplace_back([this] { serve(); });
  }

  ~PooledReader() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      while (!idle_.empty()) call_one();
    }
    interrupt_.raise();
    for (auto& thread : threads_) thread.join();
    for (auto& question : waiting_) question.done(Error{ErrorCode::kShuttingDown, "the plugin is stopping"});
  }

  void submit(std::string identity, Access access, std::vector<Query> queries,
              std::function<void(Answer)> done) override {
    Question question{std::move(identity), access, std::move(queries), std::move(done),
                      Clock::now() + config_.statement_timeout + kGrace};
    {
      const std::lock_guard lock(mutex_);
      if (!stopping_ && waiting_.size() < config_.max_waiting) {
        waiting_.push_back(std::move(question));
        call_one();
        return;
      }
    }
    question.done(Error{ErrorCode::kBusy, "too many questions to the database at once"});
  }

  Answer run(const std::string& identity, Access access, std::vector<Query> queries) override {
    auto promise = std::make_shared<std::promise<Answer>>();
    auto answer = promise->get_future();
    submit(identity, access, std::move(queries), [promise](Answer found) { promise->set_value(std::move(found)); });
    return answer.get();
  }

  ReaderHealth health() const override {
    const std::lock_guard lock(mutex_);
    ReaderHealth health = health_;
    health.waiting = waiting_.size();
    return health;
  }

 private:
  // One thread's connection, and whom it served last.
  struct Line {
    std::optional<Connection> connection;
    std::string identity;
    bool is_admin = false;  // when it was last asked
    std::condition_variable wake;
    bool called = false;
  };

  // With the mutex held. The line that served last: its connection, plans and caches are the warmest.
  void call_one() {
    if (idle_.empty()) return;
    idle_.back()->called = true;
    idle_.back()->wake.notify_one();
    idle_.pop_back();
  }

  void serve() {
    Line line;
    std::unique_lock lock(mutex_);
    while (true) {
      while (waiting_.empty() && !stopping_) {
        idle_.push_back(&line);
        line.wake.wait(lock, [&] { return line.called; });
        line.called = false;
      }
      if (stopping_) return;
      Question question = std::move(waiting_.front());
      waiting_.pop_front();
      const bool was_connected = line.connection.has_value();
      lock.unlock();
      Answer answer = Clock::now() < question.expires ? ask(line, question)
                                                      : Error{ErrorCode::kBusy, "the database is too busy to answer"};
      const std::string problem = answer ? "" : answer.error().text;
      const bool failed = !answer;
      question.done(std::move(answer));
      lock.lock();
      health_.error = problem;
      ++(failed ? health_.failed : health_.answered);
      health_.connected += static_cast<std::size_t>(line.connection.has_value());
      health_.connected -= static_cast<std::size_t>(was_connected);
    }
  }

  Answer ask(Line& line, const Question& question) {
    const bool fresh = !line.connection || !line.connection->alive();
    if (fresh) {
      if (auto opened = connect(line); !opened) return opened.error();
    }
    DatabaseError error;
    auto answer = transaction(line, question, error);
    if (answer) return *std::move(answer);
    // Idle connections die unnoticed: a failover, a restart, a firewall. One fresh one is worth a try.
    // And a plan that was kept may no longer be there, or fit.
    const bool lost = error.connection_lost || error.is_class("57P") || error.is_class("25") || error.is_class("26") ||
                      error.is_class("0A");
    line.connection.reset();
    if (lost && !fresh && Clock::now() < question.expires) {
      if (auto opened = connect(line); !opened) return opened.error();
      answer = transaction(line, question, error);
      if (answer) return *std::move(answer);
      line.connection.reset();
    }
    return as_error(error);
  }

  Result<void> connect(Line& line) {
    line.connection.reset();
    auto opened =
        Connection::open({config_.reader, "callroom-reader " + config_.node, false, config_.statement_timeout},
                         Clock::now() + kConnectTimeout, interrupt_);
    if (!opened) return as_error(opened.error());
    line.connection.emplace(*std::move(opened));
    line.identity.clear();
    line.is_admin = false;
    return {};
  }

  // Nothing, and the reason in `error`, where the connection is of no more use. Every statement is planned once on a
  // connection, for whatever its parameters are: with some ten partitions and as many indexes, planning takes several
  // times as long as a page of sessions or a sum over rollups does. One round trip, but for the first
  // question of an administrator: who is none is told so without the queries, which would look through all rows for
  // the few that they may see.
  std::optional<Answer> transaction(Line& line, const Question& question, DatabaseError& error) {
    const auto deadline = Clock::now() + config_.statement_timeout + kGrace;
    if (!line.identity.empty() && line.identity != question.identity) {
      line.is_admin = false;
      if (const auto reset = line.connection->discard_all(deadline); !reset) {
        error = reset.error();
        return std::nullopt;
      }
    }
    line.identity = question.identity;
    const bool only_ask_who = question.access == Access::kAdmin && !line.is_admin;
    const bool walks =
        std::ranges::any_of(question.queries, [](const Query& query) { return query.plan == Query::Plan::kWalk; });
    std::vector<Connection::Statement> statements = {
        {"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", {}},
        {"SELECT set_config('callroom.user', $1, true), callroom_is_admin(), "
         "set_config('plan_cache_mode', 'force_generic_plan', true), set_config('enable_sort', $2, true)",
         {question.identity, walks ? "off" : "on"}}};
    if (!only_ask_who) {
      for (const Query& query : question.queries) statements.push_back({query.sql.c_str(), query.parameters, true});
    }
    statements.push_back({"COMMIT", {}});
    auto done = line.connection->execute_all(statements, deadline);
    if (!done) {
      error = done.error();
      return std::nullopt;
    }
    line.is_admin = (*done)[1].text(0, 1) == "t";
    if (question.access == Access::kAdmin && !line.is_admin) {
      return Answer(Error{ErrorCode::kNotAllowed,
                          "database.admin_user \"" + question.identity + "\" is not listed in the table admin_roles"});
    }
    if (only_ask_who) return transaction(line, question, error);
    done->pop_back();
    done->erase(done->begin(), done->begin() + 2);
    return Answer(*std::move(done));
  }

  const ReaderConfig config_;
  Interrupt interrupt_;
  mutable std::mutex mutex_;
  std::vector<Line*> idle_;
  std::deque<Question> waiting_;
  bool stopping_ = false;
  ReaderHealth health_;
  std::vector<std::thread> threads_;
};

}  // namespace

Result<std::unique_ptr<Reader>> Reader::open(ReaderConfig config) {
  if (!config.log) config.log = [](LogLevel, std::string_view) {};
  if (const std::string problem = conninfo_problem(config.reader); !problem.empty()) {
    return Error{ErrorCode::kInternal, "database.reader: " + problem};
  }
  return std::unique_ptr<Reader>(std::make_unique<PooledReader>(std::move(config)));
}

}  // namespace callroom::storage
