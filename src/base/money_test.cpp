// Goal: money has the digits of its currency, and never a fraction of the smallest unit.
#include "base/money.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace crossfoot {
namespace {

TEST(Currency, TheListIsSortedAndComplete) {
  // Goal: the binary search finds every code, since the list is in order; exponents are ISO 4217's.
  struct Entry {
    std::string_view code;
    int exponent;
  };
  const std::vector<Entry> entries{
#include "base/currencies.inc"
  };
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (i > 0) EXPECT_LT(entries[i - 1].code, entries[i].code);
    const auto found = find_currency(entries[i].code);
    ASSERT_TRUE(found) << entries[i].code;
    EXPECT_EQ(found->code(), entries[i].code);
    EXPECT_EQ(found->exponent(), entries[i].exponent);
  }
  for (const auto& [code, exponent] : {Entry{"JPY", 0}, Entry{"KWD", 3}, Entry{"CLF", 4}}) {
    EXPECT_EQ(find_currency(code)->exponent(), exponent);
  }
  for (const char* code : {"", "EU", "EURO", "eur", "XXX", "XAU"}) {
    EXPECT_FALSE(find_currency(code)) << code;
  }
}

TEST(Money, KeepsAllMinorDigits) {
  // Goal: text has the currency's digits; surplus zeros are read, surplus digits are not.
  const Currency eur = *find_currency("EUR");
  EXPECT_EQ(to_string(*parse_money("-0.05", eur)), "-0.05");
  EXPECT_EQ(parse_money("1.2000", eur)->minor, 120);
  EXPECT_FALSE(parse_money("1.205", eur));
  EXPECT_EQ(to_string(*parse_money("1.5", *find_currency("KWD"))), "1.500");
  EXPECT_EQ(parse_money("7.00", *find_currency("JPY"))->minor, 7);
}

TEST(Money, StaysInRange) {
  // Goal: ±10^15 minor units are the limit.
  const Currency eur = *find_currency("EUR");
  EXPECT_TRUE(parse_money("10000000000000.00", eur));
  EXPECT_FALSE(parse_money("10000000000000.01", eur));
  EXPECT_TRUE(parse_money("-10000000000000.00", eur));
  EXPECT_FALSE(parse_money("-10000000000000.01", eur));
  EXPECT_FALSE(parse_money("9223372036854775807", eur));
}

TEST(MoneyDeathTest, TwoCurrenciesDoNotAdd) {
  // Goal: a sum of francs and euros stops the process.
  const Money eur{1, *find_currency("EUR")};
  const Money chf{1, *find_currency("CHF")};
  EXPECT_DEATH((void)(eur + chf), "two currencies");
}

}  // namespace
}  // namespace crossfoot
