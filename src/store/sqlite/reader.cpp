#include "store/sqlite/reader.h"

#include <algorithm>

#include "store/api/faults.h"
#include "store/sqlite/stored_rows.h"

namespace crossfoot::store::sqlite {

namespace {

constexpr int progress_every = 20'000;  // instructions: well under a millisecond

std::int64_t bounded(std::size_t limit) {
  return static_cast<std::int64_t>(std::min<std::size_t>(limit, 100'000));
}

BookRow book_of(const Statement& s) {
  return {.key = s.hash(0),
          .version = s.number<std::uint32_t>(1),
          .pending = s.integer(2) != 0,
          .state = s.text(3)};
}

DueRow due_of(const Statement& s) {
  return {.target = s.number<TargetNumber>(0),
          .lane = s.number<Lane>(1),
          .due_at = {s.integer(2)},
          .flow = s.id(3),
          .leg = s.number<std::uint16_t>(4),
          .order_key = s.hash(5)};
}

#define FLOW_COLUMNS "SELECT id, version, status, calling, code, since, state FROM flow "
#define DUE_COLUMNS "SELECT target, lane, due_at, flow, leg, order_key FROM due "

}  // namespace

SqliteReader::SqliteReader(std::unique_ptr<Connection> connection, const JournalTail& tail,
                           const NewestKeys& newest_keys, const runtime::Scheduler& clock)
    : connection_(std::move(connection)),
      clock_(clock),
      journal_(*connection_, tail),
      keys_(*connection_, newest_keys) {}

Result<std::unique_ptr<SqliteReader>> SqliteReader::open(const ConnectionOptions& options,
                                                         const JournalTail& tail,
                                                         const NewestKeys& newest_keys,
                                                         const runtime::Scheduler& clock) {
  Result<std::unique_ptr<Connection>> connection = Connection::open(options);
  if (!connection) return fail(connection.error());
  std::unique_ptr<SqliteReader> reader(
      new SqliteReader(std::move(*connection), tail, newest_keys, clock));
  if (Status prepared = reader->prepare(); !prepared) return fail(prepared.error());
  sqlite3_progress_handler(
      reader->connection_->handle(), progress_every,
      [](void* self) { return static_cast<SqliteReader*>(self)->too_old() ? 1 : 0; }, reader.get());
  return reader;
}

Status SqliteReader::prepare() {
  const Status prepared = connection_->prepare_all({
      {begin_, "BEGIN"},
      {end_, "COMMIT"},
      {flow_, FLOW_COLUMNS "WHERE id=?"},
      {book_, "SELECT key, version, pending, state FROM book WHERE key=?"},
      {due_first_,
       DUE_COLUMNS "WHERE target=? AND lane=? AND due_at<=? ORDER BY due_at, flow, leg LIMIT ?"},
      {due_after_,
       DUE_COLUMNS "WHERE target=? AND lane=? AND due_at<=? AND (due_at, flow, leg) > (?,?,?)"
                   " ORDER BY due_at, flow, leg LIMIT ?"},
      {next_due_, "SELECT due_at FROM due WHERE target=? AND lane=? ORDER BY due_at LIMIT 1"},
      {has_waiters_, "SELECT 1 FROM waiter WHERE target=? LIMIT 1"},
      // A place is 16 bytes: whoever holds the key comes before all of them.
      {placed_,
       "SELECT target, lane, due_at, flow, leg, order_key FROM ("
       "SELECT target, lane, due_at, flow, leg, order_key, x'' AS place FROM due"
       " WHERE target=?1 AND order_key=?2 UNION ALL "
       "SELECT target, lane, due_at, flow, leg, order_key, place FROM waiter"
       " WHERE target=?1 AND order_key=?2) ORDER BY place LIMIT ?3"},
      {calling_, FLOW_COLUMNS "WHERE calling=1 AND id>? ORDER BY id LIMIT ?"},
      {pending_,
       "SELECT key, version, pending, state FROM book WHERE pending=1 AND key>?"
       " ORDER BY key LIMIT ?"},
      {by_status_, FLOW_COLUMNS "INDEXED BY flow_id WHERE status=? AND id>? ORDER BY id LIMIT ?"},
      // A partial index is used only where its condition is repeated word by word.
      {stuck_, FLOW_COLUMNS "WHERE status IN (2,3) AND status=? AND id>? ORDER BY id LIMIT ?"},
      {stuck_code_,
       FLOW_COLUMNS "WHERE status IN (2,3) AND status=? AND code=? AND id>? ORDER BY id LIMIT ?"},
      {parked_,
       "SELECT code, count(*), min(since) FROM flow INDEXED BY flow_stuck"
       " WHERE status IN (2,3) AND status=? GROUP BY code ORDER BY code"},
      {journal_row_, "SELECT partition, position, flow, at, entry FROM journal WHERE seq=?"},
      {sold_,
       "SELECT link_key, occurred_at, source_row, flow, line, book, price_units, price_scale,"
       " quantity FROM sold_line WHERE link_key=? AND occurred_at<=?"
       " ORDER BY occurred_at DESC, source_row DESC, flow DESC, line DESC"},
      {counters_, "SELECT name, value FROM counter ORDER BY name"},
      {document_, "SELECT value FROM document WHERE kind=? AND key=?"},
      {documents_up_,
       "SELECT kind, key, value FROM document WHERE kind=? AND key>? ORDER BY key LIMIT ?"},
      {documents_down_,
       "SELECT kind, key, value FROM document WHERE kind=? AND key<? ORDER BY key DESC LIMIT ?"},
      {documents_last_,
       "SELECT kind, key, value FROM document WHERE kind=? ORDER BY key DESC LIMIT ?"},
  });
  if (!prepared) return prepared;
  if (Status ready = prepare_records(); !ready) return ready;
  if (Status ready = keys_.prepare(); !ready) return ready;
  return journal_.prepare();
}

void SqliteReader::begin() {
  begun_ = clock_.monotonic();
  // The snapshot itself is taken by the first read.
  (void)begin_.run();
}

void SqliteReader::end() {
  // A read that was interrupted may have ended the transaction.
  if (connection_->in_transaction()) (void)end_.run();
}

bool SqliteReader::too_old() const {
  return clock_.monotonic() - begun_ > snapshot_age_max;
}

Status SqliteReader::usable() const {
  if (refusal_) return fail(*refusal_);
  if (too_old()) return fail(unavailable_fault("read", "a snapshot lives at most one second"));
  return {};
}

Result<std::optional<KeyRow>> SqliteReader::find_key(KeyKind kind, BusinessDate date,
                                                     const Hash128& hash) {
  if (Status ok = usable(); !ok) return fail(ok.error());
  return keys_.find(kind, date, hash);
}

Result<std::optional<FlowRow>> SqliteReader::load_flow(Id id) {
  if (Status ok = usable(); !ok) return fail(ok.error());
  flow_.query(id);
  return first_row<FlowRow>(*connection_, flow_, "flow", flow_of);
}

Result<std::optional<BookRow>> SqliteReader::load_book(const Hash128& key) {
  if (Status ok = usable(); !ok) return fail(ok.error());
  book_.query(key);
  return first_row<BookRow>(*connection_, book_, "book", book_of);
}

Result<std::vector<DueRow>> SqliteReader::due(TargetNumber target, Lane lane, Instant until,
                                              const DueRow* after, std::size_t limit) {
  if (Status ok = usable(); !ok) return fail(ok.error());
  if (after == nullptr) {
    due_first_.query(target, lane, until, bounded(limit));
    return all_rows<DueRow>(*connection_, due_first_, "due", due_of);
  }
  due_after_.query(target, lane, until, after->due_at, after->flow, after->leg, bounded(limit));
  return all_rows<DueRow>(*connection_, due_after_, "due", due_of);
}

Result<std::optional<Instant>> SqliteReader::next_due(TargetNumber target, Lane lane) {
  if (Status ok = usable(); !ok) return fail(ok.error());
  next_due_.query(target, lane);
  return first_row<Instant>(*connection_, next_due_, "due",
                            [](const Statement& s) { return Instant{s.integer(0)}; });
}

Result<bool> SqliteReader::has_waiters(TargetNumber target) {
  if (Status ok = usable(); !ok) return fail(ok.error());
  has_waiters_.query(target);
  const auto found =
      first_row<bool>(*connection_, has_waiters_, "waiter", [](const Statement&) { return true; });
  if (!found) return fail(found.error());
  return found->has_value();
}

Result<std::vector<DueRow>> SqliteReader::placed(TargetNumber target, const Hash128& order_key,
                                                 std::size_t limit) {
  if (Status ok = usable(); !ok) return fail(ok.error());
  placed_.query(target, order_key, bounded(limit));
  return all_rows<DueRow>(*connection_, placed_, "due", due_of);
}

Result<std::vector<FlowRow>> SqliteReader::calling_flows(Id after, std::size_t limit) {
  if (Status ok = usable(); !ok) return fail(ok.error());
  calling_.query(after, bounded(limit));
  return all_rows<FlowRow>(*connection_, calling_, "flow", flow_of);
}

Result<std::vector<BookRow>> SqliteReader::pending_books(const Hash128& after, std::size_t limit) {
  if (Status ok = usable(); !ok) return fail(ok.error());
  pending_.query(after, bounded(limit));
  return all_rows<BookRow>(*connection_, pending_, "book", book_of);
}

Result<std::vector<FlowRow>> SqliteReader::flows_by_status(FlowStatus status,
                                                           const std::string& code, Id after,
                                                           std::size_t limit) {
  if (Status ok = usable(); !ok) return fail(ok.error());
  const bool stuck = status == FlowStatus::parked || status == FlowStatus::dead;
  if (stuck && !code.empty()) {
    stuck_code_.query(status, code, after, bounded(limit));
    return all_rows<FlowRow>(*connection_, stuck_code_, "flow", flow_of);
  }
  Statement& statement = stuck ? stuck_ : by_status_;
  statement.query(status, after, bounded(limit));
  return all_rows<FlowRow>(*connection_, statement, "flow", flow_of);
}

Result<std::vector<ParkedGroup>> SqliteReader::parked_groups(FlowStatus status) {
  if (Status ok = usable(); !ok) return fail(ok.error());
  parked_.query(status);
  return all_rows<ParkedGroup>(*connection_, parked_, "flow", [](const Statement& s) {
    return ParkedGroup{
        .code = s.text(0), .count = s.number<std::uint64_t>(1), .oldest = {s.integer(2)}};
  });
}

Result<std::uint64_t> SqliteReader::last_position(Partition partition) {
  if (Status ok = usable(); !ok) return fail(ok.error());
  if (partition >= partition_count) return 0;
  return journal_.last_position(partition);
}

Result<std::optional<JournalRow>> SqliteReader::journal_row(std::int64_t seq, Partition partition,
                                                            std::uint64_t position) {
  journal_row_.query(seq);
  auto found = first_row<JournalRow>(*connection_, journal_row_, "journal", [](const Statement& s) {
    return JournalRow{.partition = s.number<Partition>(0),
                      .position = s.number<std::uint64_t>(1),
                      .flow = s.id(2),
                      .at = {s.integer(3)},
                      .entry = s.text(4)};
  });
  if (!found || !*found) return found;
  if ((*found)->partition != partition || (*found)->position != position) {
    return fail(corrupt_fault("journal", "a position leads to another row"));
  }
  return found;
}

Result<std::vector<JournalRow>> SqliteReader::journal_at(Partition partition,
                                                         std::span<const std::uint64_t> positions) {
  if (Status ok = usable(); !ok) return fail(ok.error());
  std::vector<JournalRow> found;
  if (partition >= partition_count) return found;
  for (const std::uint64_t position : positions) {
    const auto seq = journal_.row_of(partition, position);
    if (!seq) return fail(seq.error());
    if (!*seq) continue;
    auto entry = journal_row(**seq, partition, position);
    if (!entry) return fail(entry.error());
    if (*entry) found.push_back(std::move(**entry));
  }
  return found;
}

Result<std::vector<JournalRow>> SqliteReader::journal_after(Partition partition,
                                                            std::uint64_t position,
                                                            std::size_t limit) {
  if (Status ok = usable(); !ok) return fail(ok.error());
  std::vector<JournalRow> found;
  if (partition >= partition_count || limit == 0) return found;
  const auto entries =
      journal_.after(partition, position, static_cast<std::size_t>(bounded(limit)));
  if (!entries) return fail(entries.error());
  for (const JournalEntry& entry : *entries) {
    auto each = journal_row(entry.row, partition, entry.position);
    if (!each) return fail(each.error());
    if (*each) found.push_back(std::move(**each));  // else newer than this snapshot
  }
  return found;
}

Result<std::vector<SoldLineRow>> SqliteReader::sold_lines(const Hash128& link_key, Instant until) {
  if (Status ok = usable(); !ok) return fail(ok.error());
  sold_.query(link_key, until);
  return all_rows<SoldLineRow>(*connection_, sold_, "sold line", [](const Statement& s) {
    return SoldLineRow{.link_key = s.hash(0),
                       .occurred_at = {s.integer(1)},
                       .source_row = s.integer(2),
                       .flow = s.id(3),
                       .line = s.number<std::uint32_t>(4),
                       .book = s.hash(5),
                       .price_units = s.integer(6),
                       .price_scale = s.number<std::uint8_t>(7),
                       .quantity = s.integer(8)};
  });
}

Result<std::vector<std::pair<std::string, std::int64_t>>> SqliteReader::counters() {
  if (Status ok = usable(); !ok) return fail(ok.error());
  counters_.query();
  return all_rows<std::pair<std::string, std::int64_t>>(
      *connection_, counters_, "counter",
      [](const Statement& s) { return std::pair{s.text(0), s.integer(1)}; });
}

Result<std::optional<std::string>> SqliteReader::document(std::string_view kind,
                                                          std::string_view key) {
  if (Status ok = usable(); !ok) return fail(ok.error());
  document_.query(kind, key);
  return first_row<std::string>(*connection_, document_, "document",
                                [](const Statement& s) { return s.text(0); });
}

Result<std::vector<DocumentRow>> SqliteReader::documents(std::string_view kind,
                                                         std::string_view after, std::size_t limit,
                                                         bool descending) {
  if (Status ok = usable(); !ok) return fail(ok.error());
  Statement* statement = &documents_up_;
  if (descending && after.empty()) {
    statement = &documents_last_;
    statement->query(kind, bounded(limit));
  } else {
    if (descending) statement = &documents_down_;
    statement->query(kind, after, bounded(limit));
  }
  return all_rows<DocumentRow>(*connection_, *statement, "document", [](const Statement& s) {
    return DocumentRow{.kind = s.text(0), .key = s.text(1), .value = s.text(2)};
  });
}

}  // namespace crossfoot::store::sqlite
