// Goal: what only the SQLite engine promises: kill, full disk, unclear commits, schema, fencing,
// log.
#include "store/sqlite/sqlite_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/executor_work_guard.hpp>
#include <fstream>
#include <map>
#include <set>

#include "runtime/asio_scheduler.h"
#include "runtime/random.h"
#include "runtime/sim_scheduler.h"
#include "store/sqlite/connection.h"
#include "store/sqlite/fault_vfs.h"
#include "store/sqlite/schema.h"
#include "store/test_folder.h"

namespace crossfoot::store {
namespace {

constexpr Instant start{1'700'000'000'000'000};

Id number_id(std::uint64_t n) {
  return {(std::uint64_t{1'700'000'000'000} << 16) | ((n % partition_count) << 4), n};
}

Unit numbered_unit(std::uint64_t n) {
  Unit unit;
  unit.keys = {{.hash = hash128(std::to_string(n)), .id = number_id(n)}};
  unit.flows = {{.id = number_id(n), .state = std::string(500, 'f')}};
  unit.message = {.id = number_id(n), .shop = "S", .body = std::string(1200, 'm')};
  unit.journal = {{.partition = number_id(n).partition(), .flow = number_id(n), .entry = "j"}};
  unit.counters = {{"units", 1}};
  return unit;
}

/// A store on a simulated scheduler, without threads.
struct Inline {
  explicit Inline(SqliteOptions options) {
    options.home = &scheduler;
    options.inline_execution = true;
    auto opened = open_sqlite(std::move(options));
    if (opened) {
      store = std::move(*opened);
    } else {
      fault = opened.error();
    }
  }

  UnitResult commit(Unit unit) {
    std::optional<UnitResult> answer;
    store->commit(std::move(unit), [&](UnitResult result) { answer = std::move(result); });
    while (!answer && scheduler.step()) {
    }
    return answer.value_or(UnitResult{});
  }
  template <class F>
  auto read(F work) {
    std::optional<decltype(work(std::declval<Reader&>()))> value;
    bool done = false;
    store->read([&](Reader& reader) { value.emplace(work(reader)); }, [&] { done = true; });
    while (!done && scheduler.step()) {
    }
    return std::move(*value);
  }

  runtime::SimScheduler scheduler{start};
  std::unique_ptr<Store> store;
  Fault fault;
};

[[noreturn]] void commit_until_killed(const std::string& path, int out) {
  boost::asio::io_context context{1};
  const auto work = boost::asio::make_work_guard(context);
  runtime::AsioScheduler scheduler(context);
  auto opened = open_sqlite({.path = path, .home = &scheduler, .log_soft_bytes = 1U << 20});
  if (!opened) _exit(3);
  // Numbers of different runs do not meet: the incarnation is their upper half.
  std::uint64_t next = std::uint64_t{(*opened)->opened().incarnation} << 32;
  std::function<void()> begin = [&] {
    const std::uint64_t n = ++next;
    (*opened)->commit(numbered_unit(n), [&, n](UnitResult result) {
      if (result.outcome != Outcome::applied) _exit(4);
      if (write(out, &n, sizeof n) != sizeof n) _exit(5);
      begin();
    });
  };
  for (int i = 0; i < 64; ++i) begin();
  for (;;) context.run_one();
}

TEST(SqliteStore, WhatWasAcknowledgedSurvivesAKillAndNothingIsHalfThere) {
  // Goal: 20 kills of the writing process at random moments, one file.
  TestFolder folder;
  runtime::Random random(4711);
  std::set<std::uint64_t> acknowledged;
  for (int round = 0; round < 20; ++round) {
    int pipe_ends[2];
    ASSERT_EQ(pipe(pipe_ends), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      ::close(pipe_ends[0]);
      commit_until_killed(folder.file("store.db"), pipe_ends[1]);
    }
    ::close(pipe_ends[1]);
    // The moment is counted in acknowledgements, so that a slow machine changes nothing.
    const std::uint64_t moment = 1 + random.below(3000);
    std::uint64_t n = 0;
    for (std::uint64_t count = 0; read(pipe_ends[0], &n, sizeof n) == sizeof n; ++count) {
      acknowledged.insert(n);
      if (count == moment) kill(child, SIGKILL);
    }
    ::close(pipe_ends[0]);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child ended by itself: " << WEXITSTATUS(status);
  }

  Inline reopened({.path = folder.file("store.db")});
  ASSERT_NE(reopened.store, nullptr) << reopened.fault.cause;
  EXPECT_EQ(reopened.store->opened().incarnation, 21U);
  for (const std::uint64_t n : acknowledged) {
    ASSERT_TRUE(reopened.read([&](Reader& r) { return r.load_flow(number_id(n)); })->has_value());
  }
  reopened.store->close();
  // Every table tells of the same units, so none is half there.
  auto connection = sqlite::Connection::open({.path = folder.file("store.db")}).value();
  const auto count = [&](const std::string& sql) { return connection->scalar(sql).value(); };
  const std::int64_t flows = count("SELECT count(*) FROM flow");
  EXPECT_GE(flows, static_cast<std::int64_t>(acknowledged.size()));
  EXPECT_EQ(count("SELECT count(*) FROM message JOIN flow USING(id)"), flows);
  EXPECT_EQ(count("SELECT count(*) FROM (SELECT id FROM business_key UNION SELECT id FROM key_tail)"
                  " JOIN flow USING(id)"),
            flows);
  EXPECT_EQ(count("SELECT count(*) FROM journal j JOIN flow f ON f.id=j.flow"), flows);
  EXPECT_EQ(count("SELECT value FROM counter WHERE name='units'"), flows);
  EXPECT_EQ(count("SELECT count(DISTINCT partition<<32|position) FROM journal"), flows);
  EXPECT_EQ(count("SELECT count(*) FROM (SELECT max(position) m, count(*) c FROM journal"
                  " GROUP BY partition) WHERE m<>c"),
            0)
      << "positions have gaps";
}

TEST(SqliteStore, AFullDiskWritesNothingAndMayBeTriedAgain) {
  // Goal: at the file's size limit units fail transient; with room again the same unit is applied.
  TestFolder folder;
  std::uint64_t applied = 0;
  {
    Inline small({.path = folder.file("store.db"), .page_count_max = 120});
    ASSERT_NE(small.store, nullptr) << small.fault.cause;
    UnitResult result;
    while ((result = small.commit(numbered_unit(applied + 1))).outcome == Outcome::applied) {
      ++applied;
      ASSERT_LT(applied, 1000U);
    }
    EXPECT_EQ(result.outcome, Outcome::failed);
    EXPECT_EQ(result.fault.fault_class, FaultClass::transient);
    EXPECT_EQ(result.fault.code, "CF-5004");
    // The store goes on: what needs no room is still written, and reads are served.
    Unit counting;
    counting.counters = {{"units", 0}};
    EXPECT_EQ(small.commit(counting).outcome, Outcome::applied);
    EXPECT_FALSE(
        small.read([&](Reader& r) { return r.load_flow(number_id(applied + 1)); })->has_value());
    small.store->close();
  }
  EXPECT_GT(applied, 10U);
  Inline roomy({.path = folder.file("store.db")});
  EXPECT_EQ(roomy.commit(numbered_unit(applied + 1)).outcome, Outcome::applied);
  EXPECT_EQ(roomy.read([](Reader& r) { return r.counters(); })->front().second,
            static_cast<std::int64_t>(applied + 1));
}

void check_unclear_commit(void (sqlite::FaultVfs::*fault)(bool)) {
  // When the log cannot be written or synced, every unit of that commit is `unknown`, later ones
  // are refused, and after reopening each unit is there as a whole or not at all and can be told by
  // its key.
  TestFolder folder;
  sqlite::FaultVfs vfs("unclear-commit");
  {
    Inline bed({.path = folder.file("store.db"), .vfs = vfs.name()});
    ASSERT_NE(bed.store, nullptr) << bed.fault.cause;
    ASSERT_EQ(bed.commit(numbered_unit(1)).outcome, Outcome::applied);
    (vfs.*fault)(true);
    std::vector<UnitResult> results;
    // The second is a duplicate inside the group: of a row that may not be there.
    for (std::uint64_t n : {2U, 2U, 3U}) {
      bed.store->commit(numbered_unit(n), [&](UnitResult r) { results.push_back(std::move(r)); });
    }
    while (results.size() < 3 && bed.scheduler.step()) {
    }
    for (const UnitResult& result : results) {
      EXPECT_EQ(result.outcome, Outcome::unknown);
      EXPECT_EQ(result.fault.fault_class, FaultClass::unknown_outcome);
    }
    (vfs.*fault)(false);
    EXPECT_EQ(bed.commit(numbered_unit(4)).outcome, Outcome::failed);
    const auto refused = bed.read([](Reader& r) { return r.load_flow(number_id(1)); });
    EXPECT_EQ(refused.error().code, "CF-5007");
    EXPECT_FALSE(bed.store->target_number("erp").has_value());
  }
  Inline again({.path = folder.file("store.db"), .vfs = vfs.name()});
  ASSERT_NE(again.store, nullptr) << again.fault.cause;
  EXPECT_TRUE(again.read([](Reader& r) { return r.load_flow(number_id(1)); })->has_value());
  EXPECT_FALSE(again.read([](Reader& r) { return r.load_flow(number_id(4)); })->has_value());
  for (std::uint64_t n : {2U, 3U}) {
    const bool there =
        again.read([&](Reader& r) { return r.load_flow(number_id(n)); })->has_value();
    EXPECT_EQ(again.commit(numbered_unit(n)).outcome,
              there ? Outcome::duplicate : Outcome::applied);
  }
}

TEST(SqliteStore, AFailedSyncIsAnUnclearCommit) {
  // Goal: `unknown`, then refusal, then the truth by key after reopening.
  check_unclear_commit(&sqlite::FaultVfs::fail_log_syncs);
}

TEST(SqliteStore, AFailedWriteOfTheLogIsAnUnclearCommit) {
  // Goal: the same when the log's bytes cannot be written at COMMIT.
  check_unclear_commit(&sqlite::FaultVfs::fail_log_writes);
}

TEST(SqliteStore, AnErrorOfTheMediumBeforeCommitFailsTheGroupAlone) {
  // Goal: unreadable pages: nothing is written, every unit of the group fails transient, and when
  // the medium is well again the store goes on without being reopened.
  TestFolder folder;
  sqlite::FaultVfs vfs("read-errors");
  {
    Inline bed({.path = folder.file("store.db"), .vfs = vfs.name()});
    for (std::uint64_t n = 1; n <= 300; ++n) bed.commit(numbered_unit(n));
    bed.store->close();
  }
  Inline bed({.path = folder.file("store.db"), .vfs = vfs.name()});
  ASSERT_NE(bed.store, nullptr) << bed.fault.cause;
  vfs.fail_reads(true);
  const UnitResult failed = bed.commit(numbered_unit(1000));
  EXPECT_EQ(failed.outcome, Outcome::failed);
  EXPECT_EQ(failed.fault.fault_class, FaultClass::transient);
  vfs.fail_reads(false);
  EXPECT_EQ(bed.commit(numbered_unit(1000)).outcome, Outcome::applied);
  EXPECT_EQ(bed.read([](Reader& r) { return r.counters(); })->front().second, 301);
}

TEST(SqliteStore, AFileOfTheFirstSchemaIsTakenOver) {
  // Goal: what the release before has written stays, and what is new works.
  TestFolder folder;
  {
    Inline first({.path = folder.file("store.db")});
    ASSERT_EQ(first.commit(numbered_unit(1)).outcome, Outcome::applied);
    first.store->close();
  }
  {
    auto connection = sqlite::Connection::open({.path = folder.file("store.db")}).value();
    ASSERT_TRUE(connection->execute(
        "INSERT INTO business_key SELECT kind, date, hash, id, content, revision, projection"
        " FROM key_tail; DROP TABLE key_tail; DROP TABLE message_till;"
        "DROP TABLE message_till_tail; CREATE INDEX message_till"
        " ON message(business_date, shop, register_name, sequence, id);"
        "DROP TABLE fingerprint; DROP TABLE record; PRAGMA user_version=1"));
  }
  Inline again({.path = folder.file("store.db")});
  ASSERT_NE(again.store, nullptr) << again.fault.cause;
  EXPECT_TRUE(again.read([](Reader& r) { return r.load_flow(number_id(1)); })->has_value());
  EXPECT_EQ(again.commit(numbered_unit(1)).outcome, Outcome::duplicate);
  const auto of_shop = again.read(
      [](Reader& r) { return r.messages({.business_date = BusinessDate{}, .shop = "S"}, false); });
  ASSERT_TRUE(of_shop);
  EXPECT_EQ(of_shop->size(), 1U);
  Unit unit = numbered_unit(2);
  unit.fingerprint = {hash128("basket"), {1}, number_id(2)};
  EXPECT_EQ(again.commit(std::move(unit)).outcome, Outcome::applied);
}

TEST(SqliteStore, ANewerSchemaIsRefusedBeforeAnythingIsWritten) {
  // Goal: a file of a later release is left as it is.
  TestFolder folder;
  Inline({.path = folder.file("store.db")}).store->close();
  {
    auto connection = sqlite::Connection::open({.path = folder.file("store.db")}).value();
    ASSERT_TRUE(connection->execute("PRAGMA user_version=999; PRAGMA wal_checkpoint(TRUNCATE)"));
  }
  const auto written = std::filesystem::last_write_time(folder.file("store.db"));
  const Inline refused({.path = folder.file("store.db")});
  EXPECT_EQ(refused.store, nullptr);
  EXPECT_EQ(refused.fault.code, "CF-5006");
  EXPECT_EQ(std::filesystem::last_write_time(folder.file("store.db")), written);
}

TEST(SqliteStore, NewKeysAndTillEntriesAreFoundWhereverTheyLieAndAfterEachCrash) {
  // Goal: duplicates are refused, keys and a shop's messages are found, while entries gather, move
  // and are dropped from the tails, and after openings that follow no close.
  TestFolder folder;
  constexpr std::uint64_t shops = 7;
  std::map<std::uint64_t, std::size_t> by_shop;
  runtime::Random random(7);
  std::uint64_t n = 0;
  for (int opening = 0; opening < 12; ++opening) {
    Inline bed({.path = folder.file("store.db"), .gathered_max = 24});
    ASSERT_NE(bed.store, nullptr) << bed.fault.cause;
    for (int round = 0; round < 60; ++round) {
      const std::uint64_t group = 1 + random.below(6);
      for (std::uint64_t i = 0; i < group; ++i) {
        Unit unit = numbered_unit(++n);
        unit.message->shop = std::to_string(n % shops);
        unit.message->sequence = std::to_string(n);
        ++by_shop[n % shops];
        // One of a group is refused after it took its key, so that the key is given back.
        if (i == 1) {
          Unit refused = numbered_unit(1'000'000 + n);
          refused.flows.front().version = 9;
          bed.store->commit(std::move(refused), [](const UnitResult& result) {
            EXPECT_EQ(result.outcome, Outcome::conflict);
          });
        }
        bed.store->commit(std::move(unit), [](const UnitResult& result) {
          EXPECT_EQ(result.outcome, Outcome::applied);
        });
      }
      bed.scheduler.after(std::chrono::milliseconds{700}, [] {});
      while (bed.scheduler.step()) {
      }
      const std::uint64_t known = 1 + random.below(n);
      const UnitResult again = bed.commit(numbered_unit(known));
      ASSERT_EQ(again.outcome, Outcome::duplicate) << known;
      EXPECT_EQ(again.duplicate_of.id, number_id(known));
      const auto key =
          bed.read([&](Reader& r) { return r.find_key({}, {}, hash128(std::to_string(known))); });
      ASSERT_TRUE(key.has_value() && key->has_value()) << known;
      EXPECT_EQ((*key)->id, number_id(known));
      EXPECT_FALSE(bed.read([&](Reader& r) {
                        return r.find_key({}, {}, hash128(std::to_string(1'000'000 + known)));
                      })
                       ->has_value());
      const std::uint64_t shop = random.below(shops);
      const auto found = bed.read([&](Reader& r) {
        return r.messages({.business_date = BusinessDate{},
                           .shop = std::to_string(shop),
                           .state = MessageState::accepted,
                           .limit = 1000},
                          false);
      });
      ASSERT_TRUE(found.has_value());
      ASSERT_EQ(found->size(), by_shop[shop]) << "after " << n;
    }
  }
  auto connection = sqlite::Connection::open({.path = folder.file("store.db")}).value();
  const auto count = [&](const std::string& sql) { return connection->scalar(sql).value(); };
  EXPECT_EQ(count("SELECT count(*) FROM (SELECT hash FROM business_key UNION SELECT hash FROM"
                  " key_tail)"),
            static_cast<std::int64_t>(n));
  EXPECT_LT(count("SELECT count(*) FROM key_tail"), 200) << "they move";
  EXPECT_LT(count("SELECT count(*) FROM message_till_tail"), 200) << "they move";
}

TEST(SqliteStore, AForeignFileIsNotTaken) {
  // Goal: bytes that are no database are a corrupt fault.
  TestFolder folder;
  std::ofstream(folder.file("store.db")) << std::string(8192, 'x');
  const Inline refused({.path = folder.file("store.db")});
  EXPECT_EQ(refused.store, nullptr);
  EXPECT_EQ(refused.fault.code, "CF-5003");
}

TEST(SqliteStore, ASecondOpeningFencesOutTheFirst) {
  // Goal: two processes on one file: the one that opened first writes nothing any more.
  TestFolder folder;
  Inline first({.path = folder.file("store.db")});
  ASSERT_EQ(first.commit(numbered_unit(1)).outcome, Outcome::applied);
  Inline second({.path = folder.file("store.db")});
  const UnitResult refused = first.commit(numbered_unit(2));
  EXPECT_EQ(refused.outcome, Outcome::failed);
  EXPECT_EQ(refused.fault.fault_class, FaultClass::transient);
  EXPECT_EQ(first.commit(numbered_unit(3)).outcome, Outcome::failed);
  EXPECT_FALSE(first.read([](Reader& r) { return r.load_flow(number_id(1)); }).has_value());
  EXPECT_EQ(second.commit(numbered_unit(2)).outcome, Outcome::applied);
}

TEST(SqliteStore, AUnitTooLargeFailsAloneAmongOthers) {
  // Goal: a row over the size limit is a deterministic failure of that unit.
  TestFolder folder;
  Inline bed({.path = folder.file("store.db"), .row_bytes_max = 100'000});
  std::vector<UnitResult> results;
  for (std::uint64_t n = 1; n <= 5; ++n) {
    Unit unit = numbered_unit(n);
    if (n == 3) unit.journal[0].entry = std::string(100'001, 'x');
    bed.store->commit(std::move(unit), [&](UnitResult r) { results.push_back(std::move(r)); });
  }
  while (bed.scheduler.step()) {
  }
  ASSERT_EQ(results.size(), 5U);
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(results[i].outcome, i == 2 ? Outcome::failed : Outcome::applied) << i;
  }
  EXPECT_EQ(results[2].fault.fault_class, FaultClass::rejected);
}

TEST(SqliteStore, TheLogStaysShortUnderLoadAndReaders) {
  // Goal: a busy log begins anew; its peak stays near the soft limit, and the file can be read
  // after.
  TestFolder folder;
  Inline bed({.path = folder.file("store.db"), .log_soft_bytes = 1U << 20});
  for (std::uint64_t n = 1; n <= 3000; ++n) {
    bed.store->commit(numbered_unit(n), [](UnitResult) {});
    if (n % 20 != 0) continue;
    while (bed.scheduler.step()) {
    }
  }
  const StoreStats stats = bed.store->stats();
  EXPECT_EQ(stats.units, 3000U);
  EXPECT_LT(stats.log_bytes_peak, 4U << 20);
  EXPECT_GT(stats.bytes_written, 6U << 20);
}

TEST(SqliteStore, OverTheHardLimitBulkWaitsAndLiveGoesOn) {
  // Goal: while a reader holds the log, `under_pressure` turns true, bulk units wait, live ones do
  // not.
  TestFolder folder;
  Inline bed(
      {.path = folder.file("store.db"), .log_soft_bytes = 256U << 10, .log_hard_bytes = 1U << 20});
  ASSERT_EQ(bed.commit(numbered_unit(1'000'000)).outcome, Outcome::applied);
  auto outside = sqlite::Connection::open({.path = folder.file("store.db")}).value();
  ASSERT_TRUE(outside->execute("BEGIN"));
  ASSERT_TRUE(outside->scalar("SELECT count(*) FROM flow").has_value());
  std::uint64_t n = 0;
  while (!bed.store->under_pressure()) {
    ASSERT_EQ(bed.commit(numbered_unit(++n)).outcome, Outcome::applied);
    ASSERT_LT(n, 2000U);
  }
  bool bulk_done = false;
  Unit bulk = numbered_unit(++n);
  bulk.lane = Lane::batch;
  bed.store->commit(std::move(bulk), [&](UnitResult) { bulk_done = true; });
  EXPECT_EQ(bed.commit(numbered_unit(++n)).outcome, Outcome::applied);
  EXPECT_FALSE(bulk_done);
  ASSERT_TRUE(outside->execute("COMMIT"));
  EXPECT_EQ(bed.commit(numbered_unit(++n)).outcome, Outcome::applied);
  while (!bulk_done && bed.scheduler.step()) {
  }
  EXPECT_TRUE(bulk_done);
  EXPECT_FALSE(bed.store->under_pressure());
}

}  // namespace
}  // namespace crossfoot::store
