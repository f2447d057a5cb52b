// Goal: points owed back are taken in the stated order, and what is missing goes where the policy
// says, to the last point and cent.
#include "ledger/clawback.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "ledger/receipt_builder.h"

namespace crossfoot::ledger {
namespace {

using testing::money;

BusinessDate day(std::int32_t days) {
  return {days};
}

/// On day 10: P (5) of the sale is pending, A (7) of the sale is active, O (9) is another sale's.
LotBook lots() {
  LotBook book;
  book.add({"g1", "O", LotMove::grant, {9}, LotTerms{"other", day(0), day(0), day(12)}});
  book.add({"g2", "A", LotMove::grant, {7}, LotTerms{"sale", day(1), day(1), day(90)}});
  book.add({"g3", "P", LotMove::grant, {5}, LotTerms{"sale", day(1), day(20), day(90)}});
  return book;
}

ClawbackInput owing(std::int64_t points) {
  return {.sale = "sale",
          .owed = {points},
          .debt = {0},
          .day = day(10),
          .refund = money("1.00"),
          .to_programme = {1, 1},
          .reserved = {}};
}

TEST(Clawback, TakesPendingThenActiveThenOthers) {
  // Goal: the sale's own pending points, its active ones, then another sale's, which expire sooner.
  const Clawback clawback = plan_clawback(lots(), {}, owing(15));
  EXPECT_EQ(clawback.draws, (std::vector<LotDraw>{{"P", {5}}, {"A", {7}}, {"O", {3}}}));
  EXPECT_EQ(clawback.debt, Points{0});
}

TEST(Clawback, FourPoliciesForWhatIsMissing) {
  // Goal: 30 owed and 21 there: 9 are a debt, forgiven, or paid for; pending only takes 5.
  EXPECT_EQ(plan_clawback(lots(), {}, owing(30)).debt, Points{9});
  EXPECT_EQ(plan_clawback(lots(), {.balance = NegativeBalance::floor_zero}, owing(30)).forgiven,
            Points{9});
  const Clawback pending =
      plan_clawback(lots(), {.balance = NegativeBalance::pending_only}, owing(30));
  EXPECT_EQ(pending.draws, (std::vector<LotDraw>{{"P", {5}}}));
  EXPECT_EQ(pending.forgiven, Points{25});
  const NegativePolicy offset{.balance = NegativeBalance::offset_refund, .point_value = {1, 100}};
  const Clawback kept = plan_clawback(lots(), offset, owing(30));
  EXPECT_EQ(kept.offset, Points{9});
  EXPECT_EQ(kept.kept, money("0.09"));
}

TEST(Clawback, CapsOfDebtAndRefund) {
  // Goal: a member owes 5 at most; a refund of 0.05 pays for 5 points; the rest is forgiven.
  const NegativePolicy capped{.balance = NegativeBalance::allow_negative, .debt_max = Points{5}};
  auto input = owing(30);
  input.debt = {2};
  EXPECT_EQ(plan_clawback(lots(), capped, input).debt, Points{3});
  EXPECT_EQ(plan_clawback(lots(), capped, input).forgiven, Points{6});
  const NegativePolicy offset{.balance = NegativeBalance::offset_refund, .point_value = {1, 100}};
  input.refund = money("0.05");
  const Clawback clawback = plan_clawback(lots(), offset, input);
  EXPECT_EQ(clawback.kept, money("0.05"));
  EXPECT_EQ(clawback.offset, Points{5});
  EXPECT_EQ(clawback.forgiven, Points{4});
}

TEST(Clawback, AnotherCurrencyIsOffsetAtTheSalesRate) {
  // Goal: one point is 0.01 EUR; at 1 EUR = 17 ZAR nine points keep 1.53 ZAR of the refund (V12).
  auto input = owing(30);
  input.refund = money("20.00", "ZAR");
  input.to_programme = {1, 17};
  const NegativePolicy offset{.balance = NegativeBalance::offset_refund, .point_value = {1, 100}};
  EXPECT_EQ(plan_clawback(lots(), offset, input).kept, money("1.53", "ZAR"));
}

TEST(Clawback, HeldPointsAreLeftAlone) {
  // Goal: a redemption under way keeps its points; the member owes them instead.
  const std::vector<LotDraw> reserved{{"A", {7}}, {"O", {4}}};
  auto input = owing(21);
  input.reserved = reserved;
  const Clawback clawback = plan_clawback(lots(), {}, input);
  EXPECT_EQ(clawback.draws, (std::vector<LotDraw>{{"P", {5}}, {"O", {5}}}));
  EXPECT_EQ(clawback.debt, Points{11});
}

TEST(Debt, IsWorkedOffOnce) {
  // Goal: debts and accruals count once by reference, whatever is repeated.
  DebtBook debts;
  debts.owe("return-1", {30});
  debts.owe("return-1", {30});
  EXPECT_EQ(debts.settle("sale-2", {20}), Points{20});
  EXPECT_EQ(debts.settle("sale-2", {20}), Points{20});
  EXPECT_EQ(debts.open(), Points{10});
  EXPECT_EQ(debts.settle("sale-3", {25}), Points{10});
  EXPECT_EQ(debts.settle("sale-4", {25}), Points{0});
  EXPECT_EQ(debts.open(), Points{0});
}

RC_GTEST_PROP(Clawback, EveryPointOwedIsSomewhere, ()) {
  LotBook book;
  const auto count = *rc::gen::inRange(0, 6);
  for (int i = 0; i < count; ++i) {
    const auto active = *rc::gen::inRange<std::int32_t>(0, 20);
    book.add({"g" + std::to_string(i),
              "L" + std::to_string(i),
              LotMove::grant,
              {*rc::gen::inRange<std::int64_t>(1, 50)},
              LotTerms{*rc::gen::element<std::string>("sale", "other"), day(0), day(active),
                       day(active + *rc::gen::inRange<std::int32_t>(1, 20))}});
  }
  NegativePolicy policy;
  policy.balance = *rc::gen::element(NegativeBalance::allow_negative, NegativeBalance::floor_zero,
                                     NegativeBalance::pending_only, NegativeBalance::offset_refund);
  policy.point_value = {*rc::gen::inRange<std::int64_t>(1, 300), 1'000};
  if (*rc::gen::arbitrary<bool>()) policy.debt_max = Points{*rc::gen::inRange(0, 40)};
  auto input = owing(*rc::gen::inRange<std::int64_t>(0, 200));
  input.refund.minor = *rc::gen::inRange<std::int64_t>(0, 500);
  input.debt = {*rc::gen::inRange<std::int64_t>(0, 50)};
  const Clawback clawback = plan_clawback(book, policy, input);
  Points taken;
  for (const LotDraw& draw : clawback.draws) {
    taken += draw.points;
    RC_ASSERT(draw.points.count > 0);
    RC_ASSERT(draw.points <= book.find(draw.lot)->balance());
  }
  RC_ASSERT(taken + clawback.debt + clawback.forgiven + clawback.offset == input.owed);
  RC_ASSERT(clawback.kept <= input.refund);
  RC_ASSERT(clawback.debt.count >= 0 && clawback.forgiven.count >= 0);
  if (policy.debt_max && clawback.debt.count > 0) {
    RC_ASSERT(clawback.debt + input.debt <= *policy.debt_max);
  }
}

}  // namespace
}  // namespace crossfoot::ledger
