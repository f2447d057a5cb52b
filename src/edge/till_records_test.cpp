#include <gmock/gmock.h>

#include "edge/api_world.h"

namespace crossfoot::edge {
namespace {

using test::at;
using test::lines_of;
using test::sale;
using test::World;
using testing::HasSubstr;

std::string record(const std::string& kind, int sequence, const std::string& rest = "") {
  return R"({"kind":")" + kind +
         R"(","shop":"DE-001","register":"3","business_date":"2026-11-21","sequence":")" +
         std::to_string(sequence) + R"(","occurred_at":"2026-11-21T11:00:00+01:00","region":"DE")" +
         rest + "}";
}

// Goal: a till record is accepted once, found again as what it is, and owes nothing to any target.
TEST(TillRecords, AreKeptAsWhatTheyAre) {
  World world;
  const auto taken = world.post("/v1/till-records", record("no_sale", 7));
  ASSERT_EQ(taken.status, 202) << taken.body;
  EXPECT_EQ(at(taken.body, "/state"), "accepted");
  const auto again = world.post("/v1/till-records", record("no_sale", 7));
  EXPECT_EQ(again.header("idempotent-replayed"), "true");
  EXPECT_EQ(at(again.body, "/id"), at(taken.body, "/id"));
  const auto state = world.get(at(taken.body, "/location"));
  EXPECT_EQ(at(state.body, "/kind"), "no_sale");
  EXPECT_EQ(at(state.body, "/flow/state"), "done");
  EXPECT_EQ(at(state.body, "/sequence"), "7");
  const auto found = world.get("/v1/transactions?business_date=2026-11-21&shop=DE-001&register=3");
  EXPECT_EQ(at(found.body, "/items/0/kind"), "no_sale");
  const auto timeline = world.get(at(taken.body, "/location") + "/timeline");
  EXPECT_EQ(at(timeline.body, "/entries/0/event"), "accepted");
  EXPECT_TRUE(world.targets.calls.empty()) << "nothing follows from it";
  const auto overview = world.get("/v1/overview");
  EXPECT_EQ(at(overview.body, "/received/total"), "0") << "it is no receipt";
  EXPECT_EQ(at(overview.body, "/till_records"), "1");
}

// Goal: one number of a till is one fact, whoever came first.
TEST(TillRecords, ShareTheirNumbersWithReceipts) {
  World world;
  const auto first = world.post_sale(sale(12));
  const auto held = world.post("/v1/till-records", record("no_sale", 12));
  EXPECT_EQ(held.status, 202);
  EXPECT_EQ(at(held.body, "/state"), "held");
  EXPECT_EQ(at(held.body, "/conflict_with"), at(first.body, "/id"));
  const auto till = world.post("/v1/till-records", record("no_sale", 13));
  const auto receipt = world.post_sale(sale(13));
  EXPECT_EQ(at(receipt.body, "/state"), "held");
  EXPECT_EQ(at(receipt.body, "/conflict_with"), at(till.body, "/id"));
  // A higher revision does not make a receipt of a till record either.
  const auto corrected = world.post_sale(sale(13, "9.99", R"(,"revision":1)"));
  EXPECT_EQ(at(corrected.body, "/state"), "held") << corrected.body;
  const auto other = world.post("/v1/till-records", record("no_sale", 13, R"(,"cashier":"K-9")"));
  EXPECT_EQ(at(other.body, "/state"), "held");
}

// Goal: a batch answers line by line, and a bad line harms no other.
TEST(TillRecords, ComeInBatches) {
  World world;
  const std::string body = record("training", 20) + "\n" + record("no_sale", 21, R"(,"x":1)") +
                           "\n\n" + record("aborted", 22) + "\n" + record("training", 20) + "\n";
  world.send(runtime::Method::post, "/v1/till-records:batch",
             {{"Content-Type", "application/x-ndjson"}}, body);
  const auto lines = lines_of(world.last().body);
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_EQ(at(lines[0], "/state"), "accepted");
  EXPECT_EQ(at(lines[1], "/problem/code"), "CF-2450") << lines[1];
  EXPECT_THAT(lines[1], HasSubstr(R"("pointer":"/x")"));
  EXPECT_EQ(at(lines[2], "/state"), "accepted");
  EXPECT_EQ(at(lines[3], "/replayed"), "true");
  const auto keyed =
      world.post("/v1/till-records:batch", record("no_sale", 30), {{"Idempotency-Key", "k"}});
  EXPECT_EQ(keyed.status, 415) << keyed.body;
}

// Goal: what cannot be read is refused with its place, keeps no number, and is kept raw.
TEST(TillRecords, RefuseWhatDoesNotFit) {
  World world;
  const auto bad = world.post("/v1/till-records", record("paid_in", 40));
  EXPECT_EQ(bad.status, 400);
  EXPECT_EQ(at(bad.body, "/code"), "CF-2450");
  const auto sold = world.post("/v1/till-records", sale(40));
  EXPECT_EQ(sold.status, 400);
  EXPECT_THAT(sold.body, HasSubstr(R"("pointer":"/kind")"));
  EXPECT_EQ(world.post("/v1/till-records", "[]").status, 400);
  EXPECT_EQ(world.post("/v1/till-records", "\xff").status, 400);
  EXPECT_EQ(world.post_sale(record("no_sale", 40)).status, 400) << "no transaction";
  const auto good = world.post("/v1/till-records", record("no_sale", 40));
  EXPECT_EQ(at(good.body, "/state"), "accepted") << "its number was free";
  EXPECT_EQ(at(world.get("/v1/overview").body, "/invalid"), "3");
}

// Goal: a restart finds them again, and the first answer.
TEST(TillRecords, SurviveARestart) {
  World world;
  const auto taken = world.post("/v1/till-records", record("suspended", 50));
  world.settle();
  world.reopen();
  const auto again = world.post("/v1/till-records", record("suspended", 50));
  EXPECT_EQ(again.header("idempotent-replayed"), "true") << again.body;
  EXPECT_EQ(at(again.body, "/id"), at(taken.body, "/id"));
}

}  // namespace
}  // namespace crossfoot::edge
