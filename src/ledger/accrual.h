#pragma once

#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ledger/allocation.h"
#include "ledger/pricing.h"
#include "ledger/programme.h"

namespace crossfoot::ledger {

/// numerator / denominator points, unrounded; denominator > 0, not in lowest terms.
struct ExactPoints {
  Wide numerator = 0;
  Wide denominator = 1;
};

enum class ComponentKind : std::uint8_t { base, tier, campaign };

/// What one rule adds to the unrounded points: the base, the tier's surplus, a campaign's surplus.
struct Component {
  ComponentKind kind = ComponentKind::base;
  std::uint32_t index = 0;  ///< of the tier or the campaign in the programme
  Money eligible;           ///< of the lines it holds for
  Wide numerator = 0;       ///< over Accrual::exact.denominator
};

struct AccruedLine {
  std::uint32_t number = 0;
  Money eligible;           ///< what is left to earn on
  std::int64_t weight = 0;  ///< the line's part in the points, unrounded, up to a common factor
  UnitAllocation points;    ///< no units on a returned line
};

/// The points that a receipt earns by Crossfoot's copy of the rules: an expectation, until the
/// loyalty platform has answered (DOMAIN 7.2).
struct Accrual {
  Points total;
  ExactPoints exact;
  Rounding rounding = Rounding::floor;
  Money eligible;
  Money excluded;                  ///< paid with tenders that do not earn, on the programme's base
  std::vector<AccruedLine> lines;  ///< index by index those of the transaction
  boost::container::small_vector<Component, 3> components;  ///< they sum up to `exact`
};

/// Points of a sale, or of an exchange's sold lines; zero for other kinds and without a member.
/// Eligible is what a line of an earning kind costs after discounts, less its share of the tenders
/// that do not earn: base × excluded / amount due, rounded half up, over all sold units by largest
/// remainder. All components are summed unrounded and rounded once; the points go to the units by
/// largest remainder, weighed by what each unit's components come to. `at` is the shop's wall
/// clock. Faults: rate_missing (currency), arithmetic_range (beyond 128-bit products, or more than 32
/// campaigns on one receipt). Deterministic; nothing is looked up.
[[nodiscard]] Result<Accrual> accrue(const Programme& programme,
                                     const contract::Transaction& transaction,
                                     const Pricing& pricing, LocalTime at);

/// For people, one sentence a component, then the rounding: why did this customer get 38 points?
[[nodiscard]] std::vector<std::string> explain(const Accrual& accrual, const Programme& programme);

/// What a vendor says that one line earned.
struct AnsweredLine {
  std::uint32_t number = 0;
  Points points;
};

struct FrozenPoints {
  std::uint32_t number = 0;
  UnitAllocation points;
};

/// Points per unit, fixed once: reversals are sums over it, exact and independent of order (method
/// A).
struct FrozenAllocation {
  Points total;
  std::vector<FrozenPoints> lines;  ///< the sold ones, in the order of the transaction
  bool by_vendor_lines = false;     ///< made over the vendor's figures per line
};

/// Freezes the answered points over the sold units. Where `per_line` names sold lines only, each
/// once, and sums up to the answer, each line's figure is spread evenly over its units; otherwise
/// the total goes over all units by the weights of the expectation. Fault nothing_to_freeze:
/// points, but no sold line; arithmetic_range: points beyond weight_max.
[[nodiscard]] Result<FrozenAllocation> freeze(Points answered,
                                              std::span<const AnsweredLine> per_line,
                                              const Accrual& accrual);
/// The same with the expectation computed here.
[[nodiscard]] Result<FrozenAllocation> freeze(Points answered,
                                              std::span<const AnsweredLine> per_line,
                                              const contract::Transaction& transaction,
                                              const Pricing& pricing, const Programme& programme,
                                              LocalTime at);

/// Points of the units from `from_units` (already returned) up to `to_units` (returned after this),
/// both between 0 and the line's units. Positive points are taken from the member.
[[nodiscard]] inline Points reversal(const UnitAllocation& frozen, std::int64_t from_units,
                                     std::int64_t to_units) {
  return {frozen.prefix(to_units) - frozen.prefix(from_units)};
}

}  // namespace crossfoot::ledger
