// Goal: a store day ties out to its receipts whatever comes late, and a posted slice never changes.
#include "ledger/store_day.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "contract/error_codes.h"
#include "ledger/receipt_builder.h"

namespace crossfoot::ledger {
namespace {

using contract::LineAction;
using contract::TaxMode;
using contract::TenderKind;
using contract::TransactionKind;
using testing::money;
using testing::ReceiptBuilder;

StoreDay saturday() {
  return StoreDay({"acme", "DE-001", parse_business_date("2026-11-21").value(), "aggregated"});
}

DaySums sums(const contract::Transaction& transaction) {
  const Pricing pricing = price(transaction);
  return sums_of(transaction, pricing, journal_of(transaction, pricing).value());
}

contract::Transaction sale(std::string_view quantity, std::string_view price,
                           std::string_view paid) {
  return ReceiptBuilder()
      .mode(TaxMode::inclusive)
      .line(quantity, price, "MUG")
      .tax("STD", "0.20")
      .tender(TenderKind::cash, paid)
      .take();
}

TEST(StoreDay, SumsByArticleTenderAndAccount) {
  // Goal: two sales of mugs are one line of three, one sum of cash and one balanced journal.
  StoreDay day = saturday();
  ASSERT_TRUE(day.add("R1", sums(sale("1", "6.00", "6.00"))));
  ASSERT_TRUE(day.add("R2", sums(sale("2", "6.00", "12.00"))));
  const DaySums& all = day.slices().at(0).sums;
  ASSERT_EQ(all.articles.size(), 1U);
  EXPECT_EQ(all.articles[0].millionths, 3'000'000);
  EXPECT_EQ(all.articles[0].gross, 1'800);
  EXPECT_EQ(all.articles[0].tax, 300);
  EXPECT_EQ(all.tenders,
            (std::vector<TenderSum>{{TenderKind::cash, testing::currency_of("EUR"), 1'800}}));
  const Journal expected{{Account::cash, Side::debit, money("18.00"), ""},
                         {Account::revenue, Side::credit, money("15.00"), "STD"},
                         {Account::tax_payable, Side::credit, money("3.00"), "STD"}};
  EXPECT_EQ(all.journal, expected);
}

TEST(StoreDay, AReceiptCountsOnce) {
  // Goal: a receipt that is delivered again, before or after the close, changes nothing.
  StoreDay day = saturday();
  EXPECT_EQ(day.add("R1", sums(sale("1", "6.00", "6.00"))).value(), StoreDay::Added::added);
  EXPECT_EQ(day.add("R1", sums(sale("1", "6.00", "6.00"))).value(), StoreDay::Added::known);
  EXPECT_EQ(day.close(), 1U);
  EXPECT_EQ(day.close(), std::nullopt);
  EXPECT_EQ(day.add("R1", sums(sale("1", "6.00", "6.00"))).value(), StoreDay::Added::known);
  EXPECT_EQ(day.slices().size(), 1U);
}

TEST(StoreDay, AReversalIsAMirroredSlice) {
  // Goal: the posted slice stays, its opposite is posted, and its receipts may come again.
  StoreDay day = saturday();
  ASSERT_TRUE(day.add("R1", sums(sale("1", "6.00", "6.00"))));
  EXPECT_EQ(day.reverse(1), std::nullopt);
  day.close();
  EXPECT_EQ(day.reverse(1), 2U);
  EXPECT_EQ(day.reverse(1), std::nullopt);
  EXPECT_EQ(day.reverse(2), std::nullopt);
  EXPECT_EQ(day.reverse(9), std::nullopt);
  EXPECT_EQ(day.posted().value(), DaySums{});
  EXPECT_EQ(day.slice_of("R1"), std::nullopt);
  ASSERT_TRUE(day.add("R1", sums(sale("1", "6.00", "6.00"))));
  EXPECT_EQ(day.slice_of("R1"), 3U);
  EXPECT_EQ(day.slices()[1].mirrors, 1U);
}

TEST(StoreDay, SlicesAreNamedByTheDay) {
  // Goal: the identity of a document is the same wherever it is computed, and no two agree.
  EXPECT_EQ(saturday().name_of(2), "acme|DE-001|2026-11-21|aggregated|2");
  EXPECT_EQ(StoreDay({"a|b", "c\\", {}, "m"}).name_of(1), "a\\|b|c\\\\|1970-01-01|m|1");
}

TEST(StoreDay, SumsBeyond64BitsAreAFault) {
  // Goal: a day that cannot be summed exactly says so and stays as it was.
  StoreDay day = saturday();
  DaySums huge;
  huge.tenders.push_back({TenderKind::cash, testing::currency_of("EUR"), INT64_MAX});
  ASSERT_TRUE(day.add("R1", huge));
  const auto refused = day.add("R2", huge);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, contract::error_code::arithmetic_range);
  EXPECT_EQ(day.slices()[0].references.size(), 1U);
}

DaySums random_receipt() {
  ReceiptBuilder builder(*rc::gen::element("EUR", "CHF"));
  builder.mode(TaxMode::inclusive);
  const bool returned = *rc::gen::inRange(0, 4) == 0;
  const auto count = *rc::gen::inRange(1, 4);
  for (int i = 0; i < count; ++i) {
    builder.line(std::to_string(*rc::gen::inRange(1, 4)),
                 to_string(Decimal{*rc::gen::inRange<std::int64_t>(1, 300), 2}),
                 *rc::gen::element("A", "B"));
    builder.tax(*rc::gen::element("STD", "RED"), "0.20");
    if (returned) builder.returned();
  }
  if (returned) builder.as(TransactionKind::return_goods);
  auto transaction = builder.take();
  const Money due = price(transaction).due;
  if (due.minor != 0) {
    transaction.tenders.push_back(
        {*rc::gen::element(TenderKind::cash, TenderKind::card), due.minor < 0 ? -due : due});
  }
  return sums(transaction);
}

RC_GTEST_PROP(StoreDay, TheSumOfTheSlicesIsThatOfTheReceipts, ()) {
  StoreDay day = saturday();
  DaySums all;
  std::vector<Slice> frozen;
  const auto count = *rc::gen::inRange(0, 25);
  for (int i = 0; i < count; ++i) {
    const DaySums receipt = random_receipt();
    RC_ASSERT(day.add("R" + std::to_string(i), receipt).has_value());
    RC_ASSERT(add(all, receipt).has_value());
    if (*rc::gen::inRange(0, 4) == 0) frozen.push_back(day.slices().at(*day.close() - 1));
    if (!frozen.empty() && *rc::gen::inRange(0, 8) == 0) {
      const Slice& slice = frozen.front();
      if (slice.mirrors == 0 && day.reverse(slice.number)) {
        RC_ASSERT(add(all, mirrored(slice.sums)).has_value());
      }
    }
  }
  day.close();
  RC_ASSERT(day.posted().value() == all);
  RC_ASSERT(imbalance(all.journal).empty());
  for (const Slice& slice : frozen) RC_ASSERT(day.slices()[slice.number - 1] == slice);
}

RC_GTEST_PROP(StoreDay, TheOrderOfReceiptsDoesNotMatter, ()) {
  std::vector<DaySums> receipts;
  const auto count = *rc::gen::inRange(0, 12);
  for (int i = 0; i < count; ++i) receipts.push_back(random_receipt());
  DaySums forwards;
  for (const DaySums& receipt : receipts) RC_ASSERT(add(forwards, receipt).has_value());
  DaySums backwards;
  for (auto at = receipts.rbegin(); at != receipts.rend(); ++at) {
    RC_ASSERT(add(backwards, *at).has_value());
  }
  RC_ASSERT(forwards == backwards);
}

}  // namespace
}  // namespace crossfoot::ledger
