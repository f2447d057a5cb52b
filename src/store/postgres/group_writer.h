#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "runtime/scheduler.h"
#include "store/api/store.h"
#include "store/commit_queue.h"
#include "store/postgres/connection.h"
#include "store/postgres/group.h"

namespace crossfoot::store::postgres {

/// Writes queued units in groups, each group one transaction: what is there when it begins, taken
/// by lane weight, up to a number that is adapted to the time budget. Has no thread of its own:
/// `run_once` is called by a worker thread.
///
/// A group that the server refuses for one of its rows is split in halves until the unit at fault
/// stands alone. A connection lost before COMMIT fails the group, nothing is written, and the next
/// group connects again. From COMMIT on every loss is unclear: the group answers `unknown`, and
/// nothing is taken any more. The same when a partition has another owner.
class GroupWriter {
 public:
  struct Options {
    std::string url;
    Duration budget{std::chrono::milliseconds{8}};  ///< of work in one commit
    std::uint64_t row_bytes_max = 64U << 20;
    bool no_loss_on_node_failure = false;
  };

  GroupWriter(runtime::Scheduler& home, NewestTimeline& newest, Options options)
      : home_(home), newest_(newest), options_(std::move(options)), queue_(home) {}

  /// Connects, brings the schema up to date, takes over all partitions.
  Result<Opened> open();

  /// Any thread.
  void push(Unit unit, Store::Committed done) { queue_.push(std::move(unit), std::move(done)); }
  /// Writes one group; true when more is waiting. One thread at a time.
  bool run_once();
  /// No more units are taken; those queued are still written by `run_once`.
  void close() { queue_.close(); }

  [[nodiscard]] bool refuses() const { return broken_.load(std::memory_order_acquire); }
  /// Issues the number of a target, between two groups.
  Result<TargetNumber> target_number(std::string_view name);

  [[nodiscard]] std::uint64_t commits() const { return commits_; }
  [[nodiscard]] std::uint64_t units() const { return units_; }
  [[nodiscard]] std::uint64_t bytes_sent() const { return bytes_sent_; }
  [[nodiscard]] std::uint64_t commit_micros_max() const { return commit_micros_max_; }
  [[nodiscard]] std::uint64_t queue_depth() const { return queue_.depth(); }

 private:
  using Item = CommitQueue::Item;
  enum class Attempt : std::uint8_t { answered, split };

  /// Connects when there is no usable connection.
  Status connect();
  Status read_positions();
  std::vector<Item> next_group();
  void write(std::span<Item> items);
  Attempt attempt(std::span<Item> items);
  Attempt refused(std::span<Item> items, const Fault& fault);
  Attempt commit(std::span<Item> items, Group& group, std::vector<Step> steps,
                 std::vector<UnitResult> results, Instant recorded_at);
  Ran run(std::span<const Step> steps);
  void roll_back();
  void adapt(std::size_t units, Duration worked);
  void stop_for_good(Fault fault);
  [[nodiscard]] Fault closed() const;

  runtime::Scheduler& home_;
  NewestTimeline& newest_;
  Options options_;
  std::unique_ptr<Connection> connection_;
  std::uint64_t owner_epoch_ = 0;
  Positions positions_{};
  Instant recorded_at_;
  std::size_t group_units_max_ = 128;

  std::mutex database_;  ///< held while a group is written
  CommitQueue queue_;
  std::atomic<bool> broken_{false};
  Fault broken_by_;

  std::atomic<std::uint64_t> commits_{0};
  std::atomic<std::uint64_t> units_{0};
  std::atomic<std::uint64_t> bytes_sent_{0};
  std::atomic<std::uint64_t> commit_micros_max_{0};
};

}  // namespace crossfoot::store::postgres
