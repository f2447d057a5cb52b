// Goal: the foundation types read back what they write.
#include <gtest/gtest.h>

#include "base/codec.h"
#include "base/id.h"
#include "base/money.h"
#include "base/result.h"

namespace crossfoot {
namespace {

TEST(Id, TextRoundTrip) {
  IdSource source(7);
  const Id id = source.next(Instant{1'764'000'000'123'456}, 4095);
  EXPECT_EQ(parse_id(to_string(id)), id);
  EXPECT_EQ(id.partition(), 4095);
  EXPECT_EQ(id.created_at(), Instant{1'764'000'000'123'000});
  EXPECT_EQ(Id::from_bytes({id.bytes().data(), 16}), id);
}

TEST(Decimal, TextAndRounding) {
  EXPECT_EQ(to_string(*parse_decimal("-12.340")), "-12.340");
  EXPECT_EQ(to_string(*parse_decimal("0.05")), "0.05");
  EXPECT_EQ(to_string(*parse_decimal("0")), "0");
  EXPECT_FALSE(parse_decimal("01"));
  EXPECT_FALSE(parse_decimal("1."));
  EXPECT_FALSE(parse_decimal("1e3"));
  EXPECT_EQ(divide(-5, 2, Rounding::half_up), -3);
  EXPECT_EQ(divide(5, 2, Rounding::half_even), 2);
  EXPECT_EQ(multiply_round(*parse_decimal("3"), *parse_decimal("0.335"), 2, Rounding::half_up),
            101);
}

TEST(Money, ExponentOfTheCurrency) {
  EXPECT_EQ(to_string(*parse_money("12.3", *find_currency("EUR"))), "12.30");
  EXPECT_EQ(to_string(*parse_money("12", *find_currency("JPY"))), "12");
  EXPECT_FALSE(parse_money("12.5", *find_currency("JPY")));
  EXPECT_FALSE(find_currency("XAU"));
}

TEST(Instant, Rfc3339) {
  EXPECT_EQ(to_string(*parse_instant("2026-11-21T10:03:04.123+01:00")), "2026-11-21T09:03:04.123Z");
  EXPECT_FALSE(parse_instant("2026-11-21T10:03:04"));
  EXPECT_FALSE(parse_instant("2026-02-30T10:03:04Z"));
}

}  // namespace
}  // namespace crossfoot
