#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <thread>

#include "base/time.h"
#include "runtime/asio_scheduler.h"
#include "runtime/task_group.h"

namespace crossfoot::runtime {

/// One io_context with its one thread, its scheduler and its tasks. Everything that belongs to a
/// shard is touched on its thread alone; other threads post or use bounded queues.
class Shard {
 public:
  explicit Shard(TaskGroup::OnEscape on_escape);
  /// Stops, with a grace of nothing, if nobody did.
  ~Shard();
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  /// Starts the thread. Once.
  void start();
  /// From another thread: closes the task group, waits up to `grace` for its tasks to end, ends the
  /// thread. True when all tasks had ended. Again is harmless.
  bool stop(Duration grace);
  /// Runs the function on the shard's thread and waits for it. Never from the shard's own thread.
  void run(std::function<void()> function);

  [[nodiscard]] boost::asio::io_context& context() { return context_; }
  [[nodiscard]] AsioScheduler& scheduler() { return scheduler_; }
  [[nodiscard]] TaskGroup& tasks() { return tasks_; }
  [[nodiscard]] bool on_thread() const { return std::this_thread::get_id() == thread_.get_id(); }

 private:
  boost::asio::io_context context_{1};
  AsioScheduler scheduler_{context_};
  TaskGroup tasks_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::thread thread_;
};

}  // namespace crossfoot::runtime
