// Goal: what a till is told follows from its redemption's legs; what an account counts is never
// less than may be spent; both stored forms read back, and damage is told.
#include "flow/plan/redemption.h"

#include <gtest/gtest.h>

#include "flow/plan/account.h"
#include "flow/plan/flow.h"

namespace crossfoot::flow {
namespace {

using Ending = Redemption::Ending;
using State = RedemptionState;

constexpr Instant start{1'764'000'000'000'000};
constexpr Instant later(std::int64_t seconds) {
  return start + std::chrono::seconds{seconds};
}

/// Of 50 points, held until `later(60)`; here, or by the platform.
Flow redemption(LegKind first) {
  Flow flow;
  flow.id = {1, 2};
  flow.kind = contract::TransactionKind::redemption;
  flow.member = "M-1";
  flow.redemption = Redemption{.points = {50}, .hold_for = std::chrono::seconds{60}};
  flow.redemption->lapses_at = later(60);
  const LegKind kinds[] = {LegKind::validate, first, LegKind::capture, LegKind::release};
  for (const LegKind kind : kinds) {
    Leg leg;
    leg.number = static_cast<std::uint16_t>(flow.legs.size() + 1);
    leg.kind = kind;
    if (kind == LegKind::validate) leg.state = LegState::done;
    if (kind != LegKind::validate && kind != LegKind::hold) {
      leg.target = "loyalty";
      leg.steps.push_back({.operation = "any", .reference = "R" + std::to_string(leg.number)});
    }
    flow.legs.push_back(leg);
  }
  return flow;
}

Flow authorised(LegKind first) {
  Flow flow = redemption(first);
  flow.leg(authorise_number)->state = LegState::done;
  flow.redemption->authorised = {50};
  return flow;
}

void capture(Flow& flow, std::int64_t points) {
  flow.redemption->ending = Ending::captured;
  flow.redemption->captured = {points};
  flow.leg(capture_number)->state = LegState::calling;
  flow.leg(release_number)->state = LegState::cancelled;
}

TEST(RedemptionState, FollowsFromTheLegs) {
  Flow flow = redemption(LegKind::authorise);
  for (const LegState asked :
       {LegState::due, LegState::calling, LegState::retrying, LegState::unknown}) {
    flow.leg(authorise_number)->state = asked;
    EXPECT_EQ(redemption_state(flow), State::pending);
  }
  flow.leg(authorise_number)->state = LegState::rejected;
  flow.leg(authorise_number)->reason = "CF-3114";
  EXPECT_EQ(redemption_state(flow), State::declined);
  EXPECT_EQ(refusal_code(flow), "CF-3114");
  EXPECT_TRUE(is_decline(flow, *flow.leg(authorise_number)));

  flow = authorised(LegKind::authorise);
  EXPECT_EQ(redemption_state(flow), State::authorised);
  capture(flow, 20);
  EXPECT_EQ(redemption_state(flow), State::capturing);
  flow.leg(capture_number)->state = LegState::done;
  EXPECT_EQ(redemption_state(flow), State::captured);
  flow.leg(capture_number)->state = LegState::rejected;
  EXPECT_EQ(redemption_state(flow), State::capture_refused);

  flow = authorised(LegKind::authorise);
  flow.redemption->ending = Ending::voided;
  flow.leg(release_number)->state = LegState::calling;
  EXPECT_EQ(redemption_state(flow), State::voiding);
  flow.leg(release_number)->state = LegState::done;
  EXPECT_EQ(redemption_state(flow), State::voided);
}

TEST(RedemptionState, WhatWasGrantedAndTakenIsOwedWhateverThePlatformSays) {
  Flow flow = redemption(LegKind::authorise);
  flow.redemption->granted = true;
  EXPECT_EQ(redemption_state(flow), State::authorised);
  capture(flow, 20);
  flow.leg(capture_number)->state = LegState::waiting;
  flow.leg(authorise_number)->state = LegState::rejected;
  EXPECT_EQ(redemption_state(flow), State::settling);
  EXPECT_FALSE(is_decline(flow, *flow.leg(authorise_number)));
  EXPECT_EQ(state_of(flow), FlowState::parked);
}

TEST(Account, CountsAHoldWhileItMayBeCaptured) {
  const Flow flow = authorised(LegKind::hold);
  EXPECT_EQ(reserved_by(flow, later(59), later(59)).count, 50);
  EXPECT_EQ(reserved_by(flow, later(60), later(60)).count, 0);
  EXPECT_EQ(reserved_by(authorised(LegKind::authorise), later(1), later(1)).count, 0);
}

TEST(Account, CountsWhatIsCapturedUntilTheBalanceShowsIt) {
  Flow flow = authorised(LegKind::hold);
  capture(flow, 20);
  EXPECT_EQ(reserved_by(flow, later(1000), later(1000)).count, 20);
  EXPECT_FALSE(is_past(flow, later(1000), later(1000)));
  flow.leg(capture_number)->state = LegState::done;
  flow.leg(capture_number)->steps.front().acknowledgement.at = later(10);
  EXPECT_EQ(reserved_by(flow, later(11), later(9)).count, 20);
  EXPECT_EQ(reserved_by(flow, later(11), later(10)).count, 20);
  EXPECT_EQ(reserved_by(flow, later(12), later(11)).count, 0);
  EXPECT_TRUE(is_past(flow, later(12), later(11)));
}

TEST(Account, CountsAGrantUntilThePlatformKnowsIt) {
  Flow flow = redemption(LegKind::authorise);
  EXPECT_EQ(granted_by(flow, later(1)).count, 0);
  flow.redemption->granted = true;
  flow.redemption->authorised = {50};
  EXPECT_EQ(granted_by(flow, later(1)).count, 50);
  EXPECT_EQ(granted_by(flow, later(60)).count, 0);
  capture(flow, 20);
  EXPECT_EQ(granted_by(flow, later(1000)).count, 20);
  flow.leg(capture_number)->state = LegState::done;
  EXPECT_EQ(granted_by(flow, later(1000)).count, 0);
}

TEST(Account, ReadsBackAndTellsDamage) {
  Account account{.version = 7, .redemptions = {{1, 2}, {3, 4}}};
  const std::string bytes = encode(account);
  const auto read = decode_account(bytes);
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->version, 7U);
  EXPECT_EQ(read->redemptions, account.redemptions);
  EXPECT_FALSE(decode_account(bytes.substr(0, bytes.size() - 1)));
  EXPECT_FALSE(decode_account(bytes + "x"));
  EXPECT_FALSE(decode_account(""));
}

TEST(Redemption, ReadsBackWithinItsFlow) {
  Flow flow = authorised(LegKind::hold);
  flow.redemption->granted = true;
  capture(flow, 20);
  const std::string bytes = encode(flow);
  const auto read = decode_flow(bytes);
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->redemption, flow.redemption);
  EXPECT_EQ(encode(*read), bytes);
  EXPECT_FALSE(decode_flow(bytes.substr(0, bytes.size() - 1)));
  // Other flows are written as before, so that the release before reads them.
  flow.redemption.reset();
  EXPECT_EQ(encode(flow).front(), '\2');
}

TEST(Redemption, AsksThePlatformTheSameAtEachAttempt) {
  Flow flow = authorised(LegKind::authorise);
  flow.leg(authorise_number)->steps.front().acknowledgement.target_id = "H-1";
  EXPECT_EQ(redemption_arguments(flow, *flow.leg(authorise_number)),
            R"({"points":50,"hold_seconds":660})");
  capture(flow, 20);
  EXPECT_EQ(redemption_arguments(flow, *flow.leg(capture_number)),
            R"({"authorisation_reference":"R2","authorisation_id":"H-1","points":20})");
  EXPECT_EQ(redemption_arguments(flow, *flow.leg(release_number)),
            R"({"authorisation_reference":"R2","authorisation_id":"H-1"})");
}

}  // namespace
}  // namespace crossfoot::flow
