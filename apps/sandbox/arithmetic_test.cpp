// Goal: amounts, taxes, discounts and allocations come out to the cent as DOMAIN.md defines them.
#include "sandbox/arithmetic.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "runtime/random.h"

namespace crossfoot::sandbox {
namespace {

/// Named here since `Run` is a private name of every gtest fixture.
using Units = std::vector<Run>;

Decimal decimal(std::string_view text) {
  return *parse_decimal(text);
}

ReceiptLine line(std::uint32_t number, std::string_view quantity, std::string_view price,
                 std::string_view rate = "0") {
  return {.number = number,
          .article = "A-" + std::to_string(number),
          .quantity = decimal(quantity),
          .unit_price = decimal(price),
          .tax_code = "STD",
          .tax_rate = decimal(rate)};
}

Receipt receipt(std::vector<ReceiptLine> lines, TaxMode mode = TaxMode::inclusive) {
  Receipt made;
  made.kind = "sale";
  made.currency = *find_currency("EUR");
  made.tax_mode = mode;
  made.lines = std::move(lines);
  return made;
}

/// Units one by one: what allocate() must equal without ever looping over them.
std::vector<std::int64_t> expand(const Units& runs) {
  std::vector<std::int64_t> units;
  for (const auto& run : runs) {
    for (std::int64_t i = 0; i < run.count; ++i) units.push_back(run.share + (i < run.extra));
  }
  return units;
}

TEST(Allocation, GivesTenPointsOverThreePrices) {  // V1
  Units runs{{.line = 0, .count = 1, .weight = 333},
             {.line = 1, .count = 1, .weight = 333},
             {.line = 2, .count = 1, .weight = 334}};
  allocate(10, runs);
  EXPECT_EQ(expand(runs), (std::vector<std::int64_t>{3, 3, 4}));
}

TEST(Allocation, CapsARefundOverTwoEqualLines) {  // V3
  Units runs{{.line = 0, .count = 1, .weight = 100}, {.line = 1, .count = 1, .weight = 100}};
  allocate(103, runs);
  EXPECT_EQ(expand(runs), (std::vector<std::int64_t>{52, 51}));
}

TEST(Allocation, CountsUnitsWhenNothingWeighs) {
  Units runs{{.line = 0, .count = 3, .den = 3, .weight = 0},
             {.line = 1, .count = 1, .den = 1, .weight = 0}};
  allocate(5, runs);
  EXPECT_EQ(expand(runs), (std::vector<std::int64_t>{2, 1, 1, 1}));
}

TEST(Allocation, EqualsTheLoopOverSingleUnits) {
  runtime::Random random(7);
  for (int round = 0; round < 300; ++round) {
    Units runs;
    std::vector<std::pair<Wide, std::int64_t>> units;  // weight over den, in unit order
    const std::size_t lines = 1 + random.below(5);
    for (std::size_t at = 0; at < lines; ++at) {
      const auto count = static_cast<std::int64_t>(1 + random.below(9));
      const Wide weight = static_cast<std::int64_t>(random.below(1000));
      runs.push_back({.line = at, .count = count, .den = count, .weight = weight});
      for (std::int64_t i = 0; i < count; ++i) units.emplace_back(weight, count);
    }
    Wide sum = 0;
    for (const auto& run : runs) sum += run.weight;
    if (sum == 0) continue;
    const auto total = static_cast<std::int64_t>(random.below(5000));
    std::vector<std::int64_t> expected;
    std::vector<std::size_t> order(units.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::int64_t left = total;
    for (const auto& [weight, den] : units) {
      expected.push_back(static_cast<std::int64_t>(total * weight / (den * sum)));
      left -= expected.back();
    }
    std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
      const Wide first = total * units[a].first % (units[a].second * sum) * units[b].second;
      const Wide second = total * units[b].first % (units[b].second * sum) * units[a].second;
      return first != second ? first > second : a < b;
    });
    for (std::int64_t i = 0; i < left; ++i) ++expected[order[static_cast<std::size_t>(i)]];
    allocate(total, runs);
    ASSERT_EQ(expand(runs), expected) << "round " << round;
  }
}

TEST(Allocation, TakesBigWeightsInWiderArithmeticToTheSameResult) {
  Units small{{.line = 0, .count = 3, .den = 3, .weight = 700},
              {.line = 1, .count = 5, .den = 5, .weight = 301}};
  Units big = small;
  Wide factor = 1;
  for (int i = 0; i < 32; ++i) factor *= 10;
  for (auto& run : big) run.weight *= factor;
  allocate(9'999, small);
  allocate(9'999, big);
  EXPECT_EQ(expand(big), expand(small));
}

TEST(Pricing, TakesAnOrderDiscountOffTheUnits) {  // V4
  Receipt sale = receipt({line(1, "2", "19.99"), line(2, "1", "5.01")});
  sale.order_discount_minor = 450;
  const auto priced = price_receipt(sale);
  ASSERT_TRUE(priced);
  EXPECT_EQ(priced->lines[0].amount, 3598);
  EXPECT_EQ(priced->lines[1].amount, 451);
  EXPECT_EQ(priced->gross, 4049);
  EXPECT_EQ(wide_decimal(priced->exact, priced->scale), "40.49");
}

TEST(Pricing, SharesADiscountByPrice) {  // V2
  Receipt sale = receipt({line(1, "1", "150.00"), line(2, "1", "60.00")});
  sale.order_discount_minor = 4200;
  const auto priced = price_receipt(sale);
  ASSERT_TRUE(priced);
  EXPECT_EQ(priced->lines[0].amount, 12000);
}

TEST(Pricing, TaxesEachLine) {  // V11
  const auto priced = price_receipt(receipt(
      {line(1, "1", "0.99", "0.20"), line(2, "1", "0.99", "0.20"), line(3, "1", "0.99", "0.20")}));
  ASSERT_TRUE(priced);
  EXPECT_EQ(priced->tax, 51);
  EXPECT_EQ(priced->net, 246);
  EXPECT_EQ(priced->gross, 297);
}

TEST(Pricing, RoundsTaxHalfUpAndMirrorsIt) {
  EXPECT_EQ(line_tax(TaxMode::exclusive, 150, decimal("0.19")), 29);  // 28.5
  EXPECT_EQ(line_tax(TaxMode::exclusive, -150, decimal("0.19")), -29);
  EXPECT_EQ(line_tax(TaxMode::inclusive, 11900, decimal("0.19")), 1900);
  EXPECT_EQ(line_tax(TaxMode::not_in_source, 11900, decimal("0.19")), 0);
}

TEST(Pricing, AddsTaxOnTopWhenExclusive) {
  const auto priced = price_receipt(receipt({line(1, "3", "10.00", "0.0825")}, TaxMode::exclusive));
  ASSERT_TRUE(priced);
  EXPECT_EQ(priced->net, 3000);
  EXPECT_EQ(priced->tax, 248);  // 247.5
  EXPECT_EQ(priced->gross, 3248);
}

TEST(Pricing, RoundsTheProductAwayFromZeroAndKeepsItExact) {
  const auto priced = price_receipt(receipt({line(1, "3", "0.335"), line(2, "0.5", "0.03")}));
  ASSERT_TRUE(priced);
  EXPECT_EQ(priced->lines[0].amount, 101);  // 1.005
  EXPECT_EQ(priced->lines[1].amount, 2);    // 0.015
  EXPECT_EQ(wide_decimal(priced->exact, priced->scale), "1.02");
}

TEST(Pricing, CountsReturnedLinesAgainstSoldOnes) {
  Receipt exchange = receipt({line(1, "1", "30.00"), line(2, "1", "20.00")});
  exchange.kind = "exchange";
  exchange.lines[1].returned = true;
  exchange.order_discount_minor = 300;
  const auto priced = price_receipt(exchange);
  ASSERT_TRUE(priced);
  EXPECT_EQ(priced->lines[0].amount, 2700);  // the discount is the sold line's alone
  EXPECT_EQ(priced->lines[1].amount, 2000);
  EXPECT_EQ(priced->gross, 700);
  EXPECT_EQ(wide_decimal(priced->exact, priced->scale), "7");
}

TEST(Pricing, TakesALineOfManyUnitsInClosedForm) {
  Receipt sale = receipt({line(1, "74215", "1.04"), line(2, "1", "0.01")});
  sale.order_discount_minor = 1'000'001;
  const auto priced = price_receipt(sale);
  ASSERT_TRUE(priced);
  EXPECT_EQ(priced->gross, 7'718'360 + 1 - 1'000'001);
  EXPECT_LE(priced->runs.size(), 4U);
}

TEST(Pricing, RefusesWhatCannotBe) {
  Receipt over = receipt({line(1, "1", "5.00")});
  over.lines[0].discount_minor = 501;
  EXPECT_EQ(price_receipt(over).error().code, "discount_exceeds_amount");
  Receipt order = receipt({line(1, "1", "5.00")});
  order.order_discount_minor = 501;
  EXPECT_EQ(price_receipt(order).error().code, "discount_exceeds_amount");
  EXPECT_EQ(price_receipt(receipt({line(1, "1000000000", "9223372036.854775807")})).error().code,
            "amount_out_of_range");
  EXPECT_EQ(price_receipt(receipt({line(1, "1000000000.000001", "9.999999999")})).error().code,
            "amount_out_of_range");
}

TEST(Pricing, PrintsExactNumbersWithoutTrailingZeros) {
  EXPECT_EQ(wide_decimal(-1'020, 3), "-1.02");
  EXPECT_EQ(wide_decimal(5, 3), "0.005");
  EXPECT_EQ(wide_decimal(0, 4), "0");
  EXPECT_EQ(wide_decimal(1200, 2), "12");
}

}  // namespace
}  // namespace crossfoot::sandbox
