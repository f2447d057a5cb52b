#include "connector/breaker.h"

#include <gtest/gtest.h>

namespace crossfoot::connector {
namespace {

using std::chrono::seconds;
using State = Breaker::State;

constexpr Instant start{1'000'000'000};
constexpr BreakerPolicy policy{.failures_max = 3,
                               .failures_min = 2,
                               .failing_for = seconds{10},
                               .open_for = seconds{1},
                               .open_max = seconds{3},
                               .probes_max = 1,
                               .probes_needed = 1};

Breaker opened() {
  Breaker breaker(policy);
  for (int i = 0; i < 3; ++i) breaker.failed(start);
  return breaker;
}

// Goal: failures in a row open it; a success between them starts the count again.
TEST(Breaker, OpensAfterFailuresInARow) {
  Breaker breaker(policy);
  breaker.failed(start);
  breaker.failed(start);
  breaker.succeeded(start);
  breaker.failed(start);
  breaker.failed(start);
  EXPECT_EQ(breaker.state(start), State::closed);
  EXPECT_TRUE(breaker.allow(start));
  breaker.failed(start);
  EXPECT_EQ(breaker.state(start), State::open);
  EXPECT_FALSE(breaker.allow(start));
  EXPECT_EQ(breaker.next_allowed_at(start), start + seconds{1});
}

// Goal: few failures over a long time without a success open it too.
TEST(Breaker, OpensWhenNothingSucceedsForLong) {
  Breaker breaker(policy);
  breaker.failed(start);
  EXPECT_EQ(breaker.state(start + seconds{20}), State::closed);
  breaker.failed(start + seconds{10});
  EXPECT_EQ(breaker.state(start + seconds{10}), State::open);
}

// Goal: half open lets one probe through; its success closes, its failure doubles the pause.
TEST(Breaker, ProbesWhileHalfOpen) {
  Breaker breaker = opened();
  Instant now = start + seconds{1};
  EXPECT_EQ(breaker.state(now), State::half_open);
  EXPECT_TRUE(breaker.allow(now));
  EXPECT_FALSE(breaker.allow(now));
  EXPECT_GT(breaker.next_allowed_at(now), now);
  breaker.failed(now);
  EXPECT_EQ(breaker.next_allowed_at(now), now + seconds{2});
  now = now + seconds{2};
  EXPECT_TRUE(breaker.allow(now));
  breaker.failed(now);
  EXPECT_EQ(breaker.next_allowed_at(now), now + seconds{3}) << "doubled, up to open_max";
  now = now + seconds{3};
  EXPECT_TRUE(breaker.allow(now));
  breaker.abandoned();
  EXPECT_TRUE(breaker.allow(now)) << "a probe that was not sent gives its place back";
  breaker.succeeded(now);
  EXPECT_EQ(breaker.state(now), State::closed);
  breaker.failed(now);
  EXPECT_EQ(breaker.state(now), State::closed) << "the count starts again";
}

// Goal: answers to calls from before it opened neither close nor prolong it.
TEST(Breaker, IgnoresStragglers) {
  Breaker breaker = opened();
  breaker.succeeded(start + seconds{1});
  EXPECT_EQ(breaker.state(start), State::open);
  breaker.failed(start + seconds{1});
  EXPECT_EQ(breaker.next_allowed_at(start), start + seconds{1});
}

// Goal: the target's Retry-After prolongs the pause.
TEST(Breaker, HonoursRetryAfter) {
  Breaker breaker(policy);
  breaker.failed(start);
  breaker.failed(start);
  breaker.failed(start, seconds{30});
  EXPECT_EQ(breaker.next_allowed_at(start), start + seconds{30});
}

// Goal: a person's word stands until it is taken back.
TEST(Breaker, IsForcedByHand) {
  Breaker breaker = opened();
  breaker.force(Breaker::Force::closed, start);
  EXPECT_TRUE(breaker.allow(start));
  EXPECT_EQ(breaker.state(start), State::closed);
  breaker.force(Breaker::Force::none, start);
  EXPECT_EQ(breaker.state(start), State::half_open) << "an open one asks at once";
  EXPECT_TRUE(breaker.allow(start));
  breaker.succeeded(start);
  breaker.force(Breaker::Force::open, start);
  EXPECT_FALSE(breaker.allow(start));
  EXPECT_EQ(breaker.next_allowed_at(start), Instant::never());
}

// Goal: refusals, conflicts and throttling are no illness of the target.
TEST(Breaker, CountsOnlyIllness) {
  EXPECT_TRUE(counts_as_failure(FaultClass::transient));
  EXPECT_TRUE(counts_as_failure(FaultClass::unknown_outcome));
  EXPECT_TRUE(counts_as_failure(FaultClass::unauthorised));
  EXPECT_TRUE(counts_as_failure(FaultClass::corrupt));
  for (const auto healthy : {FaultClass::throttled, FaultClass::rejected, FaultClass::conflict,
                             FaultClass::not_found, FaultClass::cancelled, FaultClass::deadline}) {
    EXPECT_FALSE(counts_as_failure(healthy)) << to_string(healthy);
  }
}

}  // namespace
}  // namespace crossfoot::connector
