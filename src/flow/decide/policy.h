#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/fault.h"
#include "base/time.h"

namespace crossfoot::flow {

/// What follows from a fault of a call, by its class: the one table (docs/reference/faults.md
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
/// has not succeeded within the budget is dead.
struct RetryPolicy {
  Duration first{std::chrono::milliseconds{200}};
  Duration longest{std::chrono::seconds{60}};
  Duration budget{std::chrono::hours{72}};

  bool operator==(const RetryPolicy&) const = default;

  /// The delay after the n-th failed attempt (n >= 1); `random` spreads it by ±25 %.
  [[nodiscard]] Duration delay(std::uint16_t attempt, std::uint64_t random) const;
};

}  // namespace crossfoot::flow
