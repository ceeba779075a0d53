#include "storage/connection.hpp"

#include <libpq-fe.h>
#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <tuple>

namespace callroom::storage {
namespace {

// pg_type.oid of the types that rows have.
constexpr unsigned kBool = 16, kInt8 = 20, kInt2 = 21, kInt4 = 23, kJson = 114, kFloat4 = 700, kFloat8 = 701,
                   kTimestamptz = 1184, kNumeric = 1700, kJsonb = 3802;

constexpr std::size_t kMostKept = 64;  // plans of one connection; a plan of the rollups has some 200 kB on the server

std::vector<const char*> values_of(const Parameters& parameters) {
  std::vector<const char*> values;
  values.reserve(parameters.size());
  for (const auto& parameter : parameters) values.push_back(parameter ? parameter->c_str() : nullptr);
  return values;
}

// libpq ends its messages with a newline and puts details on further lines.
std::string first_line(const char* message) {
  std::string_view text = message != nullptr ? message : "";
  if (const auto end = text.find('\n'); end != std::string_view::npos) text = text.substr(0, end);
  return std::string(text);
}

struct FreeOptions {
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};

// The string's own settings, and ours where it has none.
struct Settings {
  std::vector<const char*> keywords, values;
  std::unique_ptr<PQconninfoOption, FreeOptions> parsed;

  void prefer(const char* keyword, const char* value) {
    for (std::size_t i = 0; i < keywords.size(); ++i) {
      if (std::string_view(keywords[i]) == keyword) return;
    }
    keywords.push_back(keyword);
    values.push_back(value);
  }
  void end() {
    keywords.push_back(nullptr);
    values.push_back(nullptr);
  }
};

std::optional<Settings> parse(const std::string& conninfo, std::string& problem) {
  char* message = nullptr;
  Settings settings;
  settings.parsed.reset(PQconninfoParse(conninfo.c_str(), &message));
  if (!settings.parsed) {
    problem = "the connection string is malformed";  // libpq's message quotes it, password and all
    PQfreemem(message);
    return std::nullopt;
  }
  for (const PQconninfoOption* option = settings.parsed.get(); option->keyword != nullptr; ++option) {
    if (option->val == nullptr || *option->val == '\0') continue;
    settings.keywords.push_back(option->keyword);
    settings.values.push_back(option->val);
  }
  return settings;
}

}  // namespace

Interrupt::Interrupt() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

void Interrupt::raise() {
  const std::uint64_t one = 1;
  std::ignore = ::write(fd_.get(), &one, sizeof one);
}

void Rows::Clear::operator()(pg_result* result) const {
  PQclear(result);
}

std::size_t Rows::size() const {
  return result_ ? static_cast<std::size_t>(PQntuples(result_.get())) : 0;
}

std::size_t Rows::columns() const {
  return result_ ? static_cast<std::size_t>(PQnfields(result_.get())) : 0;
}

std::string_view Rows::name(std::size_t column) const {
  return PQfname(result_.get(), static_cast<int>(column));
}

ColumnType Rows::type(std::size_t column) const {
  switch (PQftype(result_.get(), static_cast<int>(column))) {
    case kBool:
      return ColumnType::kBoolean;
    case kInt2:
    case kInt4:
    case kInt8:
      return ColumnType::kInteger;
    case kFloat4:
    case kFloat8:
    case kNumeric:
      return ColumnType::kNumber;
    case kTimestamptz:
      return ColumnType::kTime;
    case kJson:
    case kJsonb:
      return ColumnType::kJson;
    default:
      return ColumnType::kText;
  }
}

std::optional<std::size_t> Rows::find(std::string_view column) const {
  for (std::size_t i = 0; i < columns(); ++i) {
    if (name(i) == column) return i;
  }
  return std::nullopt;
}

std::optional<std::string_view> Rows::text(std::size_t row, std::size_t column) const {
  const int r = static_cast<int>(row), c = static_cast<int>(column);
  if (PQgetisnull(result_.get(), r, c) != 0) return std::nullopt;
  return std::string_view(PQgetvalue(result_.get(), r, c), static_cast<std::size_t>(PQgetlength(result_.get(), r, c)));
}

std::optional<double> Rows::number(std::size_t row, std::size_t column) const {
  const auto value = text(row, column);
  if (!value) return std::nullopt;
  double result = 0;
  const auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), result);
  return error == std::errc() && end == value->data() + value->size() ? std::optional(result) : std::nullopt;
}

