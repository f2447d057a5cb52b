// Goal: at the door of a real server, clients keep to their share, danger sheds by class, and
// breakers are shown and steered.
#include "edge/api_world.h"

namespace crossfoot::edge {
namespace {

using test::at;
using test::lines_of;
using test::sale;
using test::World;

constexpr std::uint64_t mega = 1024 * 1024;

ApiOptions limited(std::int64_t burst) {
  ApiOptions options;
  // One an hour, so that none comes back during the test.
  options.client_limits = {.requests_per_minute = 1, .burst = burst};
  return options;
}

ApiOptions needing_disk() {
  ApiOptions options;
  options.admission.disk_free_bytes_min = 100 * mega;
  return options;
}

TEST(Protect, AClientKeepsToItsShare) {
  World world(limited(2));
  const auto first = world.post_sale(sale(1));
  EXPECT_EQ(first.status, 202);
  EXPECT_EQ(first.header("ratelimit-policy"), R"("client";q=2;w=120)");
  EXPECT_EQ(first.header("ratelimit"), R"("client";r=1;t=60)");
  EXPECT_EQ(world.get("/v1/overview").status, 200);
  const auto refused = world.post_sale(sale(2));
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(at(refused.body, "/code"), "CF-2429");
  EXPECT_EQ(at(refused.body, "/retryable"), "true");
  EXPECT_EQ(refused.header("retry-after"), "60");
  EXPECT_EQ(refused.header("ratelimit"), R"("client";r=0;t=120)");
  for (const std::string path : {"/healthz/live", "/healthz/ready", "/console/", "/openapi.json"}) {
    const auto answer = world.get(path);
    EXPECT_EQ(answer.status, 200) << path;
    EXPECT_EQ(answer.header("ratelimit"), "") << path;
  }
  const auto metrics = world.get("/metrics").body;
  EXPECT_NE(metrics.find("crossfoot_rate_limited_total 1"), std::string::npos) << metrics;
}

TEST(Protect, APrincipalHasAShareOfItsOwn) {
  World world(limited(1), {}, test::built_in_book, test::whom_the_header_names);
  EXPECT_EQ(world.get("/v1/overview").status, 401);
  EXPECT_EQ(world.get("/v1/overview").status, 429) << "whoever guesses has the address's share";
  const World::Headers till{{"X-Test-Principal", "till-3"}};
  EXPECT_EQ(world.get("/v1/overview", till).status, 200);
  EXPECT_EQ(world.get("/v1/overview", till).status, 429);
  EXPECT_EQ(world.get("/v1/overview", {{"X-Test-Principal", "127.0.0.1"}}).status, 200)
      << "a name is no address";
}

TEST(Protect, WithoutALimitNothingIsSaidOfIt) {
  World world;
  EXPECT_EQ(world.get("/v1/overview").header("ratelimit-policy"), "");
}

TEST(Protect, ShedsBulkThenLiveThenCheckout) {
  const World::Headers checkout{{"X-Lane", "checkout"}};
  const World::Headers batch{{"X-Lane", "batch"}};
  for (const auto& [free, bulk_status, live_status, checkout_status] :
       {std::tuple{400 * mega, 200, 202, 202}, std::tuple{150 * mega, 503, 202, 202},
        std::tuple{120 * mega, 503, 503, 202}, std::tuple{100 * mega, 503, 503, 503}}) {
    World world(needing_disk());
    world.machine.disk_free_bytes = free;
    EXPECT_EQ(world.post_batch(sale(1)).status, bulk_status) << free;
    EXPECT_EQ(world.post_sale(sale(2)).status, live_status) << free;
    const auto answer = world.post_sale(sale(3), checkout);
    EXPECT_EQ(answer.status, checkout_status) << free;
    EXPECT_EQ(world.post_sale(sale(4), batch).status, bulk_status == 200 ? 202 : 503) << free;
    EXPECT_EQ(world.get("/v1/overview").status, 200) << "reading goes on";
    EXPECT_EQ(world.get("/healthz/ready").status, live_status == 202 ? 200 : 503) << free;
    if (checkout_status == 202) continue;
    EXPECT_EQ(at(answer.body, "/code"), "CF-2513");
    EXPECT_EQ(at(answer.body, "/detail"), "too little is left of: disk");
    EXPECT_EQ(answer.header("retry-after"), "60");
    const auto metrics = world.get("/metrics").body;
    for (const std::string figure :
         {R"(crossfoot_shed_total{class="bulk"} 2)", R"(crossfoot_shed_total{class="live"} 1)",
          R"(crossfoot_shed_total{class="checkout"} 1)", R"(crossfoot_shedding{class="live"} 1)"}) {
      EXPECT_NE(metrics.find(figure), std::string::npos) << figure;
    }
  }
}

TEST(Protect, RefusesALaneThatIsNone) {
  World world;
  EXPECT_EQ(world.post_sale(sale(1), {{"X-Lane", "fast"}}).status, 400);
  EXPECT_EQ(world.post_sale(sale(1), {{"X-Lane", "live"}}).status, 202);
}

TEST(Protect, ShedsWhatWaitsForCommits) {
  // A commit that takes an hour never ends within the test.
  ApiOptions options;
  options.admission.accepts_max = 10;
  World world(options, {.commit_latency = std::chrono::hours{1}});
  for (int i = 1; i <= 6; ++i) {
    world.send(runtime::Method::post, "/v1/transactions", {{"Content-Type", "application/json"}},
               sale(i));
  }
  world.run_until([&world] { return world.engine().activity().accepts == 6; });
  const auto shed = world.post_batch(sale(7));
  EXPECT_EQ(shed.status, 503);
  EXPECT_EQ(at(shed.body, "/detail"), "too little is left of: accepts");
  EXPECT_EQ(shed.header("retry-after"), "1");
  world.drop_engine();
}

TEST(Protect, ShowsConnectors) {
  World world;
  const auto list = world.get("/v1/connectors");
  EXPECT_EQ(list.status, 200);
  EXPECT_EQ(at(list.body, "/items/0/connector"), "erp");
  EXPECT_EQ(at(list.body, "/items/0/quota"), "null");
  EXPECT_EQ(at(list.body, "/items/0/operations/0/breaker"), "half_open");
  EXPECT_EQ(at(list.body, "/items/0/operations/0/openings"), "3");
  EXPECT_EQ(at(list.body, "/items/1/quota/per_minute_now"), "300");
  EXPECT_EQ(at(list.body, "/items/1/paused_until"), "2026-11-18T11:06:40Z");
  const auto metrics = world.get("/metrics").body;
  for (const std::string figure :
       {R"(crossfoot_breaker_openings_total{operation="post",target="erp"} 3)",
        R"(crossfoot_breaker_state{operation="post",state="half_open",target="erp"} 1)",
        R"(crossfoot_target_rate_per_minute{target="loyalty"} 300)"}) {
    EXPECT_NE(metrics.find(figure), std::string::npos) << figure;
  }
}

TEST(Protect, SteersBreakers) {
  World world;
  const std::string path = "/v1/connectors/erp/breaker";
  const auto opened = world.post(path, R"({"state":"open","reason":"maintenance"})");
  EXPECT_EQ(opened.status, 200);
  EXPECT_EQ(at(opened.body, "/breaker"), "open");
  EXPECT_EQ(at(opened.body, "/operations/0/forced_reason"), "maintenance");
  ASSERT_EQ(world.connectors.orders.size(), 1U);
  EXPECT_EQ(world.connectors.orders[0].state, ConnectorService::State::open);
  EXPECT_EQ(world.connectors.orders[0].correlation_id, opened.header("x-correlation-id"));
  EXPECT_EQ(world.post(path, R"({"state":"auto","reason":"over","operation":"post"})").status, 200);
  EXPECT_EQ(world.connectors.orders[1].operation, "post");
  EXPECT_EQ(world.connectors.orders[1].state, ConnectorService::State::automatic);
  for (const std::string bad : {R"({"state":"open"})", R"({"state":"ajar","reason":"r"})",
                                R"({"state":"open","reason":""})", R"({"state":1,"reason":"r"})",
                                R"({"state":"open","reason":"r","x":1})"}) {
    EXPECT_EQ(world.post(path, bad).status, 400) << bad;
  }
  const std::string good = R"({"state":"open","reason":"r"})";
  EXPECT_EQ(world.post("/v1/connectors/crm/breaker", good).status, 404);
  EXPECT_EQ(world.post(path, R"({"state":"open","reason":"r","operation":"fly"})").status, 404);
  EXPECT_EQ(world.connectors.orders.size(), 2U) << "what is refused is not passed on";
}

}  // namespace
}  // namespace crossfoot::edge
