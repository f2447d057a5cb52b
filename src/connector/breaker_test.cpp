#include "connector/breaker.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "runtime/random.h"

namespace crossfoot::connector {
namespace {

using std::chrono::seconds;
using State = Breaker::State;
using Reason = Breaker::Reason;
using Ticket = Breaker::Ticket;

constexpr Instant start{1'000'000'000};
constexpr BreakerPolicy policy{.failures_max = 3,
                               .failures_min = 2,
                               .failing_for = seconds{10},
                               .calls_min = 10,
                               .slow = seconds{2},
                               .open_for = seconds{1},
                               .open_max = seconds{3}};

/// One call from beginning to end.
void succeed(Breaker& breaker, Instant now, Duration took = Duration{0}) {
  const auto ticket = breaker.allow(now);
  ASSERT_TRUE(ticket);
  breaker.succeeded(*ticket, now, took);
}
void fail_at(Breaker& breaker, Instant now, Duration retry_after = Duration{0}) {
  const auto ticket = breaker.allow(now);
  ASSERT_TRUE(ticket);
  breaker.failed(*ticket, now, retry_after);
}

Breaker opened() {
  Breaker breaker(policy);
  for (int i = 0; i < 3; ++i) fail_at(breaker, start);
  return breaker;
}

// Goal: failures in a row open it; a success between them starts the count again.
TEST(Breaker, OpensAfterFailuresInARow) {
  Breaker breaker(policy);
  fail_at(breaker, start);
  fail_at(breaker, start);
  succeed(breaker, start);
  fail_at(breaker, start);
  fail_at(breaker, start);
  EXPECT_EQ(breaker.state(start), State::closed);
  fail_at(breaker, start);
  EXPECT_EQ(breaker.state(start), State::open);
  EXPECT_EQ(breaker.reason(), Reason::failures_in_a_row);
  EXPECT_FALSE(breaker.allow(start));
  EXPECT_EQ(breaker.next_allowed_at(start), start + seconds{1});
}

// Goal: few failures over a long time without a success open it too.
TEST(Breaker, OpensWhenNothingSucceedsForLong) {
  Breaker breaker(policy);
  fail_at(breaker, start);
  EXPECT_EQ(breaker.state(start + seconds{20}), State::closed);
  fail_at(breaker, start + seconds{10});
  EXPECT_EQ(breaker.state(start + seconds{10}), State::open);
  EXPECT_EQ(breaker.reason(), Reason::nothing_succeeds);
}

// Goal: half of many calls failing opens it, though none fail in a row.
TEST(Breaker, OpensOnTheFailureRate) {
  Breaker breaker(policy);
  Instant now = start;
  for (int i = 0; i < 4; ++i) {
    succeed(breaker, now);
    fail_at(breaker, now);
    now = now + seconds{1};
  }
  EXPECT_EQ(breaker.state(now), State::closed) << "eight calls are too few to judge by";
  succeed(breaker, now);
  fail_at(breaker, now);
  EXPECT_EQ(breaker.state(now), State::open);
  EXPECT_EQ(breaker.reason(), Reason::failure_rate);
}

// Goal: a shop with one call a quarter of a minute is judged by its last calls, not by none.
TEST(Breaker, JudgesLittleTrafficByItsLastCalls) {
  Breaker breaker(policy);
  Instant now = start;
  for (int i = 0; i < 5; ++i) {
    succeed(breaker, now);
    now = now + seconds{15};
    fail_at(breaker, now);
    now = now + seconds{15};
  }
  EXPECT_EQ(breaker.openings(), 1U);
  EXPECT_EQ(breaker.reason(), Reason::failure_rate);

  Breaker rare(policy);
  for (int i = 0; i < 20; ++i) {
    succeed(rare, now);
    now = now + std::chrono::minutes{2};
    fail_at(rare, now);
    now = now + std::chrono::minutes{2};
  }
  EXPECT_EQ(rare.openings(), 0U) << "what is older than the lookback says nothing";
}

// Goal: old failures leave the window when traffic is dense.
TEST(Breaker, ForgetsWhatIsOutsideTheWindow) {
  Breaker breaker(policy);
  Instant now = start;
  for (int i = 0; i < 40; ++i) succeed(breaker, now);
  for (int i = 0; i < 9; ++i) {
    fail_at(breaker, now);
    succeed(breaker, now);
  }
  now = now + seconds{31};
  for (int i = 0; i < 11; ++i) succeed(breaker, now);
  for (int i = 0; i < 5; ++i) {
    fail_at(breaker, now);
    succeed(breaker, now);
  }
  EXPECT_EQ(breaker.state(now), State::closed) << "5 of 21, the 9 before are gone";
}

// Goal: calls that succeed too slowly open it; a slow probe does not close it.
TEST(Breaker, OpensOnSlowCalls) {
  Breaker breaker(policy);
  for (int i = 0; i < 2; ++i) succeed(breaker, start, seconds{1});
  for (int i = 0; i < 7; ++i) succeed(breaker, start, seconds{3});
  EXPECT_EQ(breaker.state(start), State::closed);
  succeed(breaker, start, seconds{3});
  EXPECT_EQ(breaker.state(start), State::open) << "8 of 10";
  EXPECT_EQ(breaker.reason(), Reason::slow_rate);
  const Instant later = start + seconds{1};
  succeed(breaker, later, seconds{3});
  EXPECT_EQ(breaker.state(later), State::open);
  succeed(breaker, later + seconds{2}, seconds{1});
  EXPECT_EQ(breaker.state(later + seconds{2}), State::closed);
}

// Goal: half open lets one probe through; its success closes, its failure doubles the pause.
TEST(Breaker, ProbesWhileHalfOpen) {
  Breaker breaker = opened();
  Instant now = start + seconds{1};
  EXPECT_EQ(breaker.state(now), State::half_open);
  auto probe = breaker.allow(now);
  ASSERT_TRUE(probe);
  EXPECT_FALSE(breaker.allow(now));
  EXPECT_GT(breaker.next_allowed_at(now), now);
  breaker.failed(*probe, now);
  EXPECT_EQ(breaker.next_allowed_at(now), now + seconds{2});
  now = now + seconds{2};
  fail_at(breaker, now);
  EXPECT_EQ(breaker.next_allowed_at(now), now + seconds{3}) << "doubled, up to open_max";
  now = now + seconds{3};
  probe = breaker.allow(now);
  ASSERT_TRUE(probe);
  breaker.abandoned(*probe);
  succeed(breaker, now);
  EXPECT_EQ(breaker.state(now), State::closed) << "a probe not sent gave its place back";
  EXPECT_EQ(breaker.openings(), 1U);
  fail_at(breaker, now);
  EXPECT_EQ(breaker.state(now), State::closed) << "the count starts again";
}

// Goal: answers to calls from before it opened neither close nor prolong it.
TEST(Breaker, IgnoresStragglers) {
  Breaker breaker(policy);
  const auto early = breaker.allow(start);
  const auto other = breaker.allow(start);
  for (int i = 0; i < 3; ++i) fail_at(breaker, start);
  const Instant later = start + seconds{1};
  breaker.succeeded(*early, later);
  EXPECT_EQ(breaker.state(later), State::half_open);
  breaker.failed(*other, later);
  EXPECT_EQ(breaker.next_allowed_at(later), later);
}

// Goal: the target's Retry-After prolongs the pause.
TEST(Breaker, HonoursRetryAfter) {
  Breaker breaker(policy);
  fail_at(breaker, start);
  fail_at(breaker, start);
  fail_at(breaker, start, seconds{30});
  EXPECT_EQ(breaker.next_allowed_at(start), start + seconds{30});
}

// Goal: a person's word stands until it is taken back, whatever the calls say.
TEST(Breaker, IsForcedByHand) {
  Breaker breaker = opened();
  breaker.force(Breaker::Force::closed, start);
  for (int i = 0; i < 20; ++i) fail_at(breaker, start);
  EXPECT_EQ(breaker.state(start), State::closed);
  breaker.force(Breaker::Force::none, start);
  EXPECT_EQ(breaker.state(start), State::half_open) << "an open one asks at once";
  succeed(breaker, start);
  EXPECT_EQ(breaker.state(start), State::closed);
  breaker.force(Breaker::Force::open, start);
  EXPECT_FALSE(breaker.allow(start));
  EXPECT_EQ(breaker.next_allowed_at(start), Instant::never());
  breaker.force(Breaker::Force::none, start);
  EXPECT_EQ(breaker.state(start), State::closed) << "it was well before";
}

// Goal: for any order of calls, ends and forcing: never more probes than allowed, forced states
// win, an open breaker lets nothing through, and a pause is never longer than the longest.
TEST(Breaker, HoldsItsLawsWhateverHappens) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    runtime::Random random(seed);
    BreakerPolicy some = policy;
    some.probes_max = static_cast<std::uint32_t>(1 + random.below(3));
    some.probes_needed = static_cast<std::uint32_t>(1 + random.below(3));
    Breaker breaker(some);
    std::vector<Ticket> out;
    Instant now = start;
    auto forced = Breaker::Force::none;
    for (int step = 0; step < 500; ++step) {
      now = now + Duration{static_cast<std::int64_t>(random.below(700'000))};
      const State before = breaker.state(now);
      if (random.below(3) == 0) {
        const auto ticket = breaker.allow(now);
        if (forced == Breaker::Force::closed) ASSERT_TRUE(ticket) << seed;
        if (forced == Breaker::Force::open) ASSERT_FALSE(ticket) << seed;
        if (before == State::open) ASSERT_FALSE(ticket) << seed;
        if (ticket) out.push_back(*ticket);
      } else if (!out.empty() && random.below(20) != 0) {
        const std::size_t at = random.below(out.size());
        const Ticket ticket = out[at];
        out.erase(out.begin() + static_cast<std::ptrdiff_t>(at));
        const auto end = random.below(8);
        if (end < 4) breaker.failed(ticket, now);
        if (end >= 4 && end < 7) breaker.succeeded(ticket, now, seconds{random.below(4)});
        if (end == 7) breaker.abandoned(ticket);
      } else if (random.below(10) == 0) {
        forced = static_cast<Breaker::Force>(random.below(3));
        breaker.force(forced, now);
      }
      const auto probes = static_cast<std::size_t>(std::ranges::count(out, true, &Ticket::probe));
      ASSERT_LE(probes, some.probes_max) << seed;
      ASSERT_EQ(probes, breaker.probes_under_way()) << seed;
      if (forced == Breaker::Force::open) ASSERT_EQ(breaker.state(now), State::open) << seed;
      if (forced == Breaker::Force::closed) ASSERT_EQ(breaker.state(now), State::closed) << seed;
      if (forced == Breaker::Force::none) {
        ASSERT_LE(breaker.next_allowed_at(now), now + some.open_max) << seed;
      }
    }
  }
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
