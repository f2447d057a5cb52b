#include "store/sqlite/group_writer.h"

#include <algorithm>
#include <utility>

#include "base/invariant.h"
#include "store/api/faults.h"

namespace crossfoot::store::sqlite {

GroupWriter::GroupWriter(Connection& connection, JournalTail& tail, NewestKeys& newest_keys,
                         LogKeeper& log, runtime::Scheduler& home, Options options)
    : connection_(connection),
      log_(log),
      home_(home),
      options_(options),
      journal_(connection, tail),
      keys_(connection, newest_keys),
      tills_(connection, options.gathered_max),
      units_writer_(connection, journal_, keys_, tills_),
      queue_(home) {}

Status GroupWriter::open(Instant last_recorded_at) {
  const Status prepared = connection_.prepare_all(
      {{begin_, "BEGIN IMMEDIATE"},
       {commit_, "COMMIT"},
       {rollback_, "ROLLBACK"},
       {incarnation_, "SELECT 1 FROM meta WHERE name='incarnation' AND value=?"},
       {savepoint_, "SAVEPOINT unit"},
       {release_, "RELEASE unit"},
       {undo_, "ROLLBACK TO unit"}});
  if (!prepared) return prepared;
  if (Status ready = units_writer_.prepare(); !ready) return ready;
  units_writer_.set_floor(last_recorded_at);
  sqlite3_wal_hook(
      connection_.handle(),
      [](void* self, sqlite3*, const char*, int frames) {
        static_cast<GroupWriter*>(self)->frames_ = static_cast<std::uint64_t>(frames);
        return SQLITE_OK;
      },
      this);
  if (Status begun = connection_.execute("BEGIN IMMEDIATE"); !begun) return begun;
  Status opened = journal_.open();
  if (opened) opened = keys_.open();
  if (opened) opened = tills_.open();
  if (opened) opened = connection_.execute("COMMIT");
  if (!opened) {
    if (connection_.in_transaction()) (void)connection_.execute("ROLLBACK");
    return opened;
  }
  published();
  return {};
}

Fault GroupWriter::closed() const {
  return closed_fault("commit", "refused until reopened: " + broken_by_.cause);
}

bool GroupWriter::run_once() {
  const std::lock_guard database(database_);
  const bool closing = queue_.gather();
  if (queue_.size() == 0) return false;
  if (refuses()) return refuse_queued();

  // Bulk waits while the log is over its limit, unless the store is to be closed.
  const bool bulk_allowed = closing || !log_.under_pressure();
  std::optional<Item> first = queue_.next(bulk_allowed);
  if (!first) {
    log_.finish_rest(connection_);
    return !log_.under_pressure();
  }
  const Duration started = home_.monotonic();
  std::vector<Item> group;
  group.push_back(std::move(*first));
  Fault fault;
  savepoints_ = false;
  if (!begin()) {
    fault =
        refuses() ? closed() : connection_.fault(sqlite3_errcode(connection_.handle()), "begin");
    CommitQueue::set_all(group, Outcome::failed, fault);
  } else if (!fill(group, started, fault)) {
    roll_back();
    CommitQueue::set_all(group, Outcome::failed, fault);
  } else if (commit(group)) {
    published();
  }
  units_writer_.clear_totals();
  const auto micros = static_cast<std::uint64_t>((home_.monotonic() - started).count());
  commit_micros_max_ = std::max(commit_micros_max_.load(), micros);
  queue_.answer(std::move(group));
  if (!refuses()) log_.finish_rest(connection_);
  return queue_.size() > 0 && (bulk_allowed || !log_.under_pressure());
}

bool GroupWriter::begin() {
  if (begin_.run() != SQLITE_DONE) return false;
  // Another process may have opened the file meanwhile; then this one must not write any more.
  if (incarnation_.run(options_.incarnation) == SQLITE_ROW) return true;
  broken_by_ = locked_fault("commit", "another process has opened the data store");
  broken_.store(true, std::memory_order_release);
  roll_back();
  return false;
}

bool GroupWriter::fill(std::vector<Item>& group, Duration started, Fault& fault) {
  const bool bulk_allowed = !log_.under_pressure();
  for (;;) {
    if (!write(group, fault)) return false;
    if (home_.monotonic() - started >= options_.budget) break;
    if (queue_.size() == 0) queue_.gather();
    std::optional<Item> item = queue_.next(bulk_allowed);
    if (!item) break;
    group.push_back(std::move(*item));
  }
  Status totals = units_writer_.write_totals();
  if (totals) totals = journal_.write_chunks();
  if (totals) totals = keys_.write_slice();
  if (totals) totals = tills_.write_slice();
  if (totals) return true;
  fault = totals.error();
  return false;
}

bool GroupWriter::write(std::vector<Item>& group, Fault& fault) {
  Item& item = group.back();
  if (savepoints_ && savepoint_.run() != SQLITE_DONE) {
    fault = connection_.fault(sqlite3_errcode(connection_.handle()), "savepoint");
    return false;
  }
  const Written written = units_writer_.write(item.unit, item.result);
  if (written == Written::broken) {
    fault = item.result.fault;
    return false;
  }
  if (written == Written::refused_dirty && !savepoints_) return start_again(group, fault);
  if (!savepoints_) return true;
  if (written == Written::refused_dirty && undo_.run() != SQLITE_DONE) {
    fault = connection_.fault(sqlite3_errcode(connection_.handle()), "undo");
    return false;
  }
  if (release_.run() != SQLITE_DONE) {
    fault = connection_.fault(sqlite3_errcode(connection_.handle()), "release");
    return false;
  }
  return true;
}

bool GroupWriter::start_again(std::vector<Item>& group, Fault& fault) {
  roll_back();
  units_writer_.clear_totals();
  savepoints_ = true;
  if (!begin()) {
    fault =
        refuses() ? closed() : connection_.fault(sqlite3_errcode(connection_.handle()), "begin");
    return false;
  }
  // The refused unit is the last one; its answer stands. The others are as they were.
  for (std::size_t i = 0; i + 1 < group.size(); ++i) {
    if (group[i].result.outcome != Outcome::applied) continue;
    UnitResult again;
    if (units_writer_.write(group[i].unit, again) != Written::applied) {
      fault = again.fault;
      return false;
    }
    group[i].result = std::move(again);
  }
  return true;
}

bool GroupWriter::commit(std::vector<Item>& group) {
  const int code = commit_.run();
  if (code == SQLITE_DONE) {
    commits_.fetch_add(1, std::memory_order_relaxed);
    units_.fetch_add(group.size(), std::memory_order_relaxed);
    return true;
  }
  broken_by_ = connection_.fault(code, "commit");
  broken_.store(true, std::memory_order_release);
  roll_back();
  CommitQueue::set_all(group, Outcome::unknown, unclear_fault("commit", broken_by_.cause));
  return false;
}

void GroupWriter::published() {
  const Duration now = home_.monotonic();
  journal_.published(now);
  keys_.published(now);
  tills_.published(now);
  log_.committed(frames_);
}

void GroupWriter::roll_back() {
  journal_.undo_to(0);
  keys_.undone();
  tills_.undone();
  if (connection_.in_transaction()) (void)rollback_.run();
}

bool GroupWriter::refuse_queued() {
  std::vector<Item> group;
  while (std::optional<Item> item = queue_.next(true)) group.push_back(std::move(*item));
  CommitQueue::set_all(group, Outcome::failed, closed());
  queue_.answer(std::move(group));
  return false;
}

Status GroupWriter::finish() {
  const std::lock_guard database(database_);
  if (refuses()) return fail(broken_by_);
  if (Status begun = connection_.execute("BEGIN IMMEDIATE"); !begun) return begun;
  Status written = incarnation_.run(options_.incarnation) == SQLITE_ROW
                       ? journal_.write_all()
                       : fail(locked_fault("close", "another process has opened the data store"));
  if (written) written = connection_.execute("COMMIT");
  if (!written && connection_.in_transaction()) (void)connection_.execute("ROLLBACK");
  if (written) journal_.published(home_.monotonic());
  return written;
}

}  // namespace crossfoot::store::sqlite
