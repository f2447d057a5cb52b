// Goal: at the door of a real server every route asks for its permission, whoever may not is
// refused and changes nothing, and limited callers get what is theirs and no more.
#include "edge/api_world.h"

namespace crossfoot::edge {
namespace {

using test::at;
using test::sale;
using test::World;

/// The header's roles, shops, channels and regions, each a list with commas between.
Result<Caller> as_the_headers_say(const runtime::HttpRequest& request) {
  const auto texts = [&request](std::string_view name) {
    std::vector<std::string> out;
    std::string_view rest = request.header(name);
    while (!rest.empty()) {
      const auto comma = rest.find(',');
      out.emplace_back(rest.substr(0, comma));
      rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
    }
    return out;
  };
  Caller caller{.name = "ops-desk",
                .channels = texts("x-channels"),
                .shops = texts("x-shops"),
                .regions = texts("x-regions")};
  for (const std::string& role : texts("x-roles")) (void)add_role(role, caller.permissions);
  if (request.header("x-roles").empty()) {
    return fail({.code = "CF-2401", .fault_class = FaultClass::unauthorised, .cause = "no header"});
  }
  return caller;
}

class AuthoriseTest : public ::testing::Test {
 protected:
  World world{{}, {}, test::built_in_book, as_the_headers_say};

  int status(const RouteInfo& route, World::Headers headers) {
    std::string path(route.pattern);
    for (const auto& [name, value] : {std::pair<std::string, std::string>{"{id}", "01"},
                                      {"{leg}", "1"},
                                      {"{name}", "erp"},
                                      {"{version}", "1"},
                                      {"{code}", "CF-2401"},
                                      {"{path}", ""}}) {
      if (const auto found = path.find(name); found != std::string::npos) {
        path.replace(found, name.size(), value);
      }
    }
    if (route.method == runtime::Method::get) return world.get(path, std::move(headers)).status;
    headers.emplace_back("Content-Type", std::string(route.consumes));
    world.send(runtime::Method::post, path, std::move(headers), route.consumes.empty() ? "" : "{}");
    return world.last().status;
  }
};

TEST_F(AuthoriseTest, EveryRouteAsksEveryRoleForItsPermission) {
  for (const RouteInfo& route : route_table) {
    SCOPED_TRACE(route.pattern);
    const int unknown = status(route, {});
    EXPECT_EQ(unknown == 401, route.permission.has_value()) << unknown;
    for (const Role& role : role_table) {
      SCOPED_TRACE(role.name);
      const int answered = status(route, {{"X-Roles", std::string(role.name)}});
      const bool allowed =
          !route.permission ||
          Permissions(role.permissions).test(static_cast<std::size_t>(*route.permission));
      EXPECT_EQ(answered == 403, !allowed) << answered;
      EXPECT_NE(answered, 401);
    }
  }
}

TEST_F(AuthoriseTest, ARefusalSaysWhatIsMissingAndAnUnknownCallerLearnsNothing) {
  const auto unknown = world.get("/v1/overview");
  EXPECT_EQ(unknown.status, 401);
  EXPECT_EQ(unknown.header("www-authenticate"), "Bearer realm=\"crossfoot\"");
  EXPECT_EQ(at(unknown.body, "/code"), "CF-2401");
  EXPECT_EQ(at(unknown.body, "/detail"), "credentials are missing or not valid here");
  const auto refused = world.get("/v1/overview", {{"X-Roles", "channel"}});
  EXPECT_EQ(at(refused.body, "/code"), "CF-2403");
  EXPECT_EQ(at(refused.body, "/detail"), "this needs the permission operations:read");
  EXPECT_NE(world.get("/metrics", {{"X-Roles", "monitoring"}})
                .body.find("crossfoot_unauthenticated_total 1"),
            std::string::npos);
}

TEST_F(AuthoriseTest, WhatIsNotTheCallersIsRefusedAndNothingIsKept) {
  const World::Headers all{{"X-Roles", "integration"}};
  for (const auto& [header, value, pointer] :
       {std::tuple{"X-Shops", "DE-002", "/errors/0/pointer"},
        std::tuple{"X-Channels", "ecommerce", "/errors/0/pointer"},
        std::tuple{"X-Regions", "CH,US", "/errors/0/pointer"}}) {
    const World::Headers limited{{"X-Roles", "channel"}, {header, value}};
    const auto refused = world.post_sale(sale(1), limited);
    EXPECT_EQ(refused.status, 403) << header;
    EXPECT_NE(at(refused.body, pointer), "") << header;
    const auto batch = world.post_batch(sale(1) + "\n", limited);
    EXPECT_EQ(batch.status, 200);
    EXPECT_NE(batch.body.find(R"("status":403)"), std::string::npos) << batch.body;
  }
  EXPECT_EQ(at(world.get("/v1/transactions", all).body, "/items"), "[]");
  const World::Headers own{{"X-Roles", "channel"},
                           {"X-Shops", "DE-001,DE-002"},
                           {"X-Channels", "pos"},
                           {"X-Regions", "DE"}};
  EXPECT_EQ(world.post_sale(sale(1), own).status, 202);
}

TEST_F(AuthoriseTest, WhatIsNotTheCallersIsNotThere) {
  const auto accepted = world.post_sale(sale(1), {{"X-Roles", "channel"}});
  ASSERT_EQ(accepted.status, 202);
  const std::string id = at(accepted.body, "/id");
  const std::string path = "/v1/transactions/" + id;
  for (const auto& [header, value, visible] : {std::tuple{"X-Shops", "DE-001", true},
                                               {"X-Shops", "DE-002", false},
                                               {"X-Channels", "pos", true},
                                               {"X-Channels", "mobile", false},
                                               {"X-Regions", "DE", true},
                                               {"X-Regions", "US", false}}) {
    SCOPED_TRACE(value);
    const World::Headers limited{{"X-Roles", "channel"}, {header, value}};
    EXPECT_EQ(world.get(path, limited).status, visible ? 200 : 404);
    EXPECT_EQ(world.get(path + "/timeline", limited).status, visible ? 200 : 404);
    const auto page = world.get("/v1/transactions", limited).body;
    EXPECT_EQ(page.find(id) != std::string::npos, visible) << page;
    const auto states =
        world.post("/v1/transactions:states", R"({"ids":[")" + id + R"("]})", limited);
    EXPECT_EQ(states.body.find(id) != std::string::npos, visible) << states.body;
  }
  const World::Headers limited{{"X-Roles", "integration"}, {"X-Shops", "DE-001"}};
  EXPECT_EQ(world.get("/v1/overview", limited).status, 403) << "it shows every shop";
  EXPECT_EQ(world.get("/v1/contracts", limited).status, 200);
}

TEST_F(AuthoriseTest, ADecisionCarriesTheProvenName) {
  const World::Headers who{{"X-Roles", "integration"}};
  const auto pause = [&](const std::string& by) {
    return world.post("/v1/pauses",
                      R"({"kind":"shop","value":"DE-001",)" + by + R"("reason":"stock count"})",
                      who);
  };
  EXPECT_LT(pause("").status, 300);
  EXPECT_NE(world.get("/v1/pauses", who).body.find(R"("by":"ops-desk")"), std::string::npos);
  EXPECT_LT(pause(R"("by":"ann",)").status, 300);
  EXPECT_NE(world.get("/v1/pauses", who).body.find(R"("by":"ann as ops-desk")"), std::string::npos);
}

}  // namespace
}  // namespace crossfoot::edge
