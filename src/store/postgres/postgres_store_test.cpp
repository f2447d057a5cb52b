// Goal: what only the PostgreSQL engine promises: lost connections, unclear commits, restarts of
// the server, fencing, unsafe settings, schema.
#include "store/postgres/postgres_store.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/executor_work_guard.hpp>
#include <map>
#include <set>
#include <thread>

#include "runtime/asio_scheduler.h"
#include "store/postgres/server_settings.h"
#include "store/postgres_server.h"

namespace crossfoot::store {
namespace {

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

/// One store with its shard, on a database of the test's server.
struct Bed {
  explicit Bed(PostgresOptions wanted) : options(std::move(wanted)) { open(); }

  void open() {
    store.reset();
    options.home = &scheduler;
    auto opened = open_postgres(options);
    fault = opened ? Fault{} : opened.error();
    if (opened) store = std::move(*opened);
  }
  UnitResult commit(Unit unit) {
    std::optional<UnitResult> answer;
    store->commit(std::move(unit), [&](UnitResult result) { answer = std::move(result); });
    while (!answer) context.run_one();
    return std::move(*answer);
  }
  template <class F>
  auto read(F look) {
    std::optional<decltype(look(std::declval<Reader&>()))> value;
    bool done = false;
    store->read([&](Reader& reader) { value.emplace(look(reader)); }, [&] { done = true; });
    while (!done) context.run_one();
    return std::move(*value);
  }
  bool has_flow(std::uint64_t n) {
    return read([&](Reader& r) { return r.load_flow(number_id(n)); }).value().has_value();
  }

  PostgresOptions options;
  boost::asio::io_context context;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{
      context.get_executor()};
  runtime::AsioScheduler scheduler{context};
  std::unique_ptr<Store> store;
  Fault fault;
};

class PostgresStoreTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!PostgresServer::missing().empty()) GTEST_SKIP() << PostgresServer::missing();
    database_ = server().create_database();
  }
  static PostgresServer& server() {
    static PostgresServer only;
    return only;
  }
  [[nodiscard]] PostgresOptions options() const { return {.url = server().url(database_)}; }
  std::string sql(const std::string& text) { return server().execute(text, database_); }

  /// Every statement that writes such a table, or the COMMIT after it, waits for a lock that the
  /// test holds; so the moment is certain.
  void hold(const std::string& table, bool at_commit) {
    sql("CREATE OR REPLACE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " PERFORM pg_advisory_xact_lock(42); RETURN NULL; END $$");
    sql(
        fmt::format("CREATE CONSTRAINT TRIGGER hold AFTER INSERT ON crossfoot.{} {} FOR EACH ROW"
                    " EXECUTE FUNCTION hold()",
                    table, at_commit ? "DEFERRABLE INITIALLY DEFERRED" : "NOT DEFERRABLE"));
    holder_ = postgres::Connection::open(server().url(database_)).value();
    ASSERT_TRUE(holder_->run_one("SELECT pg_advisory_lock(42)"));
  }
  /// Waits until the writer stands before that lock, then ends its connection.
  void kill_held_writer() {
    while (true) {
      const auto killed = holder_->run_one(
          "SELECT count(pg_terminate_backend(pid)) FROM pg_locks WHERE locktype = 'advisory' AND"
          " NOT granted AND database = (SELECT oid FROM pg_database WHERE datname ="
          " current_database())");
      ASSERT_TRUE(killed);
      if (killed->integer(0, 0) > 0) break;
    }
    ASSERT_TRUE(holder_->run_one("SELECT pg_advisory_unlock(42)"));
  }

  std::string database_;
  std::unique_ptr<postgres::Connection> holder_;
};

