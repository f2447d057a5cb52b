#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.h"

namespace crossfoot::app {

/// A progress bar on standard error while it is a terminal; silent otherwise, but for one line a
/// phase. Redraws at most ten times a second.
class Progress {
 public:
  /// `unit`: what is counted, for the rate: `rows`.
  Progress(std::string title, std::uint64_t total, std::string_view unit);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void at(std::uint64_t done);
  void finish();

 private:
  void draw();

  std::string title_;
  std::uint64_t total_;
  std::string_view unit_;
  std::uint64_t done_ = 0;
  bool terminal_;
  bool finished_ = false;
  Duration began_;
  Duration drawn_{0};
};

[[nodiscard]] Duration monotonic_now();

}  // namespace crossfoot::app
