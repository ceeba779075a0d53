// Questions to Postgres as callroom_reader, each under one identity: what that identity may see is decided by the
// database's row-level security, whatever the question is.
//
// Every question runs in a read-only transaction in which callroom.user is set, with the server's statement timeout; a
// connection that served another identity before is reset first (DISCARD ALL).
//
// Threads: any. run() blocks its caller, but no longer than the statement timeout and a few seconds; submit() does not.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "storage/connection.hpp"
#include "storage/log.hpp"

namespace callroom::storage {

struct ReaderConfig {
  std::string reader;  // connection string of callroom_reader
  std::string node;
  std::chrono::milliseconds statement_timeout{10'000};
  std::size_t connections = 4;
  std::size_t max_waiting = 64;  // questions; more are answered with kBusy
  LogSink log;
};

struct Query {
  // Each statement is planned once on a connection, for whatever its parameters are.
  enum class Plan {
    kAny,
    kWalk,  // an index has the rows in the order they are asked in: they must not be gathered and sorted
  };
  std::string sql;  // with $1, $2, …
  Parameters parameters;
  Plan plan = Plan::kAny;
};

enum class Access {
  kOwnRows,  // any identity
  kAdmin,    // refused (kNotAllowed) unless admin_roles lists the identity
};

struct ReaderHealth {
  std::size_t connected = 0, connections = 0, waiting = 0;
  std::uint64_t answered = 0, failed = 0;
  std::string error;  // of the last failure; empty after a success
};

class Reader {
 public:
  using Answer = Result<std::vector<Rows>>;  // one for each query, all of one snapshot

  static Result<std::unique_ptr<Reader>> open(ReaderConfig config);
  virtual ~Reader() = default;
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  virtual Answer run(const std::string& identity, Access access, std::vector<Query> queries) = 0;
  // `done` is called on a thread of the reader, once, also when the reader ends before.
  virtual void submit(std::string identity, Access access, std::vector<Query> queries,
                      std::function<void(Answer)> done) = 0;
  virtual ReaderHealth health() const = 0;

 protected:
  Reader() = default;
};

}  // namespace callroom::storage
