#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/time.h"

namespace crossfoot::connector {

/// How the last calls ended. Looks at all calls of the window; when those are too few to judge by,
/// at the last `calls_min` however long they took to come together, up to `lookback`: a shop that
/// sells twice a minute is judged too. Pure; a few hundred bytes.
class CallWindow {
 public:
  struct Counts {
    std::uint32_t calls = 0;
    std::uint32_t failed = 0;
    std::uint32_t slow = 0;
  };

  /// `window` and `lookback` are above zero, `calls_min` is at least 1.
  CallWindow(Duration window, Duration lookback, std::uint32_t calls_min);

  void add(Instant now, bool failed, bool slow);
  /// Fewer calls than `calls_min`: too few to judge by.
  [[nodiscard]] Counts counts(Instant now) const;
  void clear();

 private:
  static constexpr std::size_t slice_count = 10;
  struct Slice {
    std::int64_t number = -1;  ///< of the slice of time that it counts
    Counts counts;
  };
  struct Ended {
    Instant at;
    bool failed = false;
    bool slow = false;
  };

  [[nodiscard]] std::int64_t slice_of(Instant at) const { return at.micros / slice_.count(); }

  Duration slice_;
  Duration lookback_;
  std::size_t calls_min_;
  std::array<Slice, slice_count> slices_;
  std::vector<Ended> last_;  ///< a ring of the last calls_min
  std::size_t oldest_ = 0;
};

}  // namespace crossfoot::connector
