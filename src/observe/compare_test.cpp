// Goal: every way in which two books can differ is one break of the right class, and what is not a
// difference is none: tables for each class, properties over random worlds.
#include "observe/compare.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "observe/item_builder.h"
#include "runtime/random.h"

namespace crossfoot::observe {
namespace {

using connector::BookItem;
using testing::accrual;
using testing::booked;
using testing::day;
using testing::eur;
using testing::sale;

constexpr Instant as_of{1'000'000'000};

CompareOptions options(Side side = Side::erp) {
  return {.side = side,
          .date = day(0),
          .as_of = as_of,
          .in_flight = std::chrono::seconds{60},
          .readable = true};
}

DayComparison compare(const ExpectedItem& expected, std::vector<BookItem> observed) {
  return compare_day({expected}, std::move(observed), options(expected.side));
}

struct Case {
  const char* name;
  bool loyalty;
  std::function<void(BookItem&)> damage;
  BreakClass wanted;
  std::int64_t money;
  std::int64_t points;
};

const Case cases[] = {
    {"net", false, [](BookItem& b) { b.net = eur(1000); }, BreakClass::amount, 0, 0},
    {"minor unit", false,
     [](BookItem& b) {
       b.net = eur(1101);
       b.gross = eur(1298);
       b.lines[0].amount = eur(1191);
       b.taxes[1].net = eur(1001);
     },
     BreakClass::amount, 1, 0},
    {"line amount alone", false, [](BookItem& b) { b.lines[1].amount = eur(108); },
     BreakClass::amount, 0, 0},
    {"tax code", false,
     [](BookItem& b) {
       b.lines[0].tax_code = "DE-RED";
       b.taxes = {{"DE-RED", eur(1100), eur(197)}};
     },
     BreakClass::amount, 0, 0},
    {"quantity", false, [](BookItem& b) { b.lines[0].quantity = "3"; }, BreakClass::amount, 0, 0},
    {"article", false, [](BookItem& b) { b.lines[0].article = "B"; }, BreakClass::amount, 0, 0},
    {"a line less", false, [](BookItem& b) { b.lines.pop_back(); }, BreakClass::amount, 0, 0},
    {"a line more", false, [](BookItem& b) { b.lines.push_back({.line = 3}); }, BreakClass::amount,
     0, 0},
    {"tender", false, [](BookItem& b) { b.tenders[0].kind = "cash"; }, BreakClass::amount, 0, 0},
    {"no tender", false, [](BookItem& b) { b.tenders.clear(); }, BreakClass::amount, 0, 0},
    {"currency", false, [](BookItem& b) { b.currency = "CHF"; }, BreakClass::amount, 0, 0},
    {"tax once a receipt", false,
     [](BookItem& b) {
       b.net = eur(1101);
       b.tax = eur(196);
     },
     BreakClass::rounding, 0, 0},
    {"shop", false, [](BookItem& b) { b.shop = "DE-002"; }, BreakClass::ownership, 1297, 0},
    {"shop and amount", false,
     [](BookItem& b) {
       b.shop = "DE-002";
       b.net = eur(1);
     },
     BreakClass::ownership, 1297, 0},
    {"points", true, [](BookItem& b) { b.points = Points{13}; }, BreakClass::rate, 0, 1},
    {"member", true, [](BookItem& b) { b.member = "M-2"; }, BreakClass::ownership, 0, 12},
};

TEST(Compare, EachDifferenceIsOneBreakOfItsClass) {
  for (const Case& each : cases) {
    SCOPED_TRACE(each.name);
    const ExpectedItem expected = each.loyalty ? accrual("R1") : sale("R1");
    BookItem observed = booked(expected);
    each.damage(observed);
    const DayComparison day = compare(expected, {observed});
    ASSERT_EQ(day.breaks.size(), 1U);
    const Break& found = day.breaks.front();
    EXPECT_EQ(to_string(found.break_class), to_string(each.wanted)) << found.detail;
    EXPECT_EQ(found.side, expected.side);
    EXPECT_EQ(found.reference, "R1");
    EXPECT_EQ(found.transaction, expected.transaction);
    EXPECT_EQ(found.money.value_or(eur(0)).minor, each.money);
    EXPECT_EQ(found.points.count, each.points);
    EXPECT_FALSE(found.detail.empty());
    ASSERT_EQ(day.judged.size(), 1U);
    EXPECT_EQ(day.judged[0].outcome, ItemOutcome::broken);
    for (const ControlDifference& total : day.control.differences()) EXPECT_TRUE(total.evidence);
  }
}

TEST(Compare, EqualIsAgreedAndItsTotalsAreTheSame) {
  for (const ExpectedItem& expected : {sale("R1"), accrual("R1")}) {
    const DayComparison day = compare(expected, {booked(expected)});
    EXPECT_TRUE(day.breaks.empty());
    ASSERT_EQ(day.judged.size(), 1U);
    EXPECT_EQ(day.judged[0].outcome, ItemOutcome::agreed);
    EXPECT_TRUE(day.judged[0].counts);
    EXPECT_GT(day.control.compared(), 0U);
    EXPECT_TRUE(day.control.differences().empty());
  }
}

TEST(Compare, ABookThatKeepsOnlyGrossAgreesByIt) {
  const ExpectedItem expected = sale("R1");
  BookItem observed = booked(expected);
  observed.net.reset();
  observed.tax.reset();
  observed.taxes.clear();
  observed.lines.clear();
  const DayComparison day = compare(expected, {observed});
  EXPECT_TRUE(day.breaks.empty());
  EXPECT_EQ(day.judged[0].outcome, ItemOutcome::agreed);
  EXPECT_TRUE(day.control.differences().empty());
}

TEST(Compare, WhatCannotBeComparedIsUnverifiedNeverAgreed) {
  ExpectedItem unknown_points = accrual("R1");
  unknown_points.points.reset();
  BookItem observed = booked(accrual("R1"));
  EXPECT_EQ(compare(unknown_points, {observed}).judged[0].outcome, ItemOutcome::unverified);

  BookItem unreadable = booked(sale("R1"));
  unreadable.problem = "net: 'x' cannot be read";
  EXPECT_EQ(compare(sale("R1"), {unreadable}).judged[0].outcome, ItemOutcome::unverified);

  ExpectedItem damaged = sale("R1");
  damaged.expectation = Expectation::unreadable;
  const DayComparison day = compare(damaged, {booked(sale("R1"))});
  EXPECT_EQ(day.judged[0].outcome, ItemOutcome::unverified);
  EXPECT_TRUE(day.strays.empty());
}

TEST(Compare, ATargetThatCannotBeReadLeavesAllUnverified) {
  CompareOptions unreadable = options();
  unreadable.readable = false;
  ExpectedItem explained = sale("R2");
  explained.expectation = Expectation::explained;
  const DayComparison day = compare_day({sale("R1"), explained}, {}, unreadable);
  ASSERT_EQ(day.judged.size(), 2U);
  for (const Judged& judged : day.judged) EXPECT_EQ(judged.outcome, ItemOutcome::unverified);
  EXPECT_TRUE(day.breaks.empty());
  EXPECT_TRUE(day.unmet.empty());
  EXPECT_EQ(day.control.compared(), 0U);
}

TEST(Compare, TwiceIsOneDuplicate) {
  const ExpectedItem expected = sale("R1");
  BookItem again = booked(expected);
  again.id = "B-2";
  const DayComparison day = compare(expected, {booked(expected), again});
  ASSERT_EQ(day.breaks.size(), 1U);
  EXPECT_EQ(day.breaks[0].break_class, BreakClass::duplicate);
  EXPECT_EQ(day.breaks[0].money, eur(1297));
  EXPECT_TRUE(day.strays.empty());
}

ItemOutcome alone(Expectation expectation, Instant since) {
  ExpectedItem expected = sale("R1");
  expected.expectation = expectation;
  expected.since = since;
  DayComparison day = compare(expected, {});
  EXPECT_EQ(day.unmet.size(), 1U);
  return day.unmet.at(0).alone;
}

TEST(Compare, WhatIsNotThereIsInFlightExplainedOrMissing) {
  const Instant old = as_of - Duration{std::chrono::seconds{61}};
  const Instant young = as_of - Duration{std::chrono::seconds{60}};
  EXPECT_EQ(alone(Expectation::there, old), ItemOutcome::broken);
  EXPECT_EQ(alone(Expectation::there, as_of), ItemOutcome::in_flight) << "the book is older";
  EXPECT_EQ(alone(Expectation::pending, old), ItemOutcome::broken);
  EXPECT_EQ(alone(Expectation::pending, young), ItemOutcome::in_flight);
  EXPECT_EQ(alone(Expectation::explained, old), ItemOutcome::explained);
}

TEST(Compare, WhatIsUnderWayAndThereAlreadyAgrees) {
  for (const Expectation expectation : {Expectation::pending, Expectation::explained}) {
    ExpectedItem expected = sale("R1");
    expected.expectation = expectation;
    EXPECT_EQ(compare(expected, {booked(expected)}).judged[0].outcome, ItemOutcome::agreed);
  }
}

TEST(Compare, CancelledIsNothingUnlessItIsThere) {
  ExpectedItem expected = sale("R1");
  expected.expectation = Expectation::absent;
  const DayComparison nothing = compare(expected, {});
  EXPECT_TRUE(nothing.judged.empty() && nothing.unmet.empty() && nothing.breaks.empty());
  const DayComparison there = compare(expected, {booked(expected)});
  ASSERT_EQ(there.breaks.size(), 1U);
  EXPECT_EQ(there.breaks[0].break_class, BreakClass::missing);
  EXPECT_EQ(there.breaks[0].side, Side::channel);
  EXPECT_EQ(there.breaks[0].transaction, expected.transaction);
}

TEST(Compare, AMovementIsComparedByArticleAndQuantity) {
  ExpectedItem expected = sale("R1");
  expected.document.reset();
  ExpectedLine moved;
  moved.line = 1;
  moved.article = "A";
  moved.quantity = {-40, 1};
  expected.moved = {moved};
  BookItem observed = booked(expected);
  observed.lines[0].quantity = "-4";
  EXPECT_EQ(compare(expected, {observed}).judged[0].outcome, ItemOutcome::agreed);
  observed.lines[0].quantity = "4";
  const DayComparison day = compare(expected, {observed});
  ASSERT_EQ(day.breaks.size(), 1U);
  EXPECT_EQ(day.breaks[0].break_class, BreakClass::amount);
}

Unmet unmet_of(ExpectedItem item, ItemOutcome outcome = ItemOutcome::broken) {
  return {std::move(item), outcome, false};
}
Stray stray_of(const ExpectedItem& item, std::int32_t number) {
  Stray stray{item.side, booked(item), false};
  stray.item.business_date = day(number);
  return stray;
}

TEST(Settle, UnderAnotherDayIsOneTimingBreak) {
  const Settlement settled = settle({unmet_of(sale("R1"))}, {stray_of(sale("R1"), 2)});
  ASSERT_EQ(settled.breaks.size(), 1U);
  EXPECT_EQ(settled.breaks[0].break_class, BreakClass::timing);
  EXPECT_EQ(settled.breaks[0].business_date, day(0));
  EXPECT_EQ(settled.breaks[0].money, eur(1297));
  EXPECT_TRUE(settled.strays.empty());
}

TEST(Settle, FoundNowhereIsMissingFoundByNobodyIsTheChannels) {
  const Settlement settled =
      settle({unmet_of(sale("R1")), unmet_of(accrual("R1"))}, {stray_of(sale("R2"), 0)});
  ASSERT_EQ(settled.breaks.size(), 2U);
  for (const Break& found : settled.breaks) EXPECT_EQ(found.break_class, BreakClass::missing);
  EXPECT_EQ(settled.breaks[0].money, eur(-1297));
  EXPECT_EQ(settled.breaks[1].points.count, -12);
  ASSERT_EQ(settled.strays.size(), 1U);
  const Break stray = break_of_stray(settled.strays[0], nullptr);
  EXPECT_EQ(stray.break_class, BreakClass::missing);
  EXPECT_EQ(stray.side, Side::channel);
  EXPECT_EQ(stray.reference, "R2");
  const ExpectedItem known = sale("R2");
  const Break again = break_of_stray(settled.strays[0], &known);
  EXPECT_EQ(again.break_class, BreakClass::duplicate);
  EXPECT_EQ(again.transaction, known.transaction);
}

TEST(Settle, OnlyTheSameSideMeets) {
  ExpectedItem loyalty = accrual("R1");
  const Settlement settled = settle({unmet_of(sale("R1"))}, {stray_of(loyalty, 1)});
  EXPECT_EQ(settled.breaks.size(), 1U);
  EXPECT_EQ(settled.strays.size(), 1U);
}

TEST(Settle, DaysBesideThePeriodAreOnlyLookedInto) {
  Unmet beside = unmet_of(sale("R1"));
  beside.outside = true;
  Stray away = stray_of(sale("R2"), -1);
  away.outside = true;
  Stray found = stray_of(sale("R3"), -1);
  found.outside = true;
  const Settlement settled = settle({beside, unmet_of(sale("R3"))}, {away, found});
  ASSERT_EQ(settled.breaks.size(), 1U);
  EXPECT_EQ(settled.breaks[0].reference, "R3");
  EXPECT_EQ(settled.breaks[0].break_class, BreakClass::timing);
  EXPECT_EQ(settled.judged.size(), 1U);
  EXPECT_TRUE(settled.strays.empty());
}

/// A day of random sales and accruals.
std::vector<ExpectedItem> random_day(runtime::Random& random, Side side, std::size_t count) {
  std::vector<ExpectedItem> items;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string reference = "R" + std::to_string(i);
    ExpectedItem item = side == Side::erp
                            ? sale(reference)
                            : accrual(reference, static_cast<std::int64_t>(1 + random.below(90)));
    item.shop = "DE-00" + std::to_string(random.below(3));
    if (side == Side::loyalty) item.member = "M-" + std::to_string(random.below(5));
    if (side == Side::erp && random.below(3) == 0) item.document = item.document->mirrored();
    items.push_back(std::move(item));
  }
  return items;
}

TEST(CompareProperty, ACleanWorldHasNoBreakInAnyOrder) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    runtime::Random random(seed);
    const Side side = random.below(2) == 0 ? Side::erp : Side::loyalty;
    const auto expected = random_day(random, side, 1 + random.below(30));
    std::vector<BookItem> book;
    for (const ExpectedItem& item : expected) {
      book.insert(book.begin() + static_cast<std::ptrdiff_t>(random.below(book.size() + 1)),
                  booked(item));
    }
    const DayComparison day = compare_day(expected, book, options(side));
    ASSERT_TRUE(day.breaks.empty());
    ASSERT_TRUE(day.unmet.empty() && day.strays.empty());
    ASSERT_TRUE(day.control.differences().empty());
    ASSERT_TRUE(std::ranges::all_of(
        day.judged, [](const Judged& each) { return each.outcome == ItemOutcome::agreed; }));
  }
}

TEST(CompareProperty, OneDamagedItemIsExactlyOneBreak) {
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    SCOPED_TRACE(seed);
    runtime::Random random(seed);
    const Case& each = cases[random.below(std::size(cases))];
    const Side side = each.loyalty ? Side::loyalty : Side::erp;
    std::vector<ExpectedItem> expected = random_day(random, side, 1 + random.below(30));
    const std::size_t chosen = random.below(expected.size());
    // The table's damages are written for the plain sale and its member.
    expected[chosen] = each.loyalty ? accrual("chosen") : sale("chosen");
    std::vector<BookItem> book;
    for (const ExpectedItem& item : expected) book.push_back(booked(item));
    each.damage(book[chosen]);
    const DayComparison day = compare_day(expected, book, options(side));
    ASSERT_EQ(day.breaks.size(), 1U) << each.name;
    ASSERT_EQ(day.breaks[0].break_class, each.wanted) << each.name;
    ASSERT_EQ(day.breaks[0].reference, "chosen");
    for (const ControlDifference& total : day.control.differences()) ASSERT_TRUE(total.evidence);
  }
}

}  // namespace
}  // namespace crossfoot::observe
