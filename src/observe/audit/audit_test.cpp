// Goal: whoever edits the data store's file behind its back (a byte, a row, an order, the tail, an
// older copy) or the anchors is named with partition and position; what nobody touched is whole.
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <filesystem>

#include "flow/decide/journal.h"
#include "observe/audit/keeper.h"
#include "observe/audit/verify.h"
#include "runtime/files.h"
#include "runtime/sim_scheduler.h"
#include "store/sqlite/sqlite_archive.h"
#include "store/sqlite/sqlite_store.h"
#include "store/test_folder.h"

namespace crossfoot::observe {
namespace {

using Kind = AuditFinding::Kind;
namespace fs = std::filesystem;

constexpr Instant start{1'764'000'000'000'000};
constexpr Partition here = 5;

/// A data store whose journal is written, anchored, closed, tampered with and verified.
class World {
 public:
  World() {
    fs::create_directory(anchors());
    open();
  }
  ~World() { close(); }

  void open() {
    store::SqliteOptions options;
    options.path = file();
    options.home = &scheduler_;
    options.inline_execution = true;
    auto opened = store::open_sqlite(options);
    ASSERT_TRUE(opened.has_value()) << opened.error().cause;
    store_ = std::move(*opened);
    auto key = runtime::SigningKey::load_or_make(folder_.file("key.pem"));
    ASSERT_TRUE(key.has_value());
    keeper_ = std::make_unique<AuditKeeper>(
        scheduler_, [this] { return store_.get(); }, *key, AuditOptions{.anchor_folder = anchors()},
        runtime::Logger(log_, "audit"));
    keeper_->start();
    pass(std::chrono::seconds{2});  // the anchor of the start, before anything is written
  }

  void close() {
    if (store_ == nullptr) return;
    Status ended = fail({});
    bool done = false;
    keeper_->finish([&](Status status) {
      ended = std::move(status);
      done = true;
    });
    while (!done && scheduler_.step()) {
    }
    EXPECT_TRUE(ended.has_value()) << (ended ? "" : ended.error().cause);
    keeper_.reset();
    store_->close();
    store_.reset();
  }

  /// Like a kill: nothing is anchored any more.
  void drop() {
    keeper_.reset();
    store_->close();
    store_.reset();
  }

  void write(Partition partition, std::uint64_t position = 0) {
    const std::string number = std::to_string(++count_);
    store::Unit unit;
    unit.journal.push_back({partition, position, Id{1, count_},
                            start + Duration{static_cast<std::int64_t>(count_)},
                            "\x02 entry " + number});
    bool done = false;
    store_->commit(std::move(unit), [&done](store::UnitResult result) {
      EXPECT_EQ(result.outcome, store::Outcome::applied);
      done = true;
    });
    while (!done && scheduler_.step()) {
    }
  }
  void write_many(std::size_t rounds) {
    for (std::size_t i = 0; i < rounds; ++i) {
      for (const Partition partition : {Partition{0}, here, Partition{4095}}) write(partition);
    }
  }
  void pass(Duration time) {
    const Duration until = scheduler_.monotonic() + time;
    while (scheduler_.monotonic() < until && scheduler_.step()) {
    }
  }

  void sql(const std::string& text) {
    sqlite3* handle = nullptr;
    ASSERT_EQ(sqlite3_open(file().c_str(), &handle), SQLITE_OK);
    char* error = nullptr;
    EXPECT_EQ(sqlite3_exec(handle, text.c_str(), nullptr, nullptr, &error), SQLITE_OK) << error;
    EXPECT_GT(sqlite3_total_changes(handle), 0) << text;
    sqlite3_close(handle);
  }

  AuditReport verify(const fs::path& more = {}) {
    const auto key = runtime::PublicKey::load(folder_.file("key.pem.pub"));
    EXPECT_TRUE(key.has_value());
    auto archive = store::open_sqlite_archive(file());
    EXPECT_TRUE(archive.has_value()) << archive.error().cause;
    AuditReport report;
    AnchorSet set;
    EXPECT_TRUE(set.read(anchors(), *key, report).has_value());
    if (!more.empty()) EXPECT_TRUE(set.read(more, *key, report).has_value());
    set.check(report);
    auto verified = verify_journal(**archive, set, std::move(report), true, {});
    EXPECT_TRUE(verified.has_value());
    return std::move(*verified);
  }

  [[nodiscard]] fs::path anchors() const { return folder_.file("anchors"); }
  [[nodiscard]] std::string file() const { return folder_.file("store.sqlite"); }
  [[nodiscard]] std::string beside(const std::string& name) const { return folder_.file(name); }
  [[nodiscard]] const std::string& log() const { return told_; }

 private:
  store::TestFolder folder_;
  runtime::SimScheduler scheduler_{start};
  std::string told_;
  runtime::Log log_{runtime::LogLevel::info, [this](std::string_view line) { told_ += line; },
                    [] { return start; }};
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<AuditKeeper> keeper_;
  std::uint64_t count_ = 0;
};

void expect_one(const AuditReport& report, Kind kind, Partition partition, std::uint64_t position) {
  EXPECT_FALSE(report.whole());
  ASSERT_EQ(report.finding_count, 1U) << to_text(report);
  EXPECT_EQ(report.findings[0].kind, kind) << to_text(report);
  EXPECT_EQ(report.findings[0].partition, partition);
  EXPECT_EQ(report.findings[0].position, position);
}

std::string where(std::uint64_t position) {
  return " WHERE partition=5 AND position=" + std::to_string(position);
}

TEST(Audit, WhatNobodyTouchedIsWhole) {
  World world;
  world.write_many(10);
  world.pass(std::chrono::minutes{20});
  world.write_many(7);
  world.close();
  const AuditReport report = world.verify();
  EXPECT_TRUE(report.whole()) << to_text(report);
  EXPECT_EQ(report.entries, 51U);
  EXPECT_EQ(report.proven, 51U);
  EXPECT_EQ(report.partitions, 3U);
  EXPECT_GE(report.anchors, 2U);
}

TEST(Audit, GoesOnFromWhereItStood) {
  World world;
  for (int life = 0; life < 3; ++life) {
    world.write_many(2);
    world.close();
    world.open();
  }
  world.write_many(1);
  world.drop();  // what was not anchored yet is in the next anchor
  EXPECT_EQ(world.verify().proven, 18U);
  world.open();
  world.close();
  const AuditReport report = world.verify();
  EXPECT_TRUE(report.whole()) << to_text(report);
  EXPECT_EQ(report.proven, 21U);
}

TEST(Audit, AnAnchorThatSaysNothingNewIsNotWritten) {
  World world;
  world.write_many(1);
  world.pass(std::chrono::hours{5});
  world.close();
  EXPECT_EQ(anchor_files(world.anchors()).size(), 1U);
}

TEST(Audit, NamesAChangedByte) {
  World world;
  world.write_many(20);
  world.close();
  world.sql("UPDATE journal SET entry=CAST(replace(CAST(entry AS TEXT),'entry','entrY') AS BLOB)" +
            where(9));
  expect_one(world.verify(), Kind::changed, here, 9);
}

TEST(Audit, NamesAChangedTime) {
  World world;
  world.write_many(20);
  world.close();
  world.sql("UPDATE journal SET at=at+1" + where(20));
  expect_one(world.verify(), Kind::changed, here, 20);
}

TEST(Audit, NamesTheRangeWhenTheSegmentsAreGoneToo) {
  World world;
  world.write_many(20);
  world.close();
  world.sql("UPDATE journal SET at=at+1" + where(3));
  world.sql("DELETE FROM document WHERE kind='audit_segment'");
  const AuditReport report = world.verify();
  expect_one(report, Kind::changed, here, 1);
  EXPECT_NE(report.findings[0].text.find("positions 1 to 20"), std::string::npos);
}

TEST(Audit, NamesACutTail) {
  World world;
  world.write_many(20);
  world.close();
  world.sql("DELETE FROM journal WHERE partition=5 AND position>18");
  const AuditReport report = world.verify();
  expect_one(report, Kind::cut_off, here, 19);
  EXPECT_NE(report.findings[0].text.find("ends at position 18"), std::string::npos);
}

TEST(Audit, NamesARemovedRow) {
  World world;
  world.write_many(20);
  world.close();
  world.sql("DELETE FROM journal" + where(7));
  expect_one(world.verify(), Kind::missing, here, 7);
}

TEST(Audit, NamesBothOfTwoSwappedRows) {
  World world;
  world.write_many(20);
  world.close();
  world.sql("UPDATE journal SET position=1000" + where(4) + "; UPDATE journal SET position=4" +
            where(11) + "; UPDATE journal SET position=11" + where(1000));
  const AuditReport report = world.verify();
  ASSERT_EQ(report.finding_count, 2U) << to_text(report);
  std::map<std::uint64_t, std::string> found;
  for (const AuditFinding& finding : report.findings) {
    EXPECT_EQ(finding.kind, Kind::moved);
    found[finding.position] = finding.text;
  }
  EXPECT_EQ(found[4], "the entry of position 11 stands here");
  EXPECT_EQ(found[11], "the entry of position 4 stands here");
}

TEST(Audit, NamesAnInsertedRow) {
  World world;
  world.write_many(20);
  world.close();
  world.sql("INSERT INTO journal SELECT max(seq)+1, 5, 6, x'00', 1, x'02' FROM journal");
  const AuditReport report = world.verify();
  ASSERT_GE(report.finding_count, 1U);
  EXPECT_EQ(report.findings[0].kind, Kind::inserted) << to_text(report);
  EXPECT_EQ(report.findings[0].position, 6U);
}

TEST(Audit, AnOlderCopyOfTheStoreIsBehindTheAnchors) {
  World world;
  world.write_many(5);
  world.close();
  fs::copy_file(world.file(), world.beside("older"));
  world.open();
  world.write_many(5);
  world.close();
  fs::copy_file(world.beside("older"), world.file(), fs::copy_options::overwrite_existing);
  AuditReport report = world.verify();
  ASSERT_EQ(report.finding_count, 3U) << to_text(report);
  for (const AuditFinding& finding : report.findings) {
    EXPECT_EQ(finding.kind, Kind::cut_off);
    EXPECT_EQ(finding.position, 6U);
    EXPECT_EQ(finding.anchor, 2U);
  }
  // A server that starts on it says so, and other entries at those positions do not hide it.
  world.open();
  world.write_many(9);
  world.close();
  EXPECT_NE(world.log().find("audit.broken"), std::string::npos);
  report = world.verify();
  EXPECT_FALSE(report.whole());
  EXPECT_EQ(report.findings[0].kind, Kind::changed) << to_text(report);
}

TEST(Audit, AnAnchorOfAnotherPlaceShowsThatTheOwnOnesWereReplaced) {
  World world;
  world.write_many(5);
  world.close();
  fs::copy(world.anchors(), world.beside("elsewhere"));
  // Somebody with the key rewrites everything: only the copy outside knows.
  fs::remove_all(world.anchors());
  fs::create_directory(world.anchors());
  world.sql("UPDATE journal SET at=at+1" + where(3));
  world.sql("DELETE FROM document WHERE kind LIKE 'audit%'");
  world.open();
  world.close();
  EXPECT_TRUE(world.verify().whole());
  const AuditReport report = world.verify(world.beside("elsewhere"));
  EXPECT_FALSE(report.whole());
  EXPECT_EQ(report.findings[0].kind, Kind::anchor_replaced) << to_text(report);
}

TEST(Audit, NamesForgedAndMissingAnchors) {
  World world;
  for (int i = 0; i < 4; ++i) {
    world.write_many(1);
    world.close();
    world.open();
  }
  world.close();
  const auto files = anchor_files(world.anchors());
  ASSERT_EQ(files.size(), 4U);
  auto text = runtime::read_file(files[1]);
  ASSERT_TRUE(text.has_value());
  const std::string original = *text;
  (*text)[text->find("\"entries\":") + 10] = '9';
  ASSERT_TRUE(runtime::write_file_atomic(files[1], *text).has_value());
  AuditReport report = world.verify();
  EXPECT_EQ(report.findings[0].kind, Kind::anchor_forged) << to_text(report);
  ASSERT_TRUE(runtime::write_file_atomic(files[1], original).has_value());
  fs::remove(files[2]);
  report = world.verify();
  ASSERT_EQ(report.finding_count, 1U);
  EXPECT_EQ(report.findings[0].text, "anchors 3 to 3 are missing");
  fs::remove(files[3]);
  report = world.verify();
  ASSERT_EQ(report.finding_count, 1U);
  EXPECT_EQ(report.findings[0].kind, Kind::anchor_missing);
}

TEST(Audit, ErasedEntriesLeaveTheChainWholeAndAreListed) {
  World world;
  world.write_many(6);
  world.close();
  auto archive = store::open_sqlite_archive(world.file());
  ASSERT_TRUE(archive.has_value());
  const auto rows = (*archive)->journal(0, 100);
  ASSERT_TRUE(rows.has_value());
  const store::ArchivedRow& row = (*rows)[4];  // position 2 of partition 5
  const std::string erased = flow::erased_form(row.row.entry);
  archive->reset();
  world.sql("UPDATE journal SET entry=x'" + hex(erased) + "'" + where(2));
  const AuditReport report = world.verify();
  EXPECT_TRUE(report.whole()) << to_text(report);
  ASSERT_EQ(report.erased_count, 1U);
  EXPECT_EQ(report.erased[0].position, 2U);
}

TEST(Audit, AGapThatACrashLeftIsClosedInTheOpen) {
  World world;
  world.write_many(3);
  world.write(here, 5);  // position 4 never comes
  world.pass(std::chrono::minutes{40});
  world.close();
  const AuditReport report = world.verify();
  EXPECT_TRUE(report.whole()) << to_text(report);
  EXPECT_EQ(report.closed_gaps, 1U);
  EXPECT_EQ(report.proven, 11U);
}

TEST(Audit, TheKeyIsSecretAndStaysTheSame) {
  const store::TestFolder folder;
  const auto made = runtime::SigningKey::load_or_make(folder.file("k"));
  const auto again = runtime::SigningKey::load_or_make(folder.file("k"));
  ASSERT_TRUE(made && again);
  EXPECT_EQ(made->public_key(), again->public_key());
  struct stat status{};
  ASSERT_EQ(::stat(folder.file("k").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  const std::string signature = made->sign("message");
  EXPECT_TRUE(made->public_key().verifies("message", signature));
  EXPECT_FALSE(made->public_key().verifies("massage", signature));
  ASSERT_TRUE(runtime::write_file_atomic(folder.file("bad"), "no key").has_value());
  EXPECT_EQ(runtime::SigningKey::load_or_make(folder.file("bad")).error().code, "CF-8123");
}

}  // namespace
}  // namespace crossfoot::observe
