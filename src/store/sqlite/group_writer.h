#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "runtime/scheduler.h"
#include "store/api/store.h"
#include "store/commit_queue.h"
#include "store/sqlite/connection.h"
#include "store/sqlite/log_keeper.h"
#include "store/sqlite/unit_writer.h"

namespace crossfoot::store::sqlite {

/// Writes queued units in groups, each group one transaction: what is there or comes while it is
/// written, taken by lane weight, until the time budget is used up; it never waits to fill. Has no
/// thread of its own: `run_once` is called by a worker thread, or inline by a simulation.
///
/// A unit that is refused after it wrote rows costs a rollback, after which the units before it are
/// written again and every later one of this group gets a savepoint; the usual group pays for none.
/// An error of the medium before COMMIT fails the whole group, nothing is written. From COMMIT on
/// every error is unclear: the group answers `unknown`, and nothing is taken any more.
class GroupWriter {
 public:
  struct Options {
    Duration budget{std::chrono::milliseconds{4}};
    std::uint32_t incarnation =
        0;                         ///< of this opening; another one in the file means we are fenced
    std::size_t gathered_max = 0;  ///< entries of the till index
  };

  GroupWriter(Connection& connection, JournalTail& tail, NewestKeys& newest_keys, LogKeeper& log,
              runtime::Scheduler& home, Options options);

  /// Indexes what was left open; writes. Before the first unit.
  Status open(Instant last_recorded_at);

  /// Any thread. False when nothing is taken any more; then `done` was answered.
  void push(Unit unit, Store::Committed done) { queue_.push(std::move(unit), std::move(done)); }

  /// Writes one group; true when more is waiting. One thread at a time.
  bool run_once();

  /// No more units are taken; those queued are still written by `run_once`.
  void close() { queue_.close(); }
  /// Writes the open ends of the journal index. After the last group.
  Status finish();

  [[nodiscard]] bool refuses() const { return broken_.load(std::memory_order_acquire); }
  /// Runs a statement of the store between two groups.
  template <class F>
  auto exclusively(F&& work) {
    const std::lock_guard lock(database_);
    return work(connection_);
  }

  [[nodiscard]] std::uint64_t commits() const { return commits_; }
  [[nodiscard]] std::uint64_t units() const { return units_; }
  [[nodiscard]] std::uint64_t commit_micros_max() const { return commit_micros_max_; }
  [[nodiscard]] std::uint64_t queue_depth() const { return queue_.depth(); }

 private:
  using Item = CommitQueue::Item;

  bool begin();
  bool fill(std::vector<Item>& group, Duration started, Fault& fault);
  /// False when the medium failed; `fault` says how.
  bool write(std::vector<Item>& group, Fault& fault);
  bool start_again(std::vector<Item>& group, Fault& fault);
  bool commit(std::vector<Item>& group);
  void published();
  void roll_back();
  bool refuse_queued();
  [[nodiscard]] Fault closed() const;

  Connection& connection_;
  LogKeeper& log_;
  runtime::Scheduler& home_;
  Options options_;
  JournalIndex journal_;
  KeyIndex keys_;
  TillIndex tills_;
  UnitWriter units_writer_;
  Statement begin_, commit_, rollback_, incarnation_;
  Statement savepoint_, release_, undo_;
  bool savepoints_ = false;
  std::uint64_t frames_ = 0;  ///< of the log, told by SQLite at commit

  std::mutex database_;  ///< held while a group is written
  CommitQueue queue_;
  std::atomic<bool> broken_{false};
  Fault broken_by_;

  std::atomic<std::uint64_t> commits_{0};
  std::atomic<std::uint64_t> units_{0};
  std::atomic<std::uint64_t> commit_micros_max_{0};
};

}  // namespace crossfoot::store::sqlite
