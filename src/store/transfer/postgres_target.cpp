#include "store/transfer/postgres_target.h"

#include <fmt/format.h>

#include <vector>

#include "store/api/faults.h"
#include "store/postgres/schema.h"
#include "store/postgres/server_settings.h"

namespace crossfoot::store::transfer {

namespace {

using postgres::ElementType;
using postgres::Parameters;
using postgres::Ran;
using postgres::Rows;
using postgres::Step;

constexpr std::string_view where = "transfer";
constexpr std::int64_t transfer_lock = 0x63726f73736d6f76;  // "crossmov"
constexpr std::string_view lock_not_available = "[55P03]";
constexpr int rows_a_fetch = 128;

Status done(const Ran& ran) {
  return ran.fault ? fail(*ran.fault) : Status{};
}

}  // namespace

Result<std::unique_ptr<PostgresTarget>> PostgresTarget::open(const std::string& url) {
  auto connection = postgres::Connection::open(url);
  if (!connection) return fail(connection.error());
  const auto settings = postgres::read_settings(**connection);
  if (!settings) return fail(settings.error());
  if (Status safe = postgres::judge_settings(*settings, false); !safe) return fail(safe.error());
  // A transfer that was killed may still have a statement under way: it is waited for.
  const std::vector<Step> steps{
      {"SET lock_timeout = '10s'", {}},
      {"SELECT pg_advisory_lock($1::bigint)", Parameters::of(transfer_lock)}};
  if (Status locked = done((*connection)->run(steps)); !locked) {
    if (!locked.error().cause.contains(lock_not_available)) return fail(locked.error());
    return fail(locked_fault(where, "another transfer works on this database"));
  }
  return std::unique_ptr<PostgresTarget>(new PostgresTarget(std::move(*connection)));
}

Result<bool> PostgresTarget::is_there(std::string_view table) {
  const auto found = connection_->run_one(
      "SELECT (to_regclass('crossfoot.' || $1::text) IS NOT NULL)::integer", Parameters::of(table));
  if (!found) return fail(found.error());
  return found->integer(0, 0) != 0;
}

Result<std::map<std::string, std::uint64_t, std::less<>>> PostgresTarget::begin(
    std::string_view source) {
  const Status begun =
      postgres::with_schema_locked(*connection_, [&](postgres::Connection& connection) -> Status {
        const auto marked = is_there("transfer");
        if (!marked) return fail(marked.error());
        if (*marked) return recognise(source);
        const auto taken = is_there("meta");
        if (!taken) return fail(taken.error());
        if (*taken) {
          return fail(target_taken_fault(where, "the schema crossfoot holds a data store already"));
        }
        if (Status made = postgres::apply_migrations(connection); !made) return made;
        return create(source);
      });
  if (!begun) return fail(begun.error());
  const auto rows = connection_->run_one("SELECT table_name, rows FROM crossfoot.transfer");
  if (!rows) return fail(rows.error());
  std::map<std::string, std::uint64_t, std::less<>> standing;
  for (int i = 0; i < rows->size(); ++i) {
    standing.emplace(rows->text(i, 0), rows->number<std::uint64_t>(i, 1));
  }
  return standing;
}

Status PostgresTarget::create(std::string_view source) {
  postgres::Array names(ElementType::text);
  for (const Table& table : tables()) names.add(table.name);
  const std::vector<Step> steps{
      {"CREATE TABLE crossfoot.transfer(table_name text PRIMARY KEY, rows bigint NOT NULL,"
       " source bytea NOT NULL)",
       {}},
      {"INSERT INTO crossfoot.transfer SELECT name, 0, $2::bytea FROM unnest($1::text[]) AS name",
       Parameters::of(names, source)}};
  return done(connection_->run(steps));
}

Status PostgresTarget::recognise(std::string_view source) {
  const auto others = connection_->run_one(
      "SELECT count(*) FROM crossfoot.transfer WHERE source <> $1::bytea", Parameters::of(source));
  if (!others) return fail(others.error());
  if (others->integer(0, 0) == 0) return {};
  return fail(target_taken_fault(
      where, "an unfinished transfer of another data store, or of this one before it ran again"));
}

Status PostgresTarget::must_be_there() {
  const auto taken = is_there("meta");
  if (!taken) return fail(taken.error());
  if (!*taken) return fail(corrupt_fault(where, "there is no data store in the schema crossfoot"));
  const auto version =
      connection_->run_one("SELECT value FROM crossfoot.meta WHERE name='schema_version'");
  if (!version) return fail(version.error());
  const std::int64_t found = version->size() == 1 ? version->integer(0, 0) : 0;
  if (found == postgres::newest_schema()) return {};
  return fail(schema_fault(
      where, fmt::format("schema {} in PostgreSQL, not {}", found, postgres::newest_schema())));
}

Status PostgresTarget::insert(const Table& table, const Parameters& rows, std::uint64_t standing) {
  const std::string sql = target_insert(table);
  const std::vector<Step> steps{
      {sql, rows},
      {"UPDATE crossfoot.transfer SET rows = $2::bigint WHERE table_name = $1::text",
       Parameters::of(table.name, standing)}};
  return done(connection_->run(steps));
}

Status PostgresTarget::each(const Table& table, const Visit& visit) {
  const std::string declare =
      fmt::format("DECLARE read_{} NO SCROLL CURSOR FOR {}", table.name, target_query(table));
  const std::string fetch = fmt::format("FETCH {} FROM read_{}", rows_a_fetch, table.name);
  const std::vector<Step> begin{{"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", {}},
                                {declare, {}}};
  if (Status begun = done(connection_->run(begin)); !begun) return begun;
  std::vector<Cell> row(table.columns.size());
  const auto walk = [&]() -> Status {
    for (;;) {
      const auto rows = connection_->run_one(fetch);
      if (!rows) return fail(rows.error());
      for (int i = 0; i < rows->size(); ++i) {
        for (std::size_t c = 0; c < row.size(); ++c) {
          const int column = static_cast<int>(c);
          if (rows->is_null(i, column)) {
            row[c] = std::monostate{};
          } else if (table.columns[c].type == ElementType::integer) {
            row[c] = rows->integer(i, column);
          } else {
            row[c] = rows->bytes(i, column);
          }
        }
        if (Status visited = visit(row); !visited) return visited;
      }
      if (rows->size() < rows_a_fetch) return {};
    }
  };
  Status walked = walk();
  if (connection_->usable()) (void)connection_->run_one("ROLLBACK");
  return walked;
}

Status PostgresTarget::finish() {
  std::vector<std::string> statements;
  for (const Table& table : tables()) {
    statements.push_back(fmt::format("ANALYZE crossfoot.{}", table.name));
  }
  statements.emplace_back("DROP TABLE IF EXISTS crossfoot.transfer");
  std::vector<Step> steps;
  for (const std::string& each : statements) steps.push_back({each, {}});
  return done(connection_->run(steps));
}

}  // namespace crossfoot::store::transfer
