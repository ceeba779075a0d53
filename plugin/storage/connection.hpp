// One connection to Postgres. No libpq type leaves this layer's .cpp files, no call blocks beyond its deadline, and an
// interrupt ends any wait at once.
//
// Threads: one at a time; Interrupt::raise() from any.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "storage/file.hpp"

struct pg_conn;
struct pg_result;

namespace callroom::storage {

// Ends the waits of a connection's thread. Once raised it stays so.
class Interrupt {
 public:
  Interrupt();
  void raise();
  int fd() const { return fd_.get(); }

 private:
  UniqueFd fd_;
};

struct DatabaseError {
  std::string sqlstate;  // five characters; empty where the server had no say
  std::string text;      // one line, without secrets
  bool connection_lost = false;

  bool is_class(std::string_view prefix) const { return sqlstate.starts_with(prefix); }
};

enum class ColumnType { kText, kInteger, kNumber, kBoolean, kTime, kJson };

// What a statement returned.
class Rows {
 public:
  Rows() = default;
  explicit Rows(pg_result* result) : result_(result) {}

  std::size_t size() const;
  std::size_t columns() const;
  std::string_view name(std::size_t column) const;
  ColumnType type(std::size_t column) const;
  std::optional<std::size_t> find(std::string_view column) const;

  // As Postgres writes it; nothing for NULL. Valid as long as *this.
  std::optional<std::string_view> text(std::size_t row, std::size_t column) const;
  std::optional<double> number(std::size_t row, std::size_t column) const;
  std::optional<std::int64_t> integer(std::size_t row, std::size_t column) const;

  std::uint64_t affected() const;  // rows that an INSERT, UPDATE or DELETE touched

 private:
  struct Clear {
    void operator()(pg_result* result) const;
  };
  std::unique_ptr<pg_result, Clear> result_;
};

// A value, or the database's reason why there is none.
template <typename T>
class [[nodiscard]] DatabaseResult {
 public:
  DatabaseResult(T value) : state_(std::in_place_index<0>, std::move(value)) {}              // NOLINT: implicit
  DatabaseResult(DatabaseError error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: implicit

  explicit operator bool() const { return state_.index() == 0; }
  T& operator*() & { return std::get<0>(state_); }
  T&& operator*() && { return std::get<0>(std::move(state_)); }
  T* operator->() { return &std::get<0>(state_); }
  const DatabaseError& error() const { return std::get<1>(state_); }

 private:
  std::variant<T, DatabaseError> state_;
};

using Parameters = std::vector<std::optional<std::string>>;

enum class Format { kText, kBinary };  // of a statement's parameters, all of them

class Connection {
 public:
  using Deadline = std::chrono::steady_clock::time_point;

  struct Options {
    std::string conninfo;
    std::string application_name;
    bool read_write = false;  // where the string names several hosts, take one that accepts writes
    std::chrono::milliseconds statement_timeout{10'000};
  };

  static DatabaseResult<Connection> open(const Options& options, Deadline deadline, const Interrupt& interrupt);

  DatabaseResult<Rows> execute(const char* sql, const Parameters& parameters, Deadline deadline,
                               Format format = Format::kText);
  DatabaseResult<Rows> execute(const char* sql, Deadline deadline) { return execute(sql, {}, deadline); }

  // The same in two steps, between which the server works: after a send() without an error comes receive(), and nothing
  // else.
  std::optional<DatabaseError> send(const char* sql, const Parameters& parameters, Deadline deadline,
                                    Format format = Format::kText);
  DatabaseResult<Rows> receive(Deadline deadline);

  struct Statement {
    const char* sql;
    Parameters parameters;
    bool keep_plan = false;  // asked again and again: the server plans it at its first time, and keeps the plan
  };
  // All of them in one round trip; the rows of each, or what went wrong with the first that failed: those behind it are
  // not carried out then.
  DatabaseResult<std::vector<Rows>> execute_all(const std::vector<Statement>& statements, Deadline deadline);

  // Leaves nothing on the server of what was done on this connection.
  DatabaseResult<Rows> discard_all(Deadline deadline);

  // False once the server has closed it, as far as that can be seen without asking.
  bool alive();

 private:
  struct Finish {
    void operator()(pg_conn* connection) const;
  };

  Connection(pg_conn* connection, const Interrupt& interrupt) : connection_(connection), interrupt_(&interrupt) {}
  DatabaseError last_error(bool lost) const;
  bool queue(const char* sql, const Parameters& parameters, Format format = Format::kText);
  bool queue_kept(const Statement& statement, std::vector<bool>& wanted);
  std::optional<DatabaseError> flush(Deadline deadline);
  bool wait(short events, Deadline deadline, DatabaseError& error);

  std::unique_ptr<pg_conn, Finish> connection_;
  const Interrupt* interrupt_;
  struct Kept {
    std::string sql, name;
  };
  std::list<Kept> kept_;  // whose plans the server has; the one that was used last comes first
  std::uint64_t kept_ever_ = 0;
};

// What is wrong with a connection string, without quoting it; empty where nothing is.
std::string conninfo_problem(const std::string& conninfo);

}  // namespace callroom::storage
