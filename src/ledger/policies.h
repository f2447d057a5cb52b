#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/decimal.h"
#include "base/money.h"

namespace crossfoot::ledger {

/// numerator / denominator, denominator > 0; no common factor.
struct Ratio {
  std::int64_t numerator = 1;
  std::int64_t denominator = 1;

  bool operator==(const Ratio&) const = default;
};
[[nodiscard]] Ratio to_ratio(const Decimal& value);

/// What returned units take back of the points of their receipt (reversal_method.h).
enum class ReversalMethod : std::uint8_t {
  frozen,           ///< A: the points that each unit was frozen with; the default
  proportional,     ///< B: cumulative proportion of the receipt's points
  recompute,        ///< C: the rules run again over what is kept
  on_full_return,   ///< D: nothing until everything is back
  on_first_return,  ///< D: everything with the first unit
};

/// What returned units are worth in money (refund_valuation.h).
enum class RefundValuation : std::uint8_t {
  frozen,    ///< what was paid for them
  rejudged,  ///< what was paid less what the kept units cost by the basket's own promotions
};

/// An order discount with the rule behind it. A receipt's discount belongs to it when its reason is
/// the `id` and its currency that of `spend_from`.
struct BasketPromotion {
  std::string id;
  Money spend_from;                 ///< the kept goods must be worth as much; >= 0
  Ratio percentage{0, 1};           ///< of what the goods are worth, 0 … 1
  std::optional<Money> amount_off;  ///< instead of a percentage; > 0, same currency
};

struct ReturnPolicy {
  ReversalMethod reversal_method = ReversalMethod::frozen;
  RefundValuation refund_valuation = RefundValuation::frozen;
  std::vector<BasketPromotion> basket_promotions;  ///< each id and currency once
};

}  // namespace crossfoot::ledger
