// Goal: control totals add both sides up by shop, day, currency and tax code, or member and day; a
// total that differs though all of its items agree is a break of its own.
#include "observe/control.h"

#include <gtest/gtest.h>

#include "observe/exact_sum.h"
#include "observe/item_builder.h"
#include "runtime/random.h"

namespace crossfoot::observe {
namespace {

using testing::accrual;
using testing::booked;
using testing::eur;
using testing::sale;

TEST(Control, TotalsAreByTaxCodeAndByTender) {
  ControlTotals totals;
  totals.add(sale("R1"), booked(sale("R1")), false);
  totals.add(sale("R2"), booked(sale("R2")), false);
  EXPECT_EQ(totals.compared(), 3U);
  totals.add_missing(sale("R3"));
  const auto differences = totals.differences();
  ASSERT_EQ(differences.size(), 3U);
  EXPECT_EQ(differences[0].key.tender, "card");
  EXPECT_EQ(differences[0].surplus, (ControlSums{-1297, 0}));
  EXPECT_EQ(describe(differences[0]), "control total DE-001 2026-11-20 EUR card: -12.97");
  EXPECT_EQ(differences[1].key.tax_code, "DE-RED");
  EXPECT_EQ(differences[1].surplus, (ControlSums{-100, -7}));
  EXPECT_EQ(differences[2].surplus, (ControlSums{-1000, -190}));
  EXPECT_TRUE(differences[0].evidence);
}

TEST(Control, TendersCountOnlyWhereTheTargetKeepsThem) {
  ControlTotals totals;
  auto without = booked(sale("R1"));
  without.keeps_tenders = false;
  without.tenders.clear();
  totals.add(sale("R1"), without, false);
  EXPECT_EQ(totals.compared(), 2U);
  EXPECT_TRUE(totals.differences().empty());
}

TEST(Control, AnotherShopMakesEachTotalDifferTwice) {
  ControlTotals totals;
  auto moved = booked(sale("R1"));
  moved.shop = "DE-002";
  totals.add(sale("R1"), moved, true);
  EXPECT_EQ(totals.differences().size(), 6U);
}

TEST(Control, PointsAreSignedByWhatTheyDo) {
  ControlTotals totals;
  ExpectedItem back = accrual("R2", 5);
  back.takes_back = true;
  totals.add(accrual("R1", 12), booked(accrual("R1", 12)), false);
  totals.add(back, booked(back), false);
  EXPECT_EQ(totals.compared(), 1U);
  EXPECT_TRUE(totals.differences().empty());
  totals.add_surplus(Side::loyalty, back.business_date, booked(back));
  ASSERT_EQ(totals.differences().size(), 1U);
  EXPECT_EQ(totals.differences()[0].surplus.net, -5);
}

TEST(Control, ATotalThatDiffersAloneIsARoundingBreak) {
  ControlTotals totals;
  auto observed = booked(sale("R1"));
  observed.taxes[1].tax = eur(191);
  totals.add(sale("R1"), observed, false);
  const auto differences = totals.differences();
  ASSERT_EQ(differences.size(), 1U);
  EXPECT_FALSE(differences[0].evidence);
  const Break made = break_of_control(differences[0]);
  EXPECT_EQ(made.break_class, BreakClass::rounding);
  EXPECT_EQ(made.money, eur(1));
  EXPECT_EQ(made.shop, "DE-001");
  EXPECT_NE(made.detail.find("DE-STD"), std::string::npos);
}

TEST(ExactSum, KeepsWhatMinorUnitsCannot) {
  ExactSum sum;
  sum.add_product({6, 0}, *parse_decimal("2.555"));
  EXPECT_EQ(sum.text(2), "15.33");
  sum.add_product({1, 0}, *parse_decimal("0.001"));
  EXPECT_EQ(sum.text(2), "15.331");
  sum -= [] {
    ExactSum posted;
    posted.add(eur(1533));
    return posted;
  }();
  EXPECT_EQ(sum.text(2), "0.001");
  EXPECT_EQ((-sum).text(2), "-0.001");
  EXPECT_EQ(ExactSum{}.text(2), "0.00");
  EXPECT_EQ(ExactSum{}.text(0), "0");
  ExactSum large;
  large.add(eur(-999'999'999'999'999));
  EXPECT_EQ(large.text(2), "-9999999999999.99");
}

TEST(Control, ADayInPartsHasTheTotalsOfTheWhole) {
  runtime::Random random(11);
  for (int round = 0; round < 200; ++round) {
    ControlTotals whole;
    DayControl day;
    for (int part = 0; part < 5; ++part) {
      ControlTotals page;
      for (std::uint64_t i = random.below(4); i > 0; --i) {
        const std::string reference = "R" + std::to_string(random.below(1000));
        ExpectedItem item = random.below(2) == 0 ? sale(reference) : accrual(reference);
        if (item.side == Side::loyalty) item.member = "M-" + std::to_string(random.below(3));
        connector::BookItem found = booked(item);
        const bool broken = random.below(3) == 0;
        if (broken && found.points) found.points->count += random.below(2) == 0 ? 1 : -1;
        if (broken && found.net) found.taxes[0].net->minor += random.below(2) == 0 ? 1 : -1;
        whole.add(item, found, broken);
        page.add(item, found, broken);
      }
      day.add(std::move(page));
    }
    EXPECT_EQ(day.count_compared(), whole.compared());
    std::vector<ControlDifference> differences;
    while (!day.empty()) {
      for (ControlDifference& each : day.take_differences(2)) differences.push_back(each);
    }
    const auto expected = whole.differences();
    ASSERT_EQ(differences.size(), expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
      EXPECT_EQ(differences[i].key, expected[i].key);
      EXPECT_EQ(differences[i].surplus, expected[i].surplus);
      EXPECT_EQ(differences[i].evidence, expected[i].evidence);
    }
  }
}

}  // namespace
}  // namespace crossfoot::observe
