// Goal: the memory store's model of durability: faults on request, crashes, reopening.
#include "store/memory/memory_store.h"

#include <gtest/gtest.h>

#include "runtime/sim_scheduler.h"

namespace crossfoot::store {
namespace {

Unit counting() {
  Unit unit;
  unit.counters = {{"n", 1}};
  return unit;
}

struct Bed {
  void open() { store = std::make_unique<MemoryStore>(disk, scheduler); }
  void commit(int units) {
    for (int i = 0; i < units; ++i) {
      store->commit(counting(), [&](UnitResult r) { outcomes.push_back(r.outcome); });
    }
  }
  void run() {
    while (scheduler.step()) {
    }
  }
  [[nodiscard]] std::int64_t counted() const {
    const auto& counters = disk.state().counters;
    return counters.contains("n") ? counters.at("n") : 0;
  }

  runtime::SimScheduler scheduler{Instant{1'000'000}};
  MemoryDisk disk;
  std::unique_ptr<MemoryStore> store;
  std::vector<Outcome> outcomes;
};

TEST(MemoryStore, ACommitIsDurableAfterItsLatencyAlone) {
  // Goal: a crash before the end of the commit loses it and every callback.
  Bed bed;
  bed.open();
  bed.commit(3);
  ASSERT_TRUE(bed.scheduler.step());  // the commit begins
  EXPECT_EQ(bed.counted(), 0);
  bed.store->crash();
  bed.run();
  EXPECT_EQ(bed.counted(), 0);
  EXPECT_TRUE(bed.outcomes.empty());
  const std::uint32_t incarnation = bed.store->opened().incarnation;
  bed.open();
  EXPECT_EQ(bed.store->opened().incarnation, incarnation + 1);
  bed.commit(2);
  bed.run();
  EXPECT_EQ(bed.counted(), 2);
  EXPECT_EQ(bed.outcomes, std::vector(2, Outcome::applied));
}

TEST(MemoryStore, ACrashMayComeAfterTheDiskHasIt) {
  // Goal: the commit under way is on the disk, unacknowledged; what only waited is lost.
  Bed bed;
  bed.open();
  bed.commit(3);
  ASSERT_TRUE(bed.scheduler.step());
  bed.commit(2);
  bed.store->crash(MemoryStore::InFlight::applied);
  bed.run();
  EXPECT_EQ(bed.counted(), 3);
  EXPECT_TRUE(bed.outcomes.empty());
}

TEST(MemoryStore, FaultsOnRequest) {
  // Goal: failed writes nothing and goes on; unclear answers unknown and refuses until reopened.
  Bed bed;
  bed.open();
  bed.store->fail_next_commit(MemoryStore::CommitFault::failed);
  bed.commit(2);
  bed.run();
  EXPECT_EQ(bed.outcomes, std::vector(2, Outcome::failed));
  EXPECT_EQ(bed.counted(), 0);
  bed.outcomes.clear();
  bed.commit(1);
  bed.run();
  EXPECT_EQ(bed.counted(), 1);

  for (const auto fault :
       {MemoryStore::CommitFault::unclear_applied, MemoryStore::CommitFault::unclear_lost}) {
    bed.open();
    bed.outcomes.clear();
    const std::int64_t before = bed.counted();
    bed.store->fail_next_commit(fault);
    bed.commit(2);
    bed.run();
    EXPECT_EQ(bed.outcomes, std::vector(2, Outcome::unknown));
    EXPECT_EQ(bed.counted() - before, fault == MemoryStore::CommitFault::unclear_applied ? 2 : 0);
    bed.commit(1);
    bed.run();
    EXPECT_EQ(bed.outcomes.back(), Outcome::failed);
  }
}

TEST(MemoryStore, ASecondOpeningFencesOutTheFirst) {
  // Goal: two owners of one disk: the older one writes nothing, not even what it had begun.
  Bed bed;
  bed.open();
  bed.commit(1);
  ASSERT_TRUE(bed.scheduler.step());
  MemoryStore second(bed.disk, bed.scheduler);
  bed.run();
  EXPECT_EQ(bed.outcomes, std::vector(1, Outcome::failed));
  EXPECT_EQ(bed.counted(), 0);
}

}  // namespace
}  // namespace crossfoot::store
