#pragma once

#include <map>
#include <utility>

#include "runtime/scheduler.h"

namespace crossfoot::runtime {

/// Virtual time: tasks run when `step` is called, in (time, posting) order; time jumps to the next
/// task. Single-threaded, deterministic.
class SimScheduler final : public Scheduler {
 public:
  explicit SimScheduler(Instant start) : start_(start) {}

  [[nodiscard]] Instant now() const override { return start_ + elapsed_ + skew_; }
  [[nodiscard]] Duration monotonic() const override { return elapsed_; }
  void post(Task task) override { after(Duration{0}, std::move(task)); }
  TimerId after(Duration delay, Task task) override;
  void cancel(TimerId timer) override;

  /// Runs the next task; false when none is left.
  bool step();
  /// When the next task is due; nothing when none is left.
  [[nodiscard]] bool idle() const { return tasks_.empty(); }
  [[nodiscard]] Duration next_at() const { return tasks_.begin()->first.first; }
  /// Drops everything that was posted: the process has died.
  void crash() {
    tasks_.clear();
    times_.clear();
  }
  /// Moves the wall clock against the monotonic one.
  void jump(Duration by) { skew_ += by; }

 private:
  using Order = std::pair<Duration, TimerId>;

  Instant start_;
  Duration elapsed_{0};
  Duration skew_{0};
  TimerId last_ = 0;
  std::map<Order, Task> tasks_;
  std::map<TimerId, Duration> times_;
};

}  // namespace crossfoot::runtime
