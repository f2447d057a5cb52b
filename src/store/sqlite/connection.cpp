#include "store/sqlite/connection.h"

#include <fmt/format.h>

#include <cstring>
#include <utility>

#include "base/invariant.h"
#include "store/api/faults.h"

namespace crossfoot::store::sqlite {

bool is_medium_error(int code) {
  switch (code & 0xff) {
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_NOMEM:
    case SQLITE_INTERRUPT:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_PROTOCOL:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return true;
    default:
      return false;
  }
}

Fault fault_of(int code, std::string_view where, std::string_view detail) {
  const int primary = code & 0xff;
  std::string cause = fmt::format("{} (SQLite {})", detail, code);
  if (primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB) {
    return corrupt_fault(where, std::move(cause));
  }
  if (primary == SQLITE_FULL) return full_fault(where, std::move(cause));
  if (is_medium_error(code)) return unavailable_fault(where, std::move(cause));
  return refused_fault(where, std::move(cause));
}

std::string_view Statement::bytes(int column) const {
  const void* data = sqlite3_column_blob(handle_.get(), column);
  const int size = sqlite3_column_bytes(handle_.get(), column);
  if (data == nullptr) return {};
  return {static_cast<const char*>(data), static_cast<std::size_t>(size)};
}

Hash128 Statement::hash(int column) const {
  Hash128 value;
  const std::string_view stored = bytes(column);
  if (stored.size() == value.bytes.size()) {
    std::memcpy(value.bytes.data(), stored.data(), stored.size());
  }
  return value;
}

Id Statement::id(int column) const {
  const std::string_view stored = bytes(column);
  return stored.size() == 16 ? Id::from_bytes(stored) : Id{};
}

int Statement::bind_sixteen(const void* bytes) {
  INVARIANT(scratch_used_ < scratch_slots, "a statement binds at most eight ids and hashes");
  auto& slot = scratch_[scratch_used_++];
  std::memcpy(slot.data(), bytes, slot.size());
  return sqlite3_bind_blob(handle_.get(), ++next_, slot.data(), static_cast<int>(slot.size()),
                           SQLITE_STATIC);
}

Result<std::unique_ptr<Connection>> Connection::open(const ConnectionOptions& options) {
  const int flags =
      SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE |
      (options.read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(options.path.c_str(), &handle, flags,
                                   options.vfs.empty() ? nullptr : options.vfs.c_str());
  std::unique_ptr<Connection> connection(new Connection(handle));
  if (code != SQLITE_OK) {
    return fail(fault_of(code, "open " + options.path,
                         handle == nullptr ? "out of memory" : sqlite3_errmsg(handle)));
  }
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_timeout(handle, 2000);
  if (options.cache_bytes > 0) {
    const Status sized =
        connection->execute(fmt::format("PRAGMA cache_size=-{}", options.cache_bytes / 1024));
    if (!sized) return fail(sized.error());
  }
  return connection;
}

Status Connection::execute(const std::string& sql) {
  const int code = sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return fail(fault(code, sql.substr(0, 60)));
  return {};
}

Result<Statement> Connection::prepare(std::string_view sql) {
  sqlite3_stmt* handle = nullptr;
  const int code = sqlite3_prepare_v3(handle_.get(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &handle, nullptr);
  if (code != SQLITE_OK) return fail(fault(code, sql.substr(0, 60)));
  return Statement(handle);
}

Status Connection::prepare_all(std::initializer_list<Wanted> all) {
  for (const Wanted& wanted : all) {
    Result<Statement> prepared = prepare(wanted.sql);
    if (!prepared) return fail(prepared.error());
    wanted.statement = std::move(*prepared);
  }
  return {};
}

Result<std::int64_t> Connection::scalar(const std::string& sql) {
  Result<Statement> statement = prepare(sql);
  if (!statement) return fail(statement.error());
  const int code = statement->step();
  if (code == SQLITE_DONE) return 0;
  if (code != SQLITE_ROW) return fail(fault(code, sql.substr(0, 60)));
  return statement->integer(0);
}

}  // namespace crossfoot::store::sqlite
