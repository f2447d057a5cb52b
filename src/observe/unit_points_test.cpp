// Goal: points are frozen unit by unit as DOMAIN 7.2 says: by component, by what each unit is
// worth, without one lost or found.
#include "observe/unit_points.h"

#include <gtest/gtest.h>

#include "observe/stored_world.h"
#include "runtime/random.h"

namespace crossfoot::observe {
namespace {

using contract::Transaction;
using testing::day;
using testing::eur;
using testing::goods;
using testing::plain_programme;

UnitPoints freeze(const ledger::Programme& programme, const Transaction& sale,
                  std::int64_t* total = nullptr) {
  const ledger::Pricing pricing = ledger::price(sale);
  const auto accrual = ledger::accrue(programme, sale, pricing, {});
  if (total != nullptr) *total = accrual->total.count;
  return {programme, sale, pricing, *accrual, {}};
}

std::vector<std::int64_t> units_of(const UnitPoints& points, std::uint32_t line,
                                   std::int64_t count) {
  std::vector<std::int64_t> units;
  for (std::int64_t unit = 0; unit < count; ++unit) {
    units.push_back(points.prefix(line, unit + 1) - points.prefix(line, unit));
  }
  return units;
}

Transaction sale_of(std::vector<contract::Line> lines) {
  Transaction sale;
  sale.currency = *find_currency("EUR");
  sale.member = "M-1";
  sale.lines = std::move(lines);
  return sale;
}

using Units = std::vector<std::int64_t>;

TEST(UnitPoints, V6TheCouponTheGiftCardAndTheTier) {
  ledger::Programme programme = plain_programme();
  programme.excluded_tenders = 1U << static_cast<unsigned>(contract::TenderKind::gift_card);
  programme.tiers.push_back({"gold", {5, 4}});
  programme.members.push_back({"M-1", 0});
  Transaction sale = sale_of({goods(1, 2, "19.99"), goods(2, 1, "5.01")});
  sale.discounts.push_back({eur(450), "coupon"});
  sale.tenders = {{contract::TenderKind::gift_card, eur(1000)},
                  {contract::TenderKind::card, eur(3049)}};
  const UnitPoints points = freeze(programme, sale);
  EXPECT_EQ(units_of(points, 1, 2), (Units{17, 17}));
  EXPECT_EQ(units_of(points, 2, 1), (Units{4}));
}

TEST(UnitPoints, V21ACampaignsPointsStayOnItsLines) {
  ledger::Programme programme = plain_programme();
  programme.campaigns.push_back({"toys", {3, 1}, {"A-1"}, {}, {}});
  const UnitPoints points =
      freeze(programme, sale_of({goods(1, 1, "30.00"), goods(2, 1, "20.00")}));
  EXPECT_EQ(points.prefix(1, 1), 90);
  EXPECT_EQ(points.prefix(2, 1), 20);
}

TEST(UnitPoints, EachComponentIsSplitForItself) {
  ledger::Programme programme = plain_programme();
  programme.campaigns.push_back({"toys", {3, 1}, {"A-1"}, {}, {}});
  // 16 points: base 8 over 5.00, 3.33; campaign 10.00 → of 18.33 rounded down to 18.
  const Transaction sale = sale_of({goods(1, 2, "2.50"), goods(2, 1, "3.33")});
  std::int64_t total = 0;
  const UnitPoints points = freeze(programme, sale, &total);
  EXPECT_EQ(total, 18);
  EXPECT_EQ(units_of(points, 1, 2), (Units{8, 7}));
  EXPECT_EQ(units_of(points, 2, 1), (Units{3}));
}

TEST(UnitPoints, AUnitThatGotMoreOfTheDiscountEarnsLess) {
  ledger::Programme programme = plain_programme();
  programme.points_per_unit = {100, 1};
  Transaction sale = sale_of({goods(1, 2, "0.10")});
  sale.discounts.push_back({eur(1), "coupon"});
  EXPECT_EQ(units_of(freeze(programme, sale), 1, 2), (Units{9, 10}));
}

TEST(UnitPoints, ANetBaseTakesTheTaxOff) {
  ledger::Programme programme = plain_programme();
  programme.base = ledger::EarnBase::net;
  const UnitPoints points = freeze(programme, sale_of({goods(1, 1, "119.00")}));
  EXPECT_EQ(points.prefix(1, 1), 100);
}

TEST(UnitPoints, OnlySoldLinesAreKnown) {
  Transaction sale = sale_of({goods(1, 1, "5.00"), goods(2, 1, "5.00")});
  sale.kind = contract::TransactionKind::exchange;
  sale.lines[1].action = contract::LineAction::returned;
  const UnitPoints points = freeze(plain_programme(), sale);
  EXPECT_TRUE(points.knows(1));
  EXPECT_FALSE(points.knows(2));
  EXPECT_EQ(points.prefix(1, 1), 5);
}

TEST(UnitPointsProperty, NothingIsLostOrFound) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE(seed);
    runtime::Random random(seed);
    ledger::Programme programme = plain_programme();
    programme.stacking =
        random.below(2) == 0 ? ledger::Stacking::additive : ledger::Stacking::multiplicative;
    programme.base = random.below(2) == 0 ? ledger::EarnBase::net : ledger::EarnBase::gross;
    programme.excluded_tenders = 1U << static_cast<unsigned>(contract::TenderKind::gift_card);
    programme.tiers.push_back({"gold", {5, 4}});
    if (random.below(2) == 0) programme.members.push_back({"M-1", 0});
    programme.campaigns.push_back({"one", {3, 1}, {"A-1", "A-2"}, {}, {}});
    programme.campaigns.push_back({"two", {3, 2}, {"A-2"}, {}, {}});
    std::vector<contract::Line> lines;
    for (std::uint32_t i = 1; i <= 1 + random.below(4); ++i) {
      const std::string price =
          to_string(Decimal{static_cast<std::int64_t>(random.below(5000)), 2});
      lines.push_back(goods(i, static_cast<std::int64_t>(1 + random.below(5)), price));
    }
    Transaction sale = sale_of(std::move(lines));
    if (random.below(2) == 0) {
      sale.discounts.push_back({eur(static_cast<std::int64_t>(1 + random.below(300))), "coupon"});
    }
    if (random.below(3) == 0) sale.tenders = {{contract::TenderKind::gift_card, eur(150)}};
    std::int64_t total = 0;
    const UnitPoints points = freeze(programme, sale, &total);
    std::int64_t sum = 0;
    for (const contract::Line& line : sale.lines) {
      const std::int64_t units = line.quantity.units;
      ASSERT_EQ(points.prefix(line.number, 0), 0);
      for (const std::int64_t each : units_of(points, line.number, units)) ASSERT_GE(each, 0);
      sum += points.prefix(line.number, units);
    }
    ASSERT_EQ(sum, total);
  }
}

}  // namespace
}  // namespace crossfoot::observe
