// Goal: a balance says where it is from and how sure it is, and what is on its way is counted once,
// wherever it is: waiting, failing, in doubt, stuck.
#include "edge/api_world.h"

namespace crossfoot::edge {
namespace {

using test::at;
using test::World;

constexpr auto address = "/process/v1/customer-profile/members/M-1001/balance";

ApiOptions patient() {
  ApiOptions options;
  options.question_deadline = std::chrono::seconds{5};
  options.authorise_deadline = std::chrono::milliseconds{20};
  return options;
}

/// The programme grants a point for each euro: 39 for a sale.
struct Balance : ::testing::Test {
  Balance() { world.targets.keep_order(); }
  void sell(int sequence) { EXPECT_EQ(world.post_sale(test::sale(sequence)).status, 202); }
  std::string field(std::string_view name) {
    return at(world.get(address).body, "/" + std::string(name));
  }
  void expect(std::string_view balance, std::string_view provisional, std::string_view pending,
              std::string_view in_doubt, std::string_view confidence) {
    const std::string body = world.get(address).body;
    EXPECT_EQ(at(body, "/balance"), balance) << body;
    EXPECT_EQ(at(body, "/provisional"), provisional) << body;
    EXPECT_EQ(at(body, "/pending"), pending) << body;
    EXPECT_EQ(at(body, "/in_doubt"), in_doubt) << body;
    EXPECT_EQ(at(body, "/confidence"), confidence) << body;
  }

  World world{patient()};
};

TEST_F(Balance, IsThePlatformsWordWhenNothingIsOnItsWay) {
  sell(1);
  world.settle();
  expect("120", "120", "0", "0", "exact");
  EXPECT_EQ(field("source"), "live");
}

TEST_F(Balance, CountsSalesThatDidNotReachThePlatform) {
  world.targets.failing["accrue"] = FaultClass::transient;
  for (const int sequence : {1, 2, 3}) sell(sequence);
  expect("120", "237", "117", "0", "exact");
  EXPECT_EQ(field("accruals_under_way"), "3");
  world.targets.failing.clear();
  world.settle();
  expect("120", "120", "0", "0", "exact");
}

TEST_F(Balance, KeepsApartWhatMayHaveBeenCounted) {
  world.targets.make_blind();
  world.targets.failing["accrue"] = FaultClass::unknown_outcome;
  sell(1);
  world.settle();  // parked: a person decides
  world.targets.failing.clear();
  expect("120", "120", "0", "39", "high");
  world.drop_engine();
  world.start_engine();
  expect("120", "120", "0", "39", "high");
}

TEST_F(Balance, SaysWhatWasLastKnownAndSinceWhen) {
  EXPECT_EQ(field("source"), "live");
  const std::string before = field("as_of");
  world.targets.failing["balance"] = FaultClass::transient;
  world.targets.failing["accrue"] = FaultClass::transient;
  sell(1);
  expect("120", "159", "39", "0", "low");
  EXPECT_EQ(field("source"), "last_known");
  EXPECT_LE(field("as_of"), before);
  EXPECT_EQ(field("as_of"), field("as_of"));
  world.targets.failing.clear();
  world.settle();
}

TEST_F(Balance, SaysThatNobodyKnows) {
  world.targets.failing["balance"] = FaultClass::transient;
  expect("null", "null", "0", "0", "none");
  EXPECT_EQ(field("as_of"), "null");
  EXPECT_EQ(world.get("/process/v1/customer-profile/members/" + std::string(101, 'x') + "/balance")
                .status,
            404);
}

TEST_F(Balance, OfAMemberThatThePlatformDoesNotKnowIsNothing) {
  world.targets.failing["balance"] = FaultClass::not_found;
  expect("0", "0", "0", "0", "exact");
}

constexpr auto baskets = "/process/v1/promotion-validation/baskets";

TEST_F(Balance, ABasketIsJudgedByThePlatformOrByItsOwnRules) {
  world.targets.balance = Points{77};
  const std::string live = world.post(baskets, test::sale(1)).body;
  EXPECT_EQ(at(live, "/points"), "77");
  EXPECT_EQ(at(live, "/source"), "live");
  EXPECT_EQ(at(live, "/lines/0/points"), "77");
  world.targets.failing["eligibility"] = FaultClass::transient;
  const std::string own = world.post(baskets, test::sale(1)).body;
  EXPECT_EQ(at(own, "/points"), "39");
  EXPECT_EQ(at(own, "/source"), "own_rules");
  EXPECT_EQ(at(own, "/confidence"), "low");
  EXPECT_EQ(at(own, "/lines/0/points"), "39");
  EXPECT_EQ(world.post(baskets, R"({"kind":"sale"})").status, 400);
  EXPECT_EQ(world.targets.calls["erp"], 0U);  // nothing was sold
  EXPECT_EQ(world.post_sale(test::sale(1)).status, 202);
}

}  // namespace
}  // namespace crossfoot::edge
