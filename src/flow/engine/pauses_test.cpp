// Goal: whenever a pause begins and ends, what it held back goes on afterwards by itself.
#include <gtest/gtest.h>

#include "flow/engine/sim_small_world.h"
#include "process/processes.h"

namespace crossfoot::flow {
namespace {

using namespace sim;

const process::RetailProcesses retail;

class EveryPause : public testing::TestWithParam<PauseKind> {};

TEST_P(EveryPause, LetsEverythingGoOnWheneverItEnds) {
  // The pause begins after each number of steps of the return's way, and ends soon after: also
  // while one of its calls is still under way and another leg is parked.
  const PauseKind kind = GetParam();
  for (int begin = 0; begin < 40; begin += 2) {
    for (const int length : {0, 3, 9, 27}) {
      SmallWorld world(retail);
      contract::Transaction sold = sale(1, 0, {3});
      sold.region = "DE";
      (void)world.accept(sold);
      world.settle();
      contract::Transaction back = return_of(2, 1, 1, 1);
      back.region = "DE";
      back.member = "M-1";
      const AcceptAnswer answer = world.accept(back);
      const std::string value = kind == PauseKind::key      ? to_string(back.key.hash())
                                : kind == PauseKind::region ? "DE"
                                : kind == PauseKind::member ? "M-1"
                                                            : back.shop;
      world.step(begin);
      ASSERT_TRUE(world.decide([&](Engine& engine, Engine::Done done) {
        engine.pause({.kind = kind, .value = value, .by = "ann", .reason = "test"},
                     std::move(done));
      }));
      world.step(length);
      ASSERT_TRUE(world.decide([&](Engine& engine, Engine::Done done) {
        engine.unpause(kind, value, "ann", std::move(done));
      }));
      world.step(400);
      world.settle();
      EXPECT_EQ(state_of(world.flow(answer.id)), FlowState::done)
          << "begun after " << begin << " steps, ended after " << length << " more";
      EXPECT_EQ(world.ledger().points, 20);
      if (HasFailure()) return;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, EveryPause,
                         testing::Values(PauseKind::shop, PauseKind::member, PauseKind::region,
                                         PauseKind::key),
                         [](const auto& kind) { return std::string(to_string(kind.param)); });

}  // namespace
}  // namespace crossfoot::flow
