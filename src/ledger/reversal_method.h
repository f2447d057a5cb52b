#pragma once

#include <cstdint>
#include <span>

#include "ledger/accrual.h"
#include "ledger/line_points.h"
#include "ledger/policies.h"

namespace crossfoot::ledger {

/// What has come back of a line in total, in the sold line's own measure (LineQuantity::count).
struct ReturnedLine {
  std::uint32_t line = 0;  ///< number of the sold line
  std::int64_t count = 0;
};

/// A sale as it was frozen, with the rules of its own time; all of it outlives the call.
struct EarnedSale {
  const Programme& programme;  ///< the version that was in force at the sale
  const contract::Transaction& transaction;
  const Pricing& pricing;
  LocalTime at;            ///< the shop's wall clock at the sale
  const Accrual& accrual;  ///< for the frozen eligible amounts
  std::span<const FrozenLine> frozen;
};

/// Points that a sale has given back in total once `returned` is back, by one of the reversal
/// methods: frozen allocation (V7), cumulative proportion, recomputing over what is kept (V8), all
/// or nothing. What one return takes is the difference of two totals, so every method takes exactly
/// what was earned once all is back, whatever came first; the steps of B and C depend on the order,
/// those of A do not.
///
/// Returned lines may be named more than once and their counts add up; beyond what was sold they
/// count as all, lines that were not sold count nothing. B weighs a unit by its even part of its
/// line's weight, so that a campaign's points go with the goods they were given for (V21), and
/// rounds by the programme's rule. C never takes more or less than between nothing and what was
/// earned, also where the platform answered other points than the rules give.
///
/// Points, not negative where what was earned is not. Faults of accrue(), with method C only.
[[nodiscard]] Result<Points> taken_back(const EarnedSale& sale, ReversalMethod method,
                                        std::span<const ReturnedLine> returned);

}  // namespace crossfoot::ledger
