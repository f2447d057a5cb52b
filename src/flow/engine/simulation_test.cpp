// Goal: on virtual time, with crashes, unclear commits, full disks, jumping clocks and targets at
// their worst, every accepted message is done or visibly parked, and every target's own book holds
// each effect exactly once. One seed is repeated by `./dev sim SEED`.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <optional>
#include <string>

#include "flow/engine/sim_run.h"

namespace crossfoot::flow::sim {
namespace {

/// What many runs did together, to see that the rare paths were really taken.
struct Sum {
  std::size_t openings = 0;
  std::array<std::size_t, mischief_count> befell{};
  std::size_t gated = 0;
  std::uint64_t sales = 0;
  std::uint64_t steps = 0;
  std::size_t corrections = 0;
  std::size_t suspects = 0;
  std::uint64_t surveys = 0;

  [[nodiscard]] std::size_t count(Mischief mischief) const {
    return befell[static_cast<std::size_t>(mischief)];
  }
};

/// Runs one seed; false when an invariant is broken, which it prints with the way to repeat it.
bool play(SimDisk& disk, const WorldOptions& options, Sum& sum, const std::string& command) {
  World world(disk, options);
  world.run();
  if (!testing::Test::HasFailure()) world.check();
  sum.openings += world.openings;
  for (std::size_t i = 0; i < sum.befell.size(); ++i) sum.befell[i] += world.befell[i];
  sum.gated += world.gated;
  sum.sales += world.sales_done;
  sum.steps += world.steps;
  sum.corrections += world.corrections;
  sum.suspects += world.suspects;
  sum.surveys += world.surveys;
  if (!testing::Test::HasFailure()) return true;
  ADD_FAILURE() << world.report() << "repeat it with: " << command;
  return false;
}

std::string filter() {
  const auto* test = testing::UnitTest::GetInstance()->current_test_info();
  return fmt::format("flow_engine_test --gtest_filter='{}.{}'", test->test_suite_name(),
                     test->name());
}

/// `count` seeds from 1 on, each with a disk of its own.
template <class Disk = MemorySimDisk>
Sum play_seeds(std::uint64_t count, WorldOptions options) {
  Sum sum;
  for (options.seed = 1; options.seed <= count; ++options.seed) {
    Disk disk;
    if (!play(disk, options, sum, filter())) break;
  }
  return sum;
}

/// The run of `./dev sim`: everything at once.
WorldOptions everything(std::uint64_t seed) {
  return {.seed = seed, .sales = 8, .faults = bad_day(), .mischiefs = 6, .kinds = every_mischief()};
}

TEST(Simulation, AQuietDayEndsWithEverythingDone) {
  EXPECT_GT(play_seeds(1, {.sales = 20}).sales, 0U);
}

TEST(Simulation, TargetsAtTheirWorst) {
  play_seeds(300, {.sales = 12, .faults = bad_day()});
}

TEST(Simulation, CrashesAndUnclearCommits) {
  const Sum sum = play_seeds(1000, {.sales = 8,
                                    .faults = bad_day(),
                                    .mischiefs = 7,
                                    .kinds = {Mischief::crash, Mischief::crash,
                                              Mischief::unclear_commit, Mischief::outage}});
  EXPECT_GT(sum.openings, 3000U);
  EXPECT_GT(sum.count(Mischief::unclear_commit), 1000U);
  EXPECT_GT(sum.corrections, 500U);
  EXPECT_GT(sum.suspects, 30U);
}

TEST(Simulation, EverythingThatCanBefallAServer) {
  Sum sum;
  for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
    MemorySimDisk disk;
    if (!play(disk, everything(seed), sum, fmt::format("./dev sim {}", seed))) break;
  }
  for (const Mischief mischief : every_mischief()) {
    EXPECT_GT(sum.count(mischief), 500U) << to_string(mischief);
  }
}

// Goal: after a restore from a backup, whatever had happened at the targets since, and in whatever
// order the channels send anew, nothing happens twice and points are conserved.
TEST(Simulation, RestoresFromABackup) {
  const Sum sum = play_seeds(
      1000, {.sales = 8,
             .faults = bad_day(),
             .mischiefs = 4,
             .kinds = {Mischief::restore, Mischief::restore, Mischief::crash, Mischief::outage}});
  EXPECT_GT(sum.count(Mischief::restore), 1500U);
  EXPECT_GT(sum.surveys, 1000U);
}

// Goal: neither a wall clock that is set nor a process that stands still makes a call count as not
// made while its target may still carry it out.
TEST(Simulation, ClocksThatAreSetAndProcessesThatStandStill) {
  TargetFaults late = bad_day();
  late.late_apply = 200'000;
  const Sum sum = play_seeds(300, {.sales = 8,
                                   .faults = late,
                                   .mischiefs = 8,
                                   .kinds = {Mischief::clock_jump, Mischief::clock_jump,
                                             Mischief::frozen, Mischief::crash}});
  EXPECT_GT(sum.count(Mischief::clock_jump), 1000U);
}

// Goal: places are taken in the order in which they are asked for, also within a millisecond: a
// disk that commits in microseconds, and everything in one second.
TEST(Simulation, ADiskFasterThanTheClocksMilliseconds) {
  Sum sum;
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    MemorySimDisk disk({.commit_latency = std::chrono::microseconds{20}});
    TargetFaults faults = bad_day();
    faults.latency_max = std::chrono::milliseconds{2};
    const WorldOptions options{
        .seed = seed, .sales = 8, .span = std::chrono::seconds{1}, .faults = faults};
    if (!play(disk, options, sum, filter())) break;
  }
  EXPECT_GT(sum.sales, 2000U);
}

