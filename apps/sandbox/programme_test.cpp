// Goal: the platform's points follow the programme, and every unit's points are frozen with the
// sale.
#include "sandbox/programme.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace crossfoot::sandbox {
namespace {

using Runs = std::vector<PointRun>;

ReceiptLine line(std::uint32_t number, std::string_view quantity, std::string_view price) {
  return {.number = number,
          .article = "A-" + std::to_string(number),
          .quantity = *parse_decimal(quantity),
          .unit_price = *parse_decimal(price)};
}

Receipt receipt(std::vector<ReceiptLine> lines, std::string_view currency = "EUR") {
  Receipt made;
  made.member = "M-1";
  made.currency = *find_currency(currency);
  made.occurred_at = *parse_instant("2026-11-21T10:00:00Z");
  made.lines = std::move(lines);
  return made;
}

Programme programme(std::string_view json) {
  auto parsed = parse_programme(json);
  EXPECT_TRUE(parsed) << (parsed ? "" : parsed.error().cause);
  return parsed ? std::move(*parsed) : Programme{};
}

/// The basket of V4 to V8, ten of it paid by gift card.
Receipt basket() {
  Receipt sale = receipt({line(1, "2", "19.99"), line(2, "1", "5.01")});
  sale.order_discount_minor = 450;
  sale.tenders = {{"gift_card", 1000}, {"card", 3049}};
  return sale;
}

constexpr std::string_view basket_rules = R"({"earn": {"excluded_tenders": ["gift_card"]},
    "tiers": [{"tier": "gold", "multiplier": "1.25", "members": ["M-1"]}]})";

TEST(Earn, FreezesTheBasketPerUnit) {  // V5, V6
  const auto earned = earn(programme(basket_rules), basket());
  ASSERT_TRUE(earned);
  EXPECT_EQ(earned->points, 38);
  EXPECT_EQ(earned->lines[0], (Runs{{2, 17}}));
  EXPECT_EQ(earned->lines[1], (Runs{{1, 4}}));
}

TEST(Earn, GivesACampaignOnlyToItsArticles) {  // V21
  const auto earned =
      earn(programme(R"({"campaigns": [{"id": "c", "multiplier": "3", "articles": ["A-1"]}]})"),
           receipt({line(1, "1", "30.00"), line(2, "1", "20.00")}));
  ASSERT_TRUE(earned);
  EXPECT_EQ(earned->points, 110);
  EXPECT_EQ(earned->lines[1], (Runs{{1, 20}}));
}

TEST(Earn, StacksAsTheProgrammeSays) {  // V15, on 100.00
  constexpr std::string_view rest = R"("tiers": [{"tier": "g", "multiplier": "1.25",
      "members": ["M-1"]}], "campaigns": [{"id": "c", "multiplier": "3"}]})";
  const auto stacked = [&](std::string_view mode) {
    return earn(programme(R"({"earn": {"stacking": ")" + std::string(mode) + R"("},)" +
                          std::string(rest)),
                receipt({line(1, "1", "100.00")}))
        ->points;
  };
  EXPECT_EQ(stacked("multiplicative"), 375);
  EXPECT_EQ(stacked("additive"), 325);
}

TEST(Earn, ConvertsToTheProgrammesCurrency) {  // V12
  const Programme rules =
      programme(R"({"currency": "EUR", "rates": [{"currency": "ZAR", "to_programme": "0.0589"}]})");
  EXPECT_EQ(earn(rules, receipt({line(1, "1", "100.00")}))->points, 100);
  EXPECT_EQ(earn(rules, receipt({line(1, "1", "1700.00")}, "ZAR"))->points, 100);
  EXPECT_EQ(earn(rules, receipt({line(1, "1", "1.00")}, "USD")).error().code, "no_exchange_rate");
}

TEST(Earn, TakesTheCampaignsTimeInTheShopsZone) {  // V20
  const Programme rules = programme(R"({
      "campaigns": [{"id": "c", "multiplier": "2", "from": "2026-11-21T00:00:00",
                     "until": "2026-11-23T00:00:00"}],
      "zones": {"DE": "Europe/Berlin", "IN": "Asia/Kolkata"}})");
  const auto points = [&](std::string_view region, std::string_view at) {
    Receipt sale = receipt({line(1, "1", "10.00")});
    sale.region = region;
    sale.occurred_at = *parse_instant(at);
    return earn(rules, sale)->points;
  };
  EXPECT_EQ(points("DE-BY", "2026-11-22T23:59:59.999+01:00"), 20);
  EXPECT_EQ(points("DE-BY", "2026-11-23T00:00:00+01:00"), 10);
  EXPECT_EQ(points("IN", "2026-11-22T23:59:59.999+05:30"), 20);
  EXPECT_EQ(points("IN", "2026-11-23T00:00:00+05:30"), 10);
}

