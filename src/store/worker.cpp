#include "store/worker.h"

#include <pthread.h>

#include <utility>

namespace crossfoot::store {

Worker::Worker(std::string name, Step step, std::chrono::microseconds pace)
    : name_(std::move(name)), step_(std::move(step)), pace_(pace), thread_([this] { run(); }) {}

void Worker::wake() {
  {
    const std::lock_guard lock(mutex_);
    if (woken_) return;
    woken_ = true;
  }
  signal_.notify_one();
}

void Worker::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  signal_.notify_one();
  if (thread_.joinable()) thread_.join();
}

bool Worker::keep_pace() {
  std::unique_lock lock(mutex_);
  if (signal_.wait_until(lock, begun_ + pace_, [this] { return stopping_; })) return false;
  begun_ = std::chrono::steady_clock::now();
  return true;
}

void Worker::run() {
  pthread_setname_np(pthread_self(), name_.c_str());
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      signal_.wait(lock, [this] { return woken_ || stopping_; });
      if (stopping_) return;
      woken_ = false;
    }
    for (bool more = true; more;) {
      if (pace_.count() > 0 && !keep_pace()) return;
      more = step_();
      const std::lock_guard lock(mutex_);
      if (stopping_) return;
    }
  }
}

}  // namespace crossfoot::store
