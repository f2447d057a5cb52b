// Goal: every reversal method takes exactly what was earned, in every order of returns, and never
// more on the way.
#include "ledger/reversal_method.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>

#include "contract/error_codes.h"
#include "ledger/receipt_builder.h"

namespace crossfoot::ledger {
namespace {

using testing::plain_programme;
using testing::provisional;
using testing::ReceiptBuilder;

constexpr std::array methods{ReversalMethod::frozen, ReversalMethod::proportional,
                             ReversalMethod::recompute, ReversalMethod::on_full_return,
                             ReversalMethod::on_first_return};

/// A sale and all that its reversals look at.
struct Sold {
  Programme programme = plain_programme();
  contract::Transaction transaction;
  Pricing pricing;
  Accrual accrual;
  std::vector<FrozenLine> frozen;

  explicit Sold(contract::Transaction sale, Programme rules = plain_programme())
      : programme(std::move(rules)),
        transaction(std::move(sale)),
        pricing(price(transaction)),
        accrual(accrue(programme, transaction, pricing, LocalTime{}).value()),
        frozen(provisional(accrual)) {}

  [[nodiscard]] std::int64_t taken(ReversalMethod method,
                                   const std::vector<ReturnedLine>& returned) const {
    return taken_back({programme, transaction, pricing, LocalTime{}, accrual, frozen}, method,
                      returned)
        ->count;
  }
};

Sold three_at_ten() {
  return Sold(ReceiptBuilder().line("3", "3.50").line("1", "1.00").take());
}

TEST(ReversalMethod, EachTakesItsOwnSteps) {
  // Goal: 11.50 earn 11. One of three at 3.50 comes back: by its units 4, by proportion 3 (11 x
  // 3.50 / 11.50), recomputed 11 - 8, nothing yet, or everything.
  const Sold sold = three_at_ten();
  ASSERT_EQ(sold.accrual.total, Points{11});
  const std::vector<ReturnedLine> one{{1, 1}};
  EXPECT_EQ(sold.taken(ReversalMethod::frozen, one), 4);
  EXPECT_EQ(sold.taken(ReversalMethod::proportional, one), 3);
  EXPECT_EQ(sold.taken(ReversalMethod::recompute, one), 3);
  EXPECT_EQ(sold.taken(ReversalMethod::on_full_return, one), 0);
  EXPECT_EQ(sold.taken(ReversalMethod::on_first_return, one), 11);
}

TEST(ReversalMethod, ClaimsBeyondWhatWasSoldCountAsAll) {
  // Goal: no method takes more than was earned for claims on units that were never sold.
  const Sold sold = three_at_ten();
  for (const ReversalMethod method : methods) {
    EXPECT_EQ(sold.taken(method, {{1, 2}, {1, 5}, {2, 9}, {77, 1}, {1, -4}}), 11);
    EXPECT_EQ(sold.taken(method, {{77, 3}}), 0);
  }
}

TEST(ReversalMethod, ACampaignsPointsGoWithItsGoods) {
  // Goal: 3x on A only; B's return takes 20 of 110 by units, proportion and recomputing (V21).
  Programme programme = plain_programme();
  programme.campaigns.push_back({"triple-a", {3, 1}, {"A"}, {}, {}});
  const Sold sold(ReceiptBuilder().line("1", "30.00", "A").line("1", "20.00", "B").take(),
                  programme);
  for (const ReversalMethod method :
       {ReversalMethod::frozen, ReversalMethod::proportional, ReversalMethod::recompute}) {
    EXPECT_EQ(sold.taken(method, {{2, 1}}), 20);
  }
}

TEST(ReversalMethod, OnlyRecomputingTakesAThresholdsBonusBackAtOnce) {
  // Goal: 3 x 20.00, doubled from 50.00: 120 points. Returning one keeps the bonus of the others by
  // units; recomputed what is kept earns 40, so 80 are taken.
  Programme programme = plain_programme();
  programme.campaigns.push_back({"double-from-50", {2, 1}, {}, {}, {}, Ratio{50, 1}});
  const Sold sold(ReceiptBuilder().line("3", "20.00").take(), programme);
  ASSERT_EQ(sold.accrual.total, Points{120});
  EXPECT_EQ(sold.taken(ReversalMethod::frozen, {{1, 1}}), 40);
  EXPECT_EQ(sold.taken(ReversalMethod::recompute, {{1, 1}}), 80);
  EXPECT_EQ(sold.taken(ReversalMethod::recompute, {{1, 2}}), 100);
  EXPECT_EQ(sold.taken(ReversalMethod::recompute, {{1, 3}}), 120);
}

TEST(ReversalMethod, MeasuredGoodsComeBackByWeight) {
  // Goal: 0.4 of 1.5 kg take their proportion of 30 points, whatever the method.
  const Sold sold(ReceiptBuilder().line("1.5", "20.00").measured().take());
  ASSERT_EQ(sold.accrual.total, Points{30});
  for (const ReversalMethod method :
       {ReversalMethod::frozen, ReversalMethod::proportional, ReversalMethod::recompute}) {
    EXPECT_EQ(sold.taken(method, {{1, 400'000}}), 8);
  }
}

TEST(ReversalMethod, RecomputingIsBoundedByWhatThePlatformGranted) {
  // Goal: the platform answered 5 where the rules give 11; keeping most of the goods keeps all 5.
  Sold sold = three_at_ten();
  ASSERT_TRUE(freeze(sold.frozen, Points{5}, {}).has_value());
  EXPECT_EQ(sold.taken(ReversalMethod::recompute, {{1, 1}}), 0);
  EXPECT_EQ(sold.taken(ReversalMethod::recompute, {{1, 2}}), 1);
  EXPECT_EQ(sold.taken(ReversalMethod::recompute, {{1, 3}, {2, 1}}), 5);
}

TEST(ReversalMethod, RecomputingUsesTheRulesOfTheSale) {
  // Goal: a rule version without the currency's rate cannot recompute and says so (V12).
  Programme programme = plain_programme();
  programme.rates.push_back({testing::currency_of("ZAR"), {1, 17}});
  Sold sold(ReceiptBuilder("ZAR").line("2", "850").take(), programme);
  EXPECT_EQ(sold.taken(ReversalMethod::recompute, {{1, 1}}), 50);
  sold.programme.rates.clear();
  const std::vector<ReturnedLine> one{{1, 1}};
  const auto fault = taken_back(
      {sold.programme, sold.transaction, sold.pricing, LocalTime{}, sold.accrual, sold.frozen},
      ReversalMethod::recompute, one);
  ASSERT_FALSE(fault);
  EXPECT_EQ(fault.error().code, contract::error_code::rate_missing);
}

contract::Transaction random_sale() {
  ReceiptBuilder builder;
  const auto count = *rc::gen::inRange(1, 5);
  for (int i = 0; i < count; ++i) {
    const auto quantity = *rc::gen::inRange<std::int64_t>(1, 6);
    const auto minor = *rc::gen::inRange<std::int64_t>(0, 5'000);
    builder.line(to_string(Decimal{quantity, 0}), to_string(Decimal{minor, 2}),
                 *rc::gen::element("A", "B"));
  }
  const auto gift = *rc::gen::inRange<std::int64_t>(0, 4'000);
  if (gift > 0) builder.tender(contract::TenderKind::gift_card, to_string(Decimal{gift, 2}));
  return builder.member(*rc::gen::element("M-1", "M-GOLD")).take();
}

Programme random_rules() {
  Programme programme = plain_programme();
  programme.points_per_unit = {*rc::gen::inRange<std::int64_t>(1, 30), 7};
  programme.campaigns.push_back({"b", {3, 2}, {"B"}, {}, {}});
  programme.campaigns.push_back(
      {"from", {2, 1}, {}, {}, {}, Ratio{*rc::gen::inRange<std::int64_t>(1, 200), 1}});
  programme.stacking = *rc::gen::element(Stacking::multiplicative, Stacking::additive);
  programme.rounding =
      *rc::gen::element(Rounding::floor, Rounding::half_up, Rounding::half_even, Rounding::ceil);
  return programme;
}

RC_GTEST_PROP(ReversalMethod, NeverMoreThanEarnedAndAllOfItInEveryOrder, ()) {
  const Sold sold(random_sale(), random_rules());
  const ReversalMethod method = *rc::gen::elementOf(methods);
  std::vector<std::uint32_t> units;
  for (const FrozenLine& line : sold.frozen) {
    units.insert(units.end(), static_cast<std::size_t>(line.points.units()), line.line);
  }
  for (std::size_t i = units.size(); i > 1; --i) {
    std::swap(units[i - 1], units[*rc::gen::inRange<std::size_t>(0, i)]);
  }
  std::vector<ReturnedLine> returned;
  std::int64_t before = 0;
  for (const std::uint32_t line : units) {
    returned.push_back({line, 1});
    const std::int64_t now = sold.taken(method, returned);
    RC_ASSERT(now >= before);
    RC_ASSERT(now <= sold.accrual.total.count);
    before = now;
  }
  RC_ASSERT(before == sold.accrual.total.count);
}

RC_GTEST_PROP(ReversalMethod, TheTotalOfTheSameReturnsDoesNotDependOnTheirOrder, ()) {
  const Sold sold(random_sale(), random_rules());
  const ReversalMethod method = *rc::gen::elementOf(methods);
  std::vector<ReturnedLine> returned;
  const auto count = *rc::gen::inRange(0, 6);
  for (int i = 0; i < count; ++i) {
    const auto line = *rc::gen::inRange<std::size_t>(0, sold.frozen.size());
    returned.push_back({sold.frozen[line].line, *rc::gen::inRange<std::int64_t>(1, 4)});
  }
  const std::int64_t forwards = sold.taken(method, returned);
  std::reverse(returned.begin(), returned.end());
  RC_ASSERT(sold.taken(method, returned) == forwards);
}

}  // namespace
}  // namespace crossfoot::ledger