TEST_F(PostgresStoreTest, AConnectionLostBetweenCommitsCostsOneGroupAtMost) {
  // Goal: idle connections are ended by the server; nothing of the next group is written, the same
  // units are applied after, without reopening, and reads go on.
  Bed bed(options());
  ASSERT_NE(bed.store, nullptr) << bed.fault.cause;
  ASSERT_EQ(bed.commit(numbered_unit(1)).outcome, Outcome::applied);
  ASSERT_TRUE(bed.has_flow(1));
  sql("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
      " WHERE application_name = 'crossfoot' AND datname = current_database()"
      " AND pid <> pg_backend_pid()");
  const UnitResult lost = bed.commit(numbered_unit(2));
  EXPECT_EQ(lost.outcome, Outcome::failed);
  EXPECT_EQ(lost.fault.code, "CF-5001");
  EXPECT_EQ(lost.fault.fault_class, FaultClass::transient);
  EXPECT_EQ(sql("SELECT count(*)::text FROM crossfoot.flow"), "1");
  const UnitResult again = bed.commit(numbered_unit(2));
  EXPECT_EQ(again.outcome, Outcome::applied);
  EXPECT_EQ(again.positions.front(), 1U);
  // Each reader notices its own lost connection once.
  const auto load = [](Reader& r) { return r.load_flow(number_id(2)); };
  auto found = bed.read(load);
  while (!found) found = bed.read(load);
  EXPECT_TRUE(found->has_value());
}

TEST_F(PostgresStoreTest, AConnectionLostWhileWritingWritesNothing) {
  // Goal: the server ends the connection in the middle of the group's rows, before COMMIT: every
  // unit fails transient, nothing is there, and the same units are applied after.
  Bed bed(options());
  ASSERT_EQ(bed.commit(numbered_unit(1)).outcome, Outcome::applied);
  hold("journal", false);
  std::vector<UnitResult> results;
  for (std::uint64_t n : {2U, 3U}) {
    bed.store->commit(numbered_unit(n), [&](UnitResult r) { results.push_back(std::move(r)); });
  }
  kill_held_writer();
  while (results.size() < 2) bed.context.run_one();
  // Which of them shared the group is the store's affair; the first one stood before the lock.
  EXPECT_EQ(results[0].outcome, Outcome::failed);
  EXPECT_EQ(results[0].fault.fault_class, FaultClass::transient);
  EXPECT_FALSE(bed.has_flow(2));
  EXPECT_EQ(bed.commit(numbered_unit(2)).outcome, Outcome::applied);
  EXPECT_EQ(sql("SELECT count(*)::text FROM crossfoot.journal WHERE partition = 2"), "1");
}

TEST_F(PostgresStoreTest, AConnectionLostInCommitIsUnclearAndNothingMayBeThere) {
  // Goal: ended during COMMIT: `unknown`, then refusal, and after reopening the truth by key: here
  // the unit is not there.
  Bed bed(options());
  ASSERT_EQ(bed.commit(numbered_unit(1)).outcome, Outcome::applied);
  hold("journal", true);
  std::optional<UnitResult> unclear;
  bed.store->commit(numbered_unit(2), [&](UnitResult r) { unclear = std::move(r); });
  kill_held_writer();
  while (!unclear) bed.context.run_one();
  EXPECT_EQ(unclear->outcome, Outcome::unknown);
  EXPECT_EQ(unclear->fault.fault_class, FaultClass::unknown_outcome);
  EXPECT_EQ(bed.commit(numbered_unit(3)).fault.code, "CF-5007");
  EXPECT_EQ(bed.read([](Reader& r) { return r.load_flow(number_id(1)); }).error().code, "CF-5007");
  EXPECT_FALSE(bed.store->target_number("erp").has_value());
  bed.open();
  EXPECT_FALSE(bed.has_flow(2));
  EXPECT_EQ(bed.commit(numbered_unit(2)).outcome, Outcome::applied);
}

