// Goal: what needs a second person goes on by that person's word alone: not by who asked, and by
// none of the ways in which other stuck legs are moved.
#include <gtest/gtest.h>

#include "contract/error_codes.h"
#include "flow/decide/decide.h"

namespace crossfoot::flow {
namespace {

Flow waiting() {
  Flow flow;
  flow.id = {1, 1};
  flow.kind = contract::TransactionKind::points_adjustment;
  flow.natural_key = "key";
  Leg validate;
  validate.number = 1;
  Leg approve;
  approve.number = approve_number;
  approve.kind = LegKind::approve;
  approve.state = LegState::parked;
  approve.reason = contract::error_code::second_person_needed;
  approve.detail = "ann";
  Leg adjust;
  adjust.number = 3;
  adjust.kind = LegKind::adjust;
  adjust.target = "loyalty";
  adjust.after = {approve_number, 1};
  adjust.steps = {{.operation = "adjust", .reference = "REF"}};
  flow.legs = {validate, approve, adjust};
  const Transition begun = decide(flow, Begun{}, {});
  EXPECT_FALSE(begun.stale);
  return flow;
}

TEST(Judged, NothingLeavesBeforeTheSecondPersonsWord) {
  const Flow flow = waiting();
  EXPECT_EQ(flow.leg(3)->state, LegState::waiting);
  EXPECT_EQ(state_of(flow), FlowState::parked);
  EXPECT_EQ(first_stuck(flow)->reason, contract::error_code::second_person_needed);
}

TEST(Judged, AnotherPersonApproves) {
  Flow flow = waiting();
  const Transition made = decide(flow, Judged{approve_number, true, {"lea", "seen"}}, {});
  EXPECT_FALSE(made.stale);
  EXPECT_EQ(flow.leg(approve_number)->state, LegState::done);
  EXPECT_EQ(flow.leg(3)->state, LegState::due);
  ASSERT_FALSE(made.events.empty());
  EXPECT_EQ(made.events[0].kind, JournalEvent::Kind::approved);
  EXPECT_EQ(made.events[0].detail, "by lea: seen");
  EXPECT_TRUE(decide(flow, Judged{approve_number, false, {"max", "no"}}, {}).stale) << "once";
}

TEST(Judged, AnotherPersonRefuses) {
  Flow flow = waiting();
  EXPECT_FALSE(decide(flow, Judged{approve_number, false, {"lea", "no receipt"}}, {}).stale);
  EXPECT_EQ(flow.leg(approve_number)->state, LegState::cancelled);
  EXPECT_EQ(flow.leg(approve_number)->reason, contract::error_code::approval_refused);
  EXPECT_EQ(flow.leg(3)->state, LegState::cancelled);
  EXPECT_EQ(state_of(flow), FlowState::done);
}

TEST(Judged, NotByWhoAskedAndNotAroundTheSecondPerson) {
  for (const Event& event :
       {Event(Judged{approve_number, true, {"ann", "mine"}}),
        Event(Judged{approve_number, false, {"ann", "mine"}}), Event(Judged{3, true, {"lea", ""}}),
        Event(Released{approve_number, {}, {"ops", "go on"}}),
        Event(Discarded{approve_number, {"ops", "away"}}), Event(Discarded{3, {"ops", "away"}}),
        Event(Confirmed{approve_number, true, "X", {"ops", "seen"}})}) {
    Flow flow = waiting();
    const std::string before = encode(flow);
    EXPECT_TRUE(decide(flow, event, {}).stale) << event.index();
    EXPECT_EQ(encode(flow), before);
  }
}

TEST(Judged, WhatIsDoneIsNotSentOnceMoreByHand) {
  Flow flow = waiting();
  (void)decide(flow, Judged{approve_number, true, {"lea", "seen"}}, {});
  flow.leg(3)->state = LegState::done;
  flow.leg(3)->steps[0].done = true;
  EXPECT_TRUE(decide(flow, Resent{3, {"ops", "again"}}, {}).stale);
}

}  // namespace
}  // namespace crossfoot::flow
