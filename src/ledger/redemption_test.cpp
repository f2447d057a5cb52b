// Goal: the same points are never spent twice, whatever tills ask for and however it interleaves.
#include "ledger/redemption.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace crossfoot::ledger {
namespace {

using Outcome = RedemptionOutcome;
using std::chrono::minutes;

Moment at(std::int64_t minute, std::int32_t day = 10) {
  return {Instant{minute * 60'000'000}, BusinessDate{day}};
}

/// A (60, until day 20) and B (40, for ever), both active.
Redemptions hundred() {
  Redemptions member;
  member.add({"g1",
              "A",
              LotMove::grant,
              {60},
              LotTerms{"S1", BusinessDate{0}, BusinessDate{0}, BusinessDate{20}}});
  member.add(
      {"g2", "B", LotMove::grant, {40}, LotTerms{"S2", BusinessDate{0}, BusinessDate{0}, {}}});
  return member;
}

TEST(Redemption, HoldsReduceWhatIsFree) {
  // Goal: 100 less 70 held leave 30, a second hold of 40 is refused, a void frees the first.
  Redemptions member = hundred();
  EXPECT_EQ(member.authorise("R1", {70}, minutes{15}, at(0)), Outcome::done);
  EXPECT_EQ(member.free(at(0)), Points{30});
  EXPECT_EQ(member.authorise("R2", {40}, minutes{15}, at(1)), Outcome::insufficient);
  EXPECT_EQ(member.release("R1", at(2)), Outcome::done);
  EXPECT_EQ(member.free(at(2)), Points{100});
}

TEST(Redemption, APartialCaptureFreesTheRest) {
  // Goal: 50 of 70 are spent, from the lot that expires first; 50 are free again.
  Redemptions member = hundred();
  member.authorise("R1", {70}, minutes{15}, at(0));
  EXPECT_EQ(member.capture("R1", {50}, at(1)), Outcome::done);
  EXPECT_EQ(member.free(at(1)), Points{50});
  EXPECT_EQ(member.lots().find("A")->balance(), Points{10});
}

TEST(Redemption, AHoldLapsesByItself) {
  // Goal: at the end of its time the points are free and a capture fails; so does another try with
  // the same reference.
  Redemptions member = hundred();
  member.authorise("R1", {100}, minutes{15}, at(0));
  EXPECT_EQ(member.free(at(14)), Points{0});
  EXPECT_EQ(member.free(at(15)), Points{100});
  EXPECT_EQ(member.capture("R1", {100}, at(15)), Outcome::lapsed);
  EXPECT_EQ(member.authorise("R1", {100}, minutes{15}, at(16)), Outcome::lapsed);
  EXPECT_EQ(member.authorise("R2", {100}, minutes{15}, at(16)), Outcome::done);
}

TEST(Redemption, EveryStepMayBeRepeated) {
  // Goal: a step again does nothing; with other figures, or after a void, it is a conflict.
  Redemptions member = hundred();
  member.authorise("R1", {70}, minutes{15}, at(0));
  EXPECT_EQ(member.authorise("R1", {70}, minutes{15}, at(1)), Outcome::repeated);
  EXPECT_EQ(member.authorise("R1", {71}, minutes{15}, at(1)), Outcome::conflict);
  EXPECT_EQ(member.capture("R1", {71}, at(1)), Outcome::conflict);
  EXPECT_EQ(member.capture("R1", {70}, at(1)), Outcome::done);
  const Redemptions after = member;
  EXPECT_EQ(member.capture("R1", {70}, at(99)), Outcome::repeated);
  EXPECT_EQ(member.authorise("R1", {70}, minutes{15}, at(99)), Outcome::repeated);
  EXPECT_EQ(member.capture("R1", {69}, at(99)), Outcome::conflict);
  EXPECT_EQ(member.release("R1", at(99)), Outcome::conflict);
  EXPECT_EQ(member.capture("R9", {1}, at(99)), Outcome::unknown);
  EXPECT_EQ(member, after);
}

TEST(Redemption, AVoidThatOvertakesItsAuthorisationForbidsIt) {
  // Goal: messages in the wrong order never leave points held.
  Redemptions member = hundred();
  EXPECT_EQ(member.release("R1", at(0)), Outcome::done);
  EXPECT_EQ(member.authorise("R1", {10}, minutes{15}, at(1)), Outcome::conflict);
  EXPECT_EQ(member.release("R1", at(2)), Outcome::repeated);
  EXPECT_EQ(member.free(at(2)), Points{100});
}

TEST(Redemption, HeldPointsOutliveTheirLot) {
  // Goal: authorised on the last day, captured on the next: the customer was promised them.
  Redemptions member = hundred();
  member.authorise("R1", {60}, minutes{15}, at(0, 19));
  EXPECT_TRUE(expiry_entries(member.lots(), BusinessDate{20}, member.reserved(at(5).at)).empty());
  EXPECT_EQ(member.capture("R1", {60}, at(5, 20)), Outcome::done);
  EXPECT_EQ(member.lots().balance(), Points{40});
}

TEST(Redemption, OfflineIsBoundedAndNeverRefusedAfterwards) {
  // Goal: a till grants up to its limit; what it granted beyond the balance is a debt.
  EXPECT_TRUE(offline_grants({50}, {0}, {50}));
  EXPECT_FALSE(offline_grants({51}, {0}, {50}));
  EXPECT_FALSE(offline_grants({20}, {31}, {50}));
  EXPECT_FALSE(offline_grants({0}, {0}, {50}));
  Redemptions member = hundred();
  member.authorise("R1", {80}, minutes{15}, at(0));
  const auto first = member.capture_offline("T1", {50}, {50}, at(1));
  EXPECT_EQ(first.outcome, Outcome::done);
  EXPECT_EQ(first.debt, Points{30});
  EXPECT_FALSE(first.over_limit);
  EXPECT_EQ(member.capture_offline("T1", {50}, {50}, at(2)).outcome, Outcome::repeated);
  EXPECT_EQ(member.capture_offline("T1", {50}, {50}, at(2)).debt, Points{30});
  EXPECT_EQ(member.capture_offline("T1", {40}, {50}, at(2)).outcome, Outcome::conflict);
  EXPECT_TRUE(member.capture_offline("T2", {60}, {50}, at(2)).over_limit);
  EXPECT_EQ(member.capture("R1", {80}, at(3)), Outcome::done);
  EXPECT_EQ(member.lots().balance(), Points{0});
}

TEST(Redemption, AReturnedRewardRestoresItsLotsOnce) {
  // Goal: 70 were spent, 30 come back to B and A as they were; more than 70 never do.
  Redemptions member = hundred();
  member.authorise("R1", {70}, minutes{15}, at(0));
  member.capture("R1", {70}, at(1));
  EXPECT_EQ(member.restore("R1", "X1", {30}, {}, at(2)), Outcome::done);
  EXPECT_EQ(member.restore("R1", "X1", {30}, {}, at(2)), Outcome::repeated);
  EXPECT_EQ(member.restore("R1", "X1", {31}, {}, at(2)), Outcome::conflict);
  EXPECT_EQ(member.restore("R1", "X2", {41}, {}, at(2)), Outcome::insufficient);
  EXPECT_EQ(member.lots().find("B")->balance(), Points{40});
  EXPECT_EQ(member.lots().find("A")->balance(), Points{20});
}

/// What 64 tills do to one member, step by step.
RC_GTEST_PROP(Redemption, NoInterleavingSpendsAPointTwice, ()) {
  Redemptions member = hundred();
  std::int64_t minute = 0;
  std::int64_t spent = 0;
  const auto steps = *rc::gen::inRange(0, 200);
  for (int step = 0; step < steps; ++step) {
    minute += *rc::gen::inRange<std::int64_t>(0, 6);
    const std::string reference = "T" + std::to_string(*rc::gen::inRange(0, 64));
    const Points points{*rc::gen::inRange<std::int64_t>(1, 60)};
    const Points before = member.free(at(minute));
    switch (*rc::gen::inRange(0, 3)) {
      case 0: {
        const Outcome outcome = member.authorise(reference, points, minutes{15}, at(minute));
        if (outcome == Outcome::done) RC_ASSERT(points <= before);
        if (outcome == Outcome::insufficient) RC_ASSERT(points > before);
        break;
      }
      case 1:
        if (member.capture(reference, points, at(minute)) == Outcome::done) spent += points.count;
        break;
      default:
        member.release(reference, at(minute));
    }
    Points held;
    for (const LotDraw& draw : member.reserved(at(minute).at)) held += draw.points;
    RC_ASSERT(member.lots().balance().count == 100 - spent);
    RC_ASSERT(member.free(at(minute)) + held == member.lots().balance());
    for (const Lot& lot : member.lots().lots()) RC_ASSERT(lot.balance().count >= 0);
  }
  RC_ASSERT(spent <= 100);
}

/// A restored redemption is as if it had been smaller, a voided one as if it had not been.
RC_GTEST_PROP(Redemption, VoidsAndRestorationsLeaveTheLotsAsTheyWere, ()) {
  Redemptions member = hundred();
  const Points points{*rc::gen::inRange<std::int64_t>(1, 101)};
  member.authorise("R1", points, minutes{15}, at(0));
  if (*rc::gen::arbitrary<bool>()) {
    member.capture("R1", points, at(1));
    const Points first{*rc::gen::inRange<std::int64_t>(0, points.count + 1)};
    if (first.count > 0) RC_ASSERT(member.restore("R1", "X", first, {}, at(2)) == Outcome::done);
    const Points rest = points - first;
    if (rest.count > 0) RC_ASSERT(member.restore("R1", "Y", rest, {}, at(3)) == Outcome::done);
  } else {
    member.release("R1", at(1));
  }
  RC_ASSERT(member.lots().find("A")->balance() == Points{60});
  RC_ASSERT(member.lots().find("B")->balance() == Points{40});
}

}  // namespace
}  // namespace crossfoot::ledger