std::optional<std::int64_t> Rows::integer(std::size_t row, std::size_t column) const {
  const auto value = text(row, column);
  if (!value) return std::nullopt;
  std::int64_t result = 0;
  const auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), result);
  return error == std::errc() && end == value->data() + value->size() ? std::optional(result) : std::nullopt;
}

std::uint64_t Rows::affected() const {
  return result_ ? std::strtoull(PQcmdTuples(result_.get()), nullptr, 10) : 0;
}

void Connection::Finish::operator()(pg_conn* connection) const {
  PQfinish(connection);
}

DatabaseError Connection::last_error(bool lost) const {
  return {"", first_line(PQerrorMessage(connection_.get())), lost || PQstatus(connection_.get()) == CONNECTION_BAD};
}

// Until the socket is ready. False, with the reason, at the deadline and at an interrupt.
bool Connection::wait(short events, Deadline deadline, DatabaseError& error) {
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) {
      error = {"", "no answer from Postgres in time", true};
      return false;
    }
    std::array<pollfd, 2> watched{pollfd{PQsocket(connection_.get()), events, 0}, pollfd{interrupt_->fd(), POLLIN, 0}};
    const int ready =
        ::poll(watched.data(), watched.size(), static_cast<int>(std::min<std::int64_t>(left.count(), 60'000)));
    if (ready < 0 && errno != EINTR) {
      error = {"", "poll: " + std::string(std::strerror(errno)), true};
      return false;
    }
    if (ready > 0 && watched[1].revents != 0) {
      error = {"", "interrupted: the plugin is stopping", true};
      return false;
    }
    if (ready > 0 && watched[0].revents != 0) return true;
  }
}

DatabaseResult<Connection> Connection::open(const Options& options, Deadline deadline, const Interrupt& interrupt) {
  std::string problem;
  auto settings = parse(options.conninfo, problem);
  if (!settings) return DatabaseError{"", problem, true};
  const std::string timeout =
      "-c timezone=UTC -c statement_timeout=" + std::to_string(options.statement_timeout.count());
  settings->prefer("application_name", options.application_name.c_str());
  settings->prefer("options", timeout.c_str());
  settings->prefer("client_encoding", "UTF8");
  settings->prefer("connect_timeout", "5");
  settings->prefer("keepalives_idle", "10");
  settings->prefer("keepalives_interval", "5");
  settings->prefer("keepalives_count", "3");
  settings->prefer("tcp_user_timeout", "20000");
  if (options.read_write) settings->prefer("target_session_attrs", "read-write");
  settings->end();

  Connection connection(PQconnectStartParams(settings->keywords.data(), settings->values.data(), 0), interrupt);
  pg_conn* raw = connection.connection_.get();
  if (raw == nullptr) return DatabaseError{"", "out of memory", true};
  PQsetNoticeProcessor(
      raw, [](void*, const char*) {}, nullptr);  // not to Janus's stderr
  auto next = PGRES_POLLING_WRITING;
  while (true) {
    if (PQstatus(raw) == CONNECTION_BAD || next == PGRES_POLLING_FAILED) return connection.last_error(true);
    if (next == PGRES_POLLING_OK) break;
    DatabaseError error;
    if (!connection.wait(next == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline, error)) return error;
    next = PQconnectPoll(raw);
  }
  PQsetnonblocking(raw, 1);
  return connection;
}

DatabaseResult<Rows> Connection::execute(const char* sql, const Parameters& parameters, Deadline deadline,
                                         Format format) {
  if (auto error = send(sql, parameters, deadline, format)) return *std::move(error);
  return receive(deadline);
}

DatabaseResult<Rows> Connection::discard_all(Deadline deadline) {
  kept_.clear();
  return execute("DISCARD ALL", deadline);
}

bool Connection::queue(const char* sql, const Parameters& parameters, Format format) {
  const std::vector<const char*> values = values_of(parameters);
  std::vector<int> lengths;  // libpq asks for them of what is binary
  for (const auto& parameter : parameters) lengths.push_back(static_cast<int>(parameter ? parameter->size() : 0));
  const std::vector<int> formats(parameters.size(), format == Format::kBinary ? 1 : 0);
  return PQsendQueryParams(connection_.get(), sql, static_cast<int>(values.size()), nullptr, values.data(),
                           lengths.data(), formats.data(), 0) != 0;
}

std::optional<DatabaseError> Connection::flush(Deadline deadline) {
  pg_conn* raw = connection_.get();
  DatabaseError error;
  while (true) {
    const int pending = PQflush(raw);
    if (pending < 0) return last_error(true);
    if (pending == 0) return std::nullopt;
    if (!wait(POLLIN | POLLOUT, deadline, error)) return error;
    if (PQconsumeInput(raw) == 0) return last_error(true);
  }
}

std::optional<DatabaseError> Connection::send(const char* sql, const Parameters& parameters, Deadline deadline,
                                              Format format) {
  return queue(sql, parameters, format) ? flush(deadline) : last_error(true);
}

// Queues the statement by the name of its plan, and before that what the plan needs. `wanted` gets an entry for each of
// the results that come: whether it is the statement's own.
bool Connection::queue_kept(const Statement& statement, std::vector<bool>& wanted) {
  pg_conn* raw = connection_.get();
  auto kept = std::ranges::find(kept_, statement.sql, &Kept::sql);
  if (kept == kept_.end()) {
    if (kept_.size() == kMostKept) {
      const std::string forget = "DEALLOCATE " + kept_.back().name;
      if (!queue(forget.c_str(), {})) return false;
      wanted.push_back(false);
      kept_.pop_back();
    }
    kept = kept_.insert(kept_.begin(), {statement.sql, "kept_" + std::to_string(++kept_ever_)});
    if (PQsendPrepare(raw, kept->name.c_str(), statement.sql, 0, nullptr) == 0) return false;
    wanted.push_back(false);
  }
  kept_.splice(kept_.begin(), kept_, kept);
  const std::vector<const char*> values = values_of(statement.parameters);
  wanted.push_back(true);
  return PQsendQueryPrepared(raw, kept->name.c_str(), static_cast<int>(values.size()), values.data(), nullptr, nullptr,
                             0) != 0;
}

DatabaseResult<std::vector<Rows>> Connection::execute_all(const std::vector<Statement>& statements, Deadline deadline) {
  pg_conn* raw = connection_.get();
  std::vector<bool> wanted;
  bool queued = PQenterPipelineMode(raw) != 0;
  for (const Statement& statement : statements) {
    if (statement.keep_plan) {
      queued = queued && queue_kept(statement, wanted);
    } else {
      queued = queued && queue(statement.sql, statement.parameters);
      wanted.push_back(true);
    }
  }
  if (!queued || PQpipelineSync(raw) == 0) return last_error(true);
  if (auto error = flush(deadline)) return *std::move(error);
  std::vector<Rows> all;
  std::optional<DatabaseError> failed;
  for (std::size_t i = 0; i < wanted.size() && !(failed && failed->connection_lost); ++i) {
    auto rows = receive(deadline);
    if (rows) {
      if (wanted[i]) all.push_back(*std::move(rows));
    } else if (!failed || rows.error().connection_lost) {
      failed = failed.value_or(rows.error());
      failed->connection_lost = failed->connection_lost || rows.error().connection_lost;
    }
  }
  if (failed) kept_.clear();  // what came behind the failure was not planned; names are never used again
  if (failed && failed->connection_lost) return *std::move(failed);
  // What is left is the end of the pipeline.
  auto end = receive(deadline);
  if (!end || PQexitPipelineMode(raw) == 0) return end ? last_error(true) : end.error();
  if (failed) return *std::move(failed);
  return all;
}

DatabaseResult<Rows> Connection::receive(Deadline deadline) {
  pg_conn* raw = connection_.get();
  DatabaseError error;
  Rows rows;
  std::optional<DatabaseError> refused;
  while (true) {
    while (PQisBusy(raw) != 0) {
      if (!wait(POLLIN, deadline, error)) return error;
      if (PQconsumeInput(raw) == 0) return last_error(true);
    }
    pg_result* result = PQgetResult(raw);
    if (result == nullptr) break;
    Rows owned(result);
    const ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_PIPELINE_SYNC) {
      rows = std::move(owned);
    } else if (!refused) {
      const char* sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
      const char* primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
      refused = DatabaseError{sqlstate != nullptr ? sqlstate : "",
                              primary != nullptr ? primary : first_line(PQresultErrorMessage(result)),
                              PQstatus(raw) == CONNECTION_BAD};
    }
  }
  if (refused) {
    refused->connection_lost = refused->connection_lost || PQstatus(raw) == CONNECTION_BAD;
    return *std::move(refused);
  }
  return rows;
}

bool Connection::alive() {
  pg_conn* raw = connection_.get();
  return PQstatus(raw) == CONNECTION_OK && PQconsumeInput(raw) != 0 && PQstatus(raw) == CONNECTION_OK;
}

std::string conninfo_problem(const std::string& conninfo) {
  std::string problem;
  parse(conninfo, problem);
  return problem;
}

}  // namespace callroom::storage
