#include "store/postgres/schema.h"

#include <fmt/format.h>

#include <array>
#include <vector>

#include "store/api/faults.h"

namespace crossfoot::store::postgres {

namespace {

// Columns stand from the widest to the narrowest, so that no row carries padding. Every table that
// an entity owns has its partition, for the day on which another node takes some of them over.
// Flows are updated in place while they live: room in their pages keeps such an update from moving.
constexpr std::array initial_statements{
    "CREATE SCHEMA IF NOT EXISTS crossfoot",
    R"sql(CREATE TABLE crossfoot.meta(
  value bigint NOT NULL, name text COLLATE "C" PRIMARY KEY) WITH (fillfactor=50))sql",
    "INSERT INTO crossfoot.meta(name, value) VALUES"
    " ('schema_version', 0), ('incarnation', 0), ('last_recorded_at', 0)",
    R"sql(CREATE TABLE crossfoot.partition_owner(
  owner_epoch bigint NOT NULL, partition smallint PRIMARY KEY))sql",
    "INSERT INTO crossfoot.partition_owner(partition, owner_epoch)"
    " SELECT number, 0 FROM generate_series(0, 4095) AS number",

    R"sql(CREATE TABLE crossfoot.business_key(
  revision bigint NOT NULL, date integer NOT NULL, kind smallint NOT NULL,
  projection smallint NOT NULL, hash bytea NOT NULL, id bytea NOT NULL, content bytea NOT NULL,
  PRIMARY KEY(kind, date, hash)))sql",

    R"sql(CREATE TABLE crossfoot.message(
  recorded_at bigint NOT NULL, occurred_at bigint NOT NULL, gross_minor bigint NOT NULL,
  business_date integer NOT NULL, partition smallint NOT NULL, state smallint NOT NULL,
  kind smallint NOT NULL, channel smallint NOT NULL, id bytea PRIMARY KEY,
  shop text COLLATE "C" NOT NULL, register_name text COLLATE "C" NOT NULL,
  sequence text COLLATE "C" NOT NULL, currency text COLLATE "C" NOT NULL,
  member text COLLATE "C" NOT NULL, conflict_with bytea, correlation_id text COLLATE "C" NOT NULL,
  code text COLLATE "C" NOT NULL, body bytea NOT NULL))sql",
    "CREATE INDEX message_till ON crossfoot.message"
    "(business_date, shop, register_name, sequence, id)",
    "CREATE INDEX message_day ON crossfoot.message(business_date, id)",
    "CREATE INDEX message_odd ON crossfoot.message(state, id) WHERE state <> 0",

    R"sql(CREATE TABLE crossfoot.flow(
  version bigint NOT NULL, since bigint NOT NULL, partition smallint NOT NULL,
  status smallint NOT NULL, calling smallint NOT NULL, id bytea PRIMARY KEY,
  code text COLLATE "C" NOT NULL, state bytea NOT NULL) WITH (fillfactor=75))sql",
    "CREATE INDEX flow_calling ON crossfoot.flow(id) WHERE calling = 1",
    "CREATE INDEX flow_stuck ON crossfoot.flow(status, code, id, since) WHERE status IN (2, 3)",
    "CREATE INDEX flow_stuck_id ON crossfoot.flow(status, id) WHERE status IN (2, 3)",

    R"sql(CREATE TABLE crossfoot.book(
  version bigint NOT NULL, partition smallint NOT NULL, pending smallint NOT NULL,
  key bytea PRIMARY KEY, state bytea NOT NULL) WITH (fillfactor=75))sql",
    "CREATE INDEX book_pending ON crossfoot.book(key) WHERE pending = 1",

    R"sql(CREATE TABLE crossfoot.journal(
  position bigint NOT NULL, at bigint NOT NULL, partition smallint NOT NULL, flow bytea NOT NULL,
  entry bytea NOT NULL, PRIMARY KEY(partition, position)))sql",

    R"sql(CREATE TABLE crossfoot.due(
  due_at bigint NOT NULL, target integer NOT NULL, leg integer NOT NULL, lane smallint NOT NULL,
  partition smallint NOT NULL, flow bytea NOT NULL, order_key bytea,
  PRIMARY KEY(target, lane, due_at, flow, leg)))sql",
    "CREATE UNIQUE INDEX due_order ON crossfoot.due(target, order_key)"
    " WHERE order_key IS NOT NULL",

    R"sql(CREATE TABLE crossfoot.waiter(
  due_at bigint NOT NULL, target integer NOT NULL, leg integer NOT NULL, lane smallint NOT NULL,
  partition smallint NOT NULL, order_key bytea NOT NULL, place bytea NOT NULL, flow bytea NOT NULL,
  PRIMARY KEY(target, order_key, place)))sql",

    R"sql(CREATE TABLE crossfoot.sold_line(
  occurred_at bigint NOT NULL, source_row bigint NOT NULL, price_units bigint NOT NULL,
  quantity bigint NOT NULL, line bigint NOT NULL, price_scale smallint NOT NULL,
  link_key bytea NOT NULL, flow bytea NOT NULL, book bytea NOT NULL,
  PRIMARY KEY(link_key, occurred_at, source_row, flow, line)))sql",

    R"sql(CREATE TABLE crossfoot.counter(
  value bigint NOT NULL, name text COLLATE "C" PRIMARY KEY) WITH (fillfactor=50))sql",
    R"sql(CREATE TABLE crossfoot.document(
  kind text COLLATE "C", key text COLLATE "C", value bytea NOT NULL, PRIMARY KEY(kind, key)))sql",
    R"sql(CREATE TABLE crossfoot.target(
  number integer NOT NULL UNIQUE, name text COLLATE "C" PRIMARY KEY))sql",
};

