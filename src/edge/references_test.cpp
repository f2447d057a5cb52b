#include "edge/api_world.h"

namespace crossfoot::edge {
namespace {

using test::at;
using test::sale;
using test::World;

/// A world whose tills sell known products to known members only.
class CheckingWorld : public World {
 public:
  CheckingWorld() {
    const auto pos = static_cast<std::size_t>(contract::Channel::pos);
    engine_options.check_products[pos] = true;
    engine_options.check_members[pos] = true;
    restart();
  }
  void restart() {
    drop_engine();
    start_engine();
  }
  runtime::HttpAnswer product(const std::string& article, int revision,
                              const std::string& identifiers = "[]") {
    return post("/system/v1/erp/products",
                R"({"article":")" + article + R"(","status":"active","unit":"EA","revision":)" +
                    std::to_string(revision) + R"(,"descriptions":{"en":"A toy"},)" +
                    R"("identifiers":)" + identifiers + "}");
  }
  runtime::HttpAnswer member(const std::string& number) {
    (void)post("/system/v1/crm/customers", R"({"id":"C-)" + number + R"(","status":"active"})");
    return post("/system/v1/loyalty/customers",
                R"({"id":"C-)" + number +
                    R"(","status":"active","memberships":[{"programme":)"
                    R"("default","member":")" +
                    number + R"(","status":"enrolled"}]})");
  }
  std::string sell(int sequence) {
    const std::string id = at(post_sale(sale(sequence)).body, "/id");
    settle();
    return id;
  }
  std::string state(const std::string& id) {
    return at(get("/v1/transactions/" + id).body, "/flow/state");
  }
  /// Until so many replays, which records began, have ended.
  void wait_for_replays(int count) {
    const std::string last = "/items/" + std::to_string(count - 1) + "/id";
    std::string body;
    do {
      body = get("/v1/replays").body;
    } while (at(body, last) == "<none>" || body.find("\"running\"") != std::string::npos);
    settle();
  }
};

// Goal: what names an unknown product and an unknown member waits, counted by name; each record
// lets go on what waits for nothing else, and nothing is sent twice.
TEST(References, OneRecordReleasesAllThatWaitForIt) {
  CheckingWorld world;
  std::vector<std::string> sales;
  for (int i = 1; i <= 70; ++i) sales.push_back(world.sell(i));
  EXPECT_EQ(world.state(sales.front()), "parked");
  EXPECT_EQ(world.targets.calls["erp"], 0U);
  const auto open = world.get("/v1/unresolved-references");
  EXPECT_EQ(at(open.body, "/items/0/reference"), "member:M-1001");
  EXPECT_EQ(at(open.body, "/items/0/waiting"), "70");
  EXPECT_EQ(at(open.body, "/items/1/reference"), "product:TOY-1");
  EXPECT_EQ(at(open.body, "/items/1/waiting"), "70");
  const auto stuck = world.get("/v1/dead-letters?limit=1");
  EXPECT_EQ(at(stuck.body, "/items/0/flow/code"), "CF-3003");
  ASSERT_EQ(world.product("TOY-1", 1).status, 200);
  world.wait_for_replays(1);
  EXPECT_EQ(world.state(sales.front()), "parked") << "the member is not known yet";
  world.restart();
  ASSERT_EQ(world.member("M-1001").status, 200);
  world.wait_for_replays(2);
  for (const std::string& id : sales) EXPECT_EQ(world.state(id), "done");
  EXPECT_EQ(world.targets.calls["erp"], 70U);
  EXPECT_EQ(at(world.get("/v1/unresolved-references").body, "/items/0"), "<none>");
  EXPECT_EQ(world.state(world.sell(71)), "done");
}

// Goal: a product is known by its other names while they are valid, and a name that means two
// products means none.
TEST(References, AreResolvedByOtherNames) {
  CheckingWorld world;
  ASSERT_EQ(world.member("M-1001").status, 200);
  const std::string toy = R"([{"kind":"sku","value":"TOY-1","system":"pos"}])";
  ASSERT_EQ(world.product("A-1", 1, toy).status, 200);
  EXPECT_EQ(world.state(world.sell(1)), "done");
  ASSERT_EQ(world.product("A-2", 1, toy).status, 200);
  const std::string twofold = world.sell(2);
  EXPECT_EQ(world.state(twofold), "parked");
  ASSERT_EQ(world.product("A-2", 2).status, 200);
  EXPECT_EQ(world.state(world.sell(3)), "done");
  // The name means one again; the next version of its product lets go on what waited.
  ASSERT_EQ(world.product("A-1", 2, toy).status, 200);
  world.wait_for_replays(1);
  EXPECT_EQ(world.state(twofold), "done");
  const std::string ended = R"([{"kind":"sku","value":"TOY-1","system":"pos","effective":)"
                            R"({"from":"2026-01-01T00:00:00Z","until":"2026-02-01T00:00:00Z"}}])";
  ASSERT_EQ(world.product("A-1", 3, ended).status, 200);
  EXPECT_EQ(world.state(world.sell(4)), "parked");
}

// Goal: a person may let one go on though nobody knows what it names; the count follows.
TEST(References, APersonMayLetOneGoOn) {
  CheckingWorld world;
  const std::string id = world.sell(1);
  world.send(runtime::Method::post, "/v1/transactions/" + id + "/legs/1/release");
  EXPECT_EQ(world.last().status, 202);
  world.settle();
  EXPECT_EQ(world.state(id), "done");
  EXPECT_EQ(at(world.get("/v1/unresolved-references").body, "/items/0"), "<none>");
}

// Goal: where the policy is off nothing is looked up and nothing waits.
TEST(References, AreNotCheckedUnlessThePolicySaysSo) {
  World world;
  const std::string id = at(world.post_sale(sale(1)).body, "/id");
  world.settle();
  EXPECT_EQ(at(world.get("/v1/transactions/" + id).body, "/flow/state"), "done");
}

}  // namespace
}  // namespace crossfoot::edge
