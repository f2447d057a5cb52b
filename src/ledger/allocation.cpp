#include "ledger/allocation.h"

#include <algorithm>
#include <boost/container/small_vector.hpp>

#include "base/invariant.h"

namespace crossfoot::ledger {

namespace {

/// A unit's fraction that was cut off, over the common denominator W (the sum of weights):
/// numerator / units.
struct Remainder {
  Wide numerator = 0;  // below units × W, under 2^91
  std::int64_t units = 0;
  std::size_t line = 0;
};

bool before(const Remainder& a, const Remainder& b) {
  const Wide left = a.numerator * b.units;
  const Wide right = b.numerator * a.units;
  return left != right ? left > right : a.line < b.line;
}

struct Quota {
  std::int64_t share = 0;
  Wide remainder = 0;
};

Quota quota(std::int64_t magnitude, std::int64_t weight, std::int64_t units, std::int64_t sum) {
  std::int64_t small_numerator = 0;
  std::int64_t small_denominator = 0;
  // Ordinary receipts fit 64 bits, where a division costs a tenth.
  if (!__builtin_mul_overflow(magnitude, weight, &small_numerator) &&
      !__builtin_mul_overflow(units, sum, &small_denominator)) {
    return {small_numerator / small_denominator, small_numerator % small_denominator};
  }
  const Wide numerator = Wide{magnitude} * weight;
  const Wide denominator = Wide{units} * sum;
  const Wide share = numerator / denominator;
  return {static_cast<std::int64_t>(share), numerator - share * denominator};
}

enum class Basis : std::uint8_t { positive, negative, quantity };

struct Weights {
  Basis basis = Basis::quantity;
  std::int64_t sum = 0;

  [[nodiscard]] std::int64_t of(const LineWeight& line) const {
    if (line.units == 0) return 0;
    if (basis == Basis::quantity) return line.units;
    return std::max<std::int64_t>(0, basis == Basis::positive ? line.weight : -line.weight);
  }
};

Weights weigh(std::span<const LineWeight> lines) {
  Wide positive = 0;
  Wide negative = 0;
  Wide units = 0;
  for (const LineWeight& line : lines) {
    INVARIANT(line.units >= 0 && line.units <= units_max, "a line has 0 to 10^9 units");
    if (line.units == 0) continue;
    (line.weight >= 0 ? positive : negative) += line.weight;
    units += line.units;
  }
  INVARIANT(positive <= weight_max && -negative <= weight_max && units <= weight_max,
            "weights sum up to at most 2^61");
  if (positive > 0) return {Basis::positive, static_cast<std::int64_t>(positive)};
  if (negative < 0) return {Basis::negative, static_cast<std::int64_t>(-negative)};
  return {Basis::quantity, static_cast<std::int64_t>(units)};
}

void allocate_magnitude(std::int64_t magnitude, std::span<const LineWeight> lines,
                        std::span<UnitAllocation> shares) {
  const Weights weights = weigh(lines);
  if (weights.sum == 0) {
    INVARIANT(!lines.empty(), "an amount needs a line to go to");
    shares[0] = {magnitude, 0, 1};
    return;
  }
  std::int64_t left = magnitude;
  boost::container::small_vector<Remainder, 16> remainders;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::int64_t weight = weights.of(lines[i]);
    if (weight == 0) continue;
    const Quota unit = quota(magnitude, weight, lines[i].units, weights.sum);
    shares[i].base_per_unit = unit.share;
    left -= unit.share * lines[i].units;
    if (unit.remainder != 0) remainders.push_back({unit.remainder, lines[i].units, i});
  }
  if (left == 0) return;
  std::ranges::sort(remainders, before);
  for (const Remainder& next : remainders) {
    const std::int64_t taken = std::min(left, next.units);
    UnitAllocation& share = shares[next.line];
    if (taken == next.units) {
      ++share.base_per_unit;
    } else {
      share.plus_one_units = taken;
    }
    left -= taken;
    if (left == 0) return;
  }
  INVARIANT(left == 0, "the fractions that were cut off make up what is left");
}

}  // namespace

std::int64_t UnitAllocation::prefix(std::int64_t t) const {
  const std::int64_t count = std::clamp<std::int64_t>(t, 0, units);
  const std::int64_t more = std::min(count, plus_one_units < 0 ? -plus_one_units : plus_one_units);
  return base_per_unit * count + (plus_one_units < 0 ? -more : more);
}

void allocate(std::int64_t total, std::span<const LineWeight> lines,
              std::span<UnitAllocation> shares) {
  INVARIANT(lines.size() == shares.size(), "every line has its share");
  INVARIANT(total <= weight_max && total >= -weight_max, "a total is at most 2^61");
  for (std::size_t i = 0; i < lines.size(); ++i) shares[i] = {0, 0, lines[i].units};
  if (total == 0) return;
  allocate_magnitude(total < 0 ? -total : total, lines, shares);
  std::int64_t sum = 0;
  for (UnitAllocation& share : shares) {
    if (total < 0) share = share.mirrored();
    sum += share.sum();
  }
  INVARIANT(sum == total, "an allocation gives out the whole total");
}

std::vector<UnitAllocation> allocate(std::int64_t total, std::span<const LineWeight> lines) {
  std::vector<UnitAllocation> shares(lines.size());
  allocate(total, lines, shares);
  return shares;
}

UnitAllocation spread_evenly(std::int64_t total, std::int64_t units) {
  INVARIANT(units >= 1, "there is a unit to spread over");
  return {total / units, total % units, units};
}

std::int64_t unit_count(const Decimal& quantity, bool measured) {
  if (measured || quantity.units <= 0) return 1;
  if (quantity.scale == 0) return quantity.units <= units_max ? quantity.units : 1;
  const std::int64_t one = power_of_ten(quantity.scale);
  if (quantity.units % one != 0) return 1;
  const std::int64_t whole = quantity.units / one;
  return whole <= units_max ? whole : 1;
}

}  // namespace crossfoot::ledger
