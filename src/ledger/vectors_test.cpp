// Goal: the golden vectors of the domain that the ledger alone can answer (DOMAIN 8).
#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "ledger/accrual.h"
#include "ledger/deferred_revenue.h"
#include "ledger/journal.h"
#include "ledger/receipt_builder.h"
#include "ledger/refund_valuation.h"
#include "ledger/reversal_method.h"
#include "ledger/store_day.h"
#include "ledger/zones.h"

namespace crossfoot::ledger {
namespace {

using testing::money;
using testing::plain_programme;
using testing::ReceiptBuilder;

std::vector<std::int64_t> units_of(std::initializer_list<UnitAllocation> lines) {
  std::vector<std::int64_t> units;
  for (const UnitAllocation& line : lines) {
    for (std::int64_t i = 0; i < line.units; ++i) units.push_back(line.at(i));
  }
  return units;
}

using Units = std::vector<std::int64_t>;

Units units_of(const Accrual& accrual) {
  Units units;
  for (const AccruedLine& line : accrual.lines) {
    for (std::int64_t i = 0; i < line.points.units(); ++i) {
      units.push_back(reversal(line.points, i, i + 1).count);
    }
  }
  return units;
}

contract::Transaction basket_v4() {
  return ReceiptBuilder()
      .line("2", "19.99", "SHIRT")
      .line("1", "5.01", "MUG")
      .discount("4.50")
      .take();
}

contract::Transaction basket_v5() {
  auto basket = basket_v4();
  basket.tenders.push_back({contract::TenderKind::gift_card, money("10.00")});
  basket.tenders.push_back({contract::TenderKind::card, money("30.49")});
  return basket;
}

Accrual accrue_v6() {
  auto basket = basket_v5();
  basket.member = "M-GOLD";
  return accrue(plain_programme(), basket, price(basket), LocalTime{}).value();
}

TEST(Vectors, V1_ThreeLinesShareTenPoints) {
  // Goal: naive floors would give 9 of the 10 points.
  const std::array<LineWeight, 3> lines{{{333, 1}, {333, 1}, {334, 1}}};
  const auto shares = allocate(10, lines);
  EXPECT_EQ(units_of({shares[0], shares[1], shares[2]}), (Units{3, 3, 4}));
}

TEST(Vectors, V2_DiscountShareOfTheReturnedItem) {
  // Goal: the returned item refunds its price less its own share of the discount.
  const auto basket = ReceiptBuilder().line("1", "150").line("1", "60").discount("42.00").take();
  const Pricing pricing = price(basket);
  EXPECT_EQ(pricing.lines[0].order_discount, money("30.00"));
  EXPECT_EQ(pricing.lines[0].amount_units.prefix(1), money("120.00").minor);
}

TEST(Vectors, V3_RefundCapOverTwoLines) {
  // Goal: independent rounding would refund 1.04.
  const std::array<LineWeight, 2> lines{{{100, 1}, {100, 1}}};
  const auto shares = allocate(103, lines);
  EXPECT_EQ(units_of({shares[0], shares[1]}), (Units{52, 51}));
}

TEST(Vectors, V4_OrderDiscountByUnit) {
  // Goal: 4.50 off 2 x 19.99 + 5.01, unit by unit.
  const Pricing pricing = price(basket_v4());
  const auto& lines = pricing.lines;
  EXPECT_EQ(units_of({lines[0].discount_units, lines[1].discount_units}), (Units{200, 200, 50}));
  EXPECT_EQ(units_of({lines[0].amount_units, lines[1].amount_units}), (Units{1799, 1799, 451}));
  EXPECT_EQ(pricing.sold.gross, money("40.49"));
}

TEST(Vectors, V5_ExcludedTenderIsSpreadOverTheUnits) {
  // Goal: 10.00 of gift card leave 30.49 to earn on, line by line.
  const auto basket = basket_v5();
  const Accrual accrual = accrue(plain_programme(), basket, price(basket), LocalTime{}).value();
  EXPECT_EQ(accrual.eligible, money("30.49"));
  EXPECT_EQ(accrual.lines[0].eligible, money("27.10"));
  EXPECT_EQ(accrual.lines[1].eligible, money("3.39"));
}

TEST(Vectors, V5_NetBaseLosesTheSameShare) {
  // Goal: gross 120.00 with 20 %, 60.00 by gift card, base net: 50.00 (DOMAIN 7.2).
  auto basket = ReceiptBuilder()
                    .mode(contract::TaxMode::inclusive)
                    .line("1", "120.00")
                    .tax("STD", "0.20")
                    .tender(contract::TenderKind::gift_card, "60.00")
                    .tender(contract::TenderKind::card, "60.00")
                    .take();
  Programme programme = plain_programme();
  programme.base = EarnBase::net;
  const Accrual accrual = accrue(programme, basket, price(basket), LocalTime{}).value();
  EXPECT_EQ(accrual.eligible, money("50.00"));
}

TEST(Vectors, V6_RoundedOnceThenSplit) {
  // Goal: 38.1125 points are 38, split 17, 17, 4; floors by unit would give 36, by line 37.
  const Accrual accrual = accrue_v6();
  EXPECT_EQ(accrual.total, Points{38});
  EXPECT_EQ(accrual.exact.numerator * 10'000, accrual.exact.denominator * 381'125);
  EXPECT_EQ(units_of(accrual), (Units{17, 17, 4}));
}

TEST(Vectors, V7_ReturnsInEveryOrder) {
  // Goal: method A takes 17, 17 and 4 back whatever comes first.
  const Accrual frozen = accrue_v6();
  std::array<int, 3> order{0, 1, 2};  // shirt, shirt, mug
  int orders = 0;
  do {
    std::array<std::int64_t, 2> returned{0, 0};
    Points taken;
    for (const int unit : order) {
      const std::size_t line = unit == 2 ? 1 : 0;
      const Points step = reversal(frozen.lines[line].points, returned[line], returned[line] + 1);
      EXPECT_EQ(step, (Points{line == 0 ? 17 : 4}));
      ++returned[line];
      taken += step;
    }
    EXPECT_EQ(taken, Points{38});
    ++orders;
  } while (std::ranges::next_permutation(order).found);
  EXPECT_EQ(orders, 6);
}

TEST(Vectors, V8_RecomputedOverWhatIsKept) {
  // Goal: method C earns anew on the frozen bases of the kept units: 17, 5, 16, in total 38; in
  // another order the steps differ and the total does not.
  auto basket = basket_v5();
  basket.member = "M-GOLD";
  const Programme programme = plain_programme();
  const Pricing pricing = price(basket);
  const Accrual accrual = accrue_v6();
  const auto frozen = testing::provisional(accrual);
  const EarnedSale sale{programme, basket, pricing, LocalTime{}, accrual, frozen};
  const auto steps = [&](std::initializer_list<std::uint32_t> order) {
    Units taken;
    std::vector<ReturnedLine> returned;
    Points before;
    for (const std::uint32_t line : order) {
      returned.push_back({line, 1});
      const Points now = taken_back(sale, ReversalMethod::recompute, returned).value();
      taken.push_back((now - before).count);
      before = now;
    }
    EXPECT_EQ(before, Points{38});
    return taken;
  };
  EXPECT_EQ(steps({1, 2, 1}), (Units{17, 5, 16}));
  EXPECT_EQ(steps({2, 1, 1}), (Units{5, 17, 16}));
}

TEST(Vectors, V9_RefundOfTwoOfThree) {
  // Goal: 3 x 100.00 less 10 %: two units refund 180.00.
  const auto basket = ReceiptBuilder().line("3", "100.00").discount("30.00").take();
  EXPECT_EQ(price(basket).lines[0].amount_units.prefix(2), money("180.00").minor);
}

TEST(Vectors, V10_RefundFrozenAndRejudged) {
  // Goal: 6 x 50.00 with 10 % from 300, five come back: 225.00 frozen; rejudged the kept one costs
  // 50.00 again, so 220.00.
  const auto basket = ReceiptBuilder().line("6", "50.00").discount("30.00").take();
  const Pricing pricing = price(basket);
  ReturnPolicy policy;
  policy.basket_promotions.push_back({"coupon", money("300"), {1, 10}, {}});
  const std::array<ReturnedLine, 1> five{{{1, 5}}};
  EXPECT_EQ(refund_value(basket, pricing, policy, five), money("225.00"));
  policy.refund_valuation = RefundValuation::rejudged;
  EXPECT_EQ(refund_value(basket, pricing, policy, five), money("220.00"));
}

TEST(Vectors, V11_TaxByLineAndByReceipt) {
  // Goal: 3 x 0.99 with 20 % included: 0.51 by line, 0.50 by receipt, the cent goes to rounding.
  ReceiptBuilder builder;
  builder.mode(contract::TaxMode::inclusive);
  for (int i = 0; i < 3; ++i) builder.line("1", "0.99").tax("STD", "0.20");
  const auto basket = builder.tender(contract::TenderKind::cash, "2.97").take();
  EXPECT_EQ(price(basket).sold.tax, money("0.51"));
  EXPECT_EQ(price(basket).tax_rounding, money("0.00"));
  const Pricing pricing = price(basket, {.tax_level = TaxLevel::receipt});
  EXPECT_EQ(pricing.sold.tax, money("0.50"));
  EXPECT_EQ(pricing.tax_rounding, money("0.01"));
  const Journal journal = journal_of(basket, pricing).value();
  const Journal expected{{Account::cash, Side::debit, money("2.97"), ""},
                         {Account::revenue, Side::credit, money("2.46"), "STD"},
                         {Account::tax_payable, Side::credit, money("0.50"), "STD"},
                         {Account::rounding_difference, Side::credit, money("0.01"), ""}};
  EXPECT_EQ(journal, expected);
}

TEST(Vectors, V12_AReturnUsesTheRateOfItsSale) {
  // Goal: a return is by the programme version of its sale, whatever the rate is by then: 50 of
  // 100 points by every method.
  Programme at_sale = plain_programme();
  at_sale.rates.push_back({testing::currency_of("ZAR"), {1, 17}});
  const auto basket = ReceiptBuilder("ZAR").line("2", "850").take();
  const Pricing pricing = price(basket);
  const Accrual accrual = accrue(at_sale, basket, pricing, LocalTime{}).value();
  const auto frozen = testing::provisional(accrual);
  const EarnedSale sale{at_sale, basket, pricing, LocalTime{}, accrual, frozen};
  const std::array<ReturnedLine, 1> one{{{1, 1}}};
  for (const ReversalMethod method :
       {ReversalMethod::frozen, ReversalMethod::proportional, ReversalMethod::recompute}) {
    EXPECT_EQ(taken_back(sale, method, one).value(), Points{50});
  }
}

TEST(Vectors, V12_PointsAreEarnedInTheProgrammesCurrency) {
  // Goal: 1 EUR = 17 ZAR: 100 EUR and 1,700 ZAR both earn 100 points.
  Programme programme = plain_programme();
  programme.rates.push_back({testing::currency_of("ZAR"), {1, 17}});
  for (const auto& [code, amount] : {std::pair{"EUR", "100"}, std::pair{"ZAR", "1700"}}) {
    const auto basket = ReceiptBuilder(code).line("1", amount).take();
    EXPECT_EQ(accrue(programme, basket, price(basket), LocalTime{})->total, Points{100}) << code;
  }
}

TEST(Vectors, V13_PercentageFirst) {
  // Goal: KPMG's example rounds the percentage to whole numbers: 91,000 and 9,000.
  const SspSplit split =
      allocate_by_relative_ssp(money("100000"), money("100000"), money("9700"), PercentageFirst{});
  EXPECT_EQ(split.goods, money("91000"));
  EXPECT_EQ(split.points, money("9000"));
}

TEST(Vectors, V13_CumulativeCatchUp) {
  // Goal: of 9,000 deferred, 4,500 of 9,700 points are redeemed, then 4,000 more of 9,900: 4,175
  // and 3,552 in whole units, 4,175.26 and 3,552.01 in cents.
  const auto steps = [](const Money& deferred) {
    const Money first = catch_up(deferred, {4'500}, {9'700}, Money{0, deferred.currency});
    return std::pair{first, catch_up(deferred, {8'500}, {9'900}, first)};
  };
  EXPECT_EQ(steps(money("9000", "JPY")), (std::pair{money("4175", "JPY"), money("3552", "JPY")}));
  EXPECT_EQ(steps(money("9000")), (std::pair{money("4175.26"), money("3552.01")}));
}

TEST(Vectors, V14_RelativeSellingPrices) {
  // Goal: exact 1,843.32 and 156.68; percentage first, truncated at one place, 1,842 and 158.
  const SspSplit exact = allocate_by_relative_ssp(money("2000"), money("2000"), money("170"));
  EXPECT_EQ(exact.goods, money("1843.32"));
  EXPECT_EQ(exact.points, money("156.68"));
  const SspSplit rounded = allocate_by_relative_ssp(money("2000"), money("2000"), money("170"),
                                                    {.places = 1, .rounding = Rounding::truncate});
  EXPECT_EQ(rounded.goods, money("1842"));
  EXPECT_EQ(rounded.points, money("158"));
}

TEST(Vectors, V15_MultiplicativeAndAdditive) {
  // Goal: tier 1.25 and campaign 3 on 10.00: 37.5 multiplied, 32.5 added.
  auto basket = ReceiptBuilder().line("1", "10.00").member("M-GOLD").take();
  Programme programme = plain_programme();
  programme.campaigns.push_back({"triple", {3, 1}, {}, {}, {}});
  const auto twice_exact = [&] {
    const Accrual accrual = accrue(programme, basket, price(basket), LocalTime{}).value();
    EXPECT_EQ(accrual.exact.numerator * 2 % accrual.exact.denominator, 0);
    return static_cast<int>(accrual.exact.numerator * 2 / accrual.exact.denominator);
  };
  EXPECT_EQ(twice_exact(), 75);
  programme.stacking = Stacking::additive;
  EXPECT_EQ(twice_exact(), 65);
}

TEST(Vectors, V19_ALateReceiptOpensADeltaSlice) {
  // Goal: a receipt after the close is posted as slice 2; the ERP has the sum of the slices, and
  // slice 1 is untouched.
  const auto sums = [](const char* amount) {
    const auto sale =
        ReceiptBuilder().line("1", amount).tender(contract::TenderKind::cash, amount).take();
    const Pricing pricing = price(sale);
    return sums_of(sale, pricing, journal_of(sale, pricing).value());
  };
  StoreDay day({"acme", "DE-001", parse_business_date("2026-11-21").value(), "aggregated"});
  ASSERT_TRUE(day.add("R1", sums("10.00")));
  ASSERT_TRUE(day.add("R2", sums("20.00")));
  EXPECT_EQ(day.close(), 1U);
  const Slice first = day.slices()[0];
  EXPECT_EQ(day.add("late", sums("5.00")).value(), StoreDay::Added::added);
  EXPECT_EQ(day.close(), 2U);
  EXPECT_EQ(day.slices()[0], first);
  EXPECT_EQ(day.slices()[1].sums, sums("5.00"));
  EXPECT_EQ(day.slice_of("late"), 2U);
  DaySums all;
  for (const char* amount : {"10.00", "20.00", "5.00"}) ASSERT_TRUE(add(all, sums(amount)));
  EXPECT_EQ(day.posted().value(), all);
  EXPECT_EQ(all.journal[0], (Posting{Account::cash, Side::debit, money("35.00"), ""}));
}

TEST(Vectors, V20_WindowsAreHalfOpenInTheShopsZone) {
  // Goal: [Sat 00:00, Mon 00:00) by the shop's clock, in Berlin and in Kolkata.
  const Campaign weekend{
      "weekend", {2, 1}, {}, LocalTime{1'795'219'200'000'000}, LocalTime{1'795'392'000'000'000}};
  ASSERT_EQ(to_string(Instant{weekend.from->micros}), "2026-11-21T00:00:00Z");
  ASSERT_EQ(to_string(Instant{weekend.until->micros}), "2026-11-23T00:00:00Z");
  const SystemZones zones;
  const auto holds = [&](std::string_view zone, std::string_view instant) {
    return weekend.holds_at(zones.local(zone, parse_instant(instant).value()).value());
  };
  EXPECT_TRUE(holds("Europe/Berlin", "2026-11-22T23:59:59.999+01:00"));
  EXPECT_FALSE(holds("Europe/Berlin", "2026-11-23T00:00:00.000+01:00"));
  EXPECT_TRUE(holds("Asia/Kolkata", "2026-11-22T23:59:59.999+05:30"));
  EXPECT_FALSE(holds("Asia/Kolkata", "2026-11-23T00:00:00.000+05:30"));
  EXPECT_FALSE(holds("Europe/Berlin", "2026-11-20T23:59:59.999+01:00"));
  EXPECT_TRUE(holds("Europe/Berlin", "2026-11-21T00:00:00.000+01:00"));
}

TEST(Vectors, V21_CampaignPointsStayWithTheirLines) {
  // Goal: 3x on A only: 110 points, of which B's return takes 20 (naive pro rata 44).
  const auto basket = ReceiptBuilder().line("1", "30.00", "A").line("1", "20.00", "B").take();
  Programme programme = plain_programme();
  programme.campaigns.push_back({"triple-a", {3, 1}, {"A"}, {}, {}});
  const Accrual accrual = accrue(programme, basket, price(basket), LocalTime{}).value();
  EXPECT_EQ(accrual.total, Points{110});
  EXPECT_EQ(reversal(accrual.lines[0].points, 0, 1), Points{90});
  EXPECT_EQ(reversal(accrual.lines[1].points, 0, 1), Points{20});
}

}  // namespace
}  // namespace crossfoot::ledger
