#include "store/sqlite/sqlite_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <utility>
#include <vector>

#include "base/invariant.h"
#include "store/api/faults.h"
#include "store/read_queue.h"
#include "store/sqlite/connection.h"
#include "store/sqlite/group_writer.h"
#include "store/sqlite/log_buffer.h"
#include "store/sqlite/log_keeper.h"
#include "store/sqlite/reader.h"
#include "store/sqlite/schema.h"
#include "store/sqlite/write_back_pacer.h"
#include "store/worker.h"

namespace crossfoot::store {

namespace {

using namespace crossfoot::store::sqlite;

/// Balancing a tree borrows the page number behind 1 GiB for a moment (SQLite 3.38 and later). In a
/// smaller file every commit then looks through the whole page cache for pages behind the file's
/// end: 20 us a sale with 128 MB of cache. Until the file has grown past that the cache stays
/// small.
constexpr std::int64_t young_file_bytes = (1LL << 30) + (1LL << 20);
constexpr std::int64_t young_cache_bytes = 16LL << 20;
constexpr std::uint64_t commits_between_looks = 512;

class SqliteStore final : public Store {
 public:
  explicit SqliteStore(SqliteOptions options)
      : options_(std::move(options)), home_(*options_.home) {}
  ~SqliteStore() override { stop_threads(); }

  Status open();

  const Opened& opened() const override { return opened_; }
  void commit(Unit unit, Committed done) override;
  void read(Work work, Done done) override;
  Result<TargetNumber> target_number(std::string_view name) override;
  bool under_pressure() const override { return log_->under_pressure(); }
  StoreStats stats() const override;
  void close() override;

 private:
  Status open_writer();
  Status open_readers();
  Result<Opened> issue_incarnation();
  void start_threads();
  void stop_threads();
  bool write_step();
  void grow_cache();
  bool read_step(SqliteReader& reader);
  bool write_back_step();
  /// Inline execution: runs the step as a task of home, again while it has more to do.
  void schedule(bool& scheduled, bool (SqliteStore::*step)());
  bool inline_read_step() { return read_step(*readers_.front()); }

  SqliteOptions options_;
  runtime::Scheduler& home_;
  Opened opened_;
  std::unique_ptr<JournalTail> tail_ = std::make_unique<JournalTail>();
  std::unique_ptr<NewestKeys> newest_keys_;
  std::unique_ptr<LogBuffer> log_buffer_;
  std::unique_ptr<WriteBackPacer> write_back_pacer_;
  std::unique_ptr<Connection> writer_connection_;
  std::unique_ptr<Connection> checkpoint_connection_;
  std::unique_ptr<LogKeeper> log_;
  std::unique_ptr<GroupWriter> writer_;
  std::vector<std::unique_ptr<SqliteReader>> readers_;

  // Of the writer's executor.
  std::int64_t page_size_ = 0;
  bool cache_grown_ = false;
  std::uint64_t look_at_commit_ = 0;

  ReadQueue reads_{home_};
  std::atomic<bool> closed_{false};
  bool closing_ = false;  ///< shard thread

