#include <gmock/gmock.h>

#include "edge/api_world.h"

/// Periods of the ERP's books, as they show at the targets and in the timeline (docs/adr/0022).
namespace crossfoot::edge {
namespace {

using ledger::PostingPeriod;
using ledger::PostingPeriods;
using test::at;
using test::sale;
using test::World;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

BusinessDate day(std::string_view text) {
  return parse_business_date(text).value();
}

PostingPeriods months(bool november_open, bool december_open) {
  return PostingPeriods(
      {PostingPeriod{{}, {}, day("2026-11-01"), day("2026-11-30"), november_open},
       PostingPeriod{{}, {}, day("2026-12-01"), day("2026-12-31"), december_open}});
}

/// As after a restart with another policy.
void restart_with(World& world, PostingPeriods periods) {
  world.settle();
  world.drop_engine();
  world.engine_options.periods = std::move(periods);
  world.start_engine();
}

// Goal: in an open period nothing changes: no argument, no word in the timeline.
TEST(PostingDates, AnOpenPeriodSaysNothing) {
  World world;
  restart_with(world, months(true, false));
  const auto taken = world.post_sale(sale(1));
  world.settle();
  EXPECT_THAT(world.targets.arguments["post"], ElementsAre(""));
  EXPECT_THAT(world.get(at(taken.body, "/location") + "/timeline").body,
              Not(HasSubstr("posted under")));
}

// Goal: what happened in a closed period is posted on the first day of the next open one, at the
// ERP alone, and the timeline says so.
TEST(PostingDates, AClosedPeriodMovesTheDocument) {
  World world;
  restart_with(world, months(false, true));
  const auto taken = world.post_sale(sale(1));
  world.settle();
  EXPECT_THAT(world.targets.arguments["post"], ElementsAre(R"({"posting_date":"2026-12-01"})"));
  EXPECT_THAT(world.targets.arguments["accrue"], ElementsAre(""));
  const auto timeline = world.get(at(taken.body, "/location") + "/timeline");
  EXPECT_THAT(timeline.body, HasSubstr("posted under 2026-12-01"));
  // The void of it keeps what its document needs besides.
  const auto voided = world.post_sale(
      R"({"kind":"void","channel":"pos","shop":"DE-001","register":"3",)"
      R"("business_date":"2026-11-21","sequence":"2","occurred_at":"2026-11-21T10:04:04+01:00",)"
      R"("currency":"EUR","tax_mode":"inclusive","region":"DE","original":{"shop":"DE-001",)"
      R"("register":"3","business_date":"2026-11-21","sequence":"1"}})");
  EXPECT_EQ(voided.status, 202);
  world.settle();
  ASSERT_EQ(world.targets.arguments["post_void"].size(), 1U);
  EXPECT_EQ(at(world.targets.arguments["post_void"][0], "/posting_date"), "2026-12-01");
  EXPECT_THAT(world.targets.arguments["post_void"][0], HasSubstr("original_reference"));
}

// Goal: while no period is open nothing leaves for the ERP; it is visible as stuck, and goes on
// under the day that is open when it is released.
TEST(PostingDates, WithoutAnOpenPeriodThePostingWaitsForAPerson) {
  World world;
  restart_with(world, months(false, false));
  const auto taken = world.post_sale(sale(1));
  world.settle();
  EXPECT_TRUE(world.targets.arguments["post"].empty()) << "it did not leave";
  EXPECT_EQ(world.targets.arguments["accrue"].size(), 1U) << "the member has the points";
  const std::string stuck = world.get("/v1/dead-letters").body;
  EXPECT_EQ(at(stuck, "/items/0/flow/code"), "CF-3013") << stuck;
  EXPECT_EQ(at(stuck, "/items/0/flow/legs/0/outcome_open"), "false");
  const std::string leg = at(stuck, "/items/0/flow/legs/0/leg");
  restart_with(world, months(false, true));
  const std::string path = at(taken.body, "/location") + "/legs/" + leg + "/release";
  EXPECT_EQ(world.post(path, "").status, 202);
  world.settle();
  EXPECT_THAT(world.targets.arguments["post"], ElementsAre(R"({"posting_date":"2026-12-01"})"));
  EXPECT_EQ(at(world.get(at(taken.body, "/location")).body, "/flow/state"), "done");
}

// Goal: calls that carry many legs leave with those that may go.
TEST(PostingDates, ABatchLeavesWithoutWhatMustNotGo) {
  World world;
  restart_with(
      world,
      PostingPeriods({PostingPeriod{{}, "DE-001", day("2026-11-01"), day("2026-11-30"), true}}));
  const auto moved = [&world](const std::string& shop, int sequence) {
    return world.post_sale(
        R"({"kind":"stock_adjustment","channel":"pos","shop":")" + shop +
        R"(","register":"3","business_date":"2026-11-21","sequence":")" + std::to_string(sequence) +
        R"(","occurred_at":"2026-11-21T10:03:04+01:00","currency":"EUR","tax_mode":"inclusive",)"
        R"("region":"DE","lines":[{"line":1,"kind":"goods","article":"TOY-1","quantity":"-2",)"
        R"("unit_price":"0"}]})");
  };
  const auto good = moved("DE-001", 1);
  const auto bad = moved("DE-002", 1);
  ASSERT_EQ(bad.status, 202) << bad.body;
  world.settle();
  EXPECT_EQ(at(world.get(at(good.body, "/location")).body, "/flow/state"), "done");
  EXPECT_EQ(at(world.get(at(bad.body, "/location")).body, "/flow/state"), "parked");
  EXPECT_EQ(world.targets.arguments["move_stock"].size(), 1U);
}

}  // namespace
}  // namespace crossfoot::edge
