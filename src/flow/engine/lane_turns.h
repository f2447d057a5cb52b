#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "flow/plan/leg.h"

namespace crossfoot::flow {

/// Whose turn it is for a target's next slot: each lane that has work gets its share
/// (`lane_shares`) of the turns, and what the others leave. A lane that had nothing to do saves up
/// no turns. Pure.
class LaneTurns {
 public:
  using Working = std::array<bool, lane_count>;  ///< the lanes that have work

  /// The lane to serve next; nothing when none has work. The higher one where turns are equal.
  [[nodiscard]] std::optional<std::size_t> next(const Working& working) const {
    std::optional<std::size_t> first;
    for (std::size_t lane = 0; lane < lane_count; ++lane) {
      if (working[lane] && (!first || turn(lane) < turn(*first))) first = lane;
    }
    return first;
  }

  void served(std::size_t lane) {
    now_ = turn(lane);
    // The least common multiple of small shares would do; a large number divides finely enough.
    turns_[lane] = now_ + 1'000'000 / lane_shares[lane];
  }

 private:
  [[nodiscard]] std::int64_t turn(std::size_t lane) const { return std::max(turns_[lane], now_); }

  std::array<std::int64_t, lane_count> turns_{};
  std::int64_t now_ = 0;
};

}  // namespace crossfoot::flow
