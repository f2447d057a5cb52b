#include "store/postgres/connection.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/invariant.h"
#include "store/api/faults.h"

namespace crossfoot::store::postgres {

namespace {

/// Without these a server that is cut off without a word would hold a thread for many minutes.
/// The connection string may say otherwise: it is read after them.
constexpr std::array connection_keys{"connect_timeout",  "keepalives_idle",  "keepalives_interval",
                                     "keepalives_count", "tcp_user_timeout", "application_name",
                                     "dbname",           "client_encoding"};

/// The parts of a list with commas, empty ones too.
std::vector<std::string> parts_of(const char* list) {
  std::vector<std::string> parts;
  if (list == nullptr || *list == '\0') return parts;
  std::string_view rest = list;
  for (;;) {
    const std::size_t comma = rest.find(',');
    parts.emplace_back(rest.substr(0, comma));
    if (comma == std::string_view::npos) return parts;
    rest.remove_prefix(comma + 1);
  }
}

std::string_view trimmed(const char* message) {
  std::string_view text = message == nullptr ? "" : message;
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  return text;
}

}  // namespace

Fault fault_of(std::string_view sqlstate, std::string_view message) {
  const std::string cause = fmt::format("{} [{}]", message, sqlstate);
  const std::string_view kind = sqlstate.substr(0, 2);
  if (sqlstate == "53100") return full_fault("postgres", cause);
  if (sqlstate == "42501") return rights_fault("postgres", cause);
  if (kind == "22" || kind == "23" || kind == "54") return refused_fault("postgres", cause);
  if (kind == "XX" || kind == "42") return corrupt_fault("postgres", cause);
  return unavailable_fault("postgres", cause);
}

std::int64_t Rows::integer(int row, int column) const {
  if (is_null(row, column)) return 0;
  const std::string_view value = bytes(row, column);
  // The sign comes from the first byte, whatever the width.
  std::uint64_t number = !value.empty() && (value.front() & 0x80) != 0 ? ~std::uint64_t{0} : 0;
  for (const char byte : value) number = (number << 8) | static_cast<std::uint8_t>(byte);
  return static_cast<std::int64_t>(number);
}

std::string_view Rows::bytes(int row, int column) const {
  return {PQgetvalue(result_.get(), row, column),
          static_cast<std::size_t>(PQgetlength(result_.get(), row, column))};
}

Hash128 Rows::hash(int row, int column) const {
  Hash128 hash;
  const std::string_view value = bytes(row, column);
  if (value.size() == hash.bytes.size()) std::memcpy(hash.bytes.data(), value.data(), value.size());
  return hash;
}

Id Rows::id(int row, int column) const {
  const std::string_view value = bytes(row, column);
  return value.size() == 16 ? Id::from_bytes(value) : Id{};
}

Result<std::unique_ptr<Connection>> Connection::open(const std::string& url) {
  return open(url, nullptr);
}

Result<std::unique_ptr<Connection>> Connection::open(const std::string& url, const Host* host) {
  std::vector<const char*> keys(connection_keys.begin(), connection_keys.end());
  std::vector<const char*> values{"5", "10", "3", "3", "15000", "crossfoot", url.c_str(), "UTF8"};
  if (host != nullptr) {
    // What comes after the connection string stands above what it says. An empty value is the
    // default.
    keys.insert(keys.end(), {"host", "hostaddr", "port"});
    values.insert(values.end(), {host->name.c_str(), host->address.c_str(), host->port.c_str()});
  }
  keys.push_back(nullptr);
  values.push_back(nullptr);
  std::unique_ptr<Connection> connection(
      new Connection(PQconnectdbParams(keys.data(), values.data(), 1)));
  PGconn* handle = connection->handle_.get();
  if (PQstatus(handle) != CONNECTION_OK) {
    return fail(unavailable_fault("connect", std::string(trimmed(PQerrorMessage(handle)))));
  }
  PQsetNoticeProcessor(handle, [](void*, const char*) {}, nullptr);
  if (PQenterPipelineMode(handle) == 0) {
    return fail(unavailable_fault("connect", std::string(trimmed(PQerrorMessage(handle)))));
  }
  return connection;
}

std::vector<Connection::Host> Connection::hosts_of(const std::string& url) {
  char* error = nullptr;
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(
      PQconninfoParse(url.c_str(), &error), &PQconninfoFree);
  PQfreemem(error);
  std::vector<std::string> names;
  std::vector<std::string> addresses;
  std::vector<std::string> ports;
  if (options) {
    for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
      const std::string_view keyword = option->keyword;
      if (keyword == "host") names = parts_of(option->val);
      if (keyword == "hostaddr") addresses = parts_of(option->val);
      if (keyword == "port") ports = parts_of(option->val);
    }
  }
  // One port stands for all hosts.
  const auto part = [](const std::vector<std::string>& parts, std::size_t index) {
    if (parts.size() == 1) return parts.front();
    return index < parts.size() ? parts[index] : std::string();
  };
  const std::size_t count = std::max(names.size(), addresses.size());
  std::vector<Host> hosts;
  for (std::size_t i = 0; i < count; ++i) {
    hosts.push_back({names.size() == count ? names[i] : std::string(),
                     addresses.size() == count ? addresses[i] : std::string(), part(ports, i)});
  }
  return hosts;
}

