#include "store/sqlite/schema.h"

#include <fmt/format.h>

#include <array>

#include "store/api/faults.h"

namespace crossfoot::store::sqlite {

namespace {

// Wide rows (message, flow, book, journal) lie in rowid tables in order of commit: appending to the
// right edge fills pages and splits none, and the tree stays flat, where a WITHOUT ROWID table
// would carry whole rows in its inner pages. Narrow rows are WITHOUT ROWID in the order they are
// read.
//
// journal has no index by (partition, position): 4,096 growing ends would dirty one page a row.
// journal_chunk holds runs of positions of one partition instead (JournalIndex).
constexpr const char* initial_sql = R"sql(
CREATE TABLE meta(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO meta VALUES ('incarnation', 0), ('last_recorded_at', 0), ('journal_indexed', 0);

CREATE TABLE business_key(
  kind INTEGER NOT NULL, date INTEGER NOT NULL, hash BLOB NOT NULL,
  id BLOB NOT NULL, content BLOB NOT NULL, revision INTEGER NOT NULL, projection INTEGER NOT NULL,
  PRIMARY KEY(kind, date, hash)) WITHOUT ROWID;

CREATE TABLE message(
  seq INTEGER PRIMARY KEY, id BLOB NOT NULL, partition INTEGER NOT NULL,
  recorded_at INTEGER NOT NULL, state INTEGER NOT NULL, kind INTEGER NOT NULL,
  channel INTEGER NOT NULL, business_date INTEGER NOT NULL, occurred_at INTEGER NOT NULL,
  shop TEXT NOT NULL, register_name TEXT NOT NULL, sequence TEXT NOT NULL, currency TEXT NOT NULL,
  gross_minor INTEGER NOT NULL, member TEXT NOT NULL, conflict_with BLOB,
  correlation_id TEXT NOT NULL, code TEXT NOT NULL, body BLOB NOT NULL);
CREATE UNIQUE INDEX message_id ON message(id);
CREATE INDEX message_till ON message(business_date, shop, register_name, sequence, id);
CREATE INDEX message_day ON message(business_date, id);
CREATE INDEX message_odd ON message(state, id) WHERE state <> 0;

CREATE TABLE flow(
  seq INTEGER PRIMARY KEY, id BLOB NOT NULL, partition INTEGER NOT NULL, version INTEGER NOT NULL,
  status INTEGER NOT NULL, calling INTEGER NOT NULL, code TEXT NOT NULL, since INTEGER NOT NULL,
  state BLOB NOT NULL);
CREATE UNIQUE INDEX flow_id ON flow(id);
CREATE INDEX flow_calling ON flow(id) WHERE calling = 1;
CREATE INDEX flow_stuck ON flow(status, code, id, since) WHERE status IN (2, 3);
CREATE INDEX flow_stuck_id ON flow(status, id) WHERE status IN (2, 3);

CREATE TABLE book(
  seq INTEGER PRIMARY KEY, key BLOB NOT NULL, partition INTEGER NOT NULL,
  version INTEGER NOT NULL, pending INTEGER NOT NULL, state BLOB NOT NULL);
CREATE UNIQUE INDEX book_key ON book(key);
CREATE INDEX book_pending ON book(key) WHERE pending = 1;

CREATE TABLE journal(
  seq INTEGER PRIMARY KEY, partition INTEGER NOT NULL, position INTEGER NOT NULL,
  flow BLOB NOT NULL, at INTEGER NOT NULL, entry BLOB NOT NULL);
CREATE TABLE journal_chunk(
  partition INTEGER NOT NULL, first INTEGER NOT NULL, entries BLOB NOT NULL,
  PRIMARY KEY(partition, first)) WITHOUT ROWID;

CREATE TABLE due(
  target INTEGER NOT NULL, lane INTEGER NOT NULL, due_at INTEGER NOT NULL, flow BLOB NOT NULL,
  leg INTEGER NOT NULL, partition INTEGER NOT NULL, order_key BLOB,
  PRIMARY KEY(target, lane, due_at, flow, leg)) WITHOUT ROWID;
CREATE UNIQUE INDEX due_order ON due(target, order_key) WHERE order_key IS NOT NULL;

CREATE TABLE waiter(
  target INTEGER NOT NULL, order_key BLOB NOT NULL, place BLOB NOT NULL, partition INTEGER NOT NULL,
  lane INTEGER NOT NULL, due_at INTEGER NOT NULL, flow BLOB NOT NULL, leg INTEGER NOT NULL,
  PRIMARY KEY(target, order_key, place)) WITHOUT ROWID;

CREATE TABLE sold_line(
  link_key BLOB NOT NULL, occurred_at INTEGER NOT NULL, source_row INTEGER NOT NULL,
  flow BLOB NOT NULL, line INTEGER NOT NULL, book BLOB NOT NULL, price_units INTEGER NOT NULL,
  price_scale INTEGER NOT NULL, quantity INTEGER NOT NULL,
  PRIMARY KEY(link_key, occurred_at, source_row, flow, line)) WITHOUT ROWID;

CREATE TABLE counter(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE document(
  kind TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY(kind, key)) WITHOUT ROWID;
CREATE TABLE target(name TEXT PRIMARY KEY, number INTEGER NOT NULL UNIQUE) WITHOUT ROWID;
)sql";

// By bucket of time first: what is looked for and what is written lies together.
constexpr const char* fingerprint_sql = R"sql(
CREATE TABLE fingerprint(
  bucket INTEGER NOT NULL, hash BLOB NOT NULL, occurred_at INTEGER NOT NULL, id BLOB NOT NULL,
  PRIMARY KEY(bucket, hash, occurred_at, id)) WITHOUT ROWID;
)sql";

// Rows in order of commit; a version is found by name, what is about an article by its subject.
constexpr const char* record_sql = R"sql(
CREATE TABLE record(
  seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, scope TEXT NOT NULL, key TEXT NOT NULL,
  version INTEGER NOT NULL, id BLOB NOT NULL, partition INTEGER NOT NULL,
  recorded_at INTEGER NOT NULL, valid_from INTEGER NOT NULL, valid_to INTEGER NOT NULL,
  subject TEXT NOT NULL, source TEXT NOT NULL, revision INTEGER NOT NULL, content BLOB NOT NULL,
  provenance BLOB NOT NULL, body BLOB NOT NULL);
CREATE UNIQUE INDEX record_name ON record(kind, scope, key, version);
CREATE INDEX record_subject ON record(kind, scope, subject, key, version) WHERE subject <> '';
)sql";

// Keys are hashes, and the till index of migration 1 grew at as many places as there are tills:
// every sale dirtied a page of both. GatheredEntries says how index and tail are kept.
constexpr const char* tails_sql = R"sql(
CREATE TABLE key_tail(
  seq INTEGER PRIMARY KEY, kind INTEGER NOT NULL, date INTEGER NOT NULL, hash BLOB NOT NULL,
  id BLOB NOT NULL, content BLOB NOT NULL, revision INTEGER NOT NULL, projection INTEGER NOT NULL);
DROP INDEX message_till;
CREATE TABLE message_till(
  business_date INTEGER NOT NULL, shop TEXT NOT NULL, register_name TEXT NOT NULL,
  sequence TEXT NOT NULL, id BLOB NOT NULL, seq INTEGER NOT NULL,
  PRIMARY KEY(business_date, shop, register_name, sequence, id)) WITHOUT ROWID;
INSERT INTO message_till SELECT business_date, shop, register_name, sequence, id, seq FROM message
  ORDER BY business_date, shop, register_name, sequence, id;
CREATE TABLE message_till_tail(
  seq INTEGER PRIMARY KEY, business_date INTEGER NOT NULL, shop TEXT NOT NULL,
  register_name TEXT NOT NULL, sequence TEXT NOT NULL, id BLOB NOT NULL);
)sql";

