#include "flow/decide/policy.h"

#include <algorithm>

#include "contract/error_codes.h"

namespace crossfoot::flow {

const FaultRule& fault_rule(FaultClass fault_class) {
  static constexpr std::array<FaultRule, fault_class_count> rules{{
      {FaultClass::transient, FaultOutcome::retry, contract::error_code::target_unavailable},
      {FaultClass::throttled, FaultOutcome::retry, contract::error_code::target_throttled},
      {FaultClass::rejected, FaultOutcome::reject, contract::error_code::target_rejected},
      {FaultClass::unauthorised, FaultOutcome::park, contract::error_code::target_unauthorised},
      {FaultClass::conflict, FaultOutcome::retry, contract::error_code::target_conflict},
      {FaultClass::not_found, FaultOutcome::reject, contract::error_code::target_not_found},
      {FaultClass::corrupt, FaultOutcome::ask, contract::error_code::corrupt_answer},
      {FaultClass::cancelled, FaultOutcome::retry, contract::error_code::target_unavailable},
      {FaultClass::deadline, FaultOutcome::retry, contract::error_code::target_unavailable},
      {FaultClass::unknown_outcome, FaultOutcome::ask,
       contract::error_code::target_unknown_outcome},
  }};
  return rules[static_cast<std::size_t>(fault_class)];
}

Duration RetryPolicy::delay(std::uint16_t attempt, std::uint64_t random) const {
  Duration base = first;
  for (std::uint16_t i = 1; i < attempt && base < longest; ++i) base *= 2;
  base = std::min(base, longest);
  const auto quarter = static_cast<std::uint64_t>(base.count() / 4);
  if (quarter == 0) return base;
  return base - Duration{static_cast<std::int64_t>(quarter)} +
         Duration{static_cast<std::int64_t>(random % (2 * quarter + 1))};
}

Duration RetryPolicy::delay(std::uint16_t attempt, Duration asked, std::uint64_t random) const {
  constexpr Duration spread_max = std::chrono::seconds{10};
  const Duration own = delay(attempt, random);
  if (asked <= Duration{0}) return own;
  const auto spread = static_cast<std::uint64_t>(std::min(asked / 4, spread_max).count());
  return std::max(own, asked + Duration{static_cast<std::int64_t>(random % (spread + 1))});
}

}  // namespace crossfoot::flow
