// Goal: each client gets its rate and burst, no more, and is told so; memory stays bounded.
#include "edge/client_limits.h"

#include <gtest/gtest.h>

namespace crossfoot::edge {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Instant start{1'000'000'000};

TEST(ClientLimits, GivesABurstThenTheRate) {
  ClientLimits limits({.requests_per_minute = 60, .burst = 5});
  for (int i = 4; i >= 0; --i) {
    const auto verdict = limits.take("a", start);
    EXPECT_TRUE(verdict.admitted);
    EXPECT_EQ(verdict.remaining, i);
    EXPECT_EQ(verdict.reset_s, 5 - i);
  }
  const auto refused = limits.take("a", start);
  EXPECT_FALSE(refused.admitted);
  EXPECT_EQ(refused.retry_s, 1);
  EXPECT_TRUE(limits.take("b", start).admitted) << "another client has its own";
  EXPECT_FALSE(limits.take("a", start + milliseconds{999}).admitted);
  EXPECT_TRUE(limits.take("a", start + seconds{1}).admitted);
  int admitted = 0;
  Instant now = start + seconds{1};
  for (int i = 0; i < 6000; ++i) {
    now = now + milliseconds{10};
    admitted += limits.take("a", now).admitted ? 1 : 0;
  }
  EXPECT_EQ(admitted, 60) << "refusals cost nothing and gain nothing";
}

TEST(ClientLimits, SaysSoInStructuredFields) {
  ClientLimits limits({.requests_per_minute = 600, .burst = 95});
  EXPECT_EQ(limits.policy_field(), R"("client";q=95;w=10)");
  EXPECT_EQ(ClientLimits::limit_field(limits.take("a", start)), R"("client";r=94;t=1)");
  EXPECT_FALSE(ClientLimits({}).active());
}

TEST(ClientLimits, ForgetsTheLongestSilent) {
  ClientLimits limits({.requests_per_minute = 1, .burst = 1, .clients_max = 2});
  EXPECT_TRUE(limits.take("a", start).admitted);
  EXPECT_TRUE(limits.take("b", start).admitted);
  EXPECT_FALSE(limits.take("a", start).admitted);
  EXPECT_TRUE(limits.take("c", start).admitted) << "b goes: a came later";
  EXPECT_EQ(limits.clients(), 2U);
  EXPECT_FALSE(limits.take("a", start).admitted);
  EXPECT_TRUE(limits.take("b", start).admitted);
}

TEST(ClientLimits, StandsLongRests) {
  ClientLimits limits({.requests_per_minute = 6'000'000, .burst = 1'000'000});
  EXPECT_EQ(limits.take("a", start).remaining, 999'999);
  EXPECT_EQ(limits.take("a", start + std::chrono::hours{24 * 365 * 10}).remaining, 999'999);
}

}  // namespace
}  // namespace crossfoot::edge
