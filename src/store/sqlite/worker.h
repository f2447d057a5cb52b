#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace crossfoot::store::sqlite {

/// The production form of the store's executors: one thread that calls `step` until it answers that
/// nothing is left, then sleeps until it is woken.
class Worker {
 public:
  using Step = std::function<bool()>;

  /// `name`: at most 15 characters, as the system shows it.
  Worker(std::string name, Step step);
  ~Worker() { stop(); }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// There may be something to do. From any thread.
  void wake();
  /// Ends after the step under way; joins. Again is harmless.
  void stop();

 private:
  void run();

  std::string name_;
  Step step_;
  std::mutex mutex_;
  std::condition_variable signal_;
  bool woken_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace crossfoot::store::sqlite