constexpr std::array fingerprint_statements{
    R"sql(CREATE TABLE crossfoot.fingerprint(
  bucket bigint NOT NULL, occurred_at bigint NOT NULL, hash bytea NOT NULL, id bytea NOT NULL,
  PRIMARY KEY(bucket, hash, occurred_at, id)))sql",
};

constexpr std::array record_statements{
    R"sql(CREATE TABLE crossfoot.record(
  version bigint NOT NULL, recorded_at bigint NOT NULL, valid_from bigint NOT NULL,
  valid_to bigint NOT NULL, revision bigint NOT NULL, partition smallint NOT NULL,
  kind text COLLATE "C" NOT NULL, scope text COLLATE "C" NOT NULL, key text COLLATE "C" NOT NULL,
  id bytea NOT NULL, subject text COLLATE "C" NOT NULL, source text COLLATE "C" NOT NULL,
  content bytea NOT NULL, provenance bytea NOT NULL, body bytea NOT NULL,
  PRIMARY KEY(kind, scope, key, version)))sql",
    "CREATE INDEX record_subject ON crossfoot.record(kind, scope, subject, key, version)"
    " WHERE subject <> ''",
};

constexpr std::array all_migrations{
    Migration{1, "compact rows: keys, messages, flows, books, journal, due, waiters, owners",
              initial_statements},
    Migration{2, "fingerprints, to suspect duplicates under other numbers", fingerprint_statements},
    Migration{3, "records that systems of record own", record_statements},
};

constexpr std::int64_t migration_lock = 0x63726f7373666f6f;  // "crossfoo"

Status refuse_unfinished_transfer(Connection& connection) {
  const auto there =
      connection.run_one("SELECT (to_regclass('crossfoot.transfer') IS NOT NULL)::integer");
  if (!there) return fail(there.error());
  if (there->integer(0, 0) == 0) return {};
  return fail(unfinished_transfer_fault(
      "open data store", "a data store is being moved here: let `crossfoot migrate` finish it"));
}

}  // namespace

std::span<const Migration> migrations() {
  return all_migrations;
}

std::uint32_t newest_schema() {
  return all_migrations.back().number;
}

Status apply_migrations(Connection& connection) {
  const auto there =
      connection.run_one("SELECT (to_regclass('crossfoot.meta') IS NOT NULL)::integer");
  if (!there) return fail(there.error());
  std::int64_t stored = 0;
  if (there->integer(0, 0) != 0) {
    const auto version =
        connection.run_one("SELECT value FROM crossfoot.meta WHERE name='schema_version'");
    if (!version) return fail(version.error());
    if (version->size() == 1) stored = version->integer(0, 0);
  }
  if (stored < 0 || stored > newest_schema()) {
    return fail(schema_fault(
        "open data store", fmt::format("schema {} is newer than this program, which knows up to {}",
                                       stored, newest_schema())));
  }
  for (const Migration& migration : migrations()) {
    if (migration.number <= stored) continue;
    std::vector<Step> steps;
    for (const char* statement : migration.statements) steps.push_back({statement, {}});
    steps.push_back({"UPDATE crossfoot.meta SET value=$1::bigint WHERE name='schema_version'",
                     Parameters::of(migration.number)});
    if (Ran ran = connection.run(steps); ran.fault) return fail(*ran.fault);
  }
  return {};
}

Status with_schema_locked(Connection& connection, const std::function<Status(Connection&)>& work) {
  if (const auto begun = connection.run_one("BEGIN"); !begun) return fail(begun.error());
  const auto locked = connection.run_one("SELECT pg_advisory_xact_lock($1::bigint)",
                                         Parameters::of(migration_lock));
  Status applied = locked ? work(connection) : fail(locked.error());
  const auto ended = connection.run_one(applied ? "COMMIT" : "ROLLBACK");
  if (applied && !ended) return fail(ended.error());
  return applied;
}

Status migrate(Connection& connection) {
  return with_schema_locked(connection, [](Connection& locked) {
    Status free = refuse_unfinished_transfer(locked);
    return free ? apply_migrations(locked) : free;
  });
}

}  // namespace crossfoot::store::postgres
