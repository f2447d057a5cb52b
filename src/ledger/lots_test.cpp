// Goal: a lot is the sum of its entries in any order, and points are spent, given back and lost by
// their own dates.
#include "ledger/lots.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>

namespace crossfoot::ledger {
namespace {

using Added = LotBook::Added;

BusinessDate day(std::int32_t days) {
  return {days};
}

LotEntry grant(std::string lot, std::int64_t points, LotTerms terms) {
  return {"sale/" + lot, std::move(lot), LotMove::grant, {points}, std::move(terms)};
}

LotTerms lasting(std::int32_t active, std::int32_t expires) {
  return {"S", day(active), day(active), day(expires)};
}

/// A expires first, though B was earned first; C never does; D is pending until day 50.
LotBook four_lots() {
  LotBook book;
  EXPECT_EQ(book.add(grant("A", 10, {"S-A", day(5), day(5), day(20)})), Added::added);
  EXPECT_EQ(book.add(grant("B", 20, {"S-B", day(1), day(1), day(30)})), Added::added);
  EXPECT_EQ(book.add(grant("C", 30, {"S-C", day(0), day(0), {}})), Added::added);
  EXPECT_EQ(book.add(grant("D", 40, {"S-D", day(6), day(50), day(60)})), Added::added);
  return book;
}

void book_all(LotBook& book, const std::vector<LotEntry>& entries) {
  for (const LotEntry& entry : entries) EXPECT_EQ(book.add(entry), Added::added);
}

TEST(Lots, TermsFollowThePolicy) {
  // Goal: pending days first; the expiry is counted from the day earned or the day active.
  LotPolicy policy{.pending_days = 14, .expiry_days = 365, .expiry_from = ExpiryFrom::earned};
  EXPECT_EQ(lot_terms(policy, "S", day(100)), (LotTerms{"S", day(100), day(114), day(465)}));
  policy.expiry_from = ExpiryFrom::active;
  EXPECT_EQ(lot_terms(policy, "S", day(100)).expires, day(479));
  policy.expiry_days = 0;
  EXPECT_EQ(lot_terms(policy, "S", day(100)).expires, std::nullopt);
}

TEST(Lots, AreSpentFromActiveUntilTheyExpire) {
  // Goal: both ends are half open: spendable on the first day, gone on the last.
  const LotBook book = four_lots();
  EXPECT_EQ(book.active(day(5)), Points{60});
  EXPECT_EQ(book.active(day(4)), Points{50});
  EXPECT_EQ(book.active(day(19)), Points{60});
  EXPECT_EQ(book.active(day(20)), Points{50});
  EXPECT_EQ(book.pending(day(49)), Points{40});
  EXPECT_EQ(book.pending(day(50)), Points{0});
  EXPECT_EQ(book.balance(), Points{100});
}

TEST(Lots, TheSoonestExpiryIsDrawnFirst) {
  // Goal: A before B before C; D is pending; what is missing is told.
  const DrawPlan plan = plan_draw(four_lots(), {35}, day(10));
  EXPECT_EQ(plan.draws, (std::vector<LotDraw>{{"A", {10}}, {"B", {20}}, {"C", {5}}}));
  EXPECT_EQ(plan.missing, Points{0});
  EXPECT_EQ(plan_draw(four_lots(), {70}, day(10)).missing, Points{10});
}

TEST(Lots, WhatIsReservedIsNotDrawn) {
  // Goal: points held for one redemption are not planned for another.
  const std::vector<LotDraw> reserved{{"A", {4}}, {"A", {6}}, {"B", {5}}};
  EXPECT_EQ(plan_draw(four_lots(), {20}, day(10), reserved).draws,
            (std::vector<LotDraw>{{"B", {15}}, {"C", {5}}}));
}

TEST(Lots, RestoredPointsKeepTheirLotAndExpiry) {
  // Goal: what was drawn last returns first, to its own lot.
  LotBook book = four_lots();
  const auto drawn = plan_draw(book, {35}, day(10)).draws;
  book_all(book, draw_entries("R1", LotMove::redeem, drawn));
  const auto back = plan_restore(drawn, {0}, {8});
  EXPECT_EQ(back, (std::vector<LotDraw>{{"C", {5}}, {"B", {3}}}));
  book_all(book, restore_entries(book, {}, "X1", back, day(12)));
  EXPECT_EQ(book.find("B")->balance(), Points{3});
  EXPECT_EQ(book.find("B")->terms->expires, day(30));
  EXPECT_EQ(plan_restore(drawn, {8}, {99}), (std::vector<LotDraw>{{"B", {17}}, {"A", {10}}}));
}

TEST(Lots, WhatExpiredMeanwhileStaysExpiredOrHasGrace) {
  // Goal: restored on day 25, A's points are gone at once; with grace they last until day 32.
  for (const std::int32_t grace : {0, 7}) {
    LotBook book = four_lots();
    const auto drawn = plan_draw(book, {10}, day(10)).draws;
    book_all(book, draw_entries("R1", LotMove::redeem, drawn));
    const LotPolicy policy{.grace_days = grace};
    book_all(book, restore_entries(book, policy, "X1", drawn, day(25)));
    EXPECT_EQ(book.active(day(25)), Points{grace == 0 ? 50 : 60});
    EXPECT_EQ(book.active(day(31)), Points{grace == 0 ? 30 : 40});
    EXPECT_EQ(book.active(day(32)), Points{30});
    const auto expired = expiry_entries(book, day(25));
    EXPECT_EQ(expired.size(), grace == 0 ? 1U : 0U);
  }
}

TEST(Lots, ExpiryTakesWhatIsLeftAndOnce) {
  // Goal: held points outlive their lot; what comes back later expires by an entry of its own.
  LotBook book = four_lots();
  const std::vector<LotDraw> reserved{{"A", {4}}};
  book_all(book, expiry_entries(book, day(20), reserved));
  EXPECT_EQ(book.find("A")->balance(), Points{4});
  EXPECT_TRUE(expiry_entries(book, day(20), reserved).empty());
  book_all(book, expiry_entries(book, day(21)));
  EXPECT_EQ(book.find("A")->balance(), Points{0});
}

TEST(Lots, FactsCountOnceAndContradictionsDoNot) {
  // Goal: a repeated fact changes nothing; the same reference with other figures is no fact.
  LotBook book = four_lots();
  const LotBook before = book;
  EXPECT_EQ(book.add(grant("A", 10, {"S-A", day(5), day(5), day(20)})), Added::known);
  EXPECT_EQ(book.add(grant("A", 11, {"S-A", day(5), day(5), day(20)})), Added::conflicting);
  EXPECT_EQ(book.add({"R", "A", LotMove::redeem, {0}, {}}), Added::conflicting);
  EXPECT_EQ(book.add({"R", "A", LotMove::redeem, {-3}, {}}), Added::conflicting);
  EXPECT_EQ(book, before);
}

std::vector<LotEntry> random_entries() {
  std::vector<LotEntry> entries;
  const auto lots = *rc::gen::inRange(1, 5);
  for (int lot = 0; lot < lots; ++lot) {
    const auto start = *rc::gen::inRange<std::int32_t>(0, 20);
    const auto end = start + *rc::gen::inRange<std::int32_t>(1, 30);
    entries.push_back(grant(std::string(1, static_cast<char>('A' + lot)),
                            *rc::gen::inRange<std::int64_t>(1, 100), lasting(start, end)));
  }
  const auto moves = *rc::gen::inRange(0, 12);
  for (int i = 0; i < moves; ++i) {
    const auto lot = *rc::gen::inRange(0, lots);
    const LotMove move =
        *rc::gen::element(LotMove::reverse, LotMove::redeem, LotMove::restore, LotMove::expire);
    entries.push_back({"E" + std::to_string(i),
                       std::string(1, static_cast<char>('A' + lot)),
                       move,
                       {*rc::gen::inRange<std::int64_t>(1, 50)},
                       {}});
  }
  return entries;
}

RC_GTEST_PROP(Lots, AreTheSumOfTheirEntriesInAnyOrderAndAnyNumber, ()) {
  auto entries = random_entries();
  std::map<std::string, std::int64_t> sums;
  for (const LotEntry& entry : entries) {
    const bool gives = entry.move == LotMove::grant || entry.move == LotMove::restore;
    sums[entry.lot] += gives ? entry.points.count : -entry.points.count;
  }
  LotBook in_order;
  for (const LotEntry& entry : entries) in_order.add(entry);
  const std::size_t distinct = entries.size();
  for (std::size_t i = 0; i < distinct; ++i) {
    if (*rc::gen::arbitrary<bool>()) entries.push_back(entries[i]);
  }
  for (std::size_t i = entries.size(); i > 1; --i) {
    std::swap(entries[i - 1], entries[*rc::gen::inRange<std::size_t>(0, i)]);
  }
  LotBook shuffled;
  for (const LotEntry& entry : entries) shuffled.add(entry);
  RC_ASSERT(shuffled == in_order);
  for (const auto& [lot, sum] : sums) RC_ASSERT(shuffled.find(lot)->balance().count == sum);
}

RC_GTEST_PROP(Lots, RedeemingAndRestoringPartIsRedeemingLess, ()) {
  LotBook book;
  const auto lots = *rc::gen::inRange(1, 6);
  std::int64_t all = 0;
  for (int lot = 0; lot < lots; ++lot) {
    const auto points = *rc::gen::inRange<std::int64_t>(1, 60);
    all += points;
    book.add(grant(std::string(1, static_cast<char>('A' + lot)), points,
                   lasting(0, *rc::gen::inRange<std::int32_t>(10, 30))));
  }
  const auto redeemed = *rc::gen::inRange<std::int64_t>(1, all + 1);
  const auto restored = *rc::gen::inRange<std::int64_t>(0, redeemed + 1);
  const auto first = *rc::gen::inRange<std::int64_t>(0, restored + 1);
  LotBook back = book;
  const auto drawn = plan_draw(back, {redeemed}, day(5)).draws;
  for (const auto& entry : draw_entries("R", LotMove::redeem, drawn)) back.add(entry);
  const auto part = plan_restore(drawn, {0}, {first});
  const auto rest = plan_restore(drawn, {first}, {restored - first});
  for (const auto& entry : restore_entries(back, {}, "X", part, day(6))) back.add(entry);
  for (const auto& entry : restore_entries(back, {}, "Y", rest, day(7))) back.add(entry);
  const auto less = plan_draw(book, {redeemed - restored}, day(5)).draws;
  for (const auto& entry : draw_entries("R", LotMove::redeem, less)) book.add(entry);
  for (const Lot& lot : book.lots()) {
    RC_ASSERT(back.find(lot.id)->balance() == lot.balance());
    RC_ASSERT(back.find(lot.id)->terms == lot.terms);
  }
}

}  // namespace
}  // namespace crossfoot::ledger
