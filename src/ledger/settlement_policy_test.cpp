#include "ledger/settlement_policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace crossfoot::ledger {
namespace {

using testing::HasSubstr;

BusinessDate day(std::string_view text) {
  return parse_business_date(text).value();
}

// Goal: a policy says what is expected of a shop on a day, and the rest holds for all.
TEST(SettlementPolicy, SaysWhatIsExpectedOfAShop) {
  const auto policy = parse_settlement_policy(R"({
    "version": 3, "z_reports": false, "cash_tolerance": {"EUR": "2.00", "JPY": "100"},
    "close_minutes_after_z": 120,
    "shops": [{"shop": "DE-001", "region": "DE-BY", "registers": ["1", "2"],
               "trading_days": ["mon", "sat"], "z_reports": true}, {"shop": "AT-001"}]})");
  ASSERT_TRUE(policy.has_value()) << policy.error().where << policy.error().cause;
  EXPECT_EQ(policy->close_after_z, std::chrono::minutes{120});
  const DayRules saturday = policy->rules_of("default", "DE-001", day("2026-11-21"));
  EXPECT_TRUE(saturday.expected);
  EXPECT_TRUE(saturday.z_reports);
  EXPECT_EQ(saturday.registers.size(), 2U);
  EXPECT_EQ(saturday.cash_tolerance.at(*find_currency("JPY")), 100);
  const DayRules sunday = policy->rules_of("default", "DE-001", day("2026-11-22"));
  EXPECT_FALSE(sunday.expected);
  EXPECT_TRUE(sunday.registers.empty()) << "on a day off no till is missed";
  EXPECT_FALSE(policy->rules_of("default", "AT-001", day("2026-11-21")).z_reports);
  EXPECT_FALSE(policy->rules_of("other", "DE-001", day("2026-11-21")).expected);
  EXPECT_TRUE(ShopRules{.trading_days = 8}.trades_on(day("1970-01-01"))) << "a Thursday";
}

// Goal: the guide's example is one.
TEST(SettlementPolicy, TheGuidesExampleIsRead) {
  std::ifstream in("docs/guides/settlement.md");
  std::ostringstream guide;
  guide << in.rdbuf();
  const std::string text = guide.str();
  const std::size_t from = text.find("```json\n", text.find("## The policy"));
  ASSERT_NE(from, std::string::npos);
  const std::size_t to = text.find("```", from + 8);
  const auto policy = parse_settlement_policy(text.substr(from + 8, to - from - 8));
  ASSERT_TRUE(policy.has_value()) << policy.error().where << policy.error().cause;
  EXPECT_EQ(policy->shops.size(), 2U);
}

// Goal: whatever is not as described is refused with its place.
TEST(SettlementPolicy, IsReadStrictly) {
  const std::pair<std::string, std::string> table[] = {
      {R"({})", "/version"},
      {R"({"version": 0})", "/version"},
      {R"({"version": 1, "tills": []})", "/tills"},
      {R"({"version": 1, "shops": [{"region": "DE"}]})", "/shops/0/shop"},
      {R"({"version": 1, "shops": [{"shop": "A"}, {"shop": "A"}]})", "/shops"},
      {R"({"version": 1, "shops": [{"shop": "A", "trading_days": ["day"]}]})",
       "/shops/0/trading_days/0"},
      {R"({"version": 1, "cash_tolerance": {"EURO": "1"}})", "/cash_tolerance/EURO"},
      {R"({"version": 1, "cash_tolerance": {"EUR": "0.001"}})", "/cash_tolerance/EUR"},
      {R"({"version": 1, "close_minutes_after_z": -1})", "/close_minutes_after_z"},
      {R"({"version": 1, "z_reports": "yes"})", "/z_reports"},
      {R"({"version": 1, "periods": [{"from": "2026-11-01", "to": "2026-11-30"}]})",
       "/periods/0/open"},
      {R"({"version": 1, "periods": [{"from": "2026-11-30", "to": "2026-11-01", "open": true}]})",
       "/periods/0/to"},
      {R"({"version": 1, "periods": [{"from": "2026-13-01", "to": "2026-11-01", "open": true}]})",
       "/periods/0/from"},
      {R"({"version": 1, "periods": [7]})", "/periods/0"},
      {R"({"version": 1, "accounts": [{"class": "cash"}]})", "/accounts"},
      {R"([)", "/"},
  };
  for (const auto& [json, place] : table) {
    const auto policy = parse_settlement_policy(json);
    ASSERT_FALSE(policy.has_value()) << json;
    EXPECT_EQ(policy.error().code, "CF-3312");
    EXPECT_THAT(policy.error().where, HasSubstr(place)) << json;
  }
}

}  // namespace
}  // namespace crossfoot::ledger