TEST_F(PostgresStoreTest, AConnectionLostInCommitIsUnclearAndAllMayBeThere) {
  // Goal: ended after the commit is durable but before it is confirmed (it waits for a standby that
  // does not come): `unknown`, and after reopening the unit is there as a whole.
  Bed bed(options());
  ASSERT_EQ(bed.commit(numbered_unit(1)).outcome, Outcome::applied);
  server().execute("ALTER SYSTEM SET synchronous_standby_names = 'absent'");
  server().execute("SELECT pg_reload_conf()");
  const std::string kill_waiting =
      "SELECT count(pg_terminate_backend(pid))::text FROM pg_stat_activity"
      " WHERE wait_event = 'SyncRep' AND datname = current_database()";
  // The server takes over the setting in its own time: until then, commits are confirmed.
  std::optional<UnitResult> result;
  std::uint64_t last = 1;
  for (bool killed = false; !killed;) {
    result.reset();
    bed.store->commit(numbered_unit(++last), [&](UnitResult r) { result = std::move(r); });
    while (!result && !killed) {
      bed.context.poll();
      killed = sql(kill_waiting) != "0";
    }
  }
  while (!result) bed.context.run_one();
  server().execute("ALTER SYSTEM RESET synchronous_standby_names");
  server().execute("SELECT pg_reload_conf()");
  EXPECT_EQ(result->outcome, Outcome::unknown);
  bed.open();
  ASSERT_NE(bed.store, nullptr) << bed.fault.cause;
  EXPECT_TRUE(bed.has_flow(last));
  EXPECT_EQ(bed.commit(numbered_unit(last)).outcome, Outcome::duplicate);
}

TEST_F(PostgresStoreTest, AServerThatCrashesUnderLoadLosesNothingAcceptedAndRepeatsNothing) {
  // Goal: three immediate stops and restarts under load; what was answered `applied` is there,
  // every unit is there once or not at all, and positions have no gaps.
  PostgresServer crashing;
  database_ = crashing.create_database();
  Bed bed({.url = crashing.url(database_)});
  ASSERT_NE(bed.store, nullptr) << bed.fault.cause;
  std::set<std::uint64_t> applied;
  std::set<std::uint64_t> repeated;
  std::map<std::uint64_t, Outcome> refused;
  std::uint64_t next = 0;
  std::uint64_t under_way = 0;
  const std::function<void(std::uint64_t)> send = [&](std::uint64_t n) {
    ++under_way;
    bed.store->commit(numbered_unit(n), [&, n](UnitResult result) {
      --under_way;
      if (result.outcome == Outcome::applied) {
        ASSERT_TRUE(applied.insert(n).second) << n << " was applied twice";
      } else if (result.outcome == Outcome::duplicate) {
        ASSERT_EQ(refused.at(n), Outcome::unknown) << n;
        repeated.insert(n);
      } else {
        refused[n] = result.outcome;
      }
    });
  };
  for (int round = 0; round < 3; ++round) {
    const std::size_t goal = applied.size() + 300;
    while (applied.size() < goal) {
      while (under_way < 64) send(++next);
      bed.context.run_one();
    }
    crashing.stop(SIGQUIT);
    while (under_way > 0) bed.context.run_one();
    crashing.start();
    if (bed.commit({}).outcome != Outcome::applied) bed.open();
    ASSERT_NE(bed.store, nullptr) << bed.fault.cause;
    // A channel sends again what was not confirmed.
    for (const auto& [n, outcome] : std::map(refused)) {
      if (!applied.contains(n) && !repeated.contains(n)) send(n);
    }
    while (under_way > 0) bed.context.run_one();
  }
  EXPECT_EQ(applied.size() + repeated.size(), next);
  const auto count = [&](const std::string& text) {
    return crashing.execute(fmt::format("SELECT ({})::text", text), database_);
  };
  const std::string all = std::to_string(next);
  EXPECT_EQ(count("SELECT count(*) FROM crossfoot.flow"), all);
  EXPECT_EQ(count("SELECT count(*) FROM crossfoot.message JOIN crossfoot.flow USING (id)"), all);
  EXPECT_EQ(count("SELECT count(*) FROM crossfoot.business_key JOIN crossfoot.flow USING (id)"),
            all);
  EXPECT_EQ(count("SELECT value FROM crossfoot.counter WHERE name = 'units'"), all);
  EXPECT_EQ(count("SELECT count(DISTINCT flow) FROM crossfoot.journal"), all);
  EXPECT_EQ(count("SELECT count(*) FROM (SELECT max(position) m, count(*) c FROM crossfoot.journal"
                  " GROUP BY partition) x WHERE m <> c"),
            "0")
      << "positions have gaps";
}

