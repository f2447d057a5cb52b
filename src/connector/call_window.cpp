#include "connector/call_window.h"

#include <algorithm>

namespace crossfoot::connector {

namespace {

void count(CallWindow::Counts& counts, bool failed, bool slow) {
  ++counts.calls;
  counts.failed += failed ? 1 : 0;
  counts.slow += slow ? 1 : 0;
}

}  // namespace

CallWindow::CallWindow(Duration window, Duration lookback, std::uint32_t calls_min)
    : slice_(std::max(window / static_cast<int>(slice_count), Duration{1})),
      lookback_(lookback),
      calls_min_(calls_min) {}

void CallWindow::add(Instant now, bool failed, bool slow) {
  const std::int64_t number = slice_of(now);
  Slice& slice = slices_[static_cast<std::size_t>(number) % slice_count];
  if (slice.number != number) slice = {number, {}};
  count(slice.counts, failed, slow);
  if (last_.size() < calls_min_) {
    last_.push_back({now, failed, slow});
    return;
  }
  last_[oldest_] = {now, failed, slow};
  oldest_ = (oldest_ + 1) % last_.size();
}

CallWindow::Counts CallWindow::counts(Instant now) const {
  const std::int64_t current = slice_of(now);
  Counts sum;
  for (const Slice& slice : slices_) {
    if (slice.number < 0 || slice.number + static_cast<std::int64_t>(slice_count) <= current) {
      continue;
    }
    sum.calls += slice.counts.calls;
    sum.failed += slice.counts.failed;
    sum.slow += slice.counts.slow;
  }
  if (sum.calls >= calls_min_) return sum;
  Counts last;
  for (const Ended& ended : last_) {
    if (now - ended.at <= lookback_) count(last, ended.failed, ended.slow);
  }
  return last;
}

void CallWindow::clear() {
  slices_.fill({});
  last_.clear();
  oldest_ = 0;
}

}  // namespace crossfoot::connector
