// Goal: why a receipt has its points is told by what was committed with it, line by line and rule
// by rule, and neither a later programme nor a return changes what is said of the sale itself.
#include "edge/api_world.h"

namespace crossfoot::edge {
namespace {

using test::at;
using test::sale;
using test::World;

constexpr std::string_view gold_rules = R"({"programme": "shop", "version": 2,
    "currency": "EUR", "earn": {"points_per_unit": "1", "rounding": "floor", "base": "gross",
    "stacking": "multiplicative", "line_kinds": ["goods"], "excluded_tenders": ["gift_card"]},
    "rates": [], "tiers": [{"tier": "gold", "multiplier": "1.25", "members": ["M-1001"]}],
    "campaigns": [{"id": "mugs", "multiplier": "3", "articles": ["MUG-GOLD"]}],
    "zones": {"DE": "Europe/Berlin"}})";

/// V6: 38 points, 17, 17 and 4 by unit.
constexpr std::string_view v6_sale = R"({"kind":"sale","channel":"pos","shop":"DE-001",
    "register":"3","business_date":"2026-11-21","sequence":"1",
    "occurred_at":"2026-11-21T10:03:04+01:00","currency":"EUR","tax_mode":"not_in_source",
    "region":"DE","member":"M-1001","lines":[
    {"line":1,"kind":"goods","article":"SHIRT","quantity":"2","unit_price":"19.99"},
    {"line":2,"kind":"goods","article":"MUG","quantity":"1","unit_price":"5.01"}],
    "discounts":[{"amount":"4.50","reason":"coupon"}],
    "tenders":[{"kind":"gift_card","amount":"10.00"},{"kind":"card","amount":"30.49"}]})";

std::string return_of(int sequence, int line, std::string_view extra = "") {
  return R"({"kind":"return","channel":"pos","shop":"DE-001","register":"3",)"
         R"("business_date":"2026-11-23","sequence":")" +
         std::to_string(sequence) +
         R"(","occurred_at":"2026-11-23T10:03:04+01:00","currency":"EUR",)"
         R"("tax_mode":"not_in_source","region":"DE","member":"M-1001","original":{"shop":"DE-001",)"
         R"("register":"3","business_date":"2026-11-21","sequence":"1"},"lines":[{"line":)" +
         std::to_string(line) +
         R"(,"kind":"goods","action":"returned","article":"SHIRT","quantity":"1",)"
         R"("unit_price":"15.24"}])" +
         std::string(extra) + "}";
}

class ExplainTest : public ::testing::Test {
 protected:
  World world;

  std::string accept(const std::string& body) {
    const auto accepted = world.post_sale(body);
    EXPECT_EQ(accepted.status, 202) << accepted.body;
    world.settle();
    return at(accepted.body, "/id");
  }
  std::string explain(const std::string& id) {
    const auto answer = world.get("/v1/transactions/" + id + "/explanation");
    EXPECT_EQ(answer.status, 200) << answer.body;
    return answer.body;
  }
};

TEST_F(ExplainTest, V6_TheWholeWayFromPricesToUnits) {
  world.use_rules(gold_rules);
  world.targets.granted = {{1, Points{34}}, {2, Points{4}}};
  const std::string told = explain(accept(std::string(v6_sale)));
  EXPECT_EQ(at(told, "/rules/programme"), "shop");
  EXPECT_EQ(at(told, "/rules/version"), "2");
  EXPECT_EQ(at(told, "/rules/zone"), "Europe/Berlin");
  EXPECT_EQ(at(told, "/rules/tier/name"), "gold");
  EXPECT_EQ(at(told, "/rules/agrees_with_record"), "true");
  EXPECT_EQ(at(told, "/points/expected"), "38");
  EXPECT_EQ(at(told, "/points/answered"), "38");
  EXPECT_EQ(at(told, "/points/whose"), "platform");
  EXPECT_EQ(at(told, "/lines/0/eligible"), "27.10");
  EXPECT_EQ(at(told, "/lines/1/eligible"), "3.39");
  EXPECT_EQ(at(told, "/lines/0/units"), R"([{"units":2,"points":17}])");
  EXPECT_EQ(at(told, "/lines/1/units"), R"([{"units":1,"points":4}])");
  EXPECT_EQ(at(told, "/rounding/exact"), "38.1125");
  EXPECT_EQ(at(told, "/campaigns/0/verdict"), "no_article");
  EXPECT_EQ(at(told, "/shares"), R"([{"components":["base","tier gold"],"points":38}])");
  EXPECT_NE(told.find("The loyalty platform answered 38, as expected."), std::string::npos) << told;
  EXPECT_NE(told.find("paid with tenders that do not earn: 10.00 EUR"), std::string::npos);
}

TEST_F(ExplainTest, RulesThatComeLaterChangeNothing) {
  const std::string id = accept(sale(7));
  const std::string before = explain(id);
  EXPECT_EQ(at(before, "/rules/version"), "1");
  world.use_rules(gold_rules);
  EXPECT_EQ(explain(id), before);
}

