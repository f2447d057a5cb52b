// Goal: what looks like another receipt of its shop under a new number is found whatever the order,
// is marked or held as its channel's policy says, and nothing of it is lost or done twice.
#include <gtest/gtest.h>

#include <algorithm>

#include "flow/engine/sim_small_world.h"
#include "process/processes.h"

namespace crossfoot::flow {
namespace {

using contract::Transaction;
using namespace sim;

const process::RetailProcesses retail;

struct World : SmallWorld {
  explicit World(EngineOptions options = {}) : SmallWorld(retail, std::move(options)) {}
};

EngineOptions options(SuspectPolicy policy) {
  EngineOptions options;
  options.suspects.fill(policy);
  return options;
}

/// The same basket in the same shop under another number, so long after the first.
Transaction again(std::uint32_t sequence, Duration after, std::int64_t units = 2) {
  Transaction made = sale(3 * sequence, 0, {units});  // numbers that all belong to one shop
  made.occurred_at = start_of_time + after;
  return made;
}

TEST(Suspects, TheSameBasketWithinTheWindowIsProcessedAndMarked) {
  World world(options(SuspectPolicy::flag));
  const AcceptAnswer first = world.accept(again(1, std::chrono::seconds{0}));
  EXPECT_TRUE(first.suspected_of.is_nil());
  const AcceptAnswer second = world.accept(again(2, std::chrono::seconds{300}));
  EXPECT_EQ(second.kind, AcceptAnswer::Kind::accepted);
  EXPECT_EQ(second.suspected_of, first.id);
  world.settle();
  EXPECT_EQ(world.ledger().points, 40) << "both are sales";
  const store::MessageRow kept = world.message(second.id);
  EXPECT_EQ(kept.state, store::MessageState::suspected);
  EXPECT_EQ(kept.conflict_with, first.id);
  const auto events = world.timeline(second.id);
  const auto told = std::ranges::find(events, JournalEvent::Kind::suspected, &JournalEvent::kind);
  ASSERT_NE(told, events.end());
  EXPECT_EQ(told->detail, "may be " + to_string(first.id));
  const AcceptAnswer repeat = world.accept(again(2, std::chrono::seconds{300}));
  EXPECT_EQ(repeat.kind, AcceptAnswer::Kind::replayed);
  EXPECT_EQ(repeat.suspected_of, first.id);
  EXPECT_FALSE(repeat.held);
}

TEST(Suspects, TheWindowSlidesAndReachesBothWays) {
  World world(options(SuspectPolicy::flag));
  const AcceptAnswer first = world.accept(again(1, std::chrono::seconds{1000}));
  const AcceptAnswer before = world.accept(again(2, std::chrono::seconds{700}));
  EXPECT_EQ(before.suspected_of, first.id) << "it came later and happened earlier";
  const AcceptAnswer far = world.accept(again(3, std::chrono::seconds{1301}));
  EXPECT_TRUE(far.suspected_of.is_nil()) << "301 s";
  const AcceptAnswer chain = world.accept(again(4, std::chrono::seconds{1600}));
  EXPECT_EQ(chain.suspected_of, far.id);
}

TEST(Suspects, OtherGoodsMembersShopsAndKindsAreNotSuspected) {
  World world(options(SuspectPolicy::flag));
  (void)world.accept(again(1, std::chrono::seconds{0}));
  EXPECT_TRUE(world.accept(again(2, std::chrono::seconds{1}, 3)).suspected_of.is_nil());
  Transaction other = again(3, std::chrono::seconds{2});
  other.member = "M-9";
  EXPECT_TRUE(world.accept(other).suspected_of.is_nil());
  Transaction elsewhere = sale(4, 0, {2});
  elsewhere.occurred_at = start_of_time;
  EXPECT_TRUE(world.accept(elsewhere).suspected_of.is_nil());
  EXPECT_TRUE(world.accept(return_of(9, 3, 1, 1)).suspected_of.is_nil());
  EXPECT_TRUE(world.accept(return_of(12, 6, 1, 1)).suspected_of.is_nil()) << "of another sale";
}

TEST(Suspects, TwoInOneCommitFindEachOther) {
  World world(options(SuspectPolicy::flag));
  const auto answers =
      world.accept_at_once({again(1, std::chrono::seconds{0}), again(2, std::chrono::seconds{0}),
                            again(3, std::chrono::seconds{0})});
  EXPECT_TRUE(answers[0].suspected_of.is_nil());
  EXPECT_EQ(answers[1].suspected_of, answers[0].id);
  EXPECT_EQ(answers[2].suspected_of, answers[0].id);
  world.settle();
  EXPECT_EQ(world.ledger().points, 60);
}

TEST(Suspects, HeldOnesWaitForAPersonWhoLetsThemGoOnOrDiscardsThem) {
  World world(options(SuspectPolicy::hold));
  const AcceptAnswer first = world.accept(again(1, std::chrono::seconds{0}));
  const AcceptAnswer wrong = world.accept(again(2, std::chrono::seconds{10}));
  const AcceptAnswer right = world.accept(again(3, std::chrono::seconds{20}));
  for (const AcceptAnswer& held : {wrong, right}) {
    EXPECT_EQ(held.kind, AcceptAnswer::Kind::held);
    EXPECT_EQ(held.conflict_with, first.id);
    EXPECT_EQ(world.message(held.id).code, contract::error_code::suspected_duplicate);
  }
  EXPECT_EQ(world.accept(again(2, std::chrono::seconds{10})).id, wrong.id) << "a repeat finds it";
  // A return of the held sale waits for it.
  const AcceptAnswer back = world.accept(return_of(30, 9, 1, 1));
  world.settle();
  EXPECT_EQ(world.ledger_without_books().points, 20);
  EXPECT_TRUE(world.decide([&](Engine& engine, Engine::Done done) {
    engine.discard_held(wrong.id, {"ann", "sent twice"}, std::move(done));
  }));
  EXPECT_TRUE(world.decide([&](Engine& engine, Engine::Done done) {
    engine.release_held(right.id, {"ann", "bought twice"}, std::move(done));
  }));
  EXPECT_FALSE(world.decide([&](Engine& engine, Engine::Done done) {
    engine.release_held(right.id, {"ann", "again"}, std::move(done));
  })) << "once";
  world.settle();
  EXPECT_EQ(world.ledger().points, 30) << "two sales less one unit";
  EXPECT_EQ(world.message(wrong.id).state, store::MessageState::discarded);
  EXPECT_EQ(world.message(right.id).state, store::MessageState::suspected);
  EXPECT_EQ(state_of(world.flow(back.id)), FlowState::done);
  EXPECT_EQ(world.accept(again(3, std::chrono::seconds{20})).id, right.id);
}

TEST(Suspects, WhatIsHeldForItsNumberIsNotLetGoOnAsItCame) {
  World world(options(SuspectPolicy::hold));
  (void)world.accept(sale(1, 0, {2}));
  const AcceptAnswer other = world.accept(sale(1, 0, {3}));
  ASSERT_EQ(other.kind, AcceptAnswer::Kind::held);
  EXPECT_FALSE(world.decide([&](Engine& engine, Engine::Done done) {
    engine.release_held(other.id, {"ann", "why not"}, std::move(done));
  }));
}

TEST(Suspects, ACorrectionOfAHeldOneIsHeldBesideIt) {
  World world(options(SuspectPolicy::hold));
  const AcceptAnswer first = world.accept(again(1, std::chrono::seconds{0}));
  (void)world.accept(again(2, std::chrono::seconds{10}));
  Transaction fixed = again(2, std::chrono::seconds{10}, 5);
  fixed.revision = 1;
  const AcceptAnswer held = world.accept(fixed);
  EXPECT_EQ(held.kind, AcceptAnswer::Kind::held);
  EXPECT_EQ(held.conflict_with, first.id);
  world.settle();
  EXPECT_EQ(world.ledger().points, 20);
}

TEST(Suspects, NobodyLooksWhereTheChannelSaysSo) {
  EngineOptions none = options(SuspectPolicy::flag);
  none.suspects[static_cast<std::size_t>(contract::Channel::pos)] = SuspectPolicy::ignore;
  World world(std::move(none));
  (void)world.accept(again(1, std::chrono::seconds{0}));
  EXPECT_TRUE(world.accept(again(2, std::chrono::seconds{0})).suspected_of.is_nil());
}

TEST(Suspects, WhatHappenedLongAgoIsNotLookedAt) {
  World world(options(SuspectPolicy::flag));
  (void)world.accept(again(1, -std::chrono::hours{60}));
  EXPECT_TRUE(world.accept(again(2, -std::chrono::hours{60})).suspected_of.is_nil());
}

TEST(Suspects, ARestartForgetsNone) {
  World world(options(SuspectPolicy::flag));
  const AcceptAnswer first = world.accept(again(1, std::chrono::seconds{0}));
  world.settle();
  world.restart();
  EXPECT_EQ(world.accept(again(2, std::chrono::seconds{0})).suspected_of, first.id);
}

}  // namespace
}  // namespace crossfoot::flow
