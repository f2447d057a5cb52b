#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/decimal.h"

namespace crossfoot::ledger {

/// What each unit of one line got. The first |plus_one_units| units, in ascending index, get one
/// more than the others: `base_per_unit` + the sign of `plus_one_units`. Negative allocations
/// mirror positive ones, so both fields of a share of -10 are minus those of a share of 10.
struct UnitAllocation {
  std::int64_t base_per_unit = 0;
  std::int64_t plus_one_units = 0;
  std::int64_t units = 0;  ///< >= 0

  bool operator==(const UnitAllocation&) const = default;

  /// Sum over the first `t` units; `t` is taken between 0 and `units`.
  [[nodiscard]] std::int64_t prefix(std::int64_t t) const;
  [[nodiscard]] std::int64_t sum() const { return base_per_unit * units + plus_one_units; }
  /// Share of the unit with this index, 0 <= index < units.
  [[nodiscard]] std::int64_t at(std::int64_t index) const {
    return prefix(index + 1) - prefix(index);
  }
  [[nodiscard]] UnitAllocation mirrored() const { return {-base_per_unit, -plus_one_units, units}; }
};

/// A line in an allocation: its `units` are alike and share `weight` equally, so that one unit
/// weighs weight / units, exactly. A line of zero units takes no part.
struct LineWeight {
  std::int64_t weight = 0;
  std::int64_t units = 1;  ///< 0 … units_max
};

inline constexpr std::int64_t units_max = 1'000'000'000;
/// Limit of the sum of weights, and of the total.
inline constexpr std::int64_t weight_max = std::int64_t{1} << 61;

/// Largest remainder (Hamilton) over single units, flat over all lines, in closed form per line: a
/// line of 74,000 units costs what a line of one costs (DOMAIN 7.1, V1). Ties go to the earlier
/// line, then to the earlier unit. A negative total mirrors the positive one. Only the lines of
/// positive weight share, or, where there is none, those of negative weight: lines of opposite sign
/// are allocated apart, by calls of their own. When all weights are zero every unit counts alike;
/// without units the first line takes all as one unit. The sum of the result is the total, always.
/// Needs |total| and the sum of |weights| up to weight_max, and a line if the total is not zero.
void allocate(std::int64_t total, std::span<const LineWeight> lines,
              std::span<UnitAllocation> shares);
[[nodiscard]] std::vector<UnitAllocation> allocate(std::int64_t total,
                                                   std::span<const LineWeight> lines);

/// `total` over `units` >= 1 equal units, the earlier ones first.
[[nodiscard]] UnitAllocation spread_evenly(std::int64_t total, std::int64_t units);

/// Units of allocation in a quantity. Measured goods, fractions, and what is beyond units_max or
/// not positive are one unit.
[[nodiscard]] std::int64_t unit_count(const Decimal& quantity, bool measured);

}  // namespace crossfoot::ledger
