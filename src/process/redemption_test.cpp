// Goal: a redemption's plan: three legs with references of their own, in an order apart from
// accruals; nothing to do when its void came first; a hold of our own where the platform only
// deducts.
#include <gtest/gtest.h>

#include <set>

#include "flow/plan/reference.h"
#include "ledger/programme_json.h"
#include "process/processes.h"

namespace crossfoot::process {
namespace {

using flow::LegKind;
using flow::LegState;

class NoZones final : public ledger::ZoneLookup {
 public:
  Result<ledger::LocalTime> local(std::string_view, Instant at) const override {
    return ledger::LocalTime{at.micros};
  }
};

flow::Plan plan(bool holds, bool revoked) {
  contract::Transaction asked;
  asked.kind = contract::TransactionKind::redemption;
  asked.key.form = contract::NaturalKey::Form::redemption;
  asked.key.tenant = "default";
  asked.key.external_id = "id:R-1";
  asked.member = "M-1";
  asked.redemption = contract::RedemptionTerms{
      .points = {50}, .hold_for = std::chrono::minutes{5}, .revoked = revoked};
  flow::Routing routing;
  routing.loyalty_holds = holds;
  const ledger::Programme programme;
  const NoZones zones;
  const std::string key = asked.key.canonical();
  return RetailProcesses().plan({asked, key, routing, programme, zones});
}

TEST(RedemptionPlan, HasThreeLegsUnderTheTillsOrder) {
  const flow::Plan made = plan(true, false);
  ASSERT_EQ(made.legs.size(), 4U);
  EXPECT_EQ(made.redemption->points.count, 50);
  EXPECT_EQ(made.redemption->ending, flow::Redemption::Ending::open);
  const LegKind kinds[] = {LegKind::validate, LegKind::authorise, LegKind::capture,
                           LegKind::release};
  std::set<std::string> references;
  for (std::size_t i = 0; i < made.legs.size(); ++i) {
    EXPECT_EQ(made.legs[i].kind, kinds[i]);
    EXPECT_EQ(made.legs[i].state, LegState::waiting);
    for (const flow::Step& step : made.legs[i].steps) references.insert(step.reference);
    if (i == 0) continue;
    EXPECT_EQ(made.legs[i].order_key,
              flow::make_order_key("loyalty", "checkout", "default", "M-1"));
    EXPECT_NE(made.legs[i].order_key, flow::make_order_key("loyalty", "points", "default", "M-1"));
  }
  EXPECT_EQ(references.size(), 3U);
}

TEST(RedemptionPlan, OfWhatWasVoidedBeforeAsksForNothing) {
  const flow::Plan made = plan(true, true);
  EXPECT_EQ(made.redemption->ending, flow::Redemption::Ending::voided);
  for (const flow::Leg& leg : made.legs) {
    if (leg.kind != LegKind::validate) EXPECT_EQ(leg.state, LegState::cancelled);
  }
}

TEST(RedemptionPlan, HoldsHereWhereThePlatformOnlyDeducts) {
  const flow::Plan made = plan(false, false);
  EXPECT_EQ(made.legs[1].kind, LegKind::hold);
  EXPECT_TRUE(made.legs[1].steps.empty());
  EXPECT_EQ(made.legs[2].steps.front().operation, "deduct");
  EXPECT_TRUE(made.legs[3].steps.empty());
}

}  // namespace
}  // namespace crossfoot::process
