#include "progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

namespace crossfoot::app {

Duration monotonic_now() {
  return std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch());
}

Progress::Progress(std::string title, std::uint64_t total, std::string_view unit)
    : title_(std::move(title)),
      total_(total),
      unit_(unit),
      terminal_(isatty(STDERR_FILENO) == 1),
      began_(monotonic_now()) {}

Progress::~Progress() {
  finish();
}

void Progress::at(std::uint64_t done) {
  done_ = done;
  const Duration now = monotonic_now();
  if (!terminal_ || now - drawn_ < std::chrono::milliseconds{100}) return;
  drawn_ = now;
  draw();
}

void Progress::draw() {
  constexpr std::uint64_t width = 30;
  const std::uint64_t filled = total_ == 0 ? width : std::min(width, done_ * width / total_);
  const auto elapsed = std::max<std::int64_t>((monotonic_now() - began_).count(), 1);
  const std::uint64_t rate = done_ * 1'000'000 / static_cast<std::uint64_t>(elapsed);
  fmt::print(stderr, "\r{:<28} [{}{}] {}/{} {} ({} {}/s) ", title_, std::string(filled, '#'),
             std::string(width - filled, '.'), done_, total_, unit_, rate, unit_);
  std::fflush(stderr);
}

void Progress::finish() {
  if (finished_) return;
  finished_ = true;
  if (terminal_) {
    draw();
    fmt::print(stderr, "\n");
    return;
  }
  const auto elapsed = std::max<std::int64_t>((monotonic_now() - began_).count(), 1);
  fmt::print(stderr, "{}: {} {} in {}.{:01} s\n", title_, done_, unit_, elapsed / 1'000'000,
             elapsed / 100'000 % 10);
}

}  // namespace crossfoot::app
