// Goal: a stopped SQLite data store arrives in PostgreSQL row by row, in pieces if need be, what
// differs is found and named, and nobody opens a copy that is not proven.
#include "store/transfer/transfer.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <set>

#include "runtime/asio_scheduler.h"
#include "runtime/sim_scheduler.h"
#include "store/postgres/postgres_archive.h"
#include "store/postgres/postgres_store.h"
#include "store/postgres_server.h"
#include "store/sqlite/connection.h"
#include "store/sqlite/schema.h"
#include "store/sqlite/sqlite_store.h"
#include "store/transfer/tables.h"

namespace crossfoot::store {
namespace {

constexpr std::uint64_t units = 2'500;  // more than two batches

Id number_id(std::uint64_t n) {
  return {(std::uint64_t{1'700'000'000'000} << 16) | ((n % 7) << 4), n};
}

/// Every table, NULLs, empty and binary values, extreme numbers.
Unit numbered_unit(std::uint64_t n) {
  const Id id = number_id(n);
  const std::string bytes("\0\xff\x01z", 4);
  Unit unit;
  unit.keys = {{.date = {-5}, .hash = hash128(std::to_string(n)), .id = id, .revision = 7}};
  unit.message = {.id = id,
                  .recorded_at = {static_cast<std::int64_t>(n)},
                  .state = n % 3 == 0 ? MessageState::held : MessageState::accepted,
                  .occurred_at = Instant::never(),
                  .shop = "Zürich \"1\"",
                  .gross_minor = std::numeric_limits<std::int64_t>::min(),
                  .conflict_with = n % 3 == 0 ? number_id(n + 1) : Id{},
                  .body = n % 5 == 0 ? "" : bytes + std::to_string(n)};
  unit.flows = {{.id = id,
                 .status = n % 2 == 0 ? FlowStatus::parked : FlowStatus::open,
                 .calling = n % 4 == 0,
                 .code = "CF-3113",
                 .state = bytes}};
  unit.books = {{.key = hash128(fmt::format("book {}", n)), .pending = n % 2 == 0, .state = bytes}};
  unit.journal = {{.partition = id.partition(), .flow = id, .entry = fmt::format("entry {}", n)}};
  // Four legs share an order key: one is due, the others wait.
  unit.places = {{.row = {.target = 1,
                          .due_at = {static_cast<std::int64_t>(n)},
                          .flow = id,
                          .order_key = hash128(std::to_string(n / 4))},
                  .place = id},
                 {.row = {.target = 2, .due_at = {5}, .flow = id, .leg = 1}, .place = id}};
  unit.sold = {{.link_key = hash128("k"), .source_row = -1, .flow = id, .quantity = 3}};
  unit.fingerprint = {hash128("look"), {static_cast<std::int64_t>(n)}, id};
  unit.counters = {{"units", 1}};
  unit.documents = {{"kind", std::to_string(n), bytes}};
  unit.records.rows = {{.name = {"price", "default", std::to_string(n)},
                        .id = id,
                        .valid_from = {-5},
                        .subject = n % 2 == 0 ? "" : "TOY",
                        .content = hash128("c"),
                        .body = bytes}};
  return unit;
}

std::string hex(const Id& id) {
  std::string out;
  for (const char byte : id.bytes()) out += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return out;
}

class TransferTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!PostgresServer::missing().empty()) GTEST_SKIP() << PostgresServer::missing();
    database_ = server().create_database();
    sell(0, units);
  }
  static PostgresServer& server() {
    static PostgresServer only;
    return only;
  }
  [[nodiscard]] std::string path() const { return folder_.file("crossfoot.sqlite"); }
  [[nodiscard]] std::string url() const { return server().url(database_); }
  std::string ask(const std::string& sql) const { return server().execute(sql, database_); }

  void sell(std::uint64_t first, std::uint64_t count) const {
    runtime::SimScheduler scheduler{{1'700'000'000'000'000}};
    auto store = open_sqlite({.path = path(), .home = &scheduler, .inline_execution = true});
    ASSERT_TRUE(store) << store.error().cause;
    ASSERT_TRUE((*store)->target_number("erp"));
    std::uint64_t applied = 0;
    for (std::uint64_t n = first; n < first + count; ++n) {
      (*store)->commit(numbered_unit(n), [&](const UnitResult& result) {
        applied += result.outcome == Outcome::applied ? 1 : 0;
      });
    }
    while (scheduler.step()) {
    }
    (*store)->close();
    ASSERT_EQ(applied, count);
  }
  [[nodiscard]] Result<std::unique_ptr<Transfer>> transfer(bool verify_only = false) const {
    return Transfer::open({.source = path(), .target_url = url(), .verify_only = verify_only});
  }
  static void ignore(std::string_view, std::uint64_t, std::uint64_t) {}
  /// The tables that differ.
  static std::vector<std::string> differing(Transfer& transfer) {
    const auto proof = transfer.prove(ignore);
    if (!proof) return {proof.error().cause};
    std::vector<std::string> found;
    for (const TableProof& each : proof->tables) {
      if (!each.same) found.push_back(each.table);
    }
    return found;
  }
  /// The fault, or what the open store says of itself.
  [[nodiscard]] Result<Opened> open_target() const {
    boost::asio::io_context context;
    runtime::AsioScheduler scheduler{context};
    auto store = open_postgres({.url = url(), .home = &scheduler});
    if (!store) return fail(store.error());
    return (*store)->opened();
  }

  TestFolder folder_;
  std::string database_;
};

TEST(TransferTables, NameEveryColumnOfTheFile) {
  const TestFolder folder;
  auto file = sqlite::Connection::open({.path = folder.file("new.sqlite")});
  ASSERT_TRUE(file);
  ASSERT_TRUE(sqlite::migrate(**file));
  // What finds journal rows and messages, what gathers, and the order of commit are the file's own.
  auto columns = (*file)->prepare(
      "SELECT m.name || '.' || p.name FROM sqlite_master AS m, pragma_table_info(m.name) AS p"
      " WHERE m.type = 'table' AND m.name NOT IN ('journal_chunk', 'message_till',"
      " 'message_till_tail', 'key_tail') AND p.name <> 'seq'");
  ASSERT_TRUE(columns) << columns.error().cause;
  std::set<std::string> stored;
  while (columns->step() == SQLITE_ROW) stored.insert(columns->text(0));
  std::set<std::string> moved;
  for (const transfer::Table& table : transfer::tables()) {
    for (const transfer::Column& column : table.columns) {
      moved.insert(fmt::format("{}.{}", table.name, column.name));
    }
  }
  EXPECT_EQ(moved, stored);
}

TEST_F(TransferTest, MovesEveryRowAndGoesOnUnderANewIncarnation) {
  auto moving = transfer();
  ASSERT_TRUE(moving) << moving.error().cause;
  ASSERT_TRUE((*moving)->copy(ignore));
  const auto refused = open_target();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "CF-5012");
  EXPECT_EQ((*moving)->finish().error().code, "CF-5015") << "nothing was proven yet";

  const auto proof = (*moving)->prove(ignore);
  ASSERT_TRUE(proof) << proof.error().cause;
  EXPECT_TRUE(proof->whole());
  EXPECT_EQ(proof->partitions, 7U);
  std::map<std::string, std::uint64_t> rows;
  for (const TableProof& each : proof->tables) rows[each.table] = each.target_rows;
  EXPECT_EQ(rows, (std::map<std::string, std::uint64_t>{{"meta", 2},
                                                        {"target", 1},
                                                        {"business_key", units},
                                                        {"message", units},
                                                        {"flow", units},
                                                        {"book", units},
                                                        {"journal", units},
                                                        {"due", units + units / 4},
                                                        {"waiter", units - units / 4},
                                                        {"sold_line", units},
                                                        {"fingerprint", units},
                                                        {"counter", 1},
                                                        {"document", units},
                                                        {"record", units}}));
  ASSERT_TRUE((*moving)->finish());
  const auto opened = open_target();
  ASSERT_TRUE(opened) << opened.error().cause;
  EXPECT_EQ(opened->incarnation, 2U);
  EXPECT_EQ(opened->last_recorded_at.micros, static_cast<std::int64_t>(units - 1));
}

