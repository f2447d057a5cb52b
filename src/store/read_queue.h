#pragma once

#include <deque>
#include <mutex>
#include <utility>

#include "runtime/scheduler.h"
#include "store/api/faults.h"
#include "store/api/store.h"

namespace crossfoot::store {

/// Reads that wait for a connection, in order. Any thread.
class ReadQueue {
 public:
  explicit ReadQueue(runtime::Scheduler& home) : home_(home) {}

  void push(Store::Work work, Store::Done done) {
    const std::lock_guard lock(mutex_);
    reads_.push_back({std::move(work), std::move(done)});
  }

  /// Runs the next read on `reader`, an engine's own with begin(), end() and refuse(); false when
  /// none waits. `closed`, `broken`: why the reader must not answer any more.
  template <class EngineReader>
  bool run_next(EngineReader& reader, bool closed, bool broken) {
    Read read;
    {
      const std::lock_guard lock(mutex_);
      if (reads_.empty()) return false;
      read = std::move(reads_.front());
      reads_.pop_front();
    }
    if (closed) reader.refuse(closed_fault("read", "the data store is closed"));
    if (broken) reader.refuse(closed_fault("read", "refused until reopened"));
    reader.begin();
    read.work(reader);
    reader.end();
    // What the work holds belongs to the shard and is destroyed on its thread.
    home_.post([work = std::move(read.work), done = std::move(read.done)]() mutable { done(); });
    return true;
  }

 private:
  struct Read {
    Store::Work work;
    Store::Done done;
  };
  runtime::Scheduler& home_;
  std::mutex mutex_;
  std::deque<Read> reads_;
};

}  // namespace crossfoot::store
