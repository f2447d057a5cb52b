// Goal: {sale, correction, returns, void of a return, exchange, corrected return, void} end in the
// same ledger in every order, whatever leg is parked on the way, and every repeat finds its answer.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <numeric>

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

/// The ledger after the facts in this order. `turned_away`: this operation is, as often.
Ledger run(const std::vector<Transaction>& facts, const std::vector<std::size_t>& order,
           bool in_peace, const std::string& turned_away, int times) {
  World world;
  world.targets().refuses_excess = !turned_away.empty();
  if (!turned_away.empty()) world.targets().refuse[turned_away] = times;
  for (const std::size_t fact : order) {
    const AcceptAnswer answer = world.accept(facts[fact]);
    EXPECT_TRUE(answer.kind == AcceptAnswer::Kind::accepted ||
                answer.kind == AcceptAnswer::Kind::corrected ||
                answer.kind == AcceptAnswer::Kind::replayed ||
                answer.kind == AcceptAnswer::Kind::superseded);
    if (in_peace) world.settle();
  }
  world.settle();
  world.release_all();
  return world.ledger();
}

void expect_one_ledger(const std::vector<Transaction>& facts, std::int64_t points) {
  std::vector<std::size_t> order(facts.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const Ledger first = run(facts, order, true, {}, 0);
  EXPECT_EQ(first.points, points);
  const std::array<std::string, 8> operations{"",        "accrue",       "post",      "create_memo",
                                              "reverse", "release_memo", "post_void", "reinstate"};
  std::size_t turn = 0;
  do {
    for (const std::string& turned_away : operations) {
      const bool in_peace = turn % 2 == 0;
      const int times = turn % 3 == 0 ? 2 : 1;
      ++turn;
      const Ledger ledger = run(facts, order, in_peace, turned_away, times);
      if (ledger == first && !testing::Test::HasFailure()) continue;
      std::string text;
      for (const std::size_t fact : order) text += std::to_string(fact);
      ADD_FAILURE() << "order " << text << (in_peace ? " one by one" : " at once") << ", "
                    << turned_away << " turned away " << times << " times:\n"
                    << ledger << "\ninstead of\n"
                    << first;
      return;
    }
    ++turn;  // the other half of the operations comes at once
  } while (std::ranges::next_permutation(order).found);
}

TEST(Corrections, ACorrectedSaleItsReturnsAVoidedReturnAndAnExchangeInAnyOrder) {
  // Of 3 + 1 units that the correction makes 2 + 2: one return asks for 3 of 2, one is voided, an
  // exchange takes 1 of 2 back and sells 1. 40 - 20 - 10 + 10.
  expect_one_ledger({sale(1, 0, {3, 1}), sale(1, 1, {2, 2}), return_of(2, 1, 1, 3),
                     return_of(3, 1, 1, 1), void_of(4, 3), exchange_of(5, 1, 2)},
                    20);
}

TEST(Corrections, ACorrectedReturnOfACorrectedSaleInAnyOrder) {
  // The correction sells enough for what was over-returned before; the return is corrected from 3
  // to 2; the exchange is voided: 40 + 10 - 20.
  expect_one_ledger({sale(1, 0, {1, 1}), sale(1, 1, {4, 1}), return_of(2, 1, 1, 3),
                     return_of(2, 1, 1, 2, 1), exchange_of(3, 1, 2), void_of(4, 3)},
                    30);
}

TEST(Corrections, AVoidedSaleStaysVoidedWhateverCorrectsIt) {
  expect_one_ledger({sale(1, 0, {3, 1}), sale(1, 1, {2, 2}), sale(1, 2, {5}), return_of(2, 1, 1, 1),
                     void_of(3, 1)},
                    0);
}

TEST(Corrections, AVoidedReturnStaysVoidedWhateverCorrectsIt) {
  // Found by the simulation: the void was answered by the corrected return at once and released
  // nothing of it.
  expect_one_ledger({sale(1, 0, {4}), return_of(2, 1, 1, 1), return_of(2, 1, 1, 3, 1),
                     void_of(3, 2), return_of(4, 1, 1, 2)},
                    20);
}

TEST(Corrections, ThreeRevisionsInAnyOrderEndInTheLast) {
  expect_one_ledger({sale(1, 0, {3}), sale(1, 1, {4, 1}), sale(1, 2, {2, 2, 1}),
                     return_of(2, 1, 3, 1), return_of(3, 1, 1, 2)},
                    20);
}

TEST(Corrections, ASaleMayBecomeAnExchangeAndAReturnASale) {
  // What was keyed as the wrong kind of receipt is corrected to what it was.
  Transaction exchange = exchange_of(2, 1, 1);
  exchange.revision = 1;
  Transaction sold = sale(3, 1, {1});
  expect_one_ledger({sale(1, 0, {3}), sale(2, 0, {1}), exchange, return_of(3, 1, 1, 1), sold}, 40);
}

TEST(Corrections, TheOlderRevisionIsKeptAndBothNameEachOther) {
  World world;
  const AcceptAnswer first = world.accept(sale(1, 0, {3}));
  world.settle();
  const AcceptAnswer second = world.accept(sale(1, 1, {2}));
  EXPECT_EQ(second.kind, AcceptAnswer::Kind::corrected);
  EXPECT_EQ(second.supersedes, first.id);
  EXPECT_FALSE(second.held);
  world.settle();
  EXPECT_EQ(world.message(first.id).state, store::MessageState::superseded);
  EXPECT_EQ(world.message(first.id).conflict_with, second.id);
  EXPECT_EQ(world.message(second.id).state, store::MessageState::accepted);
  EXPECT_EQ(world.flow(first.id).superseded_by, second.id);
  EXPECT_EQ(world.flow(second.id).supersedes, first.id);
  const auto old_events = world.timeline(first.id);
  const auto told =
      std::ranges::find(old_events, JournalEvent::Kind::superseded, &JournalEvent::kind);
  ASSERT_NE(told, old_events.end());
  EXPECT_EQ(told->detail, "revision 1, " + to_string(second.id));
  EXPECT_EQ(world.timeline(second.id).front().detail, "corrects " + to_string(first.id));
  EXPECT_EQ(state_of(world.flow(second.id)), FlowState::done);
}

TEST(Corrections, ARepeatOfAnyRevisionFindsItsAnswer) {
  World world;
  const AcceptAnswer first = world.accept(sale(1, 0, {3}));
  const AcceptAnswer second = world.accept(sale(1, 1, {2}));
  const AcceptAnswer again = world.accept(sale(1, 1, {2}));
  EXPECT_EQ(again.kind, AcceptAnswer::Kind::replayed);
  EXPECT_EQ(again.id, second.id);
  const AcceptAnswer old = world.accept(sale(1, 0, {3}));
  EXPECT_EQ(old.kind, AcceptAnswer::Kind::replayed);
  EXPECT_EQ(old.id, first.id);
  EXPECT_EQ(old.superseded_by, second.id);
  // The same content under a higher number is a repeat of what counts, not another correction.
  const AcceptAnswer higher = world.accept(sale(1, 7, {2}));
  EXPECT_EQ(higher.kind, AcceptAnswer::Kind::replayed);
  EXPECT_EQ(higher.id, second.id);
  world.settle();
  EXPECT_EQ(world.ledger().points, 20);
}

TEST(Corrections, ACorrectionMayGoBackToWhatWasThereFirst) {
  World world;
  (void)world.accept(sale(1, 0, {3}));
  (void)world.accept(sale(1, 1, {2}));
  const AcceptAnswer third = world.accept(sale(1, 2, {3}));
  EXPECT_EQ(third.kind, AcceptAnswer::Kind::corrected);
  world.settle();
  EXPECT_EQ(world.ledger().points, 30);
}

TEST(Corrections, TheLastRevisionMayRepeatTheFirstInAnyOrder) {
  // What was changed and changed back is what it was first, also when the way back came first;
  // which of the two equal revisions counts depends on that, and so do its references.
  const std::vector<Transaction> facts{sale(1, 0, {3}), sale(1, 1, {1}), sale(1, 2, {3}),
                                       return_of(2, 1, 1, 2)};
  std::array<std::size_t, 4> order{0, 1, 2, 3};
  do {
    const Ledger ledger = run(facts, {order.begin(), order.end()}, true, {}, 0);
    EXPECT_EQ(ledger.points, 10) << order[0] << order[1] << order[2] << order[3];
    EXPECT_EQ(ledger.documents.size(), 2U);
  } while (std::ranges::next_permutation(order).found);
}

TEST(Corrections, ARevisionThatIsThereWithOtherContentIsHeld) {
  World world;
  (void)world.accept(sale(1, 0, {3}));
  const AcceptAnswer second = world.accept(sale(1, 1, {2}));
  for (const std::uint32_t revision : {0U, 1U}) {
    const AcceptAnswer other = world.accept(sale(1, revision, {8 + revision}));
    EXPECT_EQ(other.kind, AcceptAnswer::Kind::held) << revision;
    EXPECT_EQ(world.message(other.id).state, store::MessageState::held);
  }
  EXPECT_FALSE(second.id.is_nil());
  world.settle();
  EXPECT_EQ(world.ledger().points, 20);
}

TEST(Corrections, ALowerRevisionThatComesLateIsSupersededOnArrival) {
  World world;
  (void)world.accept(sale(1, 0, {3}));
  const AcceptAnswer third = world.accept(sale(1, 2, {1}));
  world.settle();
  const AcceptAnswer late = world.accept(sale(1, 1, {2}));
  EXPECT_EQ(late.kind, AcceptAnswer::Kind::superseded);
  EXPECT_EQ(late.superseded_by, third.id);
  const store::MessageRow kept = world.message(late.id);
  EXPECT_EQ(kept.state, store::MessageState::superseded);
  EXPECT_EQ(kept.conflict_with, third.id);
  EXPECT_EQ(world.timeline(third.id).back().kind, JournalEvent::Kind::revision_noted);
  const AcceptAnswer again = world.accept(sale(1, 1, {2}));
  EXPECT_EQ(again.id, late.id);
  EXPECT_EQ(again.superseded_by, third.id);
  EXPECT_EQ(world.accept(sale(1, 1, {8})).kind, AcceptAnswer::Kind::held);
  world.settle();
  EXPECT_EQ(world.ledger().points, 10);
}

TEST(Corrections, ACorrectionThatDoesNotAddUpTakesNothingBack) {
  World world;
  (void)world.accept(sale(1, 0, {3}));
  world.settle();
  Transaction odd = sale(1, 1, {2});
  odd.totals.gross = Money{1, odd.currency};
  const AcceptAnswer second = world.accept(odd);
  EXPECT_EQ(second.kind, AcceptAnswer::Kind::corrected);
  world.settle();
  EXPECT_EQ(state_of(world.flow(second.id)), FlowState::parked);
  EXPECT_EQ(world.ledger().points, 30);
  // The next one does, and takes both places.
  EXPECT_EQ(world.accept(sale(1, 2, {1})).kind, AcceptAnswer::Kind::corrected);
  world.settle();
  EXPECT_EQ(world.ledger().points, 10);
  EXPECT_EQ(state_of(world.flow(second.id)), FlowState::done);
}

TEST(Corrections, AFaultyReceiptIsRepairedByItsCorrection) {
  World world;
  Transaction odd = sale(1, 0, {3});
  odd.totals.gross = Money{1, odd.currency};
  const AcceptAnswer first = world.accept(odd);
  world.settle();
  EXPECT_EQ(world.ledger().documents.size(), 0U);
  (void)world.accept(sale(1, 1, {3, 1}));
  world.settle();
  EXPECT_EQ(state_of(world.flow(first.id)), FlowState::done);
  EXPECT_EQ(world.ledger().documents.size(), 1U);
  EXPECT_EQ(world.ledger().points, 40);
}

TEST(Corrections, AnIdempotencyKeyOfOtherContentLeavesTheReceiptAsItWas) {
  World world;
  const AcceptAnswer first = world.accept(sale(1, 0, {3}));
  world.settle();
  (void)world.accept(sale(9, 0, {1}), "key-1");
  EXPECT_EQ(world.accept(sale(1, 1, {2}), "key-1").kind, AcceptAnswer::Kind::idempotency_conflict);
  EXPECT_TRUE(world.flow(first.id).superseded_by.is_nil());
  EXPECT_EQ(world.accept(sale(1, 1, {2}), "key-2").kind, AcceptAnswer::Kind::corrected);
  EXPECT_EQ(world.accept(sale(1, 1, {2}), "key-2").kind, AcceptAnswer::Kind::replayed);
  world.settle();
  EXPECT_EQ(world.ledger().points, 30);
}

TEST(Corrections, ACrashBetweenTheTwoRevisionsLosesNothing) {
  // The process dies after each number of steps of the correction's work.
  for (int steps = 0; steps < 60; ++steps) {
    World world;
    (void)world.accept(sale(1, 0, {3}));
    (void)world.accept(return_of(2, 1, 1, 1));
    world.settle();
    (void)world.accept(sale(1, 1, {2}));
    world.step(steps);
    world.restart();
    world.settle();
    EXPECT_EQ(world.ledger().points, 10) << steps;
    EXPECT_EQ(world.ledger().documents.size(), 2U) << steps;
    if (testing::Test::HasFailure()) return;
  }
}

TEST(Corrections, AClaimThatIsLetGoOnTakesBackNothingTwice) {
  // What was over-returned and is released asks its book again: the reversal it had is not
  // repeated.
  World world;
  (void)world.accept(sale(1, 0, {2}));
  const AcceptAnswer back = world.accept(return_of(2, 1, 1, 3));
  world.settle();
  const std::size_t legs = world.flow(back.id).legs.size();
  const Flow flow = world.flow(back.id);
  const Leg* claim = flow.first_of(LegKind::claim);
  world.release(back.id, claim->number);
  EXPECT_EQ(world.flow(back.id).legs.size(), legs);
  EXPECT_EQ(world.flow(back.id).reversed, Points{20});
}

TEST(Corrections, APersonRepairsWhatIsStuckAndBothVersionsStay) {
  World world;
  Transaction odd = sale(1, 0, {3});
  odd.totals.gross = Money{1, odd.currency};
  const AcceptAnswer first = world.accept(odd);
  world.settle();
  const AcceptAnswer same = world.edit(first.id, odd);
  EXPECT_EQ(same.kind, AcceptAnswer::Kind::unavailable) << "nothing was changed";
  EXPECT_EQ(same.fault.code, contract::error_code::leg_state_conflict);
  EXPECT_EQ(world.edit(first.id, sale(2, 0, {3})).fault.code,
            contract::error_code::leg_state_conflict)
      << "another natural key";
  const AcceptAnswer second = world.edit(first.id, sale(1, 0, {3}));
  ASSERT_EQ(second.kind, AcceptAnswer::Kind::corrected) << second.fault.cause;
  EXPECT_EQ(second.supersedes, first.id);
  world.settle();
  EXPECT_EQ(world.ledger().points, 30);
  EXPECT_EQ(world.flow(second.id).revision, 1U);
  for (const Id id : {first.id, second.id}) {
    const auto events = world.timeline(id);
    const auto told = std::ranges::find(events, JournalEvent::Kind::decided, &JournalEvent::kind);
    ASSERT_NE(told, events.end());
    EXPECT_NE(told->detail.find("by ann: typed wrong"), std::string::npos) << told->detail;
  }
  EXPECT_EQ(world.edit(first.id, sale(1, 0, {2})).fault.code,
            contract::error_code::leg_state_conflict)
      << "another revision counts";
  EXPECT_EQ(world.edit(second.id, sale(1, 0, {2})).fault.code,
            contract::error_code::leg_state_conflict)
      << "nothing of it is stuck";
  // A channel that counts on by itself meets a revision that is there.
  EXPECT_EQ(world.accept(sale(1, 1, {5})).kind, AcceptAnswer::Kind::held);
  EXPECT_EQ(world.accept(sale(1, 2, {5})).kind, AcceptAnswer::Kind::corrected);
}

TEST(Corrections, AVoidIsNotCorrectedButHeld) {
  World world;
  (void)world.accept(sale(1, 0, {2}));
  (void)world.accept(void_of(2, 1));
  Transaction other = void_of(2, 5);
  other.revision = 1;
  EXPECT_EQ(world.accept(other).kind, AcceptAnswer::Kind::held);
}

}  // namespace
}  // namespace crossfoot::flow
