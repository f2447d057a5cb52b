// Goal: what a till may say, and what it is told, over HTTP: faults with their places, repeats, and
// never more than is committed.
#include "edge/api_world.h"

namespace crossfoot::edge {
namespace {

using test::at;
using test::World;

constexpr auto authorisations = "/process/v1/redeem/authorisations";

std::string asked(const std::string& extra = R"(,"id":"R-1")", int points = 50) {
  return R"({"channel":"pos","shop":"DE-001","register":"3","business_date":"2026-11-21",)"
         R"("occurred_at":"2026-11-21T10:03:04+01:00","member":"M-1001","points":)" +
         std::to_string(points) + extra + "}";
}

TEST(Redeem, AuthoriseCaptureAndWhatComesTwice) {
  World world;
  const auto held = world.post(authorisations, asked());
  EXPECT_EQ(held.status, 200);
  EXPECT_EQ(at(held.body, "/state"), "authorised");
  const std::string place = std::string(authorisations) + "/" + at(held.body, "/id");
  EXPECT_EQ(world.post(authorisations, asked()).body, held.body);
  EXPECT_EQ(world.post(authorisations, asked(R"(,"id":"R-1")", 51)).status, 422);
  EXPECT_EQ(at(world.post(place + "/capture", R"({"points":51})").body, "/code"), "CF-2440");
  const auto captured = world.post(place + "/capture", R"({"points":50})");
  EXPECT_EQ(captured.status, 200);
  EXPECT_EQ(at(captured.body, "/state"), "captured");
  EXPECT_EQ(world.post(place + "/capture", R"({"points":50})").body, captured.body);
  world.send(runtime::Method::post, place + "/void");
  EXPECT_EQ(world.last().status, 409);
  EXPECT_EQ(world.get(place).body, captured.body);
  EXPECT_EQ(world.targets.calls["loyalty"], 2U);
  const std::string figures = world.get("/metrics").body;
  EXPECT_NE(figures.find(R"(crossfoot_redemption_answers_total{state="authorised"} 2)"),
            std::string::npos);
  EXPECT_NE(figures.find(R"(crossfoot_redemption_answers_total{state="captured"} 2)"),
            std::string::npos);
}

TEST(Redeem, DeclinesAreAnswersAndSilenceIsNoYes) {
  ApiOptions options;
  options.authorise_deadline = std::chrono::milliseconds{30};
  World world(options);
  world.targets.refused["loyalty"] = true;
  const auto declined = world.post(authorisations, asked());
  EXPECT_EQ(declined.status, 200);
  EXPECT_EQ(at(declined.body, "/state"), "declined");
  EXPECT_EQ(at(declined.body, "/code"), "CF-3103");
  world.targets.refused.clear();
  world.targets.silent["loyalty"] = true;
  const auto waiting = world.post(authorisations, asked(R"(,"id":"R-2")"));
  EXPECT_EQ(waiting.status, 202);
  EXPECT_EQ(at(waiting.body, "/state"), "pending");
  const std::string place = std::string(authorisations) + "/" + at(waiting.body, "/id");
  EXPECT_EQ(at(world.post(place + "/capture", R"({"points":50})").body, "/code"), "CF-2442");
  world.targets.silent.clear();
}

TEST(Redeem, NamesWhatIsWrongAndChangesNothing) {
  World world;
  EXPECT_EQ(at(world.post(authorisations, asked("")).body, "/errors/0/pointer"), "/id");
  EXPECT_EQ(world.post(authorisations, asked(""), {{"Idempotency-Key", "K"}}).status, 200);
  EXPECT_EQ(at(world.post(authorisations, asked(R"(,"id":"X")", 0)).body, "/errors/0/pointer"),
            "/points");
  EXPECT_EQ(world.get(std::string(authorisations) + "/nothing").status, 404);
  // A sale is no redemption.
  const auto sale = world.post_sale(test::sale(1));
  world.settle();
  EXPECT_EQ(world.get(std::string(authorisations) + "/" + at(sale.body, "/id")).status, 404);
  EXPECT_EQ(world.targets.calls["loyalty"], 2U);
}

TEST(Redeem, ACallerSeesItsOwnShopsOnly) {
  World world({}, {}, test::built_in_book, [](const runtime::HttpRequest& request) {
    Caller caller{.name = std::string(request.header("x-test-principal"))};
    caller.permissions.set();
    caller.shops = {caller.name};
    return Result<Caller>(std::move(caller));
  });
  const World::Headers theirs{{"X-Test-Principal", "DE-001"}};
  const World::Headers others{{"X-Test-Principal", "DE-002"}};
  EXPECT_EQ(world.post(authorisations, asked(), others).status, 403);
  const auto held = world.post(authorisations, asked(), theirs);
  EXPECT_EQ(held.status, 200);
  const std::string place = std::string(authorisations) + "/" + at(held.body, "/id");
  EXPECT_EQ(world.get(place, theirs).status, 200);
  EXPECT_EQ(world.get(place, others).status, 404);
  EXPECT_EQ(world.post(place + "/capture", R"({"points":1})", others).status, 404);
}

}  // namespace
}  // namespace crossfoot::edge
