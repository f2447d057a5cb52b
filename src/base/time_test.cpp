// Goal: times are read and written without loss, and nothing that is no time is read.
#include "base/time.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace crossfoot {
namespace {

RC_GTEST_PROP(Instant, TextRoundTrip, ()) {
  const Instant at{
      *rc::gen::inRange<std::int64_t>(-2'208'988'800'000'000, 253'402'300'800'000'000)};
  RC_ASSERT(parse_instant(to_string(at)) == at);
}

RC_GTEST_PROP(BusinessDate, TextRoundTrip, ()) {
  const BusinessDate date{*rc::gen::inRange<std::int32_t>(-25'567, 2'932'897)};
  RC_ASSERT(parse_business_date(to_string(date)) == date);
}

TEST(Instant, WritesAsManyFractionDigitsAsNeeded) {
  // Goal: none, three or six digits, also before 1970.
  EXPECT_EQ(to_string(Instant{0}), "1970-01-01T00:00:00Z");
  EXPECT_EQ(to_string(Instant{1'000}), "1970-01-01T00:00:00.001Z");
  EXPECT_EQ(to_string(Instant{1}), "1970-01-01T00:00:00.000001Z");
  EXPECT_EQ(to_string(Instant{-1}), "1969-12-31T23:59:59.999999Z");
}

TEST(Instant, ReadsZonesAndCutsBelowMicros) {
  // Goal: an offset is taken off, nine digits are cut to six.
  EXPECT_EQ(parse_instant("1970-01-01T01:30:00-01:30"), Instant{10'800'000'000});
  EXPECT_EQ(parse_instant("1970-01-01t00:00:00.123456999z"), Instant{123'456});
  EXPECT_EQ(parse_instant("2024-02-29T00:00:00+00:00"), parse_instant("2024-02-29T00:00:00Z"));
}

TEST(Instant, RefusesWhatIsNoTime) {
  // Goal: no impossible date, no missing zone, no trailing text, nothing outside the years.
  for (const char* text :
       {"", "2026-11-21", "2026-11-21T10:03:04", "2026-11-21T24:00:00Z", "2026-11-21T10:60:00Z",
        "2026-11-21T10:03:60Z", "2026-11-21T10:03:04.Z", "2026-11-21T10:03:04.1234567890Z",
        "2026-11-21T10:03:04+1:00", "2026-11-21T10:03:04+24:00", "2026-11-21T10:03:04Zx",
        "2026-02-29T10:03:04Z", "2026-13-01T10:03:04Z", "1899-12-31T23:59:59Z",
        "1900-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01", "20261121T100304Z"}) {
    EXPECT_FALSE(parse_instant(text)) << text;
  }
}

TEST(BusinessDate, RefusesWhatIsNoDay) {
  // Goal: only YYYY-MM-DD of a day that was.
  for (const char* text :
       {"", "2026-11-31", "2026-2-01", "26-02-01", "2026-02-01 ", "2026/02/01"}) {
    EXPECT_FALSE(parse_business_date(text)) << text;
  }
}

TEST(UtcDate, RoundsDownBefore1970) {
  // Goal: the last microsecond of 1969 belongs to 1969.
  EXPECT_EQ(utc_date(Instant{-1}).days, -1);
  EXPECT_EQ(utc_date(Instant{0}).days, 0);
}

}  // namespace
}  // namespace crossfoot
