// Goal: points by hand are one call in the order of the member's other points, behind a second
// person's word where the policy wants one, under a reference of business identity alone.
#include <gtest/gtest.h>

#include "contract/error_codes.h"
#include "flow/plan/reference.h"
#include "ledger/programme.h"
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

flow::Plan plan(bool second_person, const std::string& asked_by = "ann") {
  contract::Transaction asked;
  asked.kind = contract::TransactionKind::points_adjustment;
  asked.key.form = contract::NaturalKey::Form::adjustment;
  asked.key.tenant = "default";
  asked.key.external_id = "id:case-77";
  asked.member = "M-1";
  asked.adjustment = contract::AdjustmentTerms{
      .points = {-50}, .asked_by = asked_by, .second_person = second_person};
  const ledger::Programme programme;
  const NoZones zones;
  const std::string key = asked.key.canonical();
  return RetailProcesses().plan({asked, key, flow::Routing{}, programme, zones});
}

TEST(AdjustmentPlan, IsOneCallInTheMembersOrder) {
  const flow::Plan made = plan(false);
  ASSERT_EQ(made.legs.size(), 2U);
  EXPECT_EQ(made.legs[1].kind, LegKind::adjust);
  EXPECT_EQ(made.legs[1].target, "loyalty");
  EXPECT_EQ(made.legs[1].order_key, flow::make_order_key("loyalty", "points", "default", "M-1"));
  ASSERT_EQ(made.legs[1].steps.size(), 1U);
  EXPECT_EQ(made.legs[1].steps[0].reference, plan(true, "bob").legs[2].steps[0].reference)
      << "who asked, and whether somebody else must agree, is no part of it";
}

TEST(AdjustmentPlan, WaitsForASecondPersonWhoIsAnotherOne) {
  const flow::Plan made = plan(true);
  ASSERT_EQ(made.legs.size(), 3U);
  const flow::Leg& approve = made.legs[flow::approve_number - 1U];
  EXPECT_EQ(approve.kind, LegKind::approve);
  EXPECT_EQ(approve.state, LegState::parked);
  EXPECT_EQ(approve.reason, contract::error_code::second_person_needed);
  EXPECT_EQ(approve.detail, "ann");
  EXPECT_EQ(made.legs[2].state, LegState::waiting);
  EXPECT_EQ(made.legs[2].after.front(), flow::approve_number);
}

}  // namespace
}  // namespace crossfoot::process
