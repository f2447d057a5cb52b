#pragma once

#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <span>
#include <vector>

#include "base/decimal.h"
#include "base/money.h"
#include "base/result.h"
#include "ledger/allocation.h"

namespace crossfoot::ledger {

/// How much of a line, in the line's own measure: whole units, or millionths of what is weighed or
/// cut. Nothing is lost: a quantity has at most six places.
struct LineQuantity {
  std::int64_t count = 0;  ///< >= 0
  bool measured = false;

  bool operator==(const LineQuantity&) const = default;
};

/// A quantity in its measure. Fractions are measured, whatever the line says; what is not positive
/// or beyond units_max is one unit, as in unit_count().
[[nodiscard]] LineQuantity line_quantity(const Decimal& quantity, bool measured);

/// The same quantity counted in whole units or in millionths. A broken unit counts as a whole one:
/// nobody takes half a toaster back.
[[nodiscard]] std::int64_t count_in(const LineQuantity& quantity, bool measured);

/// As people and targets write it: `2`, `0.3`.
[[nodiscard]] Decimal to_decimal(const LineQuantity& quantity);

/// Neighbouring units that got the same.
struct UnitRun {
  std::int64_t units = 0;
  std::int64_t points = 0;  ///< of each

  bool operator==(const UnitRun&) const = default;
};

/// The points of a line's units in ascending index: reversals are sums over it, exact and
/// independent of order (method A).
struct LinePoints {
  LineQuantity quantity;  ///< what was sold: the limit of returns
  /// Units behind the last run have no points. A measured line is one unit of allocation.
  boost::container::small_vector<UnitRun, 2> runs;

  bool operator==(const LinePoints&) const = default;

  /// Points of the first `count`, in the line's own measure, taken between 0 and what was sold. Of
  /// a measured line the proportion of its points, cut towards zero.
  [[nodiscard]] std::int64_t prefix(std::int64_t count) const;
  [[nodiscard]] std::int64_t sum() const { return prefix(quantity.count); }
  /// Units of allocation: a measured line is one.
  [[nodiscard]] std::int64_t units() const {
    return quantity.measured && quantity.count > 0 ? 1 : quantity.count;
  }
};

/// Share of the first `count` of a line, in the line's own measure, taken between 0 and the
/// quantity: of whole units the sum of theirs, of a measured line the proportion, cut towards zero.
/// `shares` has as many units as the line has units of allocation.
[[nodiscard]] std::int64_t share_of_first(const UnitAllocation& shares,
                                          const LineQuantity& quantity, std::int64_t count);

[[nodiscard]] LinePoints line_points(const LineQuantity& quantity, const UnitAllocation& points);

/// Adds points unit by unit; the runs are as many units as the line has, or fewer.
void add_runs(LinePoints& line, std::span<const UnitRun> runs);

/// Points of what comes back, from `from` (already back) up to `to` (back after this), both in the
/// line's own measure and between 0 and what was sold. Positive points are taken from the member.
[[nodiscard]] inline Points reversal(const LinePoints& frozen, std::int64_t from, std::int64_t to) {
  return {frozen.prefix(to) - frozen.prefix(from)};
}

/// A sold line's points: provisional until the loyalty platform has answered, then over the
/// answered points.
struct FrozenLine {
  std::uint32_t line = 0;
  LinePoints points;
  std::int64_t weight = 0;  ///< its part in the points, unrounded, up to a common factor
};

/// What a vendor says that one line earned.
struct AnsweredLine {
  std::uint32_t number = 0;
  Points points;
};

/// Freezes the answered points over the sold lines. Where `per_line` names sold lines only, each
/// once, and sums up to the answer, it decides what each line has; otherwise the answer's total
/// does. What agrees with the expectation keeps the expected points of each unit; a line that
/// differs is spread evenly over its units, a total that differs goes over all units by weight.
/// Answers whether the vendor's figures per line were used. Faults, with nothing changed:
/// nothing_to_freeze (points, but no sold line), arithmetic_range (points beyond weight_max).
[[nodiscard]] Result<bool> freeze(std::vector<FrozenLine>& lines, Points answered,
                                  std::span<const AnsweredLine> per_line);

}  // namespace crossfoot::ledger
