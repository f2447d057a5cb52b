#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <unordered_map>

#include "runtime/scheduler.h"

namespace crossfoot::runtime {

/// The real scheduler: one io_context, run by one thread. Wall time never runs below a floor that
/// the engine sets from the last committed `recorded_at`.
class AsioScheduler final : public Scheduler {
 public:
  explicit AsioScheduler(boost::asio::io_context& context) : context_(context) {}

  [[nodiscard]] Instant now() const override;
  [[nodiscard]] Duration monotonic() const override;
  void post(Task task) override;
  TimerId after(Duration delay, Task task) override;
  void cancel(TimerId timer) override;

  [[nodiscard]] boost::asio::io_context& context() { return context_; }

 private:
  boost::asio::io_context& context_;
  TimerId last_ = 0;
  std::unordered_map<TimerId, boost::asio::steady_timer> timers_;
};

}  // namespace crossfoot::runtime