  std::unique_ptr<Worker> write_worker_;
  std::unique_ptr<Worker> checkpoint_worker_;
  std::vector<std::unique_ptr<Worker>> read_workers_;
  bool write_scheduled_ = false;
  bool read_scheduled_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

Status SqliteStore::open() {
  if (Status opened = open_writer(); !opened) return opened;
  if (Status opened = open_readers(); !opened) return opened;
  if (!options_.inline_execution) start_threads();
  return {};
}

Status SqliteStore::open_writer() {
  log_buffer_ = std::make_unique<LogBuffer>(options_.vfs);
  const ConnectionOptions wanted{
      .path = options_.path,
      .vfs = log_buffer_->name(),
      .cache_bytes = std::min(options_.writer_cache_bytes, young_cache_bytes)};
  Result<std::unique_ptr<Connection>> connection = Connection::open(wanted);
  if (!connection) return fail(connection.error());
  writer_connection_ = std::move(*connection);
  if (const auto schema = stored_schema(*writer_connection_); !schema) return fail(schema.error());
  const std::string settings = fmt::format(
      "PRAGMA page_size={}; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
      "PRAGMA wal_autocheckpoint=0; PRAGMA cache_spill=OFF; PRAGMA temp_store=MEMORY;"
      "PRAGMA journal_size_limit={};",
      options_.page_size, options_.log_soft_bytes * 2);
  if (Status set = writer_connection_->execute(settings); !set) return set;
  if (Status migrated = migrate(*writer_connection_); !migrated) return migrated;
  sqlite3_limit(writer_connection_->handle(), SQLITE_LIMIT_LENGTH,
                static_cast<int>(options_.row_bytes_max));
  if (options_.page_count_max > 0) {
    const Status limited = writer_connection_->execute(
        fmt::format("PRAGMA max_page_count={}", options_.page_count_max));
    if (!limited) return limited;
  }
  Result<Opened> issued = issue_incarnation();
  if (!issued) return fail(issued.error());
  opened_ = *issued;

  const Result<std::int64_t> page_size = writer_connection_->scalar("PRAGMA page_size");
  if (!page_size) return fail(page_size.error());
  page_size_ = *page_size;
  log_ = std::make_unique<LogKeeper>(LogLimits{.soft_bytes = options_.log_soft_bytes,
                                               .rest_bytes = options_.log_rest_bytes,
                                               .hard_bytes = options_.log_hard_bytes},
                                     static_cast<std::uint64_t>(*page_size));
  newest_keys_ = std::make_unique<NewestKeys>(options_.gathered_max);
  writer_ = std::make_unique<GroupWriter>(
      *writer_connection_, *tail_, *newest_keys_, *log_, home_,
      GroupWriter::Options{.budget = options_.commit_budget,
                           .incarnation = opened_.incarnation,
                           .gathered_max = std::max<std::size_t>(options_.gathered_max / 4, 1)});
  return writer_->open(opened_.last_recorded_at);
}

Result<Opened> SqliteStore::issue_incarnation() {
  const Status raised =
      writer_connection_->execute("UPDATE meta SET value=value+1 WHERE name='incarnation'");
  if (!raised) return fail(raised.error());
  const auto value = [&](std::string_view name) {
    return writer_connection_->scalar(fmt::format("SELECT value FROM meta WHERE name='{}'", name));
  };
  const Result<std::int64_t> incarnation = value("incarnation");
  if (!incarnation) return fail(incarnation.error());
  const Result<std::int64_t> recorded_at = value("last_recorded_at");
  if (!recorded_at) return fail(recorded_at.error());
  return Opened{.incarnation = static_cast<std::uint32_t>(*incarnation),
                .last_recorded_at = {*recorded_at},
                .schema_version = newest_schema()};
}

Status SqliteStore::open_readers() {
  const ConnectionOptions wanted{.path = options_.path,
                                 .vfs = options_.vfs,
                                 .read_only = true,
                                 .cache_bytes = options_.reader_cache_bytes};
  const std::size_t count = options_.inline_execution ? 1 : options_.readers;
  for (std::size_t i = 0; i < count; ++i) {
    Result<std::unique_ptr<SqliteReader>> reader =
        SqliteReader::open(wanted, *tail_, *newest_keys_, home_);
    if (!reader) return fail(reader.error());
    readers_.push_back(std::move(*reader));
  }
  write_back_pacer_ = std::make_unique<WriteBackPacer>(options_.vfs);
  Result<std::unique_ptr<Connection>> checkpointer =
      Connection::open({.path = options_.path, .vfs = write_back_pacer_->name()});
  if (!checkpointer) return fail(checkpointer.error());
  checkpoint_connection_ = std::move(*checkpointer);
  return checkpoint_connection_->execute("PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0;");
}

void SqliteStore::start_threads() {
  checkpoint_worker_ =
      std::make_unique<Worker>("cf-checkpoint", [this] { return write_back_step(); });
  write_worker_ =
      std::make_unique<Worker>("cf-writer", [this] { return write_step(); }, options_.commit_pace);
  for (const auto& reader : readers_) {
    read_workers_.push_back(std::make_unique<Worker>(
        "cf-reader", [this, each = reader.get()] { return read_step(*each); }));
  }
}

void SqliteStore::stop_threads() {
  // Readers and the checkpoint thread wake the writer, so it goes last of them.
  for (const auto& worker : read_workers_) worker->stop();
  if (checkpoint_worker_) checkpoint_worker_->stop();
  if (write_worker_) write_worker_->stop();
}

void SqliteStore::schedule(bool& scheduled, bool (SqliteStore::*step)()) {
  if (scheduled) return;
  scheduled = true;
  home_.post([this, &scheduled, step, alive = std::weak_ptr<bool>(alive_)] {
    if (alive.expired()) return;
    scheduled = false;
    if ((this->*step)()) schedule(scheduled, step);
  });
}

bool SqliteStore::write_step() {
  bool more = writer_->run_once();
  if (!cache_grown_ && writer_->commits() >= look_at_commit_) grow_cache();
  if (log_->wants_write_back()) {
    if (checkpoint_worker_) {
      checkpoint_worker_->wake();
    } else {
      while (log_->write_back(*checkpoint_connection_)) {
      }
      // What waited for a shorter log goes on when the writer has begun it anew.
      more = more || (log_->under_pressure() && !log_->wants_write_back());
    }
  }
  return more;
}

void SqliteStore::grow_cache() {
  look_at_commit_ = writer_->commits() + commits_between_looks;
  writer_->exclusively([this](Connection& connection) {
    const Result<std::int64_t> pages = connection.scalar("PRAGMA page_count");
    if (!pages || *pages * page_size_ < young_file_bytes) return;
    cache_grown_ = true;
    (void)connection.execute(
        fmt::format("PRAGMA cache_size=-{}", options_.writer_cache_bytes / 1024));
  });
}

bool SqliteStore::write_back_step() {
  if (log_->write_back(*checkpoint_connection_)) return true;
  if (log_->under_pressure()) write_worker_->wake();
  return false;
}

void SqliteStore::commit(Unit unit, Committed done) {
  writer_->push(std::move(unit), std::move(done));
  if (write_worker_) {
    write_worker_->wake();
  } else {
    schedule(write_scheduled_, &SqliteStore::write_step);
  }
}

void SqliteStore::read(Work work, Done done) {
  reads_.push(std::move(work), std::move(done));
  if (read_workers_.empty() || closing_) {
    schedule(read_scheduled_, &SqliteStore::inline_read_step);
    return;
  }
  for (const auto& worker : read_workers_) worker->wake();
}

bool SqliteStore::read_step(SqliteReader& reader) {
  if (!reads_.run_next(reader, closed_, writer_->refuses())) return false;
  if (log_->under_pressure() && write_worker_) {
    checkpoint_worker_->wake();
    write_worker_->wake();
  }
  return true;
}

Result<TargetNumber> SqliteStore::target_number(std::string_view name) {
  if (closing_ || writer_->refuses()) {
    return fail(closed_fault("target", "the data store is closed"));
  }
  return writer_->exclusively([&](Connection& connection) -> Result<TargetNumber> {
    Result<Statement> insert = connection.prepare(
        "INSERT INTO target SELECT ?1, coalesce(max(number), 0) + 1 FROM target");
    if (!insert) return fail(insert.error());
    Result<Statement> select = connection.prepare("SELECT number FROM target WHERE name=?");
    if (!select) return fail(select.error());
    select->query(name);
    if (select->step() != SQLITE_ROW) {
      select->reset();
      if (const int code = insert->run(name); code != SQLITE_DONE) {
        return fail(connection.fault(code, "target"));
      }
      select->query(name);
      if (const int code = select->step(); code != SQLITE_ROW) {
        return fail(connection.fault(code, "target"));
      }
    }
    return select->number<TargetNumber>(0);
  });
}

StoreStats SqliteStore::stats() const {
  return {.commits = writer_->commits(),
          .units = writer_->units(),
          .bytes_written = log_->bytes_written(),
          .log_bytes = log_->log_bytes(),
          .log_bytes_peak = log_->log_bytes_peak(),
          .queue_depth = writer_->queue_depth(),
          .commit_micros_max = writer_->commit_micros_max()};
}

void SqliteStore::close() {
  if (std::exchange(closing_, true)) return;
  writer_->close();
  stop_threads();
  while (writer_->run_once()) {
  }
  while (read_step(*readers_.front())) {
  }
  closed_ = true;
  // An unindexed end of the journal is found again at the next opening: a failure here is no loss.
  (void)writer_->finish();
}

}  // namespace

Result<std::unique_ptr<Store>> open_sqlite(SqliteOptions options) {
  INVARIANT(options.home != nullptr, "completions need a scheduler");
  INVARIANT(options.readers >= 1 && options.readers <= 64, "1 to 64 readers");
  // SQLite's own memory statistics take a lock for every allocation; nothing here reads them. Has
  // no effect, and does no harm, when the library is in use already.
  static const int statistics_off = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  (void)statistics_off;
  auto store = std::make_unique<SqliteStore>(std::move(options));
  if (Status opened = store->open(); !opened) return fail(opened.error());
  return store;
}

}  // namespace crossfoot::store
