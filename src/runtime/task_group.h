#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <functional>
#include <memory>

namespace crossfoot::runtime {

/// The owner of spawned coroutines: no task outlives its group. One shard's thread only. The end of
/// a group is always the same: `close` (refuse new, cancel the running), `join`, destroy.
class TaskGroup {
 public:
  /// What to do with an exception that leaves a task, other than the one of its cancellation.
  using OnEscape = std::function<void(std::exception_ptr)>;

  TaskGroup(boost::asio::io_context& context, OnEscape on_escape);
  /// The group has been joined, or its context will run nothing any more.
  ~TaskGroup();
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  /// Starts the task soon. False when the group is closed; the task is then dropped unstarted.
  bool spawn(boost::asio::awaitable<void> task);
  /// Refuses new tasks and cancels the running ones: what they wait for ends with
  /// `operation_aborted`. Again is harmless.
  void close();
  /// Returns when no task is left. Does not close by itself.
  [[nodiscard]] boost::asio::awaitable<void> join();

  [[nodiscard]] std::size_t size() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace crossfoot::runtime
