#pragma once

#include <cstdint>
#include <functional>

#include "base/time.h"

namespace crossfoot::runtime {

/// The clock and the executor of one shard: the seam that simulation replaces. Everything posted
/// runs on the shard's one thread, in order of time, then of posting. Engine code takes time from
/// here alone.
class Scheduler {
 public:
  using Task = std::move_only_function<void()>;
  using TimerId = std::uint64_t;

  virtual ~Scheduler() = default;

  /// Wall clock in UTC. Never used for business dates.
  [[nodiscard]] virtual Instant now() const = 0;
  /// Monotonic, for deadlines; its zero means nothing.
  [[nodiscard]] virtual Duration monotonic() const = 0;

  /// Runs the task soon, never inside this call. May be called from any thread.
  virtual void post(Task task) = 0;
  /// Runs the task after the delay (at once when it is not positive). Shard thread only.
  virtual TimerId after(Duration delay, Task task) = 0;
  /// Forgets a timer that has not fired; unknown ids are ignored. Shard thread only.
  virtual void cancel(TimerId timer) = 0;
};

}  // namespace crossfoot::runtime
