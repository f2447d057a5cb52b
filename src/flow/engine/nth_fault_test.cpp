// Goal: the n-th write, sync, read of the files, request to the database server, call, question
// fails, for n = 1 … until a run is clean; and the server dies after its n-th task. After each:
// nothing accepted is lost, no effect stands twice in a target's own book, the data store opens
// again.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <iterator>
#include <string>

#include "flow/engine/sim_run.h"
#include "store/postgres/postgres_store.h"
#include "store/postgres_proxy.h"
#include "store/postgres_server.h"

namespace crossfoot::flow::sim {
namespace {

using Call = store::sqlite::FaultVfs::Call;

/// Few sales, with what belongs to them, and targets that behave.
WorldOptions small_day(std::uint32_t sales = 3) {
  return {.seed = 7, .sales = sales, .span = std::chrono::seconds{3}};
}

/// After a run; prints how to find it when it is not as it must be.
void check(World& world, const std::string& what) {
  SCOPED_TRACE(what);
  if (!testing::Test::HasFailure()) world.check();
  if (testing::Test::HasFailure()) ADD_FAILURE() << world.report();
}

void play(World& world, const std::string& what) {
  world.run();
  check(world, what);
}

/// The n-th call of this kind to the files fails, once or for five seconds.
std::uint64_t fail_each(Call call, bool lasting) {
  for (std::uint64_t n = 1;; ++n) {
    SqliteSimDisk disk;
    World world(disk, small_day());
    disk.vfs().fail_nth(call, n, lasting);
    world.at(std::chrono::seconds{5}, [&disk] { disk.vfs().heal(); });
    play(world, fmt::format("call {} of its kind", n));
    if (testing::Test::HasFailure() || !disk.vfs().struck()) return n - 1;
  }
}

TEST(NthFault, EachWrite) {
  EXPECT_GT(fail_each(Call::write, false), 20U);
}
TEST(NthFault, EachWriteAndThoseAfterIt) {
  EXPECT_GT(fail_each(Call::write, true), 20U);
}
TEST(NthFault, EachSync) {
  EXPECT_GT(fail_each(Call::sync, false), 20U);
}
TEST(NthFault, EachSyncAndThoseAfterIt) {
  EXPECT_GT(fail_each(Call::sync, true), 20U);
}
TEST(NthFault, EachRead) {
  EXPECT_GT(fail_each(Call::read, false), 10U);
}
TEST(NthFault, EachReadAndThoseAfterIt) {
  EXPECT_GT(fail_each(Call::read, true), 10U);
}
TEST(NthFault, EachOpening) {
  EXPECT_GT(fail_each(Call::open, false), 3U);
}

TEST(NthFault, EachCallToATarget) {
  for (const CallFault fault : call_faults) {
    std::uint64_t n = 1;
    for (;; ++n) {
      MemorySimDisk disk;
      WorldOptions options = small_day();
      options.scripted = {.call = n, .fault = fault};
      World world(disk, options);
      play(world, fmt::format("call {}, fault {}", n, static_cast<int>(fault)));
      if (testing::Test::HasFailure()) return;
      if (!world.scripted_came) break;
    }
    EXPECT_GT(n, 10U);
  }
}

TEST(NthFault, EachQuestionToATarget) {
  std::uint64_t n = 1;
  for (;; ++n) {
    MemorySimDisk disk;
    WorldOptions options = small_day();
    options.faults.lost_after = 400'000;  // so that there are questions
    options.scripted = {.lookup = n};
    World world(disk, options);
    play(world, fmt::format("question {}", n));
    if (testing::Test::HasFailure()) return;
    if (!world.scripted_came) break;
  }
  EXPECT_GT(n, 3U);
}

TEST(NthFault, DeathAfterEachTask) {
  std::uint64_t n = 1;
  for (;; ++n) {
    MemorySimDisk disk;
    WorldOptions options = small_day();
    options.crash_after_step = n;
    World world(disk, options);
    play(world, fmt::format("task {}", n));
    if (testing::Test::HasFailure()) return;
    if (world.steps < n) break;
  }
  EXPECT_GT(n, 200U);
}

TEST(NthFault, PowerCutAfterEachTaskUnderSqlite) {
  std::uint64_t n = 1;
  for (;; ++n) {
    SqliteSimDisk disk;
    WorldOptions options = small_day();
    options.crash_after_step = n;
    World world(disk, options);
    play(world, fmt::format("task {}", n));
    if (testing::Test::HasFailure()) return;
    if (world.steps < n) break;
  }
  EXPECT_GT(n, 200U);
}

/// A database on a real server, emptied for each run, behind a relay that cuts lines.
class PostgresSimDisk final : public SimDisk {
 public:
  PostgresSimDisk() {
    server().execute(
        "DO $$ DECLARE tables text; BEGIN"
        " SELECT string_agg('crossfoot.' || tablename, ', ') INTO tables FROM pg_tables"
        " WHERE schemaname = 'crossfoot' AND tablename NOT IN ('meta', 'partition_owner');"
        " IF tables IS NULL THEN RETURN; END IF;"
        " EXECUTE 'TRUNCATE ' || tables;"
        " UPDATE crossfoot.meta SET value = 0 WHERE name = 'last_recorded_at'; END $$");
    // Every opening writes every partition's row.
    if (server().execute("SELECT to_regclass('crossfoot.meta')::text") != "") {
      server().execute("VACUUM crossfoot.partition_owner");
    }
  }

  Result<std::unique_ptr<store::Store>> open(runtime::Scheduler& home) override {
    store::PostgresOptions options;
    options.url = proxy().url("postgres");
    options.home = &home;
    options.inline_execution = true;
    return store::open_postgres(options);
  }
  void crash(std::unique_ptr<store::Store> store, runtime::Random&) override { store.reset(); }

  static store::PostgresProxy& proxy() {
    static store::PostgresProxy only(server().folder());
    return only;
  }

 private:
  static store::PostgresServer& server() {
    static store::PostgresServer only;
    return only;
  }
};

/// The n-th request to the database server loses its line; the ways take turns from n to n, so that
/// the suite goes through every request once.
TEST(NthFault, EachRequestToPostgres) {
  using Cut = store::PostgresProxy::Cut;
  if (!store::PostgresServer::missing().empty()) GTEST_SKIP() << store::PostgresServer::missing();
  constexpr Cut ways[] = {Cut::before_request, Cut::before_answer, Cut::within_answer};
  store::PostgresProxy& proxy = PostgresSimDisk::proxy();
  std::uint64_t n = 1;
  for (;; ++n) {
    PostgresSimDisk disk;
    World world(disk, small_day(1));
    proxy.cut(ways[n % std::size(ways)], n);
    world.run();
    const bool struck = proxy.struck();
    proxy.cut(Cut::before_request, 0);
    check(world, fmt::format("request {}", n));
    if (testing::Test::HasFailure()) return;
    if (!struck) break;
  }
  EXPECT_GT(n, 30U);
}

}  // namespace
}  // namespace crossfoot::flow::sim