constexpr std::array all_migrations{
    Migration{1, "compact rows: keys, messages, flows, books, journal, due, waiters", initial_sql},
    Migration{2, "fingerprints, to suspect duplicates under other numbers", fingerprint_sql},
    Migration{3, "records that systems of record own", record_sql},
    Migration{4, "keys and the till index in sorted runs", tails_sql},
};

}  // namespace

std::span<const Migration> migrations() {
  return all_migrations;
}

std::uint32_t newest_schema() {
  return all_migrations.back().number;
}

Result<std::uint32_t> stored_schema(Connection& connection) {
  const Result<std::int64_t> version = connection.scalar("PRAGMA user_version");
  if (!version) return fail(version.error());
  if (*version < 0 || *version > newest_schema()) {
    return fail(schema_fault(
        "open data store", fmt::format("schema {} is newer than this program, which knows up to {}",
                                       *version, newest_schema())));
  }
  return static_cast<std::uint32_t>(*version);
}

Status migrate(Connection& connection) {
  const Result<std::uint32_t> stored = stored_schema(connection);
  if (!stored) return fail(stored.error());
  for (const Migration& migration : migrations()) {
    if (migration.number <= *stored) continue;
    const Status applied = connection.execute(fmt::format(
        "BEGIN IMMEDIATE; {} PRAGMA user_version={}; COMMIT;", migration.sql, migration.number));
    if (!applied) {
      if (connection.in_transaction()) (void)connection.execute("ROLLBACK");
      return applied;
    }
  }
  return {};
}

}  // namespace crossfoot::store::sqlite
