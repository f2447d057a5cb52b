#include "runtime/asio_scheduler.h"

#include <boost/asio/post.hpp>

namespace crossfoot::runtime {

Instant AsioScheduler::now() const {
  return {std::chrono::duration_cast<Duration>(std::chrono::system_clock::now().time_since_epoch())
              .count()};
}

Duration AsioScheduler::monotonic() const {
  return std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch());
}

void AsioScheduler::post(Task task) {
  boost::asio::post(context_, std::move(task));
}

Scheduler::TimerId AsioScheduler::after(Duration delay, Task task) {
  const TimerId id = ++last_;
  auto [at, inserted] = timers_.try_emplace(id, context_, delay);
  at->second.async_wait(
      [this, id, task = std::move(task)](boost::system::error_code error) mutable {
        if (error) return;
        // It may have been cancelled between its expiry and now: then it is forgotten.
        if (timers_.erase(id) != 0) task();
      });
  return id;
}

void AsioScheduler::cancel(TimerId timer) {
  timers_.erase(timer);
}

}  // namespace crossfoot::runtime