TEST(Earn, FloorsOncePerReceiptOverGoodsOnly) {  // ONLINE_RETAIL.md "Members"
  Receipt sale = receipt({line(1, "6", "2.55"), line(2, "8", "3.39"), line(3, "1", "18.00")});
  sale.tax_mode = TaxMode::not_in_source;
  sale.lines[2].kind = LineKind::shipping;
  const auto earned = earn(Programme{}, sale);
  ASSERT_TRUE(earned);
  EXPECT_EQ(earned->points, 42);  // 15.30 + 27.12
  EXPECT_EQ(points_of_units(earned->lines[0], 0, 6) + points_of_units(earned->lines[1], 0, 8), 42);
  EXPECT_EQ(earned->lines[2], (Runs{{1, 0}}));
  EXPECT_EQ(points_of_units(earned->lines[0], 0, 3) + points_of_units(earned->lines[0], 3, 3),
            points_of_units(earned->lines[0], 0, 6));
}

TEST(Earn, GivesTheRemainderToTheFirstUnitsOfALongLine) {
  const auto earned = earn(Programme{}, receipt({line(1, "74215", "1.04")}));
  ASSERT_TRUE(earned);
  EXPECT_EQ(earned->points, 77'183);
  EXPECT_EQ(earned->lines[0], (Runs{{2'968, 2}, {71'247, 1}}));
}

TEST(Earn, SplitsTheNetOfAnExcludedTender) {  // DOMAIN.md 7.2: eligible 50.00
  Receipt sale = receipt({line(1, "1", "120.00")});
  sale.lines[0].tax_rate = *parse_decimal("0.20");
  sale.tenders = {{"gift_card", 6000}, {"cash", 6000}};
  const Programme rules =
      programme(R"({"earn": {"base": "net", "excluded_tenders": ["gift_card"]}})");
  EXPECT_EQ(earn(rules, sale)->points, 50);
}

TEST(Earn, CountsAMeasuredLineAsOneUnit) {
  Receipt sale = receipt({line(1, "1.250", "8.00"), line(2, "3", "1.00")});
  const auto earned = earn(Programme{}, sale);
  ASSERT_TRUE(earned);
  EXPECT_EQ(earned->lines[0], (Runs{{1, 10}}));
  EXPECT_EQ(earned->lines[1], (Runs{{3, 1}}));
}

TEST(ProgrammeFile, ReadsTheExample) {
  std::ifstream file("apps/sandbox/programme.example.json");
  std::ostringstream text;
  text << file.rdbuf();
  const Programme rules = programme(text.view());
  EXPECT_EQ(rules.campaigns.size(), 1U);
  EXPECT_EQ(rules.zone_of("CH-ZH"), "Europe/Zurich");
  ASSERT_NE(rules.tier_of("M-GOLD-1"), nullptr);
  EXPECT_EQ(rules.excluded_tenders.size(), 2U);
}

TEST(ProgrammeFile, RefusesRulesThatItDoesNotKnow) {
  EXPECT_FALSE(parse_programme(R"({"earn": {"bonus": "1"}})"));
  EXPECT_FALSE(parse_programme(R"({"earn": {"rounding": "up"}})"));
  EXPECT_FALSE(parse_programme(R"({"campaigns": [{"id": "c", "multiplier": "0.5"}]})"));
  EXPECT_FALSE(parse_programme(R"({"zones": {"XX": "Nowhere/Atall"}})"));
  EXPECT_FALSE(parse_programme(R"({"currency": "EURO"})"));
  EXPECT_FALSE(parse_programme("{"));
  std::string many = R"({"campaigns": [)";
  for (int i = 0; i < 20; ++i) many += R"({"id": "c", "multiplier": "1.000000001"},)";
  many.back() = ']';
  EXPECT_FALSE(parse_programme(many + "}"));
}

}  // namespace
}  // namespace crossfoot::sandbox