TEST_F(PostgresStoreTest, ASecondOpeningFencesOutTheFirst) {
  // Goal: two processes on one database: the one that opened first writes nothing any more, not
  // even what belongs to no partition.
  Bed first(options());
  Bed third(options());
  ASSERT_EQ(third.commit(numbered_unit(1)).outcome, Outcome::applied);
  Bed second(options());
  const UnitResult refused = first.commit(numbered_unit(2));
  EXPECT_EQ(refused.outcome, Outcome::failed);
  EXPECT_EQ(refused.fault.code, "CF-5002");
  EXPECT_EQ(first.commit(numbered_unit(3)).outcome, Outcome::failed);
  EXPECT_FALSE(first.read([](Reader& r) { return r.load_flow(number_id(1)); }).has_value());
  Unit counting;
  counting.counters = {{"units", 1000}};
  EXPECT_EQ(third.commit(std::move(counting)).fault.code, "CF-5002");
  EXPECT_EQ(second.commit(numbered_unit(2)).outcome, Outcome::applied);
  EXPECT_EQ(second.read([](Reader& r) { return r.counters(); })->front().second, 2);
}

TEST_F(PostgresStoreTest, ATakeoverWaitsForTheCommitInFlight) {
  // Goal: the older process's commit that is under way when another opens is either there before
  // the takeover or refused, never after it.
  Bed first(options());
  hold("journal", false);
  std::optional<UnitResult> result;
  first.store->commit(numbered_unit(1), [&](UnitResult r) { result = std::move(r); });
  const auto waits = [&](const std::string& condition) {
    return holder_
        ->run_one(
            "SELECT 1 FROM pg_stat_activity WHERE datname = current_database()"
            " AND wait_event_type = 'Lock' AND " +
            condition)
        .value()
        .size();
  };
  while (waits("wait_event = 'advisory'") == 0) {
  }
  std::thread opener([&] {
    Bed second(options());
    EXPECT_TRUE(second.has_flow(1));
  });
  while (waits("wait_event <> 'advisory'") == 0) {
  }
  ASSERT_TRUE(holder_->run_one("SELECT pg_advisory_unlock(42)"));
  opener.join();
  while (!result) first.context.run_one();
  EXPECT_EQ(result->outcome, Outcome::applied);
  EXPECT_EQ(first.commit(numbered_unit(2)).fault.code, "CF-5002");
}

