// Goal: each transition of a leg's life is the one that the table of ENGINE decisions promises.
#include "flow/decide/decide.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "contract/error_codes.h"

namespace crossfoot::flow {
namespace {

constexpr Instant start{1'764'000'000'000'000};

Flow sale_flow() {
  Flow flow;
  flow.id = {1, 1};
  flow.natural_key = "key";
  Leg validate;
  validate.number = 1;
  Leg accrue;
  accrue.number = 2;
  accrue.kind = LegKind::accrue;
  accrue.target = "loyalty";
  accrue.after = {1};
  accrue.order_key = hash128("member");
  accrue.steps = {{.operation = "accrue", .reference = "REF"}};
  Leg memo;
  memo.number = 3;
  memo.kind = LegKind::post_refund;
  memo.target = "erp";
  memo.after = {1};
  memo.steps = {{.operation = "create_memo", .reference = "A"},
                {.operation = "release_memo", .reference = "B"}};
  flow.legs = {validate, accrue, memo};
  flow.frozen = {{1, {.quantity = {2, false}, .runs = {}}, 200},
                 {2, {.quantity = {1, false}, .runs = {}}, 100}};
  return flow;
}

Facts facts_at(Duration after = {}) {
  Facts facts;
  facts.now = start + after;
  facts.traits.order = Order::commutative;
  facts.traits.lookup = true;
  facts.traits.settle = std::chrono::seconds{30};
  facts.traits.deadline = std::chrono::seconds{10};
  return facts;
}

Flow begun() {
  Flow flow = sale_flow();
  (void)decide(flow, Begun{}, facts_at());
  return flow;
}

Flow calling(std::uint16_t leg = 2) {
  Flow flow = begun();
  (void)decide(flow, Taken{leg, Id{9, 9}}, facts_at());
  return flow;
}

Fault fault(FaultClass fault_class) {
  return {.code = "X", .fault_class = fault_class, .where = "test", .cause = "told to"};
}

std::size_t count(const Transition& transition, Action::Kind kind) {
  return static_cast<std::size_t>(std::ranges::count(transition.actions, kind, &Action::kind));
}

TEST(Decide, AcceptedFlowValidatesAndMakesItsLegsDueSideBySide) {
  Flow flow = sale_flow();
  const Transition transition = decide(flow, Begun{}, facts_at());
  EXPECT_EQ(flow.legs[0].state, LegState::done);
  EXPECT_EQ(flow.legs[1].state, LegState::due);
  EXPECT_EQ(flow.legs[2].state, LegState::due);
  EXPECT_EQ(count(transition, Action::Kind::place), 2U);
}

TEST(Decide, AParkedValidationHoldsTheOthersUntilReleased) {
  Flow flow = sale_flow();
  flow.legs[0].state = LegState::parked;
  flow.legs[0].reason = contract::error_code::totals_mismatch;
  (void)decide(flow, Begun{}, facts_at());
  EXPECT_EQ(state_of(flow), FlowState::parked);
  EXPECT_EQ(flow.legs[1].state, LegState::waiting);
  (void)decide(flow, Released{1}, facts_at());
  EXPECT_EQ(flow.legs[1].state, LegState::due);
}

TEST(Decide, IntentIsRecordedBeforeTheCall) {
  Flow flow = begun();
  const Transition transition = decide(flow, Taken{2, Id{9, 9}}, facts_at());
  EXPECT_EQ(flow.legs[1].state, LegState::calling);
  EXPECT_EQ(flow.legs[1].attempts, 1);
  EXPECT_EQ(flow.legs[1].calling_until, start + std::chrono::seconds{10});
  EXPECT_EQ(flow.legs[1].steps[0].call, (Id{9, 9}));
  EXPECT_EQ(count(transition, Action::Kind::call), 1U);
}

TEST(Decide, AnAnswerFreezesThePointsByTheVendorsLines) {
  Flow flow = calling();
  ItemAnswer answer;
  answer.target_id = "T1";
  answer.points = Points{38};
  answer.line_points = {{1, {33}}, {2, {5}}};
  const Transition transition = decide(flow, Answered{2, answer}, facts_at());
  EXPECT_EQ(flow.legs[1].state, LegState::done);
  EXPECT_EQ(flow.answered->count, 38);
  EXPECT_EQ(flow.frozen[0].points, ledger::line_points({2, false}, {16, 1, 2}));
  EXPECT_TRUE(transition.sale_facts_changed);
  EXPECT_EQ(count(transition, Action::Kind::leave), 1U);
}

TEST(Decide, AnAnswerWithoutLinesFreezesByWeight) {
  Flow flow = calling();
  ItemAnswer answer;
  answer.points = Points{10};
  (void)decide(flow, Answered{2, answer}, facts_at());
  EXPECT_EQ(flow.frozen[0].points.sum() + flow.frozen[1].points.sum(), 10);
  EXPECT_EQ(flow.frozen[0].points.sum(), 7);
}

TEST(Decide, TheSecondStepFollowsTheFirst) {
  Flow flow = calling(3);
  ItemAnswer answer;
  answer.target_id = "MEMO-1";
  const Transition transition = decide(flow, Answered{3, answer}, facts_at());
  EXPECT_EQ(flow.legs[2].state, LegState::due);
  EXPECT_EQ(next_step(flow.legs[2])->operation, "release_memo");
  EXPECT_EQ(count(transition, Action::Kind::place), 1U);
}

struct FaultCase {
  FaultClass fault_class;
  LegState state;
};

class DecideFault : public testing::TestWithParam<FaultCase> {};

TEST_P(DecideFault, FollowsTheTable) {
  Flow flow = calling();
  (void)decide(flow, Failed{2, fault(GetParam().fault_class)}, facts_at());
  EXPECT_EQ(flow.legs[1].state, GetParam().state) << to_string(GetParam().fault_class);
}

INSTANTIATE_TEST_SUITE_P(Table, DecideFault,
                         testing::Values(FaultCase{FaultClass::transient, LegState::retrying},
                                         FaultCase{FaultClass::throttled, LegState::retrying},
                                         FaultCase{FaultClass::rejected, LegState::rejected},
                                         FaultCase{FaultClass::unauthorised, LegState::parked},
                                         FaultCase{FaultClass::conflict, LegState::retrying},
                                         FaultCase{FaultClass::not_found, LegState::rejected},
                                         FaultCase{FaultClass::corrupt, LegState::unknown},
                                         FaultCase{FaultClass::cancelled, LegState::retrying},
                                         FaultCase{FaultClass::deadline, LegState::retrying},
                                         FaultCase{FaultClass::unknown_outcome,
                                                   LegState::unknown}));

TEST(Decide, RetryAfterIsHonoured) {
  Flow flow = calling();
  Fault throttled = fault(FaultClass::throttled);
  throttled.retry_after = std::chrono::seconds{90};
  (void)decide(flow, Failed{2, throttled}, facts_at());
  EXPECT_GE(flow.legs[1].due_at - start, std::chrono::seconds{90});
}

TEST(Decide, ALegOutOfBudgetIsDead) {
  Flow flow = calling();
  (void)decide(flow, Failed{2, fault(FaultClass::transient)}, facts_at(std::chrono::hours{100}));
  EXPECT_EQ(flow.legs[1].state, LegState::dead);
  EXPECT_EQ(flow.legs[1].reason, contract::error_code::retries_exhausted);
}

Flow unknown() {
  Flow flow = calling();
  (void)decide(flow, Failed{2, fault(FaultClass::unknown_outcome)}, facts_at());
  return flow;
}

TEST(Decide, AnUnknownOutcomeIsAskedForNeverRepeated) {
  Flow flow = unknown();
  const Transition asked = decide(flow, Taken{2, Id{8, 8}}, facts_at(std::chrono::seconds{1}));
  EXPECT_EQ(flow.legs[1].state, LegState::unknown);
  EXPECT_EQ(flow.legs[1].attempts, 1);
  EXPECT_EQ(count(asked, Action::Kind::ask), 1U);
  EXPECT_EQ(count(asked, Action::Kind::call), 0U);
}

TEST(Decide, FoundIsDone) {
  Flow flow = unknown();
  ItemAnswer answer;
  answer.target_id = "T1";
  (void)decide(flow, LookedUp{2, std::optional(answer)}, facts_at(std::chrono::seconds{1}));
  EXPECT_EQ(flow.legs[1].state, LegState::done);
}

TEST(Decide, NotFoundCountsOnlyAfterTheSettleTime) {
  Flow flow = unknown();
  (void)decide(flow, LookedUp{2, std::optional<ItemAnswer>{}}, facts_at(std::chrono::seconds{5}));
  EXPECT_EQ(flow.legs[1].state, LegState::unknown);
  (void)decide(flow, LookedUp{2, std::optional<ItemAnswer>{}}, facts_at(std::chrono::seconds{39}));
  EXPECT_EQ(flow.legs[1].state, LegState::unknown);
  (void)decide(flow, LookedUp{2, std::optional<ItemAnswer>{}}, facts_at(std::chrono::seconds{41}));
  EXPECT_EQ(flow.legs[1].state, LegState::due);
}

// Goal: a call that left late, because the process stood still after its intent was committed, has
// its settle time from when it was given up, and so has one that a restart finds.
TEST(Decide, TheSettleTimeBeginsWhenTheCallIsGivenUp) {
  Flow late = calling();
  const Facts given_up = facts_at(std::chrono::seconds{70});
  (void)decide(late, Failed{2, fault(FaultClass::unknown_outcome)}, given_up);
  Flow restarted = calling();
  (void)decide(restarted, Restarted{2}, given_up);
  for (Flow* flow : {&late, &restarted}) {
    (void)decide(*flow, LookedUp{2, std::optional<ItemAnswer>{}},
                 facts_at(std::chrono::seconds{99}));
    EXPECT_EQ(flow->legs[1].state, LegState::unknown);
    (void)decide(*flow, LookedUp{2, std::optional<ItemAnswer>{}},
                 facts_at(std::chrono::seconds{101}));
    EXPECT_EQ(flow->legs[1].state, LegState::due);
  }
}

TEST(Decide, WithinItsWindowAKeyAllowsTheSameRequestAgain) {
  Flow flow = calling();
  Facts facts = facts_at();
  facts.traits.idempotent = true;
  facts.traits.idempotent_for = std::chrono::hours{24};
  const Transition left = decide(flow, Failed{2, fault(FaultClass::unknown_outcome)}, facts);
  EXPECT_EQ(count(left, Action::Kind::leave), 1U);  // commutative: it holds nobody up
  const Transition taken = decide(flow, Taken{2, Id{8, 8}}, facts);
  EXPECT_EQ(count(taken, Action::Kind::call), 1U);
  EXPECT_EQ(flow.legs[1].attempts, 2);
  EXPECT_EQ(flow.legs[1].steps[0].reference, "REF");
}

TEST(Decide, AnEarlierUnknownAttemptIsNotForgottenByALaterRefusal) {
  Flow flow = calling();
  Facts facts = facts_at();
  facts.traits.idempotent = true;
  facts.traits.idempotent_for = std::chrono::hours{24};
  (void)decide(flow, Failed{2, fault(FaultClass::unknown_outcome)}, facts);
  (void)decide(flow, Taken{2, Id{8, 8}}, facts);
  (void)decide(flow, Failed{2, fault(FaultClass::throttled)}, facts);
  EXPECT_EQ(flow.legs[1].state, LegState::unknown);
  (void)decide(flow, VoidRequested{}, facts);
  EXPECT_EQ(flow.legs[1].state, LegState::unknown);  // it may have happened: not cancelled
}

TEST(Decide, WhatIsRefusedUnderItsKeyAfterAnUnknownAttemptIsAskedForNotSentUntilTheBudgetEnds) {
  Flow flow = calling();
  Facts facts = facts_at();
  facts.traits.idempotent = true;
  facts.traits.idempotent_for = std::chrono::hours{24};
  (void)decide(flow, Failed{2, fault(FaultClass::unknown_outcome)}, facts);
  (void)decide(flow, Taken{2, Id{8, 8}}, facts);
  (void)decide(flow, Failed{2, fault(FaultClass::rejected)}, facts);
  EXPECT_EQ(flow.legs[1].state, LegState::unknown);
  const Transition asked = decide(flow, Taken{2, Id{9, 9}}, facts);
  EXPECT_EQ(count(asked, Action::Kind::ask), 1U);
  EXPECT_EQ(count(asked, Action::Kind::call), 0U);
  facts.now = facts_at(std::chrono::hours{1}).now;
  (void)decide(flow, LookedUp{2, std::optional<ItemAnswer>{}}, facts);
  ASSERT_EQ(flow.legs[1].state, LegState::due) << "it did not happen";
  (void)decide(flow, Taken{2, Id{7, 7}}, facts);
  (void)decide(flow, Failed{2, fault(FaultClass::rejected)}, facts);
  EXPECT_EQ(flow.legs[1].state, LegState::rejected);
}

TEST(Decide, WithNeitherKeyNorQuestionAPersonDecides) {
  Flow flow = calling();
  Facts facts = facts_at();
  facts.traits.lookup = false;
  (void)decide(flow, Failed{2, fault(FaultClass::unknown_outcome)}, facts);
  EXPECT_EQ(flow.legs[1].state, LegState::parked);
  EXPECT_EQ(flow.legs[1].reason, contract::error_code::outcome_needs_person);
}

TEST(Decide, AfterARestartACallUnderWayIsUnknown) {
  Flow flow = calling();
  (void)decide(flow, Restarted{2}, facts_at(std::chrono::seconds{2}));
  EXPECT_EQ(flow.legs[1].state, LegState::unknown);
}

Facts restored_at(Duration after) {
  Facts facts = facts_at(after);
  facts.restore = {.count = 1, .at = start};
  return facts;
}

TEST(Decide, AfterARestoreATargetIsAskedBeforeItIsSentAnything) {
  Flow flow = begun();
  const Transition doubted = decide(flow, Taken{2, Id{9, 9}}, restored_at({}));
  EXPECT_EQ(flow.legs[1].state, LegState::unknown);
  EXPECT_EQ(flow.legs[1].reason, contract::error_code::restored_asks_first);
  EXPECT_EQ(count(doubted, Action::Kind::call), 0U);
  EXPECT_EQ(count(doubted, Action::Kind::leave), 1U) << "a question needs no place";
  const Transition asked = decide(flow, Taken{2, Id{9, 9}}, restored_at({}));
  EXPECT_EQ(count(asked, Action::Kind::ask), 1U);
  // The lost server's last call may still be under way.
  (void)decide(flow, LookedUp{2, std::optional<ItemAnswer>{}}, restored_at({}));
  EXPECT_EQ(flow.legs[1].state, LegState::unknown);
  const Duration settled = std::chrono::seconds{31};
  (void)decide(flow, Taken{2, Id{9, 9}}, restored_at(settled));
  (void)decide(flow, LookedUp{2, std::optional<ItemAnswer>{}}, restored_at(settled));
  EXPECT_EQ(flow.legs[1].state, LegState::due);
  const Transition sent = decide(flow, Taken{2, Id{9, 9}}, restored_at(settled));
  EXPECT_EQ(count(sent, Action::Kind::call), 1U) << "it is asked for once";
}

TEST(Decide, AfterARestoreWhatCannotBeAskedIsForAPerson) {
  Flow flow = begun();
  Facts facts = restored_at({});
  facts.traits.lookup = false;
  (void)decide(flow, Taken{2, Id{9, 9}}, facts);
  EXPECT_EQ(flow.legs[1].state, LegState::parked);
  EXPECT_EQ(flow.legs[1].reason, contract::error_code::outcome_needs_person);
  EXPECT_TRUE(decide(flow, Released{2}, facts).stale) << "never sent blindly";
  EXPECT_TRUE(decide(flow, Discarded{2}, facts).stale);
  (void)decide(flow, Confirmed{2, false, {}, {"ann", "looked there"}}, facts);
  EXPECT_EQ(flow.legs[1].state, LegState::due);
  EXPECT_EQ(count(decide(flow, Taken{2, Id{9, 9}}, facts), Action::Kind::call), 1U);
}

TEST(Decide, AfterARestoreAVoidCancelsNothingThatMayHaveHappened) {
  Flow flow = begun();
  EXPECT_TRUE(decide(flow, VoidRequested{}, restored_at({})).stale);
  EXPECT_FALSE(decide(flow, VoidRequested{}, facts_at()).stale);
}

TEST(Decide, OfASurveyedDeltaTheRestIsSentUnderAReferenceOfItsOwn) {
  Flow flow = begun();
  Leg& delta = flow.legs[1];
  delta.kind = LegKind::reverse;
  Facts facts = restored_at(std::chrono::minutes{1});
  facts.traits.survey = true;
  facts.traits.order = Order::strict;
  (void)decide(flow, Taken{2, Id{9, 9}}, facts);
  (void)decide(flow, Taken{2, Id{9, 9}}, facts);
  SurveyOutcome part;
  part.kind = SurveyOutcome::Kind::part;
  part.covered = {17};
  (void)decide(flow, Surveyed{2, part, R"({"lines":[]})"}, facts);
  EXPECT_EQ(delta.state, LegState::due);
  EXPECT_EQ(flow.reversed, Points{17});
  EXPECT_NE(sent_reference(delta, delta.steps[0]), delta.steps[0].reference);
  (void)decide(flow, Taken{2, Id{9, 9}}, facts);
  ItemAnswer answer;
  answer.target_id = "T1";
  answer.points = Points{16};
  (void)decide(flow, Answered{2, answer}, facts);
  EXPECT_EQ(delta.state, LegState::done);
  EXPECT_EQ(flow.reversed, Points{33});
}

TEST(Decide, AStrictLegKeepsItsPlaceWhileUnknown) {
  Flow flow = calling();
  Facts facts = facts_at();
  facts.traits.order = Order::strict;
  const Transition transition = decide(flow, Failed{2, fault(FaultClass::unknown_outcome)}, facts);
  EXPECT_EQ(count(transition, Action::Kind::leave), 0U);
  ASSERT_EQ(count(transition, Action::Kind::place), 1U);
  EXPECT_TRUE(transition.actions.back().holder);
}

TEST(Decide, AVoidLeavesReversalsToTheBookThatCountedThem) {
  // Goal: a return's pending reversal still goes out; its book gives the points again.
  Flow flow = sale_flow();
  flow.legs[1].kind = LegKind::reverse;
  flow.legs[1].undoes = {7, 7};
  (void)decide(flow, Begun{}, facts_at());
  (void)decide(flow, VoidRequested{}, facts_at());
  EXPECT_EQ(flow.legs[1].state, LegState::due);
  EXPECT_EQ(flow.legs[2].state, LegState::cancelled);
}

TEST(Decide, AVoidCancelsOnlyWhatCannotHaveHappened) {
  Flow flow = calling();  // leg 2 is at the target, leg 3 is due
  const Transition transition = decide(flow, VoidRequested{}, facts_at());
  EXPECT_EQ(flow.legs[1].state, LegState::calling);
  EXPECT_EQ(flow.legs[2].state, LegState::cancelled);
  EXPECT_TRUE(transition.sale_facts_changed);
  EXPECT_TRUE(decide(flow, VoidRequested{}, facts_at()).stale);
}

TEST(Decide, AVoidedLegThatOnlyWaitsForAKeyGivesUpNone) {
  // Goal: under the same key another leg may be at its target; it must not be passed.
  Flow flow = sale_flow();
  flow.legs[1].order_key = flow.legs[2].order_key = hash128("key");
  (void)decide(flow, Begun{}, facts_at());
  const Transition transition = decide(flow, VoidRequested{}, facts_at());
  EXPECT_EQ(flow.legs[1].state, LegState::cancelled);
  EXPECT_EQ(count(transition, Action::Kind::leave), 0U);
}

TEST(Decide, LateAndRepeatedEventsAreStale) {
  Flow flow = begun();
  EXPECT_TRUE(decide(flow, Answered{2, {}}, facts_at()).stale);
  EXPECT_TRUE(decide(flow, Taken{7, Id{}}, facts_at()).stale);
  EXPECT_TRUE(decide(flow, Restarted{2}, facts_at()).stale);
}

TEST(Decide, TheSameEventsGiveTheSameState) {
  const auto run = [] {
    Flow flow = unknown();
    ItemAnswer answer;
    answer.target_id = "T1";
    (void)decide(flow, LookedUp{2, std::optional(answer)}, facts_at(std::chrono::seconds{1}));
    return encode(flow);
  };
  EXPECT_EQ(run(), run());
}

TEST(RetryPolicy, GrowsToItsLongestAndSpreadsByAQuarter) {
  const RetryPolicy policy;
  for (std::uint64_t random = 0; random < 1000; ++random) {
    EXPECT_GE(policy.delay(1, random), Duration{150'000});
    EXPECT_LE(policy.delay(1, random), Duration{250'000});
    EXPECT_LE(policy.delay(60, random), Duration{75'000'000});
  }
}

// Goal: what was sent away together comes back spread out, never before it was told to.
TEST(RetryPolicy, SpreadsBehindRetryAfter) {
  const RetryPolicy policy;
  const Duration asked = std::chrono::seconds{20};
  Duration latest{0};
  for (std::uint64_t random = 0; random < 100'000'000; random += 99'991) {
    const Duration delay = policy.delay(1, asked, random);
    EXPECT_GE(delay, asked);
    EXPECT_LE(delay, asked + std::chrono::seconds{5});
    latest = std::max(latest, delay);
  }
  EXPECT_GT(latest, asked + std::chrono::seconds{4});
  EXPECT_LE(policy.delay(1, std::chrono::hours{24}, UINT64_MAX),
            std::chrono::hours{24} + std::chrono::seconds{10});
}

// Goal: a class of faults has its own delays and budget where the schedule says so.
TEST(Decide, EachClassHasItsSchedule) {
  Facts facts = facts_at();
  facts.retry.by_class = {{FaultClass::conflict, RetryPolicy{.first = std::chrono::minutes{10},
                                                             .longest = std::chrono::minutes{10}}}};
  Flow slow = calling();
  (void)decide(slow, Failed{2, fault(FaultClass::conflict)}, facts);
  EXPECT_GE(slow.legs[1].due_at - start, std::chrono::minutes{7});
  Flow usual = calling();
  (void)decide(usual, Failed{2, fault(FaultClass::transient)}, facts);
  EXPECT_LE(usual.legs[1].due_at - start, std::chrono::seconds{1});
}

// Goal: a budget in tries ends a leg before its time does.
TEST(Decide, ALegOutOfTriesIsDead) {
  Facts facts = facts_at();
  facts.retry.usual.tries_max = 2;
  Flow flow = calling();
  (void)decide(flow, Failed{2, fault(FaultClass::transient)}, facts);
  EXPECT_EQ(flow.legs[1].state, LegState::retrying);
  (void)decide(flow, Taken{2, Id{8, 8}}, facts);
  (void)decide(flow, Failed{2, fault(FaultClass::transient)}, facts);
  EXPECT_EQ(flow.legs[1].state, LegState::dead);
}

// Goal: a target that cannot say what happened is asked within the budget, then a person decides;
// released, the leg is asked for again before anything is sent.
TEST(Decide, QuestionsHaveABudgetToo) {
  Flow flow = unknown();
  Leg& leg = flow.legs[1];
  const Facts late = facts_at(std::chrono::hours{100});
  const Transition parked = decide(flow, LookedUp{2, fail(fault(FaultClass::transient))}, late);
  EXPECT_EQ(leg.state, LegState::parked);
  EXPECT_EQ(leg.reason, contract::error_code::outcome_needs_person);
  EXPECT_TRUE(leg.uncertain);
  EXPECT_GT(leg.calling_until, start) << "it is still known until when the call may be worked on";
  EXPECT_EQ(count(parked, Action::Kind::leave), 0U) << "it had given up its place already";
  (void)decide(flow, Released{2}, late);
  EXPECT_EQ(leg.state, LegState::unknown);
  const Transition asked = decide(flow, Taken{2, Id{8, 8}}, late);
  EXPECT_EQ(count(asked, Action::Kind::ask), 1U);
  EXPECT_EQ(count(asked, Action::Kind::call), 0U);
}

}  // namespace
}  // namespace crossfoot::flow
