#pragma once

#include <map>
#include <utility>

#include "runtime/scheduler.h"

namespace crossfoot::flow::sim {

/// For simulations: the server's own view of the world's scheduler. While it is frozen (a stopped
/// process, a paused virtual machine) none of the server's tasks run and the world goes on; when it
/// thaws, everything that has become due meanwhile runs in the order of its time. Outlives
/// everything that it was given.
class FreezableScheduler final : public runtime::Scheduler {
 public:
  explicit FreezableScheduler(runtime::Scheduler& world) : world_(world) {}

  [[nodiscard]] Instant now() const override { return world_.now(); }
  [[nodiscard]] Duration monotonic() const override { return world_.monotonic(); }
  void post(Task task) override { after(Duration{0}, std::move(task)); }
  TimerId after(Duration delay, Task task) override {
    const TimerId id = ++last_;
    tasks_.emplace(id, std::move(task));
    world_.after(delay, [this, id] { run(id); });
    return id;
  }
  void cancel(TimerId timer) override { tasks_.erase(timer); }

  void freeze(Duration how_long) { thaws_at_ = std::max(thaws_at_, world_.monotonic() + how_long); }
  [[nodiscard]] bool frozen() const { return world_.monotonic() < thaws_at_; }

 private:
  void run(TimerId id) {
    if (frozen()) {
      world_.after(thaws_at_ - world_.monotonic(), [this, id] { run(id); });
      return;
    }
    auto task = tasks_.extract(id);
    if (!task.empty()) task.mapped()();
  }

  runtime::Scheduler& world_;
  Duration thaws_at_{0};
  TimerId last_ = 0;
  std::map<TimerId, Task> tasks_;
};

}  // namespace crossfoot::flow::sim