TEST_F(TransferTest, GoesOnWhereItWasInterrupted) {
  {
    auto moving = transfer();
    ASSERT_TRUE(moving) << moving.error().cause;
    ask("CREATE FUNCTION public.no() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'no more'; END $$");
    // In the second batch of a table, so that a part of it stands.
    ask(
        fmt::format("CREATE TRIGGER no BEFORE INSERT ON crossfoot.flow FOR EACH ROW"
                    " WHEN (NEW.id = '\\x{}'::bytea) EXECUTE FUNCTION public.no()",
                    hex(number_id(1'500))));
    const Status stopped = (*moving)->copy(ignore);
    ASSERT_FALSE(stopped);
    EXPECT_THAT(stopped.error().where, testing::HasSubstr("(flow)"));
  }
  ask("DROP TRIGGER no ON crossfoot.flow");
  EXPECT_EQ(open_target().error().code, "CF-5012");
  auto again = transfer();
  ASSERT_TRUE(again) << again.error().cause;
  EXPECT_EQ((*again)->resumed_rows(), 3 + 2 * units + 1'000)
      << "meta, target, keys, messages and a batch of flows stand";
  ASSERT_TRUE((*again)->copy(ignore));
  EXPECT_EQ(differing(**again), std::vector<std::string>{});
  EXPECT_TRUE((*again)->finish());
  EXPECT_TRUE(open_target());
}

TEST_F(TransferTest, NamesTheTableOfAChangedRow) {
  auto moving = transfer();
  ASSERT_TRUE(moving) << moving.error().cause;
  ASSERT_TRUE((*moving)->copy(ignore));
  struct Edit {
    std::string table;
    std::string there;
    std::string back;
  };
  for (const Edit& edit :
       {Edit{"due", "UPDATE crossfoot.due SET due_at = due_at + 1 WHERE leg = 1 AND partition = 3",
             "UPDATE crossfoot.due SET due_at = due_at - 1 WHERE leg = 1 AND partition = 3"},
        Edit{"counter", "UPDATE crossfoot.counter SET value = value + 1",
             "UPDATE crossfoot.counter SET value = value - 1"},
        Edit{"message", "UPDATE crossfoot.message SET code = 'x' WHERE recorded_at = 77",
             "UPDATE crossfoot.message SET code = '' WHERE recorded_at = 77"},
        Edit{"document", "INSERT INTO crossfoot.document VALUES ('kind', 'more', 'x')",
             "DELETE FROM crossfoot.document WHERE key = 'more'"}}) {
    ask(edit.there);
    EXPECT_EQ(differing(**moving), std::vector{edit.table});
    EXPECT_EQ((*moving)->finish().error().code, "CF-5015");
    ask(edit.back);
  }
  EXPECT_EQ(differing(**moving), std::vector<std::string>{});
}

TEST_F(TransferTest, FindsAGapThatBothEndsHave) {
  {
    auto file = sqlite::Connection::open({.path = path()});
    ASSERT_TRUE(file);
    ASSERT_TRUE((*file)->execute("DELETE FROM journal WHERE partition=2 AND position=4"));
  }
  auto moving = transfer();
  ASSERT_TRUE(moving) << moving.error().cause;
  ASSERT_TRUE((*moving)->copy(ignore));
  const auto proof = (*moving)->prove(ignore);
  ASSERT_TRUE(proof);
  EXPECT_THAT(proof->gaps, testing::ElementsAre(2));
  EXPECT_EQ((*moving)->finish().error().code, "CF-5015");
}

TEST_F(TransferTest, RefusesASourceThatIsInUseOrNoDataStore) {
  runtime::SimScheduler scheduler{{0}};
  auto store = open_sqlite({.path = path(), .home = &scheduler, .inline_execution = true});
  ASSERT_TRUE(store);
  EXPECT_EQ(transfer().error().code, "CF-5002");
  store->reset();
  const auto from = [&](const std::string& file) {
    return Transfer::open({.source = file, .target_url = url()}).error().code;
  };
  EXPECT_EQ(from(folder_.file("absent.sqlite")), "CF-5001");
  EXPECT_FALSE(std::filesystem::exists(folder_.file("absent.sqlite")));
  std::ofstream(folder_.file("empty.sqlite")).close();
  EXPECT_EQ(from(folder_.file("empty.sqlite")), "CF-5003");
  {
    auto file = sqlite::Connection::open({.path = path()});
    ASSERT_TRUE((*file)->execute("PRAGMA user_version=99"));
  }
  EXPECT_EQ(transfer().error().code, "CF-5006");
  EXPECT_EQ(ask("SELECT coalesce(to_regnamespace('crossfoot')::text, 'none')"), "none")
      << "a refused transfer leaves the target alone";
}

TEST_F(TransferTest, HoldsTheSourceWhileItMoves) {
  auto moving = transfer();
  ASSERT_TRUE(moving) << moving.error().cause;
  runtime::SimScheduler scheduler{{0}};
  EXPECT_FALSE(open_sqlite({.path = path(), .home = &scheduler, .inline_execution = true}));
}

TEST_F(TransferTest, RefusesATargetThatIsTaken) {
  ASSERT_TRUE(open_target());
  EXPECT_EQ(transfer().error().code, "CF-5013") << "a data store, though an empty one";
  EXPECT_EQ(ask("SELECT count(*)::text FROM crossfoot.message"), "0");
}

TEST_F(TransferTest, RefusesTheUnfinishedCopyOfASourceThatRanAgain) {
  ASSERT_TRUE(transfer());
  ASSERT_TRUE(transfer()) << "the same source may";
  sell(units, 1);
  EXPECT_EQ(transfer().error().code, "CF-5013");
}

TEST_F(TransferTest, RefusesARoleWithoutRightsAndUnsafeSettings) {
  ask("CREATE ROLE clerk_" + database_ + " LOGIN");
  const std::string clerk =
      url() + fmt::format(" user=clerk_{}", database_);  // the later word counts
  EXPECT_EQ(Transfer::open({.source = path(), .target_url = clerk}).error().code, "CF-5014");
  ask(fmt::format("ALTER DATABASE {} SET synchronous_commit = off", database_));
  EXPECT_EQ(transfer().error().code, "CF-5010");
}

TEST_F(TransferTest, VerifiesWithoutWriting) {
  EXPECT_EQ(transfer(true).error().code, "CF-5003") << "there is nothing to verify";
  {
    auto moving = transfer();
    ASSERT_TRUE(moving) << moving.error().cause;
    ASSERT_TRUE((*moving)->copy(ignore));
    ASSERT_EQ(differing(**moving), std::vector<std::string>{});
    ASSERT_TRUE((*moving)->finish());
  }
  auto verifying = transfer(true);
  ASSERT_TRUE(verifying) << verifying.error().cause;
  EXPECT_EQ(differing(**verifying), std::vector<std::string>{});
  ask("DELETE FROM crossfoot.sold_line WHERE flow IN (SELECT flow FROM crossfoot.sold_line LIMIT "
      "1)");
  EXPECT_EQ(differing(**verifying), std::vector<std::string>{"sold_line"});
}

TEST_F(TransferTest, TheCopyCanBeReadFromOutside) {
  {
    auto moving = transfer();
    ASSERT_TRUE(moving) << moving.error().cause;
    ASSERT_TRUE((*moving)->copy(ignore));
  }
  auto archive = open_postgres_archive(url());
  ASSERT_TRUE(archive) << archive.error().cause;
  EXPECT_EQ((*archive)->last_sequence().value(), static_cast<std::int64_t>(units));
  std::vector<std::uint64_t> last(partition_count);
  std::uint64_t seen = 0;
  std::int64_t reached = 0;
  for (;;) {
    const auto page = (*archive)->journal(reached, 999);
    ASSERT_TRUE(page) << page.error().cause;
    if (page->empty()) break;
    for (const ArchivedRow& each : *page) {
      ASSERT_EQ(each.row.position, ++last[each.row.partition]);
      ++seen;
    }
    reached = page->back().sequence;
  }
  EXPECT_EQ(seen, units);
  EXPECT_EQ((*archive)->journal(0, 1).value().front().sequence, 1) << "from the start again";
  EXPECT_EQ((*archive)->load_flow(number_id(8)).value()->code, "CF-3113");
  EXPECT_FALSE((*archive)->load_flow(number_id(units)).value());
  EXPECT_TRUE((*archive)->document("kind", "8").value());
  EXPECT_FALSE((*archive)->document("kind", "none").value());
  EXPECT_EQ((*archive)->documents("kind", "", 3).value().size(), 3U);
}

}  // namespace
}  // namespace crossfoot::store
