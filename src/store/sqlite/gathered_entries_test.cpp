// Goal: entries gather, move in order and are dropped only then; each can be found throughout.
#include "store/sqlite/gathered_entries.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace crossfoot::store::sqlite {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

struct Entry {
  int key = 0;
  std::int64_t seq = 0;
  friend bool operator<(const Entry& a, const Entry& b) { return a.key < b.key; }
};

class Gathering : public testing::Test {
 protected:
  void insert(std::initializer_list<int> keys) {
    for (const int key : keys) {
      EXPECT_FALSE(entries_.insert({.key = key, .seq = entries_.last() + 1}));
    }
  }
  int write() {
    moved_.clear();
    dropped_.clear();
    return entries_.write_slice(
        [this](const Entry& entry) {
          moved_.push_back(entry.key);
          return move_code_;
        },
        [this](std::int64_t first, std::int64_t last) {
          dropped_ = {first, last};
          return SQLITE_DONE;
        });
  }
  void commit() {
    EXPECT_EQ(write(), SQLITE_DONE);
    entries_.published(now_);
  }

  GatheredEntries<Entry> entries_{4};
  Duration now_{seconds{10}};
  std::vector<int> moved_;
  std::vector<std::int64_t> dropped_;
  int move_code_ = SQLITE_DONE;
};

TEST_F(Gathering, MovesARunInOrderThenDropsItsRows) {
  insert({7, 3, 9});
  commit();
  EXPECT_THAT(moved_, IsEmpty()) << "too few";
  insert({1});
  commit();
  commit();
  EXPECT_THAT(moved_, ElementsAre(1, 3, 7, 9));
  EXPECT_THAT(dropped_, IsEmpty()) << "what is moved must be committed first";
  insert({5});
  commit();
  EXPECT_THAT(moved_, IsEmpty());
  EXPECT_THAT(dropped_, ElementsAre(1, 4)) << "not the row that came later";
  commit();
  EXPECT_THAT(dropped_, IsEmpty());
}

TEST_F(Gathering, ARolledBackSliceIsWrittenAgain) {
  insert({4, 2, 1, 3});
  commit();
  ASSERT_EQ(write(), SQLITE_DONE);
  EXPECT_THAT(moved_, ElementsAre(1, 2, 3, 4));
  entries_.undone();
  commit();
  EXPECT_THAT(moved_, ElementsAre(1, 2, 3, 4));
  ASSERT_EQ(write(), SQLITE_DONE);
  EXPECT_THAT(dropped_, ElementsAre(1, 4));
  entries_.undone();
  commit();
  EXPECT_THAT(dropped_, ElementsAre(1, 4));
}

TEST_F(Gathering, AFailedMoveIsToldAndNothingIsForgotten) {
  insert({4, 2, 1, 3});
  commit();
  move_code_ = SQLITE_FULL;
  EXPECT_EQ(write(), SQLITE_FULL);
  entries_.undone();
  move_code_ = SQLITE_DONE;
  commit();
  EXPECT_THAT(moved_, ElementsAre(1, 2, 3, 4));
}

TEST_F(Gathering, AKeyIsTakenOnceWhereverItIs) {
  insert({4, 2, 1, 3});
  EXPECT_EQ(entries_.insert({.key = 2, .seq = 99}), 2) << "in the open transaction";
  commit();
  EXPECT_EQ(entries_.insert({.key = 2, .seq = 99}), 2) << "in the run";
  insert({6});
  commit();
  EXPECT_EQ(entries_.insert({.key = 6, .seq = 99}), 5) << "among the gathered";
}

TEST_F(Gathering, WhatIsUndoneWasNeverThere) {
  insert({8});
  const std::size_t mark = entries_.mark();
  insert({5, 6});
  entries_.undo_to(mark);
  EXPECT_TRUE(entries_.find({.key = 8}));
  EXPECT_FALSE(entries_.find({.key = 5}));
  insert({5});
  EXPECT_EQ(entries_.find({.key = 5}), 4) << "rows are not used twice";
}

TEST_F(Gathering, AnEntryIsHeldUntilNoSnapshotNeedsItAndOnlyThenTheNextRunBegins) {
  insert({1, 2, 3, 4});
  commit();
  commit();
  commit();
  ASSERT_THAT(dropped_, ElementsAre(1, 4));
  insert({5, 6, 7, 8});
  now_ += GatheredEntries<Entry>::keep - Duration{1};
  commit();
  EXPECT_TRUE(entries_.find({.key = 1}));
  commit();
  EXPECT_THAT(moved_, IsEmpty());
  now_ += Duration{1};
  commit();
  EXPECT_FALSE(entries_.find({.key = 1}));
  EXPECT_TRUE(entries_.find({.key = 5}));
  commit();
  EXPECT_THAT(moved_, ElementsAre(5, 6, 7, 8));
}

}  // namespace
}  // namespace crossfoot::store::sqlite
