#include "ledger/posting_periods.h"

#include <gtest/gtest.h>

namespace crossfoot::ledger {
namespace {

BusinessDate day(std::string_view text) {
  return parse_business_date(text).value();
}

PostingPeriod month(std::string_view first, std::string_view last, bool open,
                    std::string region = "", std::string shop = "") {
  return {std::move(region), std::move(shop), day(first), day(last), open};
}

std::string posted(const PostingPeriods& periods, std::string_view date,
                   std::string_view region = "DE", std::string_view shop = "DE-001") {
  const auto found = periods.posting_date(day(date), region, shop);
  return found ? to_string(*found) : "nowhere";
}

// Goal: what happened in a closed period is posted on the first day of the next open one.
TEST(PostingPeriods, MoveToTheNextOpenPeriod) {
  const PostingPeriods periods({month("2026-12-01", "2026-12-31", true),
                                month("2026-10-01", "2026-10-31", false),
                                month("2026-11-01", "2026-11-30", false)});
  EXPECT_EQ(posted(periods, "2026-12-05"), "2026-12-05");
  EXPECT_EQ(posted(periods, "2026-11-30"), "2026-12-01");
  EXPECT_EQ(posted(periods, "2026-10-01"), "2026-12-01");
  EXPECT_EQ(posted(periods, "2027-01-01"), "nowhere") << "no period covers it, and none follows";
  EXPECT_EQ(posted(periods, "2026-09-30"), "2026-12-01") << "nobody has opened it";
}

// Goal: without periods nothing is controlled; with closed ones alone nothing can be posted.
TEST(PostingPeriods, AreControlledOnlyWhereStated) {
  EXPECT_EQ(posted(PostingPeriods(), "1999-01-01"), "1999-01-01");
  EXPECT_EQ(posted(PostingPeriods({month("2026-11-01", "2026-11-30", false)}), "2026-11-05"),
            "nowhere");
}

// Goal: the shop's own period decides before its region's, the subdivision's before the country's.
TEST(PostingPeriods, TheMostParticularOneDecides) {
  const PostingPeriods periods({month("2026-11-01", "2026-11-30", true),
                                month("2026-11-01", "2026-11-30", false, "DE"),
                                month("2026-11-01", "2026-11-30", true, "DE-BY"),
                                month("2026-11-01", "2026-11-30", false, "", "DE-009"),
                                month("2026-12-01", "2026-12-31", true)});
  EXPECT_EQ(posted(periods, "2026-11-21", "AT"), "2026-11-21");
  EXPECT_EQ(posted(periods, "2026-11-21", "DE"), "2026-12-01");
  EXPECT_EQ(posted(periods, "2026-11-21", "DE-BY"), "2026-11-21");
  EXPECT_EQ(posted(periods, "2026-11-21", "DE-BY", "DE-009"), "2026-12-01");
  EXPECT_EQ(posted(periods, "2026-11-21", "DEX"), "2026-11-21") << "a region is no prefix of text";
}

// Goal: a day that is closed within the next open period is not chosen.
TEST(PostingPeriods, DoNotMoveIntoAClosedDay) {
  const PostingPeriods periods({month("2026-11-01", "2026-11-30", false),
                                month("2026-12-01", "2026-12-31", true),
                                month("2026-12-01", "2026-12-03", false, "DE"),
                                month("2026-12-04", "2026-12-31", true, "DE")});
  EXPECT_EQ(posted(periods, "2026-11-21"), "2026-12-04");
  EXPECT_EQ(posted(periods, "2026-11-21", "AT"), "2026-12-01");
}

}  // namespace
}  // namespace crossfoot::ledger
