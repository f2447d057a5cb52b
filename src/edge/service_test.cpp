// Goal: a service desk's points by hand are taken once by their name, wait for another person
// beyond what one may, are refused beyond what one may in a day, and what makes no sense changes
// nothing.
#include <fmt/format.h>

#include "edge/api_world.h"

namespace crossfoot::edge {
namespace {

using test::at;
using test::World;

constexpr std::string_view address = "/process/v1/customer-service/adjustments";

/// `X-Person` names the caller, `X-Role` says what it may.
Result<Caller> whom_they_are(const runtime::HttpRequest& request) {
  Caller caller{.name = std::string(request.header("x-person"))};
  if (caller.name.empty() || !add_role(request.header("x-role"), caller.permissions)) {
    return fail({.code = "CF-2401", .fault_class = FaultClass::unauthorised, .cause = "who?"});
  }
  return caller;
}

std::string asked(std::string_view id, int points, std::string_view more = "",
                  std::string_view direction = "grant") {
  return fmt::format(
      R"({{"id":"{}","shop":"DESK-1","business_date":"2026-11-24","member":"M-1001",)"
      R"("direction":"{}","points":{},"reason":"goodwill"{}}})",
      id, direction, points, more);
}

class ServiceTest : public ::testing::Test {
 protected:
  World world{{}, {}, test::built_in_book, whom_they_are};
  const World::Headers ann{{"X-Person", "ann"}, {"X-Role", "customer_service"}};
  const World::Headers bob{{"X-Person", "bob"}, {"X-Role", "customer_service"}};
  const World::Headers lea{{"X-Person", "lea"}, {"X-Role", "service_lead"}};
  const World::Headers max{{"X-Person", "max"}, {"X-Role", "service_lead"}};
  const World::Headers ops{{"X-Person", "ops"}, {"X-Role", "integration"}};

