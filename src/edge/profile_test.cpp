#include <gmock/gmock.h>

#include "edge/api_world.h"
#include "flow/plan/reference.h"

namespace crossfoot::edge {
namespace {

using test::at;
using test::sale;
using test::World;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

/// A world whose loyalty platform is told of customers.
class TellingWorld : public World {
 public:
  TellingWorld() {
    engine_options.routing.profile = {"loyalty"};
    drop_engine();
    start_engine();
  }
  /// As the loyalty platform and the customer system say together.
  runtime::HttpAnswer make(const std::string& key, const std::string& member, int revision = 1,
                           const std::string& name = "Ada") {
    auto made = post("/system/v1/crm/customers",
                     R"({"id":")" + key + R"(","status":"active","revision":)" +
                         std::to_string(revision) + R"(,"name":{"display":")" + name + "\"}}");
    if (revision > 1) return made;
    return post("/system/v1/loyalty/customers",
                R"({"id":")" + key +
                    R"(","status":"active","memberships":[{"programme":"default",)"
                    R"("member":")" +
                    member + R"(","status":"enrolled"}]})");
  }
  runtime::HttpAnswer order(const std::string& what, const std::string& fields) {
    return post("/process/v1/customer-profile/" + what,
                "{" + fields + R"(,"by":"j.meier","reason":"asked in writing"})");
  }
};

// Goal: a member's record is told to each target once and in order; who is no member to nobody.
TEST(CustomerProfile, IsToldToWhoMustKnow) {
  TellingWorld world;
  const auto made = world.make("C-1", "M-1");
  ASSERT_EQ(made.status, 200) << made.body;
  world.settle();
  ASSERT_THAT(world.targets.told, SizeIs(1));
  EXPECT_THAT(world.targets.told[0], StartsWith("member_put "));
  EXPECT_THAT(world.targets.told[0], HasSubstr(R"("member":"M-1")"));
  EXPECT_THAT(world.targets.told[0], HasSubstr(R"("name":{"display":"Ada"})"));
  ASSERT_EQ(world.make("C-1", "M-1", 2, "Ada B.").status, 200);
  ASSERT_EQ(world.make("C-1", "M-1", 2, "Ada B.").status, 200);
  world.settle();
  ASSERT_THAT(world.targets.told, SizeIs(2));
  const auto profile = world.get("/process/v1/customer-profile/C-1");
  ASSERT_EQ(profile.status, 200) << profile.body;
  EXPECT_EQ(at(profile.body, "/record/name/display"), "Ada B.");
  EXPECT_EQ(at(profile.body, "/told/kind"), "customer_profile");
  EXPECT_EQ(at(profile.body, "/told/flow/state"), "done");
  const std::string id = at(profile.body, "/told/id");
  EXPECT_THAT(world.get("/v1/transactions/" + id + "/timeline").body,
              HasSubstr("customer C-1: updated by crm revision 2, version 3; /name"));
  EXPECT_EQ(world.get("/process/v1/customer-profile/C-9").status, 404);
}

// Goal: what a target refuses is a dead letter like a sale's, and moot once a later version is
// told.
TEST(CustomerProfile, WhatIsRefusedWaitsForAPersonUntilALaterVersionIsTold) {
  TellingWorld world;
  world.targets.refused["loyalty"] = true;
  ASSERT_EQ(world.make("C-1", "M-1").status, 200);
  world.settle();
  const auto stuck = world.get("/v1/dead-letters");
  EXPECT_EQ(at(stuck.body, "/items/0/flow/code"), "CF-3103");
  EXPECT_EQ(at(stuck.body, "/items/0/flow/legs/0/kind"), "share_profile");
  world.targets.refused.clear();
  ASSERT_EQ(world.make("C-1", "M-1", 2, "Ada B.").status, 200);
  world.settle();
  EXPECT_EQ(at(world.get("/v1/dead-letters").body, "/items/0"), "<none>");
  EXPECT_EQ(at(world.get("/process/v1/customer-profile/C-1").body, "/told/flow/state"), "done");
}

// Goal: a merge reaches the platform once, later legs of the merged member stand in the other's
// order also after a restart, and an unmerge takes it back.
TEST(CustomerProfile, MergesAndUnmerges) {
  TellingWorld world;
  world.targets.keep_order();
  ASSERT_EQ(world.make("C-1", "M-1001").status, 200);
  ASSERT_EQ(world.make("C-2", "M-2").status, 200);
  world.settle();
  world.targets.told.clear();
  const std::string fields = R"("customer":"C-1","into":"C-2")";
  const auto merged = world.order("merges", fields);
  ASSERT_EQ(merged.status, 200) << merged.body;
  EXPECT_EQ(at(world.order("merges", fields).body, "/outcome"), "replayed");
  world.settle();
  ASSERT_THAT(world.targets.told, SizeIs(1));
  EXPECT_THAT(world.targets.told[0], StartsWith("member_merge "));
  EXPECT_THAT(world.targets.told[0], HasSubstr(R"("member":"M-1001","into":"M-2")"));
  EXPECT_EQ(at(world.order("merges", R"("customer":"C-2","into":"C-1")").body, "/code"), "CF-2425");
  EXPECT_EQ(world.order("merges", R"("customer":"C-1","into":"C-1")").status, 400);
  EXPECT_EQ(world.order("merges", R"("customer":"C-1","into":"C-9")").status, 404);
  // The order key of a sale of the merged member is the survivor's: both are held by one pause.
  const auto order_key_of = [&](int sequence) {
    world.targets.refused["loyalty"] = true;
    const std::string id = at(world.post_sale(sale(sequence)).body, "/id");
    world.settle();
    world.targets.refused.clear();
    const auto row = world.read_flow(*parse_id(id));
    for (const flow::Leg& leg : row.legs) {
      if (leg.kind == flow::LegKind::accrue) return to_string(leg.order_key);
    }
    return std::string();
  };
  const std::string survivors =
      to_string(flow::make_order_key("loyalty", "points", "default", "M-2"));
  EXPECT_EQ(order_key_of(1), survivors);
  world.drop_engine();
  world.start_engine();
  EXPECT_EQ(order_key_of(2), survivors);
  ASSERT_EQ(world.order("unmerges", R"("customer":"C-1")").status, 200);
  EXPECT_EQ(world.order("unmerges", R"("customer":"C-1")").status, 409);
  world.settle();
  EXPECT_EQ(order_key_of(3),
            to_string(flow::make_order_key("loyalty", "points", "default", "M-1001")));
  EXPECT_EQ(at(world.get("/v1/records/customers/C-1").body, "/record/status"), "active");
}

