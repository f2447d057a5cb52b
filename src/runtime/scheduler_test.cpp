#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "runtime/asio_scheduler.h"
#include "runtime/random.h"
#include "runtime/sim_scheduler.h"

namespace crossfoot::runtime {
namespace {

using namespace std::chrono_literals;

constexpr Instant start{1'000'000'000};

TEST(SimScheduler, runs_in_order_of_time_then_of_posting) {
  // Goal: whatever the order of asking, tasks run by time, equals by posting, on virtual time.
  SimScheduler scheduler(start);
  std::string order;
  scheduler.after(20ms, [&] { order += 'd'; });
  scheduler.after(10ms, [&] { order += 'b'; });
  scheduler.after(10ms, [&] {
    order += 'c';
    EXPECT_EQ(scheduler.now(), start + 10ms);
    scheduler.after(-5ms, [&] { order += 'x'; });  // not positive: at once, but not inside
    order += '.';
  });
  scheduler.post([&] { order += 'a'; });
  EXPECT_EQ(order, "");
  while (scheduler.step()) {
  }
  EXPECT_EQ(order, "abc.xd");
  EXPECT_EQ(scheduler.monotonic(), 20ms);
  EXPECT_TRUE(scheduler.idle());
}

TEST(SimScheduler, forgets_cancelled_timers) {
  // Goal: a cancelled timer does not run; unknown and fired ids are ignored.
  SimScheduler scheduler(start);
  int runs = 0;
  const auto kept = scheduler.after(1ms, [&] { ++runs; });
  const auto dropped = scheduler.after(1ms, [&] { runs += 100; });
  scheduler.cancel(dropped);
  scheduler.cancel(dropped);
  scheduler.cancel(4711);
  while (scheduler.step()) {
  }
  scheduler.cancel(kept);
  EXPECT_EQ(runs, 1);
}

TEST(SimScheduler, moves_the_wall_clock_alone_when_it_jumps) {
  // Goal: a jump of the wall clock touches neither monotonic time nor what is due.
  SimScheduler scheduler(start);
  scheduler.after(5ms, [] {});
  scheduler.jump(-1h);
  EXPECT_EQ(scheduler.now(), start - 1h);
  EXPECT_EQ(scheduler.next_at(), 5ms);
  EXPECT_TRUE(scheduler.step());
  EXPECT_EQ(scheduler.monotonic(), 5ms);
}

TEST(SimScheduler, drops_everything_in_a_crash) {
  // Goal: after a crash nothing that was posted runs, and new work does.
  SimScheduler scheduler(start);
  int runs = 0;
  scheduler.post([&] { runs += 100; });
  scheduler.crash();
  scheduler.post([&] { ++runs; });
  while (scheduler.step()) {
  }
  EXPECT_EQ(runs, 1);
}

TEST(AsioScheduler, runs_timers_in_order_and_forgets_cancelled_ones) {
  // Goal: the real scheduler keeps the same promises, also for a timer that is cancelled by the
  // task that runs just before it.
  boost::asio::io_context context;
  AsioScheduler scheduler(context);
  std::string order;
  Scheduler::TimerId last = 0;
  const Duration before = scheduler.monotonic();
  scheduler.after(2ms, [&] { order += 'c'; });
  scheduler.after(1ms, [&] {
    order += 'b';
    scheduler.cancel(last);
  });
  last = scheduler.after(1ms, [&] { order += 'x'; });
  scheduler.post([&] { order += 'a'; });
  EXPECT_EQ(order, "");
  context.run();
  EXPECT_EQ(order, "abc");
  EXPECT_GE(scheduler.monotonic() - before, 2ms);
  EXPECT_GT(scheduler.now(), Instant{1'700'000'000'000'000});
}

TEST(Random, repeats_by_seed_and_stays_below) {
  // Goal: one seed gives one sequence, another another, and bounds hold.
  Random first(7);
  Random second(7);
  Random other(8);
  bool differs = false;
  for (int i = 0; i < 1000; ++i) {
    const std::uint64_t value = first.next();
    EXPECT_EQ(value, second.next());
    differs |= value != other.next();
    EXPECT_LT(first.below(10), 10U);
    static_cast<void>(second.below(10));
  }
  EXPECT_TRUE(differs);
  EXPECT_FALSE(first.chance(0));
  EXPECT_TRUE(first.chance(1'000'000));
  EXPECT_NE(system_seed(), system_seed());
}

}  // namespace
}  // namespace crossfoot::runtime
