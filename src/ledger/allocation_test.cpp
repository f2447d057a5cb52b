// Goal: allocations follow their laws: they sum up, mirror, and agree with a loop over single
// units.
#include "ledger/allocation.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <numeric>

namespace crossfoot::ledger {
namespace {

/// The same rule said unit by unit: floor quotas over a common denominator, then the largest
/// remainders in unit order.
std::vector<std::vector<std::int64_t>> by_single_units(std::int64_t total,
                                                       const std::vector<LineWeight>& lines) {
  struct Unit {
    std::size_t line = 0;
    Wide weight = 0;
    Wide remainder = 0;
    std::int64_t share = 0;
  };
  std::int64_t common = 1;
  for (const LineWeight& line : lines) common = std::lcm(common, line.units);
  std::vector<Unit> units;
  Wide sum = 0;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    for (std::int64_t u = 0; u < lines[i].units; ++u) {
      units.push_back({i, Wide{lines[i].weight} * (common / lines[i].units), 0, 0});
      sum += units.back().weight;
    }
  }
  if (sum == 0) {
    for (Unit& unit : units) unit.weight = 1;
    sum = static_cast<Wide>(units.size());
  }
  std::int64_t left = total;
  for (Unit& unit : units) {
    unit.share = static_cast<std::int64_t>(total * unit.weight / sum);
    unit.remainder = total * unit.weight % sum;
    left -= unit.share;
  }
  std::vector<Unit*> order;
  for (Unit& unit : units) order.push_back(&unit);
  std::ranges::sort(order, [](const Unit* a, const Unit* b) {
    return a->remainder != b->remainder ? a->remainder > b->remainder : a < b;
  });
  for (std::int64_t i = 0; i < left; ++i) ++order[static_cast<std::size_t>(i)]->share;
  std::vector<std::vector<std::int64_t>> shares(lines.size());
  for (const Unit& unit : units) shares[unit.line].push_back(unit.share);
  return shares;
}

std::vector<LineWeight> some_lines(std::int64_t weight_limit, std::int64_t units_limit) {
  const auto size = *rc::gen::inRange<std::size_t>(1, 8);
  return *rc::gen::container<std::vector<LineWeight>>(
      size, rc::gen::construct<LineWeight>(rc::gen::inRange<std::int64_t>(0, weight_limit),
                                           rc::gen::inRange<std::int64_t>(1, units_limit)));
}

RC_GTEST_PROP(Allocation, AgreesWithSingleUnits, ()) {
  const auto lines = some_lines(50, 9);
  const auto total = *rc::gen::inRange<std::int64_t>(0, 300);
  const auto shares = allocate(total, lines);
  const auto expected = by_single_units(total, lines);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    std::vector<std::int64_t> units;
    for (std::int64_t u = 0; u < shares[i].units; ++u) units.push_back(shares[i].at(u));
    RC_ASSERT(units == expected[i]);
  }
}

RC_GTEST_PROP(Allocation, SumsUpAtAnySize, ()) {
  const auto lines = some_lines(1'000'000'000'000'000, units_max);
  const auto total = *rc::gen::inRange<std::int64_t>(-weight_max, weight_max);
  std::int64_t sum = 0;
  for (const UnitAllocation& share : allocate(total, lines)) sum += share.prefix(share.units);
  RC_ASSERT(sum == total);
}

RC_GTEST_PROP(Allocation, NegativeTotalsMirror, ()) {
  const auto lines = some_lines(10'000, 50);
  const auto total = *rc::gen::inRange<std::int64_t>(0, 100'000);
  const auto positive = allocate(total, lines);
  const auto negative = allocate(-total, lines);
  for (std::size_t i = 0; i < lines.size(); ++i) RC_ASSERT(negative[i] == positive[i].mirrored());
}

RC_GTEST_PROP(Allocation, AnySplitOfReturnsTakesAll, ()) {
  const auto lines = some_lines(10'000, 50);
  const auto total = *rc::gen::inRange<std::int64_t>(-1'000, 1'000);
  for (const UnitAllocation& share : allocate(total, lines)) {
    std::int64_t from = 0;
    std::int64_t taken = 0;
    while (from < share.units) {
      const auto to = from + *rc::gen::inRange<std::int64_t>(1, share.units - from + 1);
      taken += share.prefix(to) - share.prefix(from);
      from = to;
    }
    RC_ASSERT(taken == share.sum());
  }
}

TEST(Allocation, ManyUnitsInClosedForm) {
  // Goal: a line of 74,000 units gives its first units the odd points, without a loop over them.
  const std::vector<LineWeight> lines{{74'000 * 15, 74'000}, {99, 1}};
  const auto shares = allocate(11'100, lines);
  EXPECT_EQ(shares[0].base_per_unit, 0);
  EXPECT_EQ(shares[0].plus_one_units, 11'099);
  EXPECT_EQ(shares[1], (UnitAllocation{1, 0, 1}));
}

TEST(Allocation, TiesGoToTheEarlierLineThenUnit) {
  // Goal: three like units and two points: the first two units get them, across lines.
  const std::vector<LineWeight> lines{{10, 1}, {20, 2}};
  const auto shares = allocate(2, lines);
  EXPECT_EQ(shares[0], (UnitAllocation{1, 0, 1}));
  EXPECT_EQ(shares[1], (UnitAllocation{0, 1, 2}));
}

TEST(Allocation, WithoutWeightByQuantityThenTheFirstLine) {
  // Goal: weights of zero still give out the whole total.
  EXPECT_EQ(allocate(5, std::vector<LineWeight>{{0, 1}, {0, 3}}),
            (std::vector<UnitAllocation>{{2, 0, 1}, {1, 0, 3}}));
  EXPECT_EQ(allocate(5, std::vector<LineWeight>{{7, 0}, {0, 0}}),
            (std::vector<UnitAllocation>{{5, 0, 1}, {0, 0, 0}}));
}

TEST(Allocation, OppositeSignsApart) {
  // Goal: a line of the other sign gets nothing; where all are negative they share.
  EXPECT_EQ(allocate(10, std::vector<LineWeight>{{30, 1}, {-20, 1}}),
            (std::vector<UnitAllocation>{{10, 0, 1}, {0, 0, 1}}));
  EXPECT_EQ(allocate(-10, std::vector<LineWeight>{{-30, 1}, {-20, 1}}),
            (std::vector<UnitAllocation>{{-6, 0, 1}, {-4, 0, 1}}));
}

TEST(Allocation, UnitCount) {
  // Goal: measured goods and fractions are one unit, whole quantities as many as they say.
  EXPECT_EQ(unit_count(*parse_decimal("74000"), false), 74'000);
  EXPECT_EQ(unit_count(*parse_decimal("3.000"), false), 3);
  EXPECT_EQ(unit_count(*parse_decimal("3.000"), true), 1);
  EXPECT_EQ(unit_count(*parse_decimal("0.352"), false), 1);
  EXPECT_EQ(unit_count(*parse_decimal("-4"), false), 1);
  EXPECT_EQ(unit_count(*parse_decimal("1000000001"), false), 1);
}

TEST(Allocation, PrefixStaysWithinTheLine) {
  // Goal: more units than were sold take no more than was given.
  const UnitAllocation share{4, 2, 5};
  EXPECT_EQ(share.prefix(-1), 0);
  EXPECT_EQ(share.prefix(3), 14);
  EXPECT_EQ(share.prefix(99), share.sum());
}

}  // namespace
}  // namespace crossfoot::ledger