TEST_F(ExplainTest, V7_ReturnsTakeTheirOwnUnitsAndTheSaleSaysWhich) {
  world.use_rules(gold_rules);
  world.targets.granted = {{1, Points{34}}, {2, Points{4}}};
  const std::string id = accept(std::string(v6_sale));
  const std::string first = accept(return_of(8, 1));
  const std::string told = explain(id);
  EXPECT_EQ(at(told, "/points/taken_back"), "17");
  EXPECT_EQ(at(told, "/points/left"), "21");
  EXPECT_EQ(at(told, "/reversals/0/by"), first);
  EXPECT_EQ(at(told, "/reversals/0/lines"), R"([{"line":1,"quantity":"1","points":17}])");
  EXPECT_EQ(at(told, "/lines/0/taken_back/quantity"), "1");
  EXPECT_EQ(at(told, "/lines/1/taken_back/points"), "0");
  EXPECT_EQ(at(told, "/points/expected"), "38") << "what was earned stays told";
  const std::string of_return = explain(first);
  EXPECT_EQ(at(of_return, "/takes_back/0/of"), id);
  EXPECT_EQ(at(of_return, "/takes_back/0/points"), "17");
  EXPECT_EQ(at(of_return, "/rules"), "null");
  (void)accept(return_of(9, 1));
  (void)accept(return_of(10, 2));
  EXPECT_EQ(at(explain(id), "/points/left"), "0")
      << "all reversals and what is left are what was earned";
}

TEST_F(ExplainTest, AnAnswerThatDiffersCountsAndTheExpectationIsToldBesideIt) {
  const std::string told = explain(accept(sale(3)));
  EXPECT_EQ(at(told, "/points/expected"), "39");
  EXPECT_EQ(at(told, "/points/counts"), "10");
  EXPECT_NE(told.find("answered 10 where 39 was expected"), std::string::npos) << told;
}

TEST_F(ExplainTest, BeforeTheAnswerTheExpectationCounts) {
  world.targets.failing["accrue"] = FaultClass::transient;
  const auto accepted = world.post_sale(sale(3));
  const std::string told = explain(at(accepted.body, "/id"));
  EXPECT_EQ(at(told, "/points/answered"), "null");
  EXPECT_EQ(at(told, "/points/whose"), "crossfoot");
  world.targets.failing.clear();
}

TEST_F(ExplainTest, RulesThatWereNotKeptAreNotGuessed) {
  world.use_rules(gold_rules, false);
  const std::string told = explain(accept(sale(3)));
  EXPECT_EQ(at(told, "/rules"), "null");
  EXPECT_EQ(at(told, "/points/expected"), "49") << "what was recorded is told all the same";
  EXPECT_EQ(at(told, "/components"), "[]");
  EXPECT_EQ(at(told, "/lines/0/eligible"), "null");
  EXPECT_EQ(at(told, "/why/0"),
            "The rules of version 2 were not kept; only what was recorded is told.");
}

TEST_F(ExplainTest, WhatEarnsNothingSaysWhy) {
  std::string no_member = sale(4);
  no_member.replace(no_member.find(R"("member":"M-1001",)"), 18, "");
  const std::string told = explain(accept(no_member));
  EXPECT_EQ(at(told, "/points/counts"), "null");
  EXPECT_EQ(at(told, "/lines/0/earns_nothing_because"), "no_member");
  EXPECT_EQ(at(told, "/why/0"), "It names no member, so nobody earns.");
  (void)accept(sale(5));
  const std::string held = explain(accept(sale(5, "1.00")));
  EXPECT_EQ(at(held, "/transaction/state"), "held");
  EXPECT_EQ(at(held, "/why/0"), "It was not processed, so nothing is earned.");
}

TEST_F(ExplainTest, HostileIdsAreNotThere) {
  for (const std::string_view id : {"01", "..%2f..", "%00", "null", "0123456789ABCDEFGHJKMNPQRS"}) {
    const auto answer = world.get("/v1/transactions/" + std::string(id) + "/explanation");
    EXPECT_TRUE(answer.status == 404 || answer.status == 400) << id << " " << answer.status;
  }
}

TEST_F(ExplainTest, OtherRulesUnderTheSameVersionAreNotStartedWith) {
  world.settle();
  std::string changed(test::test_rules);
  changed.replace(changed.find(R"("floor")"), 7, R"("ceil")");
  world.engine_options.programme_text = changed;
  world.drop_engine();
  std::optional<Status> started;
  auto engine = world.make_engine();
  engine->start({"erp", "loyalty"}, [&started](Status status) { started = std::move(status); });
  world.run_until([&started] { return started.has_value(); });
  ASSERT_FALSE(started->has_value());
  EXPECT_EQ(started->error().code, "CF-3351");
}

}  // namespace
}  // namespace crossfoot::edge
