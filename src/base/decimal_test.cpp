// Goal: decimal arithmetic is exact, rounds as each mode says, and never wraps.
#include "base/decimal.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace crossfoot {
namespace {

TEST(Divide, EveryModeOnBothSidesOfZero) {
  // Goal: all modes but floor and ceil mirror at zero.
  struct Case {
    Rounding rounding;
    int five_halves, minus_five_halves, seven_thirds, minus_seven_thirds;
  };
  for (const Case& c :
       {Case{Rounding::half_up, 3, -3, 2, -2}, Case{Rounding::half_even, 2, -2, 2, -2},
        Case{Rounding::truncate, 2, -2, 2, -2}, Case{Rounding::floor, 2, -3, 2, -3},
        Case{Rounding::ceil, 3, -2, 3, -2}}) {
    EXPECT_EQ(divide(5, 2, c.rounding), c.five_halves);
    EXPECT_EQ(divide(-5, 2, c.rounding), c.minus_five_halves);
    EXPECT_EQ(divide(7, 3, c.rounding), c.seven_thirds);
    EXPECT_EQ(divide(-7, 3, c.rounding), c.minus_seven_thirds);
  }
  EXPECT_EQ(divide(7, 2, Rounding::half_even), 4);
}

RC_GTEST_PROP(Divide, NarrowAndWideAgree, ()) {
  // Goal: the 64-bit path and the 128-bit path give the same quotient.
  const auto numerator = *rc::gen::arbitrary<std::int64_t>();
  const auto denominator = *rc::gen::inRange<std::int64_t>(1, 1'000'000'000);
  const Wide factor = Wide{1} << 60;
  for (const Rounding rounding : {Rounding::half_up, Rounding::half_even, Rounding::truncate,
                                  Rounding::floor, Rounding::ceil}) {
    RC_ASSERT(divide(numerator, denominator, rounding) ==
              divide(numerator * factor, denominator * factor, rounding));
  }
}

RC_GTEST_PROP(Divide, HalfUpIsOffByAtMostHalf, ()) {
  const auto numerator = *rc::gen::arbitrary<std::int64_t>();
  const auto denominator = *rc::gen::inRange<std::int64_t>(1, INT64_MAX);
  const Wide off = divide(numerator, denominator, Rounding::half_up) * denominator - numerator;
  RC_ASSERT(2 * (off < 0 ? -off : off) <= Wide{denominator});
}

RC_GTEST_PROP(Decimal, TextRoundTrip, ()) {
  const Decimal value{*rc::gen::inRange<std::int64_t>(-INT64_MAX, INT64_MAX),
                      *rc::gen::inRange<std::uint8_t>(0, Decimal::scale_max + 1)};
  const auto parsed = parse_decimal(to_string(value));
  RC_ASSERT(parsed.has_value());
  RC_ASSERT(parsed->units == value.units);
  RC_ASSERT(parsed->scale == value.scale);
  RC_ASSERT(value.normalised() == value);
}

TEST(Decimal, RefusesWhatIsNotPlain) {
  // Goal: no spelling but the canonical one, nothing out of range.
  for (const char* text : {"", "-", ".5", "-.5", "+1", " 1", "1 ", "1.", "1.2.3", "00", "01.5",
                           "1e3", "0x1", "1,5", "9223372036854775808", "0.1234567890"}) {
    EXPECT_FALSE(parse_decimal(text)) << text;
  }
  EXPECT_EQ(parse_decimal("9223372036854775807")->units, INT64_MAX);
  EXPECT_EQ(parse_decimal("-0.00")->units, 0);
}

TEST(Decimal, ComparesByValue) {
  // Goal: trailing zeros do not count, extremes do not wrap.
  EXPECT_EQ((Decimal{10, 1}), (Decimal{100, 2}));
  EXPECT_LT((Decimal{INT64_MAX, 9}), (Decimal{INT64_MAX, 0}));
  EXPECT_GT((Decimal{-1, 9}), (Decimal{-1, 0}));
  EXPECT_TRUE((Decimal{3000, 3}).is_whole());
  EXPECT_FALSE((Decimal{3001, 3}).is_whole());
}

TEST(Decimal, RescaleAndMultiplyStayInRange) {
  // Goal: results that do not fit 64 bits are no value.
  EXPECT_EQ(rescale(*parse_decimal("2.345"), 2, Rounding::half_even)->units, 234);
  EXPECT_FALSE(rescale({INT64_MAX, 0}, 1, Rounding::truncate));
  EXPECT_FALSE(multiply_round({INT64_MAX, 0}, {2, 0}, 0, Rounding::half_up));
  EXPECT_FALSE(multiply_round({INT64_MAX, 0}, {INT64_MAX, 0}, 9, Rounding::half_up));
  EXPECT_EQ(multiply_round({INT64_MAX, 9}, {1'000'000'000, 9}, 9, Rounding::half_up), INT64_MAX);
  EXPECT_EQ(multiply_round(*parse_decimal("-3"), *parse_decimal("0.335"), 2, Rounding::half_up),
            -101);
}

TEST(DecimalDeathTest, DivisionByZeroIsAProgrammersError) {
  // Goal: the invariant is on in every build.
  EXPECT_DEATH((void)divide(1, 0, Rounding::floor), "positive denominator");
  EXPECT_DEATH((void)power_of_ten(19), "powers of ten");
}

}  // namespace
}  // namespace crossfoot
