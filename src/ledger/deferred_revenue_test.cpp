// Goal: the liability for points rolls forward to what its lots are worth, to the minor unit.
#include "ledger/deferred_revenue.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "ledger/receipt_builder.h"

namespace crossfoot::ledger {
namespace {

using testing::money;

LotEntry entry(std::string reference, std::string lot, LotMove move, std::int64_t points) {
  return {std::move(reference), std::move(lot), move, {points}, {}, {}};
}

TEST(Deferral, FollowsTheProgrammesPolicy) {
  // Goal: 100 points at 0.05 with a sale of 100.00 defer 4.76; without a price nothing.
  DeferralPolicy policy{.point_price = {1, 20}};
  EXPECT_EQ(deferral_of(policy, money("100"), {100}).points, money("4.76"));
  EXPECT_EQ(deferral_of({}, money("100"), {100}).points, money("0"));
  EXPECT_EQ(deferral_of(policy, money("0"), {100}).points, money("0"));
  policy.percentage_first = PercentageFirst{.places = 0, .rounding = Rounding::half_up};
  EXPECT_EQ(deferral_of(policy, money("100"), {100}).points, money("5.00"));
}

TEST(Deferral, AnotherCurrencyAtTheSalesRate) {
  // Goal: 1 EUR = 17 ZAR: 100 points at 0.05 EUR are worth 85.00 ZAR beside goods of 1,700.
  const SspSplit split =
      deferral_of({.point_price = {1, 20}}, money("1700", "ZAR"), {100}, {1, 17});
  EXPECT_EQ(split.points, money("80.95", "ZAR"));
  EXPECT_EQ(split.goods, money("1619.05", "ZAR"));
}

TEST(CatchUp, NeverRecognisesMoreThanWasDeferred) {
  // Goal: fewer expected than redeemed recognises all; a higher estimate takes revenue back.
  EXPECT_EQ(catch_up(money("90"), {100}, {80}, money("40")), money("50"));
  EXPECT_EQ(catch_up(money("90"), {0}, {0}, money("0")), money("90"));
  EXPECT_EQ(catch_up(money("90"), {50}, {100}, money("60")), money("-15"));
}

TEST(Liability, RollsForward) {
  // Goal: opening + granted - redeemed - expired - clawed back + re-estimate = closing.
  PointsLiability liability(testing::currency_of("EUR"));
  liability.grant("A", {100}, money("4.76"));
  liability.grant("A", {100}, money("4.76"));
  EXPECT_EQ(liability.move(entry("R", "A", LotMove::redeem, 50)), money("2.38"));
  liability.close();
  liability.grant("B", {10}, money("1.00"));
  EXPECT_EQ(liability.move(entry("X", "A", LotMove::restore, 10)), money("-0.48"));
  EXPECT_EQ(liability.move(entry("C", "B", LotMove::reverse, 4)), money("0.40"));
  EXPECT_EQ(liability.move(entry("E", "A", LotMove::expire, 60)), money("2.86"));
  EXPECT_EQ(liability.re_estimate("B", money("-0.10")), money("-0.10"));
  EXPECT_EQ(liability.re_estimate("A", money("-0.10")), money("0.00"));
  const RollForward expected{money("2.38"), money("1.00"), money("-0.48"),
                             money("2.86"), money("0.40"), money("-0.10")};
  EXPECT_EQ(liability.period(), expected);
  EXPECT_EQ(liability.period().closing(), money("0.50"));
  EXPECT_EQ(liability.open(), money("0.50"));
}

TEST(Liability, GraceBringsTheLiabilityBack) {
  // Goal: points restored to a lot of their own are owed again at what they were carried at.
  PointsLiability liability(testing::currency_of("EUR"));
  liability.grant("A", {100}, money("4.76"));
  liability.move(entry("R", "A", LotMove::redeem, 100));
  EXPECT_EQ(liability.open(), money("0"));
  LotEntry restored = entry("X", "A+X", LotMove::restore, 25);
  restored.terms = LotTerms{};
  restored.origin = "A";
  EXPECT_EQ(liability.move(restored), money("-1.19"));
  EXPECT_EQ(liability.open(), money("1.19"));
  EXPECT_EQ(liability.move(entry("E", "A+X", LotMove::expire, 25)), money("1.19"));
  EXPECT_EQ(liability.period().closing(), liability.open());
}

TEST(Liability, AnEstimateGoesDownToNothingAndNoFurther) {
  // Goal: what is left in a lot is never carried below zero.
  PointsLiability liability(testing::currency_of("EUR"));
  liability.grant("A", {10}, money("1.00"));
  EXPECT_EQ(liability.re_estimate("A", money("-2.00")), money("-1.00"));
  EXPECT_EQ(liability.open(), money("0.00"));
}

RC_GTEST_PROP(Liability, ClosingIsTheSumOfTheLotsAndUsedUpLotsOweNothing, ()) {
  PointsLiability liability(testing::currency_of("EUR"));
  const auto lots = *rc::gen::inRange(1, 5);
  std::vector<std::int64_t> left;
  for (int i = 0; i < lots; ++i) {
    left.push_back(*rc::gen::inRange<std::int64_t>(1, 1'000));
    liability.grant(
        std::to_string(i), {left.back()},
        Money{*rc::gen::inRange<std::int64_t>(0, 100'000), testing::currency_of("EUR")});
  }
  const auto steps = *rc::gen::inRange(0, 40);
  for (int step = 0; step < steps; ++step) {
    const auto lot = *rc::gen::inRange<std::size_t>(0, left.size());
    const auto points = *rc::gen::inRange<std::int64_t>(0, left[lot] + 1);
    if (points == 0) continue;
    left[lot] -= points;
    liability.move(entry(std::to_string(step), std::to_string(lot),
                         *rc::gen::element(LotMove::redeem, LotMove::reverse, LotMove::expire),
                         points));
    if (*rc::gen::inRange(0, 8) == 0) liability.re_estimate(std::to_string(lot), money("0.37"));
    if (*rc::gen::inRange(0, 8) == 0) liability.close();
    RC_ASSERT(liability.period().closing() == liability.open());
    RC_ASSERT(liability.open().minor >= 0);
  }
  for (std::size_t lot = 0; lot < left.size(); ++lot) {
    if (left[lot] == 0) continue;
    liability.move(entry("last", std::to_string(lot), LotMove::expire, left[lot]));
  }
  RC_ASSERT(liability.open().minor == 0);
  RC_ASSERT(liability.period().closing().minor == 0);
}

}  // namespace
}  // namespace crossfoot::ledger
