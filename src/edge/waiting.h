#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "runtime/scheduler.h"

/// How a coroutine waits for a callback. All on one shard's thread.
namespace crossfoot::edge {

/// A callback that is called exactly once: with a value, or with none when its holder is destroyed
/// without calling it (an engine that is given up drops its callbacks).
template <class T>
class Once {
 public:
  using Function = std::move_only_function<void(std::optional<T>)>;

  explicit Once(Function function) : function_(std::move(function)) {}
  Once(Once&& other) noexcept : function_(std::exchange(other.function_, nullptr)) {}
  Once& operator=(Once&&) = delete;
  ~Once() {
    if (function_) function_(std::nullopt);
  }

  void operator()(T value) {
    if (Function function = std::exchange(function_, nullptr)) function(std::move(value));
  }

 private:
  Function function_;
};

/// Whose coroutines they are. When the owner is gone, what would wake is destroyed instead.
struct Home {
  runtime::Scheduler& scheduler;
  std::weak_ptr<const bool> owner;

  void post(runtime::Scheduler::Task task) const {
    scheduler.post([of = owner, run = std::move(task)]() mutable {
      if (!of.expired()) run();
    });
  }
};

/// A coroutine's place to sleep. It wakes by a task of its own, never inside the call that wakes
/// it, so that the engine is not entered again from within.
class Sleeper {
 public:
  explicit Sleeper(Home home) : home_(std::move(home)) {}

  /// Until `wake`. At most one coroutine sleeps here.
  [[nodiscard]] boost::asio::awaitable<void> sleep() {
    return boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void()>(
        [this](auto handler) { resume_ = std::move(handler); }, boost::asio::use_awaitable);
  }
  void wake() {
    if (resume_) home_.post(std::exchange(resume_, nullptr));
  }
  /// Lets other tasks run first.
  [[nodiscard]] boost::asio::awaitable<void> yield() {
    return boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void()>(
        [this](auto handler) { home_.post(std::move(handler)); }, boost::asio::use_awaitable);
  }

 private:
  Home home_;
  std::move_only_function<void()> resume_;
};

/// One value that is awaited.
template <class T>
class Slot : public std::enable_shared_from_this<Slot<T>> {
 public:
  explicit Slot(Home home) : sleeper_(std::move(home)) {}

  /// What the other side calls. The slot lives as long as it.
  [[nodiscard]] Once<T> callback() {
    return Once<T>([self = this->shared_from_this()](std::optional<T> value) {
      self->value_ = std::move(value);
      self->done_ = true;
      self->sleeper_.wake();
    });
  }
  [[nodiscard]] bool done() const { return done_; }
  [[nodiscard]] boost::asio::awaitable<void> wait() { return sleeper_.sleep(); }
  /// No value: the callback was dropped.
  [[nodiscard]] std::optional<T> take() { return std::move(value_); }

 private:
  Sleeper sleeper_;
  std::optional<T> value_;
  bool done_ = false;
};

/// The value once it is there.
template <class T>
[[nodiscard]] boost::asio::awaitable<std::optional<T>> value_of(std::shared_ptr<Slot<T>> slot) {
  if (!slot->done()) co_await slot->wait();
  co_return slot->take();
}

}  // namespace crossfoot::edge
