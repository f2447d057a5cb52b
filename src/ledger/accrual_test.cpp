// Goal: points are earned, frozen and reversed exactly, whatever the order of returns.
#include "ledger/accrual.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "contract/error_codes.h"
#include "ledger/receipt_builder.h"

namespace crossfoot::ledger {
namespace {

using contract::LineKind;
using contract::TenderKind;
using contract::TransactionKind;
using testing::money;
using testing::plain_programme;
using testing::provisional;
using testing::ReceiptBuilder;

Accrual accrued(const contract::Transaction& transaction,
                const Programme& programme = plain_programme()) {
  return accrue(programme, transaction, price(transaction), LocalTime{}).value();
}

TEST(Accrual, OnlyEarningKindsEarn) {
  // Goal: shipping and vouchers earn nothing, and no points go to them.
  const Accrual accrual = accrued(ReceiptBuilder()
                                      .line("1", "10.00")
                                      .line("1", "4.90")
                                      .kind(LineKind::shipping)
                                      .line("1", "25.00")
                                      .kind(LineKind::voucher)
                                      .take());
  EXPECT_EQ(accrual.total, Points{10});
  EXPECT_EQ(accrual.lines[0].points.sum(), 10);
  EXPECT_EQ(accrual.eligible, money("10.00"));
}

TEST(Accrual, NobodyEarnsWithoutAMemberOrASale) {
  // Goal: anonymous sales and other kinds give zero, and an exchange's returned lines none.
  EXPECT_EQ(accrued(ReceiptBuilder().line("1", "10").member("").take()).total, Points{0});
  EXPECT_EQ(
      accrued(ReceiptBuilder().as(TransactionKind::return_goods).line("1", "10").returned().take())
          .total,
      Points{0});
  const Accrual exchange = accrued(ReceiptBuilder()
                                       .as(TransactionKind::exchange)
                                       .line("1", "10")
                                       .returned()
                                       .line("1", "25")
                                       .take());
  EXPECT_EQ(exchange.total, Points{25});
  EXPECT_EQ(exchange.lines[0].points.quantity.count, 0);
}

TEST(Accrual, AnExcludedTenderIsSharedByLinesThatDoNotEarn) {
  // Goal: half paid by gift card leaves half of the goods to earn on, shipping bears its own half.
  const Accrual accrual = accrued(ReceiptBuilder()
                                      .line("1", "30.00")
                                      .line("1", "10.00")
                                      .kind(LineKind::shipping)
                                      .tender(TenderKind::gift_card, "20.00")
                                      .tender(TenderKind::card, "20.00")
                                      .take());
  EXPECT_EQ(accrual.eligible, money("15.00"));
  EXPECT_EQ(accrual.excluded, money("20.00"));
}

TEST(Accrual, PaidWithPointsAltogetherEarnsNothing) {
  // Goal: excluded tenders beyond the amount due leave zero, not less.
  EXPECT_EQ(
      accrued(ReceiptBuilder().line("1", "10.00").tender(TenderKind::points, "12.00").take()).total,
      Points{0});
}

TEST(Accrual, ComponentsSumUpToTheExactPoints) {
  // Goal: the explanation accounts for every fraction: 20 + 5 + 37.5 = 62.5.
  Programme programme = plain_programme();
  programme.campaigns.push_back({"toys", {5, 2}, {"TOY-*"}, {}, {}});
  const auto sale = ReceiptBuilder()
                        .line("1", "10.00", "TOY-1")
                        .line("1", "10.00", "CUP")
                        .member("M-GOLD")
                        .take();
  const Accrual accrual = accrued(sale, programme);
  Wide sum = 0;
  for (const Component& component : accrual.components) sum += component.numerator;
  EXPECT_EQ(sum, accrual.exact.numerator);
  EXPECT_EQ(explain(accrual, programme),
            (std::vector<std::string>{
                "base: 1 point(s) per EUR on 20.00 EUR: 20", "tier gold x 1.25 on 20.00 EUR: 5",
                "campaign toys x 2.5 on 10.00 EUR: 18.75", "rounded (floor): 43.75 -> 43"}));
}

TEST(Accrual, AddedMultipliersNeverGoBelowNothing) {
  // Goal: two campaigns of 0x, added, take a line to zero and leave the others alone.
  Programme programme = plain_programme();
  programme.stacking = Stacking::additive;
  programme.campaigns.push_back({"none", {0, 1}, {"B"}, {}, {}});
  programme.campaigns.push_back({"none-again", {0, 1}, {"B"}, {}, {}});
  const Accrual accrual =
      accrued(ReceiptBuilder().line("1", "10", "A").line("1", "10", "B").take(), programme);
  EXPECT_EQ(accrual.total, Points{10});
  EXPECT_EQ(accrual.lines[1].points.sum(), 0);
}

TEST(Accrual, AThresholdIsJudgedOnWhatIsLeftToEarnOn) {
  // Goal: from 50.00 on toys: reached by 50.00 of toys, in another currency at its rate; missed by
  // 49.99, by other goods, and by what a gift card leaves.
  Programme programme = plain_programme();
  programme.rates.push_back({testing::currency_of("ZAR"), {1, 17}});
  programme.campaigns.push_back({"toys", {2, 1}, {"TOY-*"}, {}, {}, Ratio{50, 1}});
  const auto total = [&](const contract::Transaction& sale) {
    return accrued(sale, programme).total.count;
  };
  EXPECT_EQ(total(ReceiptBuilder().line("1", "50.00", "TOY-1").take()), 100);
  EXPECT_EQ(total(ReceiptBuilder("ZAR").line("1", "850.00", "TOY-1").take()), 100);
  EXPECT_EQ(total(ReceiptBuilder("ZAR").line("1", "849.99", "TOY-1").take()), 49);
  EXPECT_EQ(total(ReceiptBuilder().line("1", "49.99", "TOY-1").line("1", "9", "CUP").take()), 58);
  EXPECT_EQ(total(ReceiptBuilder()
                      .line("1", "50.00", "TOY-1")
                      .tender(TenderKind::gift_card, "1.00")
                      .tender(TenderKind::card, "49.00")
                      .take()),
            49);
}

TEST(Accrual, RoundingModes) {
  // Goal: 1.50 at one point per EUR under each rule (DOMAIN 7.1).
  const auto sale = ReceiptBuilder().line("1", "1.50").take();
  const std::vector<std::pair<Rounding, std::int64_t>> expected{{Rounding::floor, 1},
                                                                {Rounding::truncate, 1},
                                                                {Rounding::half_up, 2},
                                                                {Rounding::half_even, 2},
                                                                {Rounding::ceil, 2}};
  for (const auto& [rounding, points] : expected) {
    Programme programme = plain_programme();
    programme.rounding = rounding;
    EXPECT_EQ(accrued(sale, programme).total, Points{points});
  }
}

TEST(Accrual, AMissingRateIsAFault) {
  // Goal: another currency without a rate is never taken one to one.
  const auto sale = ReceiptBuilder("ZAR").line("1", "1700").take();
  const auto result = accrue(plain_programme(), sale, price(sale), LocalTime{});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, contract::error_code::rate_missing);
}

TEST(Accrual, TooManyOrTooLargeMultipliersAreAFault) {
  // Goal: what leaves the exact arithmetic is refused, not wrapped.
  const auto sale = ReceiptBuilder().line("1", "1700").take();
  Programme programme = plain_programme();
  for (int i = 0; i < 33; ++i) programme.campaigns.push_back({"c", {1, 1}, {}, {}, {}});
  EXPECT_EQ(accrue(programme, sale, price(sale), LocalTime{}).error().code,
            contract::error_code::arithmetic_range);
  programme.campaigns.assign(12, {"c", {999'999'937, 1'000'000'000}, {}, {}, {}});
  EXPECT_EQ(accrue(programme, sale, price(sale), LocalTime{}).error().code,
            contract::error_code::arithmetic_range);
}

TEST(Freeze, TheVendorsLinesHaveTheLastWord) {
  // Goal: per-line figures that fit are spread over each line's own units.
  auto lines = provisional(accrued(ReceiptBuilder().line("3", "5.00").line("1", "5.00").take()));
  const std::vector<AnsweredLine> answered{{2, Points{9}}, {1, Points{11}}};
  EXPECT_TRUE(freeze(lines, Points{20}, answered).value());
  EXPECT_EQ(lines[0].points, line_points({3, false}, {3, 2, 3}));
  EXPECT_EQ(lines[1].points, line_points({1, false}, {9, 0, 1}));
}

TEST(Freeze, FiguresThatDoNotFitAreNotUsed) {
  // Goal: a wrong sum, an unknown line and a repeated line leave the answer's total to the weights.
  const std::vector<std::vector<AnsweredLine>> misfits{
      {{1, Points{12}}, {2, Points{8}}},
      {{1, Points{12}}, {7, Points{9}}},
      {{1, Points{10}}, {1, Points{11}}},
  };
  for (const auto& answered : misfits) {
    auto lines = provisional(accrued(ReceiptBuilder().line("3", "5.00").line("1", "5.00").take()));
    EXPECT_FALSE(freeze(lines, Points{21}, answered).value());
    EXPECT_EQ(lines[0].points, line_points({3, false}, {5, 1, 3}));
  }
}

TEST(Freeze, WhatIsAnsweredAsExpectedKeepsItsUnits) {
  // Goal: a unit that earned less than its neighbour is taken back for less, though the platform
  // says no more than the line's sum.
  Programme programme = plain_programme();
  programme.points_per_unit = {100, 1};
  const auto sale = ReceiptBuilder().line("2", "0.10").discount("0.01").take();
  const auto expected = provisional(accrued(sale, programme));
  ASSERT_NE(expected[0].points.prefix(1) * 2, expected[0].points.sum());
  auto lines = expected;
  const Points total{expected[0].points.sum()};
  const std::vector<AnsweredLine> by_line{{1, total}};
  EXPECT_TRUE(freeze(lines, total, by_line).value());
  EXPECT_EQ(lines[0].points, expected[0].points);
  EXPECT_FALSE(freeze(lines, total, {}).value());
  EXPECT_EQ(lines[0].points, expected[0].points);
}

TEST(Freeze, AReturnedLineToldOfWithNothingDoesNotDisturb) {
  // Goal: a platform that lists an exchange's returned line with zero points is believed.
  auto lines = provisional(accrued(ReceiptBuilder().line("3", "5.00").take()));
  EXPECT_TRUE(freeze(lines, Points{12}, std::vector<AnsweredLine>{{1, {12}}, {2, {0}}}).value());
}

TEST(Freeze, PointsNeedASoldLine) {
  // Goal: an answer for a receipt without sold lines is a fault, zero points are not.
  std::vector<FrozenLine> none;
  EXPECT_EQ(freeze(none, Points{3}, {}).error().code, contract::error_code::nothing_to_freeze);
  EXPECT_TRUE(freeze(none, Points{0}, {}).has_value());
}

TEST(Freeze, AnswersOtherThanExpectedAreFrozenAsAnswered) {
  // Goal: the points are the vendor's, also when our rules give none (R17).
  auto lines = provisional(accrued(ReceiptBuilder().line("2", "5.00").kind(LineKind::fee).take()));
  EXPECT_FALSE(freeze(lines, Points{7}, {}).value());
  EXPECT_EQ(lines[0].points, line_points({2, false}, {3, 1, 2}));
  EXPECT_EQ(freeze(lines, Points{weight_max + 1}, {}).error().code,
            contract::error_code::arithmetic_range);
}

RC_GTEST_PROP(Reversal, EveryOrderAndSplitTakesWhatWasEarned, ()) {
  ReceiptBuilder builder;
  const auto count = *rc::gen::inRange(1, 5);
  for (int i = 0; i < count; ++i) {
    const auto quantity = *rc::gen::inRange<std::int64_t>(1, 12);
    const auto minor = *rc::gen::inRange<std::int64_t>(0, 5'000);
    builder.line(to_string(Decimal{quantity, 0}), to_string(Decimal{minor, 2}),
                 *rc::gen::element("A", "B"));
  }
  Programme programme = plain_programme();
  programme.campaigns.push_back({"b", {3, 2}, {"B"}, {}, {}});
  programme.stacking = *rc::gen::element(Stacking::multiplicative, Stacking::additive);
  const auto sale = builder.member(*rc::gen::element("M-1", "M-GOLD")).take();
  const Accrual accrual = accrued(sale, programme);
  const auto frozen = provisional(accrual);

  std::vector<std::size_t> units;
  for (std::size_t i = 0; i < frozen.size(); ++i) {
    units.insert(units.end(), static_cast<std::size_t>(frozen[i].points.units()), i);
  }
  const auto take_back = [&](const std::vector<std::size_t>& order, std::size_t at_once) {
    std::vector<std::int64_t> returned(frozen.size(), 0);
    Points taken;
    for (std::size_t at = 0; at < order.size(); at += at_once) {
      std::vector<std::int64_t> after = returned;
      for (std::size_t u = at; u < std::min(order.size(), at + at_once); ++u) ++after[order[u]];
      for (std::size_t i = 0; i < after.size(); ++i) {
        taken += reversal(frozen[i].points, returned[i], after[i]);
      }
      returned = after;
    }
    return taken;
  };
  for (std::size_t i = units.size(); i > 1; --i) {
    std::swap(units[i - 1], units[*rc::gen::inRange<std::size_t>(0, i)]);
  }
  RC_ASSERT(take_back(units, 1) == accrual.total);
  RC_ASSERT(take_back(units, *rc::gen::inRange<std::size_t>(1, 7)) == accrual.total);
}

RC_GTEST_PROP(Accrual, LinesSumUpToTheTotalAndTheTotalToTheComponents, ()) {
  ReceiptBuilder builder;
  const auto count = *rc::gen::inRange(1, 7);
  for (int i = 0; i < count; ++i) {
    const auto milli = *rc::gen::inRange<std::int64_t>(0, 50'000);
    builder.line(to_string(Decimal{*rc::gen::inRange<std::int64_t>(1, 9), 0}),
                 to_string(Decimal{milli, 3}), *rc::gen::element("A", "B", "C"));
  }
  const auto gift = *rc::gen::inRange<std::int64_t>(1, 20'000);
  builder.tender(TenderKind::gift_card, to_string(Decimal{gift, 2}));
  Programme programme = plain_programme();
  programme.points_per_unit = {3, 2};
  programme.campaigns.push_back({"a", {7, 5}, {"A"}, {}, {}});
  programme.campaigns.push_back({"b", {3, 1}, {"?"}, {}, {}});
  const Accrual accrual = accrued(builder.take(), programme);
  Wide exact = 0;
  for (const Component& component : accrual.components) exact += component.numerator;
  RC_ASSERT(exact == accrual.exact.numerator);
  std::int64_t points = 0;
  Money eligible{0, accrual.eligible.currency};
  for (const AccruedLine& line : accrual.lines) {
    points += line.points.sum();
    eligible += line.eligible;
    RC_ASSERT(line.eligible.minor >= 0);
  }
  RC_ASSERT(points == accrual.total.count);
  RC_ASSERT(eligible == accrual.eligible);
  RC_ASSERT(accrual.total.count * accrual.exact.denominator <= accrual.exact.numerator);
  RC_ASSERT((accrual.total.count + 1) * accrual.exact.denominator > accrual.exact.numerator);
}

}  // namespace
}  // namespace crossfoot::ledger
