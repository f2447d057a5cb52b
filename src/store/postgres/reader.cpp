#include "store/postgres/reader.h"

#include <algorithm>

#include "store/api/faults.h"
#include "store/postgres/due_row.h"

namespace crossfoot::store::postgres {

namespace {

std::int64_t bounded(std::size_t limit) {
  return static_cast<std::int64_t>(std::min<std::size_t>(limit, 100'000));
}

FlowRow flow_of(const Rows& rows, int row) {
  return {.id = rows.id(row, 0),
          .version = rows.number<std::uint32_t>(row, 1),
          .status = rows.number<FlowStatus>(row, 2),
          .calling = rows.integer(row, 3) != 0,
          .code = rows.text(row, 4),
          .since = {rows.integer(row, 5)},
          .state = rows.text(row, 6)};
}

BookRow book_of(const Rows& rows, int row) {
  return {.key = rows.hash(row, 0),
          .version = rows.number<std::uint32_t>(row, 1),
          .pending = rows.integer(row, 2) != 0,
          .state = rows.text(row, 3)};
}

JournalRow journal_of(const Rows& rows, int row) {
  return {.partition = rows.number<Partition>(row, 0),
          .position = rows.number<std::uint64_t>(row, 1),
          .flow = rows.id(row, 2),
          .at = {rows.integer(row, 3)},
          .entry = rows.text(row, 4)};
}

DocumentRow document_of(const Rows& rows, int row) {
  return {.kind = rows.text(row, 0), .key = rows.text(row, 1), .value = rows.text(row, 2)};
}

#define FLOW_COLUMNS "SELECT id, version, status, calling, code, since, state FROM flow "
#define DUE_COLUMNS "SELECT target, lane, due_at, flow, leg, order_key FROM due "
#define BOOK_COLUMNS "SELECT key, version, pending, state FROM book "
#define DOCUMENT_COLUMNS "SELECT kind, key, value FROM document "

}  // namespace

Status PostgresReader::connect() {
  if (connection_ && connection_->usable()) return {};
  connection_.reset();
  Result<std::unique_ptr<Connection>> opened = Connection::open_newest(url_, newest_);
  if (!opened) return fail(opened.error());
  // As in the writer, rows are found by an index whatever the statistics say. Only joins and scans
  // without order are ruled out: pages over an index need no sorting.
  const Step steps[] = {
      {"SET search_path = crossfoot", {}},  {"SET default_transaction_read_only = on", {}},
      {"SET statement_timeout = '1s'", {}}, {"SET idle_in_transaction_session_timeout = '10s'", {}},
      {"SET enable_seqscan = off", {}},     {"SET jit = off", {}}};
  if (Ran ran = (*opened)->run(steps); ran.fault) return fail(*ran.fault);
  connection_ = std::move(*opened);
  return {};
}

void PostgresReader::begin() {
  begun_ = clock_.monotonic();
  snapshot_ = false;
}

void PostgresReader::end() {
  if (!std::exchange(snapshot_, false) || !connection_->usable()) return;
  (void)connection_->run_one("COMMIT");
}

Result<Rows> PostgresReader::query(std::string_view sql, Parameters parameters) {
  if (refusal_) return fail(*refusal_);
  if (clock_.monotonic() - begun_ > snapshot_age_max) {
    return fail(unavailable_fault("read", "a snapshot lives at most one second"));
  }
  if (snapshot_) return connection_->run_one(sql, std::move(parameters));
  if (Status connected = connect(); !connected) return fail(connected.error());
  const Step steps[] = {{"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", {}},
                        {sql, std::move(parameters)}};
  snapshot_ = true;
  Ran ran = connection_->run(steps);
  if (ran.fault) return fail(*ran.fault);
  return std::move(ran.rows.back());
}

Result<std::optional<KeyRow>> PostgresReader::find_key(KeyKind kind, BusinessDate date,
                                                       const Hash128& hash) {
  return first(
      "SELECT id, content, revision, projection FROM business_key"
      " WHERE kind = $1::bigint AND date = $2::bigint AND hash = $3::bytea",
      Parameters::of(kind, date, hash), [&](const Rows& rows, int row) {
        return KeyRow{.kind = kind,
                      .date = date,
                      .hash = hash,
                      .id = rows.id(row, 0),
                      .content = rows.hash(row, 1),
                      .revision = rows.number<std::uint32_t>(row, 2),
                      .projection = rows.number<std::uint8_t>(row, 3)};
      });
}

Result<std::optional<FlowRow>> PostgresReader::load_flow(Id id) {
  return first(FLOW_COLUMNS "WHERE id = $1::bytea", Parameters::of(id), flow_of);
}

Result<std::optional<BookRow>> PostgresReader::load_book(const Hash128& key) {
  return first(BOOK_COLUMNS "WHERE key = $1::bytea", Parameters::of(key), book_of);
}

Result<std::vector<DueRow>> PostgresReader::due(TargetNumber target, Lane lane, Instant until,
                                                const DueRow* after, std::size_t limit) {
  if (after == nullptr) {
    return all(DUE_COLUMNS
               "WHERE target = $1::bigint AND lane = $2::bigint AND due_at <= $3::bigint"
               " ORDER BY due_at, flow, leg LIMIT $4::bigint",
               Parameters::of(target, lane, until, bounded(limit)), due_of);
  }
  return all(
      DUE_COLUMNS
      "WHERE target = $1::bigint AND lane = $2::bigint AND due_at <= $3::bigint"
      " AND (due_at, flow, leg) > ($4::bigint, $5::bytea, $6::bigint)"
      " ORDER BY due_at, flow, leg LIMIT $7::bigint",
      Parameters::of(target, lane, until, after->due_at, after->flow, after->leg, bounded(limit)),
      due_of);
}

Result<std::optional<Instant>> PostgresReader::next_due(TargetNumber target, Lane lane) {
  return first(
      "SELECT due_at FROM due WHERE target = $1::bigint AND lane = $2::bigint"
      " ORDER BY due_at LIMIT 1",
      Parameters::of(target, lane),
      [](const Rows& rows, int row) { return Instant{rows.integer(row, 0)}; });
}

Result<bool> PostgresReader::has_waiters(TargetNumber target) {
  const Result<Rows> found =
      query("SELECT 1 FROM waiter WHERE target = $1::bigint LIMIT 1", Parameters::of(target));
  if (!found) return fail(found.error());
  return found->size() > 0;
}

Result<std::vector<DueRow>> PostgresReader::placed(TargetNumber target, const Hash128& order_key,
                                                   std::size_t limit) {
  // A place is 16 bytes: whoever holds the key comes before all of them.
  return all(
      "SELECT target, lane, due_at, flow, leg, order_key FROM ("
      "SELECT target, lane, due_at, flow, leg, order_key, ''::bytea AS place FROM due"
      " WHERE target = $1::bigint AND order_key = $2::bytea UNION ALL "
      "SELECT target, lane, due_at, flow, leg, order_key, place FROM waiter"
      " WHERE target = $1::bigint AND order_key = $2::bytea) both_of_them"
      " ORDER BY place LIMIT $3::bigint",
      Parameters::of(target, order_key, bounded(limit)), due_of);
}

Result<std::vector<FlowRow>> PostgresReader::calling_flows(Id after, std::size_t limit) {
  return all(FLOW_COLUMNS "WHERE calling = 1 AND id > $1::bytea ORDER BY id LIMIT $2::bigint",
             Parameters::of(after, bounded(limit)), flow_of);
}

Result<std::vector<BookRow>> PostgresReader::pending_books(const Hash128& after,
                                                           std::size_t limit) {
  return all(BOOK_COLUMNS "WHERE pending = 1 AND key > $1::bytea ORDER BY key LIMIT $2::bigint",
             Parameters::of(after, bounded(limit)), book_of);
}

Result<std::vector<FlowRow>> PostgresReader::flows_by_status(FlowStatus status,
                                                             const std::string& code, Id after,
                                                             std::size_t limit) {
  // A partial index is used only where its condition is repeated.
  const bool stuck = status == FlowStatus::parked || status == FlowStatus::dead;
  if (stuck && !code.empty()) {
    return all(FLOW_COLUMNS
               "WHERE status IN (2, 3) AND status = $1::bigint AND code = $2::text"
               " AND id > $3::bytea ORDER BY id LIMIT $4::bigint",
               Parameters::of(status, code, after, bounded(limit)), flow_of);
  }
  const std::string_view sql =
      stuck ? FLOW_COLUMNS
          "WHERE status IN (2, 3) AND status = $1::bigint AND id > $2::bytea"
          " ORDER BY id LIMIT $3::bigint"
            : FLOW_COLUMNS
          "WHERE status = $1::bigint AND id > $2::bytea ORDER BY id LIMIT $3::bigint";
  return all(sql, Parameters::of(status, after, bounded(limit)), flow_of);
}

Result<std::vector<ParkedGroup>> PostgresReader::parked_groups(FlowStatus status) {
  return all(
      "SELECT code, count(*), min(since) FROM flow WHERE status IN (2, 3) AND status = $1::bigint"
      " GROUP BY code ORDER BY code",
      Parameters::of(status), [](const Rows& rows, int row) {
        return ParkedGroup{.code = rows.text(row, 0),
                           .count = rows.number<std::uint64_t>(row, 1),
                           .oldest = {rows.integer(row, 2)}};
      });
}

Result<std::uint64_t> PostgresReader::last_position(Partition partition) {
  const auto last = first(
      "SELECT max(position) FROM journal WHERE partition = $1::bigint", Parameters::of(partition),
      [](const Rows& rows, int row) { return rows.number<std::uint64_t>(row, 0); });
  if (!last) return fail(last.error());
  return last->value_or(0);
}

Result<std::vector<std::uint64_t>> PostgresReader::last_positions() {
  // 4,096 looks into the index, and one round trip.
  const auto rows = query(
      "SELECT p, (SELECT max(position) FROM journal WHERE partition = p)"
      " FROM generate_series(0, 4095) AS p",
      {});
  if (!rows) return fail(rows.error());
  std::vector<std::uint64_t> all(partition_count);
  for (int i = 0; i < rows->size(); ++i) {
    all[rows->number<std::size_t>(i, 0) % partition_count] = rows->number<std::uint64_t>(i, 1);
  }
  return all;
}

Result<std::vector<JournalRow>> PostgresReader::journal_at(
    Partition partition, std::span<const std::uint64_t> positions) {
  Array wanted(ElementType::integer);
  for (const std::uint64_t position : positions) wanted.add(position);
  return all(
      "SELECT j.partition, j.position, j.flow, j.at, j.entry"
      " FROM unnest($2::bigint[]) WITH ORDINALITY AS k(position, number)"
      " JOIN journal j ON j.partition = $1::bigint AND j.position = k.position"
      " ORDER BY k.number",
      Parameters::of(partition, wanted), journal_of);
}

Result<std::vector<JournalRow>> PostgresReader::journal_after(Partition partition,
                                                              std::uint64_t position,
                                                              std::size_t limit) {
  return all(
      "SELECT partition, position, flow, at, entry FROM journal"
      " WHERE partition = $1::bigint AND position > $2::bigint ORDER BY position LIMIT $3::bigint",
      Parameters::of(partition, position, bounded(limit)), journal_of);
}

Result<std::vector<SoldLineRow>> PostgresReader::sold_lines(const Hash128& link_key,
                                                            Instant until) {
  return all(
      "SELECT link_key, occurred_at, source_row, flow, line, book, price_units, price_scale,"
      " quantity FROM sold_line WHERE link_key = $1::bytea AND occurred_at <= $2::bigint"
      " ORDER BY occurred_at DESC, source_row DESC, flow DESC, line DESC",
      Parameters::of(link_key, until), [](const Rows& rows, int row) {
        return SoldLineRow{.link_key = rows.hash(row, 0),
                           .occurred_at = {rows.integer(row, 1)},
                           .source_row = rows.integer(row, 2),
                           .flow = rows.id(row, 3),
                           .line = rows.number<std::uint32_t>(row, 4),
                           .book = rows.hash(row, 5),
                           .price_units = rows.integer(row, 6),
                           .price_scale = rows.number<std::uint8_t>(row, 7),
                           .quantity = rows.integer(row, 8)};
      });
}

Result<std::vector<std::pair<std::string, std::int64_t>>> PostgresReader::counters() {
  return all("SELECT name, value FROM counter ORDER BY name", {}, [](const Rows& rows, int row) {
    return std::pair{rows.text(row, 0), rows.integer(row, 1)};
  });
}

Result<std::optional<std::string>> PostgresReader::document(std::string_view kind,
                                                            std::string_view key) {
  return first("SELECT value FROM document WHERE kind = $1::text AND key = $2::text",
               Parameters::of(kind, key),
               [](const Rows& rows, int row) { return rows.text(row, 0); });
}

Result<std::vector<DocumentRow>> PostgresReader::documents(std::string_view kind,
                                                           std::string_view after,
                                                           std::size_t limit, bool descending) {
  if (descending && after.empty()) {
    return all(DOCUMENT_COLUMNS "WHERE kind = $1::text ORDER BY key DESC LIMIT $2::bigint",
               Parameters::of(kind, bounded(limit)), document_of);
  }
  const std::string_view sql =
      descending ? DOCUMENT_COLUMNS
          "WHERE kind = $1::text AND key < $2::text ORDER BY key DESC LIMIT $3::bigint"
                 : DOCUMENT_COLUMNS
          "WHERE kind = $1::text AND key > $2::text ORDER BY key LIMIT $3::bigint";
  return all(sql, Parameters::of(kind, after, bounded(limit)), document_of);
}

}  // namespace crossfoot::store::postgres
