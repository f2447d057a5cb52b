#include "connector/pacer.h"

#include <gtest/gtest.h>

#include <array>

#include "runtime/random.h"

namespace crossfoot::connector {
namespace {

using flow::Lane;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Instant start{1'000'000'000};
using Wanting = std::array<bool, flow::lane_count>;
using Served = std::array<std::int64_t, flow::lane_count>;

constexpr std::size_t number(Lane lane) {
  return static_cast<std::size_t>(lane);
}

/// Lanes that always want to send ask in random order, whenever the pacer told one to come again.
Served run(Pacer& pacer, Instant& now, Duration time, Wanting wanting, std::uint64_t seed = 1) {
  runtime::Random random(seed);
  Served served{};
  const Instant end = now + time;
  while (now < end) {
    Duration soonest = seconds{1};
    const std::size_t first = random.below(flow::lane_count);
    for (std::size_t i = 0; i < flow::lane_count; ++i) {
      const std::size_t lane = (first + i) % flow::lane_count;
      if (!wanting[lane]) continue;
      const Duration wait = pacer.wait(static_cast<Lane>(lane), now);
      if (wait > Duration{0}) {
        pacer.wants(static_cast<Lane>(lane), now);
        soonest = std::min(soonest, wait);
        continue;
      }
      pacer.take(static_cast<Lane>(lane), now);
      ++served[lane];
      soonest = Duration{0};
    }
    now = now + soonest;
  }
  return served;
}

std::int64_t sum(const Served& served) {
  std::int64_t all = 0;
  for (const std::int64_t one : served) all += one;
  return all;
}

// Goal: over any time no more calls leave than the quota and its burst, and no fewer.
TEST(Pacer, KeepsToTheQuota) {
  for (const PacePolicy policy : {PacePolicy{600, 10}, PacePolicy{60, 1}, PacePolicy{6000, 3}}) {
    Pacer pacer(policy, start);
    Instant now = start;
    const Served served = run(pacer, now, seconds{60}, {true, true, false, true, true});
    EXPECT_LE(sum(served), policy.per_minute + policy.burst);
    EXPECT_GE(sum(served), policy.per_minute);
  }
}

// Goal: a lane alone gets the whole quota, whichever it is.
TEST(Pacer, GivesALaneAloneEverything) {
  for (std::size_t lane = 0; lane < flow::lane_count; ++lane) {
    Pacer pacer({600, 10}, start);
    Instant now = start;
    Wanting wanting{};
    wanting[lane] = true;
    EXPECT_GE(run(pacer, now, seconds{60}, wanting)[lane], 595) << lane;
  }
}

// Goal: lanes that all want get at least their shares: none starves another.
TEST(Pacer, KeepsEachLanesShare) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Pacer pacer({600, 10}, start);
    Instant now = start;
    run(pacer, now, seconds{10}, {true, true, true, true, true}, seed);
    const Served served = run(pacer, now, seconds{100}, {true, true, true, true, true}, seed);
    for (std::size_t lane = 0; lane < flow::lane_count; ++lane) {
      EXPECT_GE(served[lane], 10 * flow::lane_shares[lane] * 95 / 100) << lane << " " << seed;
    }
  }
}

// Goal: a replay that always wants leaves live its share at least, and what live leaves is its own.
TEST(Pacer, AReplayStarvesNobody) {
  Pacer pacer({600, 10}, start);
  Instant now = start;
  Wanting wanting{};
  wanting[number(Lane::replay)] = true;
  run(pacer, now, seconds{60}, wanting);
  wanting[number(Lane::live)] = true;
  const Served served = run(pacer, now, seconds{60}, wanting);
  EXPECT_GE(served[number(Lane::live)], 180);
  EXPECT_GE(served[number(Lane::live)], served[number(Lane::replay)])
      << "the higher lane goes first for what nobody has a right to";
  EXPECT_GE(served[number(Lane::replay)], 55);
}

// Goal: checkout finds a token at once while bulk work uses all it can get.
TEST(Pacer, KeepsATokenForCheckout) {
  Pacer pacer({60, 5}, start);
  Instant now = start;
  Wanting bulk{};
  bulk[number(Lane::batch)] = true;
  for (int i = 0; i < 20; ++i) {
    run(pacer, now, seconds{7}, bulk);
    EXPECT_EQ(pacer.wait(Lane::checkout, now), Duration{0}) << i;
    pacer.take(Lane::checkout, now);
  }
}

// Goal: a refusal stops everything for Retry-After, then the rate is half, and grows back.
TEST(Pacer, SlowsDownAndGrowsBack) {
  Pacer pacer({600, 10}, start);
  Instant now = start;
  pacer.refused(seconds{5}, now);
  for (int i = 0; i < 30; ++i) pacer.refused(seconds{1}, now + milliseconds{i});
  EXPECT_EQ(pacer.wait(Lane::checkout, now), seconds{5});
  EXPECT_EQ(pacer.per_minute(now), 300) << "thirty answers to one burst count once";
  now = now + seconds{5};
  EXPECT_EQ(pacer.wait(Lane::checkout, now), Duration{0});
  EXPECT_EQ(pacer.per_minute(now), 450) << "a twentieth of the quota each second";
  pacer.refused(seconds{1}, now);
  EXPECT_EQ(pacer.per_minute(now), 225);
  Wanting wanting{};
  wanting[number(Lane::live)] = true;
  const Served served = run(pacer, now, seconds{10}, wanting);
  EXPECT_LT(served[number(Lane::live)], 80);
  now = now + seconds{30};
  EXPECT_EQ(pacer.per_minute(now), 600);
  for (int i = 0; i < 40; ++i) {
    pacer.refused(Duration{0}, now);
    now = now + seconds{1};
  }
  EXPECT_GE(pacer.per_minute(now), 600 / 64) << "it must call to learn that it may";
}

// Goal: without a quota only a refusal holds calls back.
TEST(Pacer, WithoutAQuotaOnlyPauses) {
  Pacer pacer({}, start);
  for (int i = 0; i < 1000; ++i) pacer.take(Lane::batch, start);
  EXPECT_EQ(pacer.wait(Lane::batch, start), Duration{0});
  pacer.refused(seconds{2}, start);
  EXPECT_EQ(pacer.wait(Lane::checkout, start + seconds{1}), seconds{1});
  EXPECT_EQ(pacer.wait(Lane::checkout, start + seconds{2}), Duration{0});
}

// Goal: what was taken and not sent may be sent by another.
TEST(Pacer, TakesBack) {
  Pacer pacer({60, 1}, start);
  pacer.take(Lane::live, start);
  EXPECT_GT(pacer.wait(Lane::live, start), Duration{0});
  pacer.give_back(Lane::live, start);
  EXPECT_EQ(pacer.wait(Lane::live, start), Duration{0});
}

}  // namespace
}  // namespace crossfoot::connector