TEST_F(PostgresStoreTest, AUnitAtFaultFailsAloneAmongOthers) {
  // Goal: bytes that are no text, and a row over the limit, are failures of their units alone,
  // wherever they stand in the group.
  PostgresOptions limited = options();
  limited.row_bytes_max = 100'000;
  Bed bed(limited);
  std::vector<UnitResult> results;
  for (std::uint64_t n = 1; n <= 40; ++n) {
    Unit unit = numbered_unit(n);
    if (n == 7 || n == 8 || n == 40) unit.message->shop = "\xff\xfe";
    if (n == 21) unit.journal[0].entry = std::string(100'001, 'x');
    bed.store->commit(std::move(unit), [&](UnitResult r) { results.push_back(std::move(r)); });
  }
  while (results.size() < 40) bed.context.run_one();
  for (std::uint64_t n = 1; n <= 40; ++n) {
    const bool bad = n == 7 || n == 8 || n == 21 || n == 40;
    EXPECT_EQ(results[n - 1].outcome, bad ? Outcome::failed : Outcome::applied) << n;
    if (bad) EXPECT_EQ(results[n - 1].fault.code, "CF-5009") << n;
    EXPECT_EQ(bed.has_flow(n), !bad) << n;
  }
  EXPECT_EQ(bed.read([](Reader& r) { return r.counters(); })->front().second, 36);
}

TEST_F(PostgresStoreTest, TheFirstHostThatMayBeWrittenIsTaken) {
  // Goal: a connection string with several hosts goes on to the next one.
  const std::string url = server().url(database_);
  const std::size_t end = url.find(' ');
  Bed bed({.url = fmt::format("host=/nonexistent,{} {} target_session_attrs=read-write",
                              url.substr(5, end - 5), url.substr(end))});
  ASSERT_NE(bed.store, nullptr) << bed.fault.cause;
  EXPECT_EQ(bed.commit(numbered_unit(1)).outcome, Outcome::applied);
  const Bed absent({.url = "host=/nonexistent dbname=x password=secret-word"});
  EXPECT_EQ(absent.fault.code, "CF-5001");
  EXPECT_EQ(absent.fault.cause.find("secret-word"), std::string::npos);
}

TEST_F(PostgresStoreTest, AnOldPrimaryThatComesBackIsNeverWrittenTo) {
  // Goal: of two servers that may be written the promoted one is taken, whatever their order; when
  // it is gone, the old one is refused by whoever has committed to the promoted one.
  PostgresServer old;
  PostgresServer promoted;
  promoted.begin_timeline();
  const std::string url =
      fmt::format("host={},{} user=postgres dbname=postgres target_session_attrs=read-write",
                  old.folder(), promoted.folder());
  const std::string written = "SELECT coalesce(to_regclass('crossfoot.meta')::text, 'none')";
  Bed bed({.url = url});
  ASSERT_NE(bed.store, nullptr) << bed.fault.cause;
  EXPECT_EQ(bed.commit(numbered_unit(1)).outcome, Outcome::applied);
  EXPECT_TRUE(bed.has_flow(1));
  EXPECT_EQ(old.execute(written), "none");

  promoted.stop(SIGQUIT);
  // A lost connection is noticed by the first or the second use of it.
  UnitResult refused;
  for (std::uint64_t n = 2; n < 5; ++n) refused = bed.commit(numbered_unit(n));
  EXPECT_EQ(refused.fault.code, "CF-5001");
  EXPECT_THAT(refused.fault.cause, testing::HasSubstr("old primary"));
  EXPECT_EQ(bed.read([](Reader& r) { return r.load_flow(number_id(1)); }).error().code, "CF-5001");
  EXPECT_EQ(old.execute(written), "none");

  promoted.start();
  EXPECT_EQ(bed.commit(numbered_unit(5)).outcome, Outcome::applied);
  EXPECT_EQ(old.execute(written), "none");
}

TEST_F(PostgresStoreTest, SettingsThatMayLoseCommitsAreRefused) {
  // Goal: each unsafe setting of a real server is CF-5010, and a missing standby CF-5011.
  sql(fmt::format("ALTER DATABASE {} SET synchronous_commit = 'remote_write'", database_));
  const Bed weak(options());
  EXPECT_EQ(weak.fault.code, "CF-5010");
  EXPECT_EQ(sql("SELECT coalesce(to_regclass('crossfoot.meta')::text, 'none')"), "none");
  sql(fmt::format("ALTER DATABASE {} RESET synchronous_commit", database_));
  PostgresOptions strict = options();
  strict.no_loss_on_node_failure = true;
  EXPECT_EQ(Bed(strict).fault.code, "CF-5011");
  server().execute("CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1'");
  EXPECT_EQ(Bed({.url = server().url("latin")}).fault.code, "CF-5010");
  server().execute("ALTER SYSTEM SET full_page_writes = off");
  server().execute("SELECT pg_reload_conf()");
  while (sql("SHOW full_page_writes") != "off") {
  }
  EXPECT_EQ(Bed(options()).fault.code, "CF-5010");
  server().execute("ALTER SYSTEM RESET full_page_writes");
  server().execute("SELECT pg_reload_conf()");
  PostgresServer unsynced({"fsync=off"});
  EXPECT_EQ(Bed({.url = unsynced.url("postgres")}).fault.code, "CF-5010");
}

TEST(PostgresSettings, EverySettingIsJudgedByItself) {
  // Goal: the table of what is safe, versions and standbys included, without a server.
  const postgres::ServerSettings safe{.version = 150'018,
                                      .encoding = "UTF8",
                                      .fsync = "on",
                                      .full_page_writes = "on",
                                      .synchronous_commit = "on"};
  const auto code = [](const postgres::ServerSettings& settings, bool strict = false) {
    const Status judged = postgres::judge_settings(settings, strict);
    return judged ? std::string() : judged.error().code;
  };
  EXPECT_EQ(code(safe), "");
  EXPECT_EQ(code(safe, true), "CF-5011");
  auto changed = safe;
  changed.synchronous_standbys = 1;
  EXPECT_EQ(code(changed, true), "");
  changed = safe;
  changed.version = 140'011;
  EXPECT_EQ(code(changed), "CF-5010");
  for (const char* level : {"off", "local", "remote_write"}) {
    changed = safe;
    changed.synchronous_commit = level;
    EXPECT_EQ(code(changed), "CF-5010") << level;
  }
  changed.synchronous_commit = "remote_apply";
  EXPECT_EQ(code(changed), "");
}

TEST_F(PostgresStoreTest, ADatabaseOfTheFirstSchemaIsTakenOver) {
  // Goal: what the release before has written stays, and what is new works.
  {
    Bed first(options());
    ASSERT_EQ(first.commit(numbered_unit(1)).outcome, Outcome::applied);
    first.store->close();
  }
  sql("DROP TABLE crossfoot.fingerprint, crossfoot.record");
  sql("UPDATE crossfoot.meta SET value = 1 WHERE name = 'schema_version'");
  Bed again(options());
  ASSERT_NE(again.store, nullptr) << again.fault.cause;
  EXPECT_TRUE(again.has_flow(1));
  Unit unit = numbered_unit(2);
  unit.fingerprint = {hash128("basket"), {1}, number_id(2)};
  EXPECT_EQ(again.commit(std::move(unit)).outcome, Outcome::applied);
}

TEST_F(PostgresStoreTest, ANewerSchemaIsRefusedBeforeAnythingIsWritten) {
  // Goal: a database of a later release is left as it is.
  Bed(options()).store->close();
  sql("UPDATE crossfoot.meta SET value = 999 WHERE name = 'schema_version'");
  const Bed refused(options());
  EXPECT_EQ(refused.store, nullptr);
  EXPECT_EQ(refused.fault.code, "CF-5006");
  EXPECT_EQ(sql("SELECT value::text FROM crossfoot.meta WHERE name = 'incarnation'"), "1");
}

TEST_F(PostgresStoreTest, ASnapshotSeesNothingThatIsCommittedAfterIt) {
  // Goal: two reads of one snapshot agree though a commit came between them.
  Bed bed(options());
  ASSERT_EQ(bed.commit(numbered_unit(1)).outcome, Outcome::applied);
  const auto seen = bed.read([&](Reader& r) {
    const bool before = r.load_flow(number_id(2)).value().has_value();
    // The work runs on a reader's thread; the writer's own goes on meanwhile.
    bed.store->commit(numbered_unit(2), [](UnitResult) {});
    while (sql("SELECT count(*)::text FROM crossfoot.flow") != "2") {
    }
    return std::pair(before, r.load_flow(number_id(2)).value().has_value());
  });
  EXPECT_EQ(seen, std::pair(false, false));
  EXPECT_TRUE(bed.has_flow(2));
}

}  // namespace
}  // namespace crossfoot::store
