#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace crossfoot::store {

/// The production form of the store's executors: one thread that calls `step` until it answers that
/// nothing is left, then sleeps until it is woken.
class Worker {
 public:
  using Step = std::function<bool()>;

  /// `name`: at most 15 characters, as the system shows it. `pace`: steps begin at least so far
  /// apart, so that what comes meanwhile is gathered; the first after a rest begins at once.
  Worker(std::string name, Step step, std::chrono::microseconds pace = {});
  ~Worker() { stop(); }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// There may be something to do. From any thread.
  void wake();
  /// Ends after the step under way; joins. Again is harmless.
  void stop();

 private:
  void run();
  /// False when it is to stop.
  bool keep_pace();

  std::string name_;
  Step step_;
  std::chrono::microseconds pace_;
  std::chrono::steady_clock::time_point begun_{};
  std::mutex mutex_;
  std::condition_variable signal_;
  bool woken_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace crossfoot::store