// Goal: who asks to be forgotten is forgotten in every version, message and proposal; receipts and
// the journal stay as they are.
TEST(CustomerProfile, ErasureLeavesTheLedgerAndNothingOfThePerson) {
  TellingWorld world;
  ASSERT_EQ(world.make("C-1", "M-1001", 1, "Secret Name").status, 200);
  ASSERT_EQ(world
                .post("/system/v1/loyalty/customers",
                      R"({"id":"C-1","status":"active","revision":2,"email":"secret@x.example",)"
                      R"("memberships":[{"programme":"default","member":"M-1001",)"
                      R"("status":"enrolled"}]})")
                .status,
            200);
  const std::string receipt = at(world.post_sale(sale(1)).body, "/id");
  world.settle();
  const std::string told = at(world.get("/process/v1/customer-profile/C-1").body, "/told/id");
  EXPECT_THAT(world.everything(), HasSubstr("Secret Name"));
  EXPECT_THAT(world.everything(), HasSubstr("secret@x.example"));
  const auto erased = world.order("erasures", R"("customer":"C-1")");
  ASSERT_EQ(erased.status, 200) << erased.body;
  EXPECT_EQ(at(world.order("erasures", R"("customer":"C-1")").body, "/outcome"), "replayed");
  world.settle();
  EXPECT_THAT(world.targets.told.back(), StartsWith("member_erase "));
  EXPECT_THAT(world.targets.told.back(), HasSubstr(R"("member":"M-1001")"));
  EXPECT_THAT(world.everything(), Not(HasSubstr("Secret Name")));
  EXPECT_THAT(world.everything(), Not(HasSubstr("secret@x.example")));
  EXPECT_EQ(at(world.get("/v1/records/customers/C-1").body, "/record/status"), "erased");
  EXPECT_EQ(at(world.get("/v1/record-versions/customers/C-1").body, "/items/1/erased"), "true");
  EXPECT_EQ(at(world.get("/v1/record-proposals").body, "/items/0"), "<none>");
  // The messages can still be read by whatever comes back to them.
  EXPECT_EQ(at(world.get("/v1/transactions/" + told).body, "/flow/state"), "done");
  EXPECT_EQ(at(world.get("/v1/transactions/" + receipt).body, "/member"), "M-1001");
  const auto again = world.make("C-1", "M-1001", 3);
  EXPECT_EQ(again.status, 410);
  EXPECT_EQ(at(again.body, "/code"), "CF-2424");
}

// Goal: of each purpose the latest decision counts, whoever says it and whenever it arrives.
TEST(CustomerProfile, TheLatestConsentCounts) {
  TellingWorld world;
  ASSERT_EQ(world.make("C-1", "M-1").status, 200);
  const auto consent = [](const std::string& purpose, const std::string& granted,
                          const std::string& when) {
    return R"({"purpose":")" + purpose + R"(","granted":)" + granted + R"(,"at":")" + when + "\"}";
  };
  const auto note = [&](const std::string& one) {
    return at(world.order("consents", R"("customer":"C-1","consent":)" + one).body, "/outcome");
  };
  EXPECT_EQ(note(consent("news", "true", "2026-11-20T09:00:00Z")), "updated");
  EXPECT_EQ(note(consent("news", "false", "2026-11-19T09:00:00Z")), "replayed");
  // The customer system does not know it yet: leaving it out takes nothing back.
  ASSERT_EQ(world.make("C-1", "M-1", 2, "Ada B.").status, 200);
  const auto granted = [&] {
    return at(world.get("/v1/records/customers/C-1").body, "/record/consents/0/granted");
  };
  EXPECT_EQ(granted(), "true");
  ASSERT_EQ(world
                .post("/system/v1/crm/customers",
                      R"({"id":"C-1","status":"active","revision":3,"consents":[)" +
                          consent("news", "false", "2026-11-21T09:00:00Z") + "]}")
                .status,
            200);
  EXPECT_EQ(granted(), "false");
  EXPECT_EQ(
      at(world.order("consents", R"("customer":"C-1","consent":{"purpose":"x"})").body, "/code"),
      "CF-1216");
  world.settle();
}

}  // namespace
}  // namespace crossfoot::edge