  runtime::HttpAnswer ask(const std::string& body, const World::Headers& who) {
    return world.post(std::string(address), body, who);
  }
  std::string state_of(const std::string& id) {
    return at(world.get(std::string(address) + "/" + id, ann).body, "/state");
  }
  runtime::HttpAnswer judge(const std::string& id, std::string_view word,
                            const World::Headers& who) {
    return world.post(fmt::format("{}/{}/{}", address, id, word), R"({"reason":"seen"})", who);
  }
  std::size_t sent() { return world.targets.calls["loyalty"]; }
};

TEST_F(ServiceTest, WithinTheLimitItGoesAtOnceAndARepeatCountsOnce) {
  const auto taken = ask(asked("c-1", 500), ann);
  ASSERT_EQ(taken.status, 202) << taken.body;
  const std::string id = at(taken.body, "/id");
  EXPECT_EQ(taken.header("location"), std::string(address) + "/" + id);
  EXPECT_EQ(at(taken.body, "/asked_by"), "ann");
  world.settle();
  EXPECT_EQ(state_of(id), "done");
  const auto again = ask(asked("c-1", 500), bob);
  EXPECT_EQ(at(again.body, "/id"), id) << "the colleague at the next desk repeats it";
  EXPECT_EQ(again.header("idempotent-replayed"), "true");
  EXPECT_EQ(at(again.body, "/asked_by"), "ann");
  EXPECT_EQ(ask(asked("c-1", 499), ann).status, 422) << "other content under its name";
  world.settle();
  EXPECT_EQ(sent(), 1U);
  EXPECT_EQ(at(world.get("/v1/transactions/" + id, ann).body, "/kind"), "points_adjustment");
  EXPECT_EQ(world.get("/v1/transactions/" + id + "/explanation", ann).status, 404);
}

TEST_F(ServiceTest, BeyondTheLimitAnotherPersonHasToAgree) {
  const std::string id = at(ask(asked("c-2", 501), ann).body, "/id");
  EXPECT_EQ(state_of(id), "waiting_for_approval");
  const auto waiting = world.get(std::string(address), lea);
  EXPECT_EQ(at(waiting.body, "/items/0/id"), id) << waiting.body;
  EXPECT_EQ(at(waiting.body, "/items/0/code"), "CF-3352");
  EXPECT_EQ(judge(id, "approve", ann).status, 403) << "has no permission";
  EXPECT_EQ(sent(), 0U);
  const auto approved = judge(id, "approve", lea);
  ASSERT_EQ(approved.status, 202) << approved.body;
  world.settle();
  EXPECT_EQ(state_of(id), "done");
  EXPECT_EQ(sent(), 1U);
  EXPECT_EQ(judge(id, "refuse", max).status, 409) << "nothing waits any more";
  EXPECT_EQ(at(world.get(std::string(address), lea).body, "/items"), "[]");
  const std::string told = world.get("/v1/transactions/" + id + "/timeline", ann).body;
  EXPECT_NE(told.find(R"("event":"approved")"), std::string::npos) << told;
  EXPECT_NE(told.find("by lea: seen"), std::string::npos);
}

TEST_F(ServiceTest, WhoAskedDoesNotDecideWhateverTheyMay) {
  const std::string id = at(ask(asked("c-3", 5'001), lea).body, "/id");
  EXPECT_EQ(state_of(id), "waiting_for_approval");
  for (const std::string_view word : {"approve", "refuse"}) {
    const auto own = judge(id, word, lea);
    EXPECT_EQ(own.status, 403);
    EXPECT_EQ(at(own.body, "/code"), "CF-2462");
  }
  const std::string leg = "/v1/transactions/" + id + "/legs/2/";
  EXPECT_EQ(world.post(leg + "release", "", ops).status, 409);
  EXPECT_EQ(world.post(leg + "discard", R"({"reason":"r"})", ops).status, 409);
  EXPECT_EQ(state_of(id), "waiting_for_approval");
  ASSERT_EQ(judge(id, "refuse", max).status, 202);
  EXPECT_EQ(state_of(id), "refused");
  world.settle();
  EXPECT_EQ(sent(), 0U);
}

TEST_F(ServiceTest, NobodyMovesMoreOnADayThanThePolicySays) {
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(
        ask(asked(fmt::format("d-{}", i), 450, "", i % 2 == 0 ? "grant" : "deduct"), ann).status,
        202);
  }
  const auto over = ask(asked("d-4", 201), ann);
  EXPECT_EQ(over.status, 422);
  EXPECT_EQ(at(over.body, "/code"), "CF-2461");
  EXPECT_EQ(ask(asked("d-5", 200), ann).status, 202) << "what was refused counts for nothing";
  EXPECT_EQ(ask(asked("d-1", 450, "", "deduct"), ann).status, 202) << "a repeat is answered";
  EXPECT_EQ(ask(asked("d-4", 201), bob).status, 202) << "another person has a day of their own";
  EXPECT_EQ(ask(asked("d-6", 4'000), lea).status, 202);
  world.settle();
  world.reopen();
  EXPECT_EQ(at(ask(asked("d-7", 1), ann).body, "/code"), "CF-2461") << "the day is stored";
}

TEST_F(ServiceTest, TenDesksAtOnceUnderOneNameMoveNoMore) {
  for (int i = 0; i < 10; ++i) {
    World::Headers headers = ann;
    headers.emplace_back("Content-Type", "application/json");
    world.send(runtime::Method::post, std::string(address), headers,
               asked(fmt::format("e-{}", i), 400));
  }
  world.run_until([this] {
    return std::ranges::all_of(world.answers,
                               [](const auto& answer) { return answer.has_value(); });
  });
  world.settle();
  EXPECT_EQ(std::ranges::count_if(world.answers,
                                  [](const auto& answer) { return answer->status == 202; }),
            5);
  EXPECT_EQ(sent(), 5U);
}

TEST_F(ServiceTest, WhatMakesNoSenseIsRefusedWithItsPlaceAndChangesNothing) {
  const std::string huge(200'000, 'x');
  for (const auto& [body, pointer] : std::vector<std::pair<std::string, std::string>>{
           {asked("f", 0), "/points"},
           {asked("f", -5), "/points"},
           {asked("f", 2'000'000'000), "/points"},
           {asked("f", 5, "", "steal"), "/direction"},
           {asked("", 5), "/id"},
           {asked("f", 5, R"(,"expires_on":"2026-11-24")"), "/expires_on"},
           {asked("f", 5, R"(,"expires_on":"2027-11-24")", "deduct"), "/expires_on"},
           {asked("f", 5, R"(,"expires_on":"soon")"), "/expires_on"},
           {asked("f", 5, R"(,"receipt":"../../etc")"), "/receipt"},
           {asked("f", 5, R"(,"by":"the boss")"), ""},
           {asked("f", 5, R"(,"second_person":false)"), ""},
           {asked(huge, 5), "/id"}}) {
    const auto refused = ask(body, ann);
    EXPECT_EQ(refused.status, 400) << body.substr(0, 200);
    EXPECT_EQ(at(refused.body, "/errors/0/pointer"), pointer) << refused.body;
  }
  EXPECT_EQ(ask("[]", ann).status, 400);
  EXPECT_EQ(ask("{", ann).status, 400);
  EXPECT_EQ(at(ask(asked("f\\u0000", 5), ann).body, "/errors/0/pointer"), "/id");
  for (const std::string_view id : {"nonsense", "00000000000000000000000000", "..%2f"}) {
    EXPECT_EQ(judge(std::string(id), "approve", lea).status, 404) << id;
  }
  EXPECT_EQ(at(world.get("/v1/transactions", ops).body, "/items"), "[]");
  EXPECT_EQ(sent(), 0U);
}

TEST_F(ServiceTest, ASaleIsNoAdjustment) {
  const std::string id = at(world.post_sale(test::sale(1), ops).body, "/id");
  EXPECT_EQ(world.get(std::string(address) + "/" + id, ann).status, 404);
  EXPECT_EQ(judge(id, "approve", lea).status, 404);
  world.settle();
}

TEST(ServiceWithoutAccessControl, ThePersonIsTheOneThatTheBodyNames) {
  World world;
  const std::string path(address);
  EXPECT_EQ(at(world.post(path, asked("g", 5)).body, "/errors/0/pointer"), "/by");
  const auto taken = world.post(path, asked("g", 9'000, R"(,"by":"ann")"));
  ASSERT_EQ(taken.status, 202) << taken.body;
  const std::string own = path + "/" + at(taken.body, "/id") + "/approve";
  EXPECT_EQ(world.post(own, R"({"by":"ann","reason":"r"})").status, 403);
  EXPECT_EQ(world.post(own, R"({"by":"lea","reason":"r"})").status, 202);
  world.settle();
}

}  // namespace
}  // namespace crossfoot::edge
