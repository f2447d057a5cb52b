#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "runtime/scheduler.h"
#include "store/api/store.h"
#include "store/lane_queue.h"

namespace crossfoot::store {

/// The way of a unit through a writer, whatever the engine: pushed from any thread, taken in order
/// of lane weight by the one thread that writes, answered on the shard's thread.
class CommitQueue {
 public:
  struct Item {
    Unit unit;
    Store::Committed done;
    UnitResult result;
  };

  explicit CommitQueue(runtime::Scheduler& home) : home_(home) {}

  /// Any thread. Answers `failed` once the queue is closed.
  void push(Unit unit, Store::Committed done);
  /// No more units are taken; those queued stay.
  void close();

  /// Takes over what was pushed meanwhile; answers whether the queue is closed. Like what follows,
  /// on the thread that writes.
  bool gather();
  /// The next item; nothing when no lane that may go has one.
  [[nodiscard]] std::optional<Item> next(bool bulk_allowed) { return gathered_.next(bulk_allowed); }
  /// Of what was gathered.
  [[nodiscard]] std::size_t size() const { return gathered_.size(); }

  /// Gives every item the same result. What a unit was answered by itself (a duplicate, say) may
  /// rest on rows of its very group.
  static void set_all(std::span<Item> items, Outcome outcome, const Fault& fault);
  /// Tells the results: one post for the whole group, since waking the shard costs more than what
  /// it then does.
  void answer(std::vector<Item> group);

  /// Units pushed and not answered. Any thread.
  [[nodiscard]] std::uint64_t depth() const { return depth_.load(std::memory_order_relaxed); }

 private:
  runtime::Scheduler& home_;
  std::mutex inbox_mutex_;
  LaneQueue<Item> inbox_;
  bool closed_ = false;
  LaneQueue<Item> gathered_;
  std::atomic<std::uint64_t> depth_{0};
};

}  // namespace crossfoot::store
