// Goal: what is put aside of a target's book is read back as it was, by its reference, and what
// nobody asked for is left over, once.
#include "observe/day_book.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "observe/item_builder.h"
#include "runtime/random.h"

namespace crossfoot::observe {
namespace {

using connector::BookItem;
using testing::accrual;
using testing::booked;
using testing::eur;
using testing::sale;

std::vector<BookItem> found(DayBook& book, const std::vector<std::string_view>& references) {
  auto items = book.find(references);
  EXPECT_TRUE(items.has_value());
  return items ? std::move(*items) : std::vector<BookItem>{};
}

std::vector<std::string> ids_left(DayBook& book, std::size_t page) {
  std::vector<std::string> ids;
  std::size_t at = 0;
  for (;;) {
    const auto items = book.left_over(at, page);
    if (!items || items->empty()) break;
    EXPECT_LE(items->size(), page);
    for (const BookItem& item : *items) ids.push_back(item.id);
  }
  std::ranges::sort(ids);
  return ids;
}

TEST(DayBook, EveryFieldComesBack) {
  BookItem item = booked(sale("R1"));
  item.original_reference = "R0";
  item.kind = "sale";
  item.exact_net = "11.0000001";
  item.member = "M-1";
  item.points = Points{-12};
  item.tax = Money{-5, *find_currency("KWD")};
  item.problem = "gross: 'x' cannot be read";
  item.lines[0].points = Points{7};
  item.lines[1].tax.reset();
  item.taxes[0].net.reset();
  item.tenders.push_back({"cash", std::nullopt});
  item.gross.reset();
  DayBook book;
  ASSERT_TRUE(book.add(item));
  const auto items = found(book, {"R1"});
  ASSERT_EQ(items.size(), 1U);
  EXPECT_EQ(items[0], item);
  BookItem bare;
  bare.reference = "R2";
  ASSERT_TRUE(book.add(bare));
  EXPECT_EQ(found(book, {"R2"}).at(0), bare);
}

TEST(DayBook, EveryEntryUnderAReferenceIsFoundInTheTargetsOrderHoweverOftenItIsAskedFor) {
  DayBook book;
  for (const char* id : {"B-1", "B-2", "B-3"}) {
    BookItem item = booked(sale("R1"));
    item.id = id;
    ASSERT_TRUE(book.add(item));
  }
  for (int again = 0; again < 2; ++again) {
    const auto items = found(book, {"R1", "R1", "", "nobody"});
    ASSERT_EQ(items.size(), 3U);
    for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(items[i].id, "B-" + std::to_string(i + 1));
  }
  EXPECT_TRUE(ids_left(book, 10).empty());
}

TEST(DayBook, WhatNobodyAskedForIsLeftOverOnce) {
  runtime::Random random(7);
  DayBook book;
  std::set<std::string> wanted;
  std::vector<std::string> asked;
  for (int i = 0; i < 5000; ++i) {
    BookItem item =
        booked(i % 3 == 0 ? accrual("R" + std::to_string(i)) : sale("R" + std::to_string(i)));
    // Longer than what one read of the file takes in.
    if (i % 100 == 0)
      item.lines.resize(200, item.lines.empty() ? connector::BookLine{} : item.lines[0]);
    if (i % 50 == 1) item.reference.clear();
    ASSERT_TRUE(book.add(item));
    if (random.below(2) == 0 && !item.reference.empty()) {
      asked.push_back(item.reference);
    } else {
      wanted.insert(item.id);
    }
  }
  std::vector<std::string_view> references(asked.begin(), asked.end());
  EXPECT_EQ(found(book, references).size(), asked.size());
  EXPECT_EQ(ids_left(book, 7), std::vector<std::string>(wanted.begin(), wanted.end()));
}

TEST(DayBook, AnEmptyOneHoldsNothing) {
  DayBook book;
  EXPECT_TRUE(found(book, {"R1"}).empty());
  EXPECT_TRUE(ids_left(book, 10).empty());
}

}  // namespace
}  // namespace crossfoot::observe
