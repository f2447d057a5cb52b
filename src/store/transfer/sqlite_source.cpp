#include "store/transfer/sqlite_source.h"

#include <fmt/format.h>

#include <array>
#include <filesystem>
#include <vector>

#include "base/digest.h"
#include "store/api/faults.h"
#include "store/sqlite/schema.h"

namespace crossfoot::store::transfer {

Result<std::unique_ptr<SqliteSource>> SqliteSource::open(const std::string& path) {
  std::error_code unreadable;
  if (!std::filesystem::exists(path, unreadable)) {
    return fail(unavailable_fault(path, "there is no data store"));
  }
  auto connection = sqlite::Connection::open({.path = path});
  if (!connection) return fail(connection.error());
  // Every connection of a server holds the file for as long as it lives, so that this fails beside
  // one; once it is had, no server can open the file.
  const Status locked =
      (*connection)->execute("PRAGMA locking_mode=EXCLUSIVE; BEGIN IMMEDIATE; COMMIT;");
  if (!locked) {
    const int code = sqlite3_errcode((*connection)->handle()) & 0xff;
    if (code != SQLITE_BUSY && code != SQLITE_LOCKED) return fail(locked.error());
    return fail(locked_fault(path, "a process has the data store open: stop it first"));
  }
  const auto schema = sqlite::stored_schema(**connection);
  if (!schema) return fail(schema.error());
  if (*schema == 0) return fail(corrupt_fault(path, "this file is no data store"));
  if (*schema != sqlite::newest_schema()) {
    return fail(schema_fault(path, fmt::format("schema {} is older than {}: start the server once",
                                               *schema, sqlite::newest_schema())));
  }
  // The newest keys lie in order of arrival: here they all go to their places.
  const Status gathered = (*connection)
                              ->execute(
                                  "BEGIN IMMEDIATE; INSERT INTO business_key SELECT kind, date, "
                                  "hash, id, content, revision,"
                                  " projection FROM key_tail WHERE true ON CONFLICT DO NOTHING; "
                                  "DELETE FROM key_tail; COMMIT;");
  if (!gathered) return fail(gathered.error());
  return std::unique_ptr<SqliteSource>(new SqliteSource(std::move(*connection)));
}

Result<std::uint64_t> SqliteSource::count(const Table& table) {
  const auto rows = connection_->scalar(source_count(table));
  if (!rows) return fail(rows.error());
  return static_cast<std::uint64_t>(*rows);
}

Status SqliteSource::each(const Table& table, std::uint64_t skip, const Visit& visit) {
  return walk(source_query(table), table.columns, skip, visit);
}

Status SqliteSource::walk(std::string_view sql, std::span<const Column> columns, std::uint64_t skip,
                          const Visit& visit) {
  Result<sqlite::Statement> statement = connection_->prepare(sql);
  if (!statement) return fail(statement.error());
  statement->query(static_cast<std::int64_t>(skip));
  std::vector<Cell> row(columns.size());
  int code = SQLITE_ROW;
  while ((code = statement->step()) == SQLITE_ROW) {
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const int column = static_cast<int>(i);
      if (statement->is_null(column)) {
        row[i] = std::monostate{};
      } else if (columns[i].type == postgres::ElementType::integer) {
        row[i] = statement->integer(column);
      } else {
        row[i] = statement->bytes(column);
      }
    }
    if (Status done = visit(row); !done) return done;
  }
  return code == SQLITE_DONE ? Status{} : fail(connection_->fault(code, sql));
}

Result<std::string> SqliteSource::fingerprint() {
  // Journal entries carry salts, so the first and the last one are this data store's alone.
  constexpr std::array columns{Column{"a", postgres::ElementType::text}, Column{"b"},
                               Column{"c", postgres::ElementType::bytes}};
  TableSum sum;
  const Visit add = [&sum](std::span<const Cell> row) {
    sum.add(row);
    return Status{};
  };
  for (const std::string_view sql :
       {"SELECT name, value, x'' FROM meta WHERE name <> 'journal_indexed' LIMIT -1 OFFSET ?",
        "SELECT 'journal', seq, entry FROM journal WHERE seq IN"
        " ((SELECT min(seq) FROM journal), (SELECT max(seq) FROM journal)) LIMIT -1 OFFSET ?"}) {
    if (Status walked = walk(sql, columns, 0, add); !walked) return fail(walked.error());
  }
  const Sha256 digest = sha256(sum.digest());
  return std::string(digest.begin(), digest.end());
}

}  // namespace crossfoot::store::transfer