Result<std::int64_t> Connection::read_timeline() {
  // The first eight digits of a log file's name are its timeline. A standby writes no log.
  const auto rows = run_one(
      "SELECT CASE WHEN pg_is_in_recovery() THEN 0 ELSE"
      " ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::bigint END");
  if (!rows) return fail(rows.error());
  return rows->integer(0, 0);
}

Result<std::unique_ptr<Connection>> Connection::open_newest(const std::string& url,
                                                            NewestTimeline& newest) {
  const std::vector<Host> hosts = hosts_of(url);
  std::unique_ptr<Connection> best;
  std::int64_t best_timeline = 0;
  std::string causes;
  for (std::size_t i = 0; i < std::max(hosts.size(), std::size_t{1}); ++i) {
    auto opened = open(url, hosts.size() > 1 ? &hosts[i] : nullptr);
    const Result<std::int64_t> timeline =
        opened ? (*opened)->read_timeline() : fail(opened.error());
    if (!timeline) {
      causes += (causes.empty() ? "" : "; ") + timeline.error().cause;
    } else if (best == nullptr || *timeline > best_timeline) {
      best = std::move(*opened);
      best_timeline = *timeline;
    }
  }
  if (best == nullptr) return fail(unavailable_fault("connect", std::move(causes)));
  std::int64_t known = newest.load();
  while (best_timeline > known && !newest.compare_exchange_weak(known, best_timeline)) {
  }
  if (best_timeline < known) {
    return fail(unavailable_fault(
        "connect",
        fmt::format("the only server that may be written is on timeline {}, and commits have gone "
                    "to timeline {}: it is an old primary, take it out of the list of hosts",
                    best_timeline, known)));
  }
  return best;
}

Fault Connection::lost() const {
  return unavailable_fault("postgres", std::string(trimmed(PQerrorMessage(handle_.get()))));
}

bool Connection::send(const Step& step, const std::string& name, bool parse) {
  if (parse) {
    const std::string sql(step.sql);
    if (PQsendPrepare(handle_.get(), name.c_str(), sql.c_str(), 0, nullptr) == 0) return false;
  }
  const auto& values = step.parameters.values();
  std::vector<const char*> pointers(values.size());
  std::vector<int> lengths(values.size());
  const std::vector<int> formats(values.size(), 1);
  for (std::size_t i = 0; i < values.size(); ++i) {
    pointers[i] = values[i].data();
    lengths[i] = static_cast<int>(values[i].size());
  }
  return PQsendQueryPrepared(handle_.get(), name.c_str(), static_cast<int>(values.size()),
                             pointers.data(), lengths.data(), formats.data(), 1) != 0;
}

bool Connection::receive(std::size_t step, Rows* rows, Ran& ran) {
  PGresult* answer = PQgetResult(handle_.get());
  if (answer == nullptr) {
    if (!ran.fault) {
      ran.fault = lost();
      ran.failed_step = step;
    }
    return false;
  }
  Rows kept(answer);
  const ExecStatusType status = PQresultStatus(answer);
  if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) {
    if (rows != nullptr) *rows = std::move(kept);
  } else if (!ran.fault) {
    const char* sqlstate = PQresultErrorField(answer, PG_DIAG_SQLSTATE);
    ran.failed_step = step;
    ran.refused_by_server = sqlstate != nullptr;
    ran.fault =
        sqlstate == nullptr
            ? unavailable_fault("postgres", std::string(trimmed(PQresultErrorMessage(answer))))
            : fault_of(sqlstate, trimmed(PQresultErrorField(answer, PG_DIAG_MESSAGE_PRIMARY)));
  }
  if (!usable()) return false;
  // Each answer ends with an empty one.
  if (PGresult* end = PQgetResult(handle_.get()); end != nullptr) PQclear(end);
  return usable();
}

Ran Connection::run(std::span<const Step> steps) {
  struct Sent {
    Parsed* statement = nullptr;
    bool parse = false;
  };
  Ran ran;
  std::vector<Sent> sent;
  sent.reserve(steps.size());
  for (const Step& step : steps) {
    auto at = statements_.find(step.sql);
    if (at == statements_.end()) {
      const std::string name = fmt::format("s{}", statements_.size());
      at = statements_.emplace(std::string(step.sql), Parsed{.name = name}).first;
    }
    Parsed& statement = at->second;
    sent.push_back({&statement, !statement.known && !statement.sent});
    statement.sent = true;
    if (send(step, statement.name, sent.back().parse)) continue;
    ran.fault = lost();
    ran.failed_step = sent.size() - 1;
    ran.sent_in_part = sent.size() < steps.size();
    handle_.reset();
    return ran;
  }
  if (PQpipelineSync(handle_.get()) == 0) {
    ran.fault = lost();
    handle_.reset();
    return ran;
  }
  for (std::size_t i = 0; i < steps.size(); ++i) {
    sent[i].statement->sent = false;
    if (sent[i].parse) {
      if (!receive(i, nullptr, ran)) return ran;
      if (!ran.fault) sent[i].statement->known = true;
    }
    Rows rows;
    if (!receive(i, &rows, ran)) return ran;
    if (!ran.fault) ran.rows.push_back(std::move(rows));
  }
  if (PGresult* synced = PQgetResult(handle_.get()); synced != nullptr) PQclear(synced);
  return ran;
}

Result<Rows> Connection::run_one(std::string_view sql, Parameters parameters) {
  const Step step{sql, std::move(parameters)};
  Ran ran = run({&step, 1});
  if (ran.fault) return fail(std::move(*ran.fault));
  return std::move(ran.rows.front());
}

}  // namespace crossfoot::store::postgres
