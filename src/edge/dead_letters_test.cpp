#include "edge/api_world.h"

namespace crossfoot::edge {
namespace {

using test::at;
using test::sale;
using test::World;

constexpr const char* decision = R"({"by":"j.meier","reason":"the article is known now"})";

std::string with(std::string_view fields) {
  return std::string(R"({"by":"j.meier","reason":"tried again",)").append(fields) + "}";
}

/// Waits until the replay has ended; its last answer.
std::string ended(World& world, const std::string& location) {
  std::string body;
  do {
    body = world.get(location).body;
  } while (at(body, "/state") == "running");
  world.settle();
  return body;
}

struct StuckSale {
  std::string id;
  std::string address;
  std::string leg;  ///< of the posting that the ERP refused
};

StuckSale stick(World& world, int sequence) {
  world.targets.refused["erp"] = true;
  StuckSale stuck;
  stuck.id = at(world.post_sale(sale(sequence)).body, "/id");
  world.settle();
  stuck.address = "/v1/transactions/" + stuck.id;
  const auto letters = world.get("/v1/dead-letters?limit=500");
  for (int i = 0; at(letters.body, "/items/" + std::to_string(i)) != "<none>"; ++i) {
    const std::string item = "/items/" + std::to_string(i);
    if (at(letters.body, item + "/id") != stuck.id) continue;
    stuck.leg = at(letters.body, item + "/flow/legs/0/leg");
  }
  EXPECT_FALSE(stuck.leg.empty()) << letters.body;
  return stuck;
}

// Goal: what is stuck is listed with its cause, its legs and how much of it is already done, and
// the groups add up its money.
TEST(DeadLetters, AreListedAndGroupedByCause) {
  World world;
  (void)stick(world, 1);
  (void)stick(world, 2);
  const auto page = world.get("/v1/dead-letters?state=parked&limit=1");
  ASSERT_EQ(page.status, 200) << page.body;
  EXPECT_EQ(at(page.body, "/items/0/gross"), "39.98");
  EXPECT_EQ(at(page.body, "/items/0/flow/code"), "CF-3103");
  EXPECT_EQ(at(page.body, "/items/0/flow/legs/0/target"), "erp");
  EXPECT_EQ(at(page.body, "/items/0/flow/legs/0/outcome_open"), "false");
  EXPECT_EQ(at(page.body, "/items/0/flow/legs_sent_to_targets"), "2");
  EXPECT_EQ(at(page.body, "/items/0/flow/legs_done"), "1");
  const std::string next = at(page.body, "/next");
  const auto rest = world.get("/v1/dead-letters?state=parked&limit=5&after=" + next);
  EXPECT_NE(at(rest.body, "/items/0/id"), at(page.body, "/items/0/id"));
  EXPECT_EQ(at(rest.body, "/items/1"), "<none>");
  EXPECT_EQ(at(rest.body, "/next"), "null");
  EXPECT_EQ(at(world.get("/v1/dead-letters?code=CF-3001").body, "/items/0"), "<none>");

  const auto groups = world.get("/v1/dead-letters:groups");
  EXPECT_EQ(at(groups.body, "/groups/0/code"), "CF-3103") << groups.body;
  EXPECT_EQ(at(groups.body, "/groups/0/count"), "2");
  EXPECT_EQ(at(groups.body, "/groups/0/money/EUR"), "79.96");
  EXPECT_EQ(at(groups.body, "/groups/1"), "<none>");
  EXPECT_EQ(world.get("/v1/dead-letters?after=nonsense").status, 400);
  EXPECT_EQ(world.get("/v1/dead-letters?state=alive").status, 400);
}

// Goal: a discarded leg never comes back, its flow ends, and the timeline tells who and why.
TEST(DeadLetters, ALegIsDiscardedWithAReason) {
  World world;
  const StuckSale stuck = stick(world, 1);
  const std::string legs = stuck.address + "/legs/" + stuck.leg;
  const auto nameless = world.post(legs + "/discard", R"({"reason":"because"})");
  EXPECT_EQ(nameless.status, 400) << nameless.body;
  EXPECT_EQ(at(nameless.body, "/errors/0/pointer"), "/by");
  const auto discarded = world.post(legs + "/discard", decision);
  ASSERT_EQ(discarded.status, 202) << discarded.body;
  world.settle();
  const auto state = world.get(stuck.address);
  EXPECT_EQ(at(state.body, "/flow/state"), "done") << state.body;
  const auto timeline = world.get(stuck.address + "/timeline");
  EXPECT_NE(timeline.body.find("by j.meier: the article is known now"), std::string::npos);
  EXPECT_EQ(at(world.get("/v1/dead-letters:groups").body, "/groups/0"), "<none>");
  const auto again = world.post(legs + "/discard", decision);
  EXPECT_EQ(again.status, 409);
  EXPECT_EQ(at(again.body, "/code"), "CF-2410");
}

// Goal: a deliberate re-send makes a second request under a new reference, and only for what is
// done.
TEST(DeadLetters, ADoneLegIsSentAgainUnderANewReference) {
  World world;
  const StuckSale stuck = stick(world, 1);
  const std::string legs = stuck.address + "/legs/" + stuck.leg;
  EXPECT_EQ(world.post(legs + "/resend", decision).status, 409) << "it is not done";
  world.targets.refused.clear();
  world.send(runtime::Method::post, legs + "/release");
  ASSERT_EQ(world.last().status, 202);
  world.settle();
  const auto before = world.get(stuck.address);
  ASSERT_EQ(world.post(legs + "/resend", decision).status, 202);
  world.settle();
  const auto after = world.get(stuck.address);
  int legs_before = 0;
  int legs_after = 0;
  while (at(before.body, "/flow/legs/" + std::to_string(legs_before)) != "<none>") ++legs_before;
  while (at(after.body, "/flow/legs/" + std::to_string(legs_after)) != "<none>") ++legs_after;
  ASSERT_EQ(legs_after, legs_before + 1);
  const std::string last = "/flow/legs/" + std::to_string(legs_after - 1);
  EXPECT_EQ(at(after.body, last + "/kind"), "post");
  EXPECT_EQ(at(after.body, last + "/state"), "done");
  const std::string reference = at(after.body, last + "/steps/0/reference");
  EXPECT_EQ(before.body.find(reference), std::string::npos);
}

// Goal: a leg whose outcome is open, at a target that can neither be asked nor has a key, goes on
// only after a person said what happened; what happened is never sent again.
TEST(DeadLetters, AnOpenOutcomeNeedsAPersonsWord) {
  for (const bool happened : {true, false}) {
    World world;
    world.targets.make_blind();
    world.targets.silent["erp"] = true;
    const std::string id = at(world.post_sale(sale(1)).body, "/id");
    world.settle();
    const auto letters = world.get("/v1/dead-letters");
    ASSERT_EQ(at(letters.body, "/items/0/flow/legs/0/reason"), "CF-3101") << letters.body;
    EXPECT_EQ(at(letters.body, "/items/0/flow/legs/0/outcome_open"), "true");
    const std::string legs =
        "/v1/transactions/" + id + "/legs/" + at(letters.body, "/items/0/flow/legs/0/leg");
    world.targets.silent.clear();
    world.send(runtime::Method::post, legs + "/release");
    EXPECT_EQ(world.last().status, 409) << "a blind repetition";
    EXPECT_EQ(world.post(legs + "/discard", decision).status, 409);
    EXPECT_EQ(world.post(legs + "/confirm", with(R"("outcome":"happened")")).status, 400);
    EXPECT_EQ(world.post(legs + "/confirm", with(R"("outcome":"perhaps")")).status, 400);
    const std::size_t calls = world.targets.calls["erp"];
    const auto confirmed =
        world.post(legs + "/confirm", with(happened ? R"("outcome":"happened","target_id":"P-77")"
                                                    : R"("outcome":"did_not_happen")"));
    ASSERT_EQ(confirmed.status, 202) << confirmed.body;
    world.settle();
    const auto state = world.get("/v1/transactions/" + id);
    EXPECT_EQ(at(state.body, "/flow/state"), "done");
    EXPECT_EQ(world.targets.calls["erp"], calls + (happened ? 0 : 1));
    EXPECT_EQ(state.body.find("P-77") != std::string::npos, happened);
  }
}

// Goal: a dry run counts flows, legs and money and moves nothing; the replay sends only what has no
// acknowledgement and says how much was already done.
TEST(Replays, CountFirstThenSendOnlyWhatIsOpen) {
  World world;
  for (int sequence = 1; sequence <= 3; ++sequence) (void)stick(world, sequence);
  const std::size_t accruals = world.targets.calls["loyalty"];
  const std::size_t postings = world.targets.calls["erp"];
  world.targets.refused.clear();
  const auto dry = world.post("/v1/replays", with(R"("code":"CF-3103","shop":"DE-001")"));
  ASSERT_EQ(dry.status, 202) << dry.body;
  const std::string counted = ended(world, std::string(dry.header("location")));
  EXPECT_EQ(at(counted, "/state"), "done");
  EXPECT_EQ(at(counted, "/flows"), "3") << counted;
  EXPECT_EQ(at(counted, "/legs/total"), "6");
  EXPECT_EQ(at(counted, "/legs/already_done"), "3");
  EXPECT_EQ(at(counted, "/legs/selected"), "3");
  EXPECT_EQ(at(counted, "/money/EUR"), "119.94");
  EXPECT_EQ(world.targets.calls["erp"], postings) << "a dry run moves nothing";
  for (const char* other : {R"("shop":"DE-002")", R"("target":"loyalty")", R"("to":"2026-11-20")",
                            R"("channel":"mobile")", R"("dead_only":true)", R"("member":"M-9")"}) {
    const auto none = world.post("/v1/replays", with(other));
    ASSERT_EQ(none.status, 202) << none.body;
    EXPECT_EQ(at(ended(world, std::string(none.header("location"))), "/flows"), "0") << other;
  }
  const auto real = world.post("/v1/replays", with(R"("dry_run":false,"flows_per_second":10000)"));
  ASSERT_EQ(real.status, 202) << real.body;
  const std::string done = ended(world, std::string(real.header("location")));
  EXPECT_EQ(at(done, "/legs/selected"), "3") << done;
  EXPECT_EQ(world.targets.calls["erp"], postings + 3);
  EXPECT_EQ(world.targets.calls["loyalty"], accruals) << "points were acknowledged before";
  EXPECT_EQ(at(world.get("/v1/dead-letters").body, "/items/0"), "<none>");
  EXPECT_EQ(at(world.get("/v1/overview").body, "/flows/done"), "3");
  EXPECT_EQ(at(world.get("/v1/replays?limit=1").body, "/items/0/id"), at(done, "/id"));
  EXPECT_EQ(world.post("/v1/replays/" + at(done, "/id") + "/cancel", "").status, 404);
  EXPECT_EQ(world.post("/v1/replays", with(R"("channel":"pigeon")")).status, 400);
  EXPECT_EQ(world.post("/v1/replays", with(R"("flows_per_second":0)")).status, 400);
}

// Goal: a replay that was running when the engine ended goes on in the next one.
TEST(Replays, GoOnAfterARestart) {
  World world;
  for (int sequence = 1; sequence <= 3; ++sequence) (void)stick(world, sequence);
  world.targets.refused.clear();
  const auto begun = world.post("/v1/replays", with(R"("dry_run":false)"));
  ASSERT_EQ(begun.status, 202);
  world.drop_engine();
  world.start_engine();
  const std::string done = ended(world, std::string(begun.header("location")));
  EXPECT_EQ(at(done, "/state"), "done");
  EXPECT_EQ(at(world.get("/v1/overview").body, "/flows/done"), "3");
}

// Goal: a person repairs a stuck receipt: the repaired one takes its place and is done, both stay.
TEST(DeadLetters, AStuckReceiptIsRepaired) {
  World world;
  const std::string id = stick(world, 1).id;
  const std::string edit = "/v1/transactions/" + id + "/edit";
  EXPECT_EQ(world.post(edit, with(R"("transaction":)" + sale(1))).status, 409)
      << "nothing was changed";
  world.targets.refused.clear();
  const auto done = world.post(edit, with(R"("transaction":)" + sale(1, "18.99")));
  ASSERT_EQ(done.status, 202) << done.body;
  EXPECT_EQ(at(done.body, "/supersedes"), id);
  world.settle();
  EXPECT_EQ(at(world.get(at(done.body, "/location")).body, "/flow/state"), "done");
  EXPECT_EQ(at(world.get("/v1/transactions/" + id).body, "/state"), "superseded");
  const auto timeline = world.get("/v1/transactions/" + id + "/timeline").body;
  EXPECT_NE(timeline.find("edited as " + at(done.body, "/id")), std::string::npos) << timeline;
  EXPECT_EQ(world.post(edit, with(R"("transaction":)" + sale(1, "17.99"))).status, 409);
  EXPECT_EQ(world.post(edit, with(R"("transaction":{"kind":"sale"})")).status, 400);
}

// Goal: while a target is paused nothing is sent to it and everything is taken in; afterwards all
// of it goes on, also when the pause outlived a restart.
TEST(Pauses, HoldATargetBack) {
  World world;
  ASSERT_EQ(world.post("/v1/pauses", with(R"("kind":"target","value":"erp")")).status, 200);
  EXPECT_EQ(world.post("/v1/pauses", with(R"("kind":"target","value":"moon")")).status, 404);
  const std::string first = at(world.post_sale(sale(1)).body, "/id");
  // Until the points are committed: an engine is not dropped amid a commit to a store that stays.
  while (world.get("/v1/transactions/" + first).body.find("\"id\":\"T-") == std::string::npos) {
  }
  world.drop_engine();
  world.start_engine();
  ASSERT_EQ(world.post_sale(sale(2)).status, 202);
  world.run_until([&] { return world.targets.calls["loyalty"] == 2; });
  EXPECT_EQ(world.targets.calls["erp"], 0U);
  EXPECT_EQ(at(world.get("/v1/pauses").body, "/items/0/value"), "erp");
  const auto ended_pause = world.post("/v1/pauses:end", with(R"("kind":"target","value":"erp")"));
  ASSERT_EQ(ended_pause.status, 200) << ended_pause.body;
  EXPECT_EQ(at(ended_pause.body, "/items/0"), "<none>");
  world.settle();
  EXPECT_EQ(world.targets.calls["erp"], 2U);
  EXPECT_EQ(at(world.get("/v1/overview").body, "/flows/done"), "2");
  EXPECT_EQ(world.post("/v1/pauses:end", with(R"("kind":"target","value":"erp")")).status, 404);
}

// Goal: a paused shop's legs are parked where they are met, other shops go on, and the end of the
// pause lets them all go.
TEST(Pauses, HoldAShopBackAndNobodyElse) {
  World world;
  ASSERT_EQ(world.post("/v1/pauses", with(R"("kind":"shop","value":"DE-001")")).status, 200);
  const std::string id = at(world.post_sale(sale(1)).body, "/id");
  std::string elsewhere = sale(2);
  elsewhere.replace(elsewhere.find("DE-001"), 6, "DE-002");
  ASSERT_EQ(world.post_sale(elsewhere).status, 202);
  world.settle();
  EXPECT_EQ(world.targets.calls["erp"], 1U);
  const auto letters = world.get("/v1/dead-letters?code=CF-3113");
  EXPECT_EQ(at(letters.body, "/items/0/id"), id) << letters.body;
  ASSERT_EQ(world.post("/v1/pauses:end", with(R"("kind":"shop","value":"DE-001")")).status, 200);
  world.run_until([&] { return world.targets.calls["erp"] == 2; });
  world.settle();
  EXPECT_EQ(at(world.get("/v1/transactions/" + id).body, "/flow/state"), "done");
}

// Goal: a paused region's legs wait, other regions go on, and the end of the pause lets them go.
TEST(Pauses, HoldARegionBackAndNobodyElse) {
  World world;
  const std::string austria = R"("kind":"region","value":"AT")";
  ASSERT_EQ(world.post("/v1/pauses", with(austria)).status, 200);
  const auto in_region = [](int sequence, const std::string& region) {
    std::string made = sale(sequence);
    const std::size_t at = made.find("\"region\":\"");
    const std::size_t from = at + 10;
    return made.replace(from, made.find('"', from) - from, region);
  };
  const std::string id = at(world.post_sale(in_region(1, "AT")).body, "/id");
  ASSERT_EQ(world.post_sale(in_region(2, "DE")).status, 202);
  world.settle();
  EXPECT_EQ(world.targets.calls["erp"], 1U);
  EXPECT_EQ(at(world.get("/v1/dead-letters?code=CF-3113").body, "/items/0/id"), id);
  world.drop_engine();
  world.start_engine();
  ASSERT_EQ(world.post("/v1/pauses:end", with(austria)).status, 200);
  world.run_until([&] { return world.targets.calls["erp"] == 2; });
  world.settle();
  EXPECT_EQ(at(world.get("/v1/transactions/" + id).body, "/flow/state"), "done");
}

// Goal: the key of a receipt holds back that receipt alone.
TEST(Pauses, HoldOneReceiptBackByItsKey) {
  World world;
  const std::string first = at(world.post_sale(sale(1)).body, "/id");
  world.settle();
  const std::string key = at(world.get("/v1/transactions/" + first).body, "/flow/receipt_key");
  ASSERT_EQ(key.size(), 32U);
  const std::string pause = R"("kind":"key","value":")" + key + "\"";
  EXPECT_EQ(world.post("/v1/pauses", with(R"("kind":"key","value":"till 3")")).status, 400);
  ASSERT_EQ(world.post("/v1/pauses", with(pause)).status, 200);
  // Its correction waits at the ERP and at the loyalty platform; another receipt does not.
  const std::size_t before = world.targets.calls["erp"];
  const std::string fixed = "{\"revision\":1," + sale(1, "18.99").substr(1);
  const std::string second = at(world.post_sale(fixed).body, "/id");
  ASSERT_EQ(world.post_sale(sale(2)).status, 202);
  world.settle();
  EXPECT_EQ(world.targets.calls["erp"], before + 1);
  EXPECT_EQ(at(world.get("/v1/transactions/" + second).body, "/flow/state"), "parked");
  ASSERT_EQ(world.post("/v1/pauses:end", with(pause)).status, 200);
  // The mirrored document and the corrected one.
  world.run_until([&] { return world.targets.calls["erp"] == before + 3; });
  world.settle();
  EXPECT_EQ(at(world.get("/v1/transactions/" + second).body, "/flow/state"), "done");
}

}  // namespace
}  // namespace crossfoot::edge
