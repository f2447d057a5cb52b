#pragma once

#include <csignal>

namespace crossfoot::app {

/// Blocks SIGINT and SIGTERM for this thread and all it starts, so that `wait` receives them.
class StopSignals {
 public:
  StopSignals() {
    sigemptyset(&set_);
    sigaddset(&set_, SIGINT);
    sigaddset(&set_, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &set_, nullptr);
  }
  /// Returns when one of them arrives.
  void wait() {
    int number = 0;
    sigwait(&set_, &number);
  }

 private:
  sigset_t set_{};
};

}  // namespace crossfoot::app
