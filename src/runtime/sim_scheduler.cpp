#include "runtime/sim_scheduler.h"

#include <algorithm>

namespace crossfoot::runtime {

Scheduler::TimerId SimScheduler::after(Duration delay, Task task) {
  const Duration at = elapsed_ + std::max(delay, Duration{0});
  const TimerId id = ++last_;
  tasks_.emplace(Order{at, id}, std::move(task));
  times_.emplace(id, at);
  return id;
}

void SimScheduler::cancel(TimerId timer) {
  const auto at = times_.find(timer);
  if (at == times_.end()) return;
  tasks_.erase(Order{at->second, timer});
  times_.erase(at);
}

bool SimScheduler::step() {
  if (tasks_.empty()) return false;
  auto next = tasks_.extract(tasks_.begin());
  times_.erase(next.key().second);
  elapsed_ = next.key().first;
  next.mapped()();
  return true;
}

}  // namespace crossfoot::runtime
