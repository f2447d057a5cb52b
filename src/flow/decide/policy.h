#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "base/fault.h"
#include "base/time.h"

namespace crossfoot::flow {

/// What follows from a fault of a call, by its class: the one table (docs/reference/policy.md
/// prints it).
enum class FaultOutcome : std::uint8_t {
  retry,   ///< nothing happened: again after a delay
  ask,     ///< the call may have happened: resolve the unknown outcome
  reject,  ///< refused for good: a person decides
  park,    ///< needs something from outside before it makes sense to go on
};

struct FaultRule {
  FaultClass fault_class;
  FaultOutcome outcome;
  std::string_view code;  ///< public code of the leg's reason
};

[[nodiscard]] const FaultRule& fault_rule(FaultClass fault_class);

/// Delays between attempts: exponential from first to longest with jitter of a quarter; a leg that
/// has not succeeded within the budget, in time or in tries, is dead.
struct RetryPolicy {
  Duration first{std::chrono::milliseconds{200}};
  Duration longest{std::chrono::seconds{60}};
  Duration budget{std::chrono::hours{72}};
  std::uint16_t tries_max = 0;  ///< 0: as many as the time allows

  bool operator==(const RetryPolicy&) const = default;

  /// The delay after the n-th failed attempt (n >= 1); `random` spreads it by ±25 %.
  [[nodiscard]] Duration delay(std::uint16_t attempt, std::uint64_t random) const;
  /// The same when the target asked for a pause: not before that, and spread behind it by up to a
  /// quarter (at most ten seconds), so that what was sent away together does not come back so.
  [[nodiscard]] Duration delay(std::uint16_t attempt, Duration asked, std::uint64_t random) const;
  /// Whether nothing is left after so many tries since then.
  [[nodiscard]] bool is_used_up(std::uint16_t tries, Duration since_first) const {
    return since_first > budget || (tries_max > 0 && tries >= tries_max);
  }
};

/// How one target's faults are tried again.
struct RetrySchedule {
  RetryPolicy usual;
  std::vector<std::pair<FaultClass, RetryPolicy>> by_class;  ///< classes that differ, each once

  bool operator==(const RetrySchedule&) const = default;

  [[nodiscard]] const RetryPolicy& of(FaultClass fault_class) const {
    for (const auto& [own, policy] : by_class) {
      if (own == fault_class) return policy;
    }
    return usual;
  }
};

}  // namespace crossfoot::flow
