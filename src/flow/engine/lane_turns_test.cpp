#include "flow/engine/lane_turns.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace crossfoot::flow {
namespace {

constexpr auto checkout = static_cast<std::size_t>(Lane::checkout);
constexpr auto live = static_cast<std::size_t>(Lane::live);
constexpr auto replay = static_cast<std::size_t>(Lane::replay);

std::array<std::int64_t, lane_count> serve(LaneTurns& turns, LaneTurns::Working working,
                                           int count) {
  std::array<std::int64_t, lane_count> served{};
  for (int i = 0; i < count; ++i) {
    const auto lane = turns.next(working);
    if (!lane) break;
    turns.served(*lane);
    ++served[*lane];
  }
  return served;
}

// Goal: lanes that all have work get their shares, whatever they have waiting.
TEST(LaneTurns, SharesAmongLanesThatHaveWork) {
  LaneTurns turns;
  const auto served = serve(turns, {true, true, true, true, true}, 1000);
  for (std::size_t lane = 0; lane < lane_count; ++lane) {
    EXPECT_LE(std::abs(served[lane] - 10 * lane_shares[lane]), 2) << lane;
  }
}

// Goal: one lane alone gets everything, and no lane means no turn.
TEST(LaneTurns, GivesWhatOthersLeave) {
  LaneTurns turns;
  EXPECT_EQ(serve(turns, {false, false, false, true, false}, 100)[replay], 100);
  EXPECT_FALSE(turns.next({}).has_value());
}

// Goal: after a long replay alone, checkout and live are not made to wait, nor does replay starve.
TEST(LaneTurns, SavesUpNothing) {
  LaneTurns turns;
  serve(turns, {false, false, false, true, false}, 10'000);
  LaneTurns::Working working{};
  working[checkout] = working[live] = working[replay] = true;
  EXPECT_EQ(turns.next(working).value(), checkout);
  const auto served = serve(turns, working, 80);
  EXPECT_LE(std::abs(served[checkout] - 40), 1);
  EXPECT_LE(std::abs(served[live] - 30), 1);
  EXPECT_LE(std::abs(served[replay] - 10), 1);
}

}  // namespace
}  // namespace crossfoot::flow