// Goal: the same on real SQLite, where a power cut leaves any part of what was not synced.
TEST(Simulation, PowerCutsAndFullDisksUnderSqlite) {
  const Sum sum = play_seeds<SqliteSimDisk>(
      24, {.sales = 8,
           .faults = bad_day(),
           .mischiefs = 10,
           .kinds = {Mischief::crash, Mischief::unclear_commit, Mischief::full_disk}});
  EXPECT_GT(sum.openings, 100U);
}

// Goal: quotas and breakers that shut one operation delay calls, and neither lose one nor let any
// leave that was not reserved.
TEST(Simulation, QuotasAndShutOperations) {
  TargetFaults faults = bad_day();
  faults.call_every = std::chrono::milliseconds{40};
  faults.shut_for = std::chrono::seconds{6};
  faults.shut_every = std::chrono::seconds{20};
  Sum sum =
      play_seeds(100, {.sales = 12, .faults = faults, .mischiefs = 1, .kinds = {Mischief::outage}});
  sum.gated += play_seeds(100, {.sales = 12,
                                .faults = faults,
                                .mischiefs = 5,
                                .kinds = {Mischief::crash, Mischief::unclear_commit}})
                   .gated;
  EXPECT_GT(sum.gated, 10'000U);
}

std::optional<std::uint64_t> number_from(const char* variable) {
  const char* text = std::getenv(variable);
  if (text == nullptr) return std::nullopt;
  return std::strtoull(text, nullptr, 10);
}

// Goal: `./dev sim SEED [--hours H] [--seeds N]`: one seed or many, a minute or hours of trade.
TEST(Simulation, FromTheCommandLine) {
  const std::uint64_t first = number_from("CROSSFOOT_SIM_SEED").value_or(4711);
  const std::uint64_t count = number_from("CROSSFOOT_SIM_SEEDS").value_or(1);
  const std::uint64_t hours = number_from("CROSSFOOT_SIM_HOURS").value_or(0);
  const auto began = std::chrono::steady_clock::now();
  Sum sum;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    WorldOptions options = everything(seed);
    std::string command = fmt::format("./dev sim {}", seed);
    if (hours > 0) {
      options.span = std::chrono::hours{hours};
      options.sales = static_cast<std::uint32_t>(360 * hours);
      options.mischiefs = static_cast<std::uint32_t>(40 * hours);
      command += fmt::format(" --hours {}", hours);
    }
    MemorySimDisk disk;
    if (!play(disk, options, sum, command)) break;
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  fmt::print("{} seeds from {}, {} sales done, {} openings, {} tasks in {:.1f} s: {:.0f} sales/s\n",
             count, first, sum.sales, sum.openings, sum.steps, took.count(),
             static_cast<double>(sum.sales) / took.count());
}

}  // namespace
}  // namespace crossfoot::flow::sim
