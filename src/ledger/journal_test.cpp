// Goal: every document's debits equal its credits, and the accounts are the expected ones.
#include "ledger/journal.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "contract/error_codes.h"
#include "ledger/receipt_builder.h"

namespace crossfoot::ledger {
namespace {

using contract::TaxMode;
using contract::TenderKind;
using contract::TransactionKind;
using testing::money;
using testing::ReceiptBuilder;

Journal posted(const contract::Transaction& transaction, const JournalOptions& options = {}) {
  return journal_of(transaction, price(transaction), options).value();
}

contract::Transaction sale_of_120() {
  return ReceiptBuilder()
      .mode(TaxMode::exclusive)
      .line("1", "100.00")
      .tax("STD", "0.20")
      .tender(TenderKind::cash, "120.00")
      .take();
}

TEST(Journal, SaleWithDeferredPoints) {
  // Goal: 100 + 20 tax in cash, points worth 5: revenue 95.24, liability 4.76 (DOMAIN 7.8).
  const SspSplit split = allocate_by_relative_ssp(money("100"), money("100"), money("5"));
  const Journal expected{{Account::cash, Side::debit, money("120.00"), ""},
                         {Account::revenue, Side::credit, money("95.24"), "STD"},
                         {Account::points_liability, Side::credit, money("4.76"), ""},
                         {Account::tax_payable, Side::credit, money("20.00"), "STD"}};
  EXPECT_EQ(posted(sale_of_120(), {.points_part = split.points}), expected);
}

TEST(Journal, TheReturnIsTheOtherSide) {
  // Goal: revenue, tax and liability back, cash out; unlinked ones in an account class of their
  // own.
  auto back = sale_of_120();
  back.kind = TransactionKind::return_goods;
  back.lines[0].action = contract::LineAction::returned;
  const Journal expected{{Account::cash, Side::credit, money("120.00"), ""},
                         {Account::revenue, Side::debit, money("95.24"), "STD"},
                         {Account::points_liability, Side::debit, money("4.76"), ""},
                         {Account::tax_payable, Side::debit, money("20.00"), "STD"}};
  const JournalOptions options{.points_part = money("4.76")};
  EXPECT_EQ(posted(back, options), expected);
  EXPECT_EQ(posted(back, options), mirrored(posted(sale_of_120(), options)));
  EXPECT_EQ(posted(back, {.unlinked = true})[1],
            (Posting{Account::unlinked_returns, Side::debit, money("100.00"), "STD"}));
}

TEST(Journal, RedeemedPointsMoveTheLiabilityAtWhatTheyAreCarriedAt) {
  // Goal: an item of 30.00 for 20.00 cash and points worth 10.00, carried at 9.52: revenue 29.52
  // (DOMAIN 7.8).
  const auto sale = ReceiptBuilder()
                        .line("1", "30.00")
                        .tender(TenderKind::cash, "20.00")
                        .tender(TenderKind::points, "10.00")
                        .take();
  const Journal expected{{Account::cash, Side::debit, money("20.00"), ""},
                         {Account::points_liability, Side::debit, money("9.52"), ""},
                         {Account::revenue, Side::credit, money("29.52"), ""}};
  EXPECT_EQ(posted(sale, {.points_carrying = money("9.52")}), expected);
  const auto refused = journal_of(sale, price(sale), {.points_carrying = money("1", "CHF")});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, contract::error_code::posting_unbalanced);
}

TEST(Journal, PointsAlreadySpentAreAnExpenseOfTheReturn) {
  // Goal: with floor_zero the liability is untouched: it was released at the redemption; what is
  // kept from the refund lowers the expense (DOMAIN 7.8).
  auto back = sale_of_120();
  back.kind = TransactionKind::return_goods;
  back.lines[0].action = contract::LineAction::returned;
  const Journal expected{{Account::cash, Side::credit, money("120.00"), ""},
                         {Account::revenue, Side::debit, money("95.24"), "STD"},
                         {Account::loyalty_expense, Side::debit, money("4.76"), ""},
                         {Account::tax_payable, Side::debit, money("20.00"), "STD"}};
  JournalOptions options{.points_part = money("4.76"), .points_spent = money("4.76")};
  EXPECT_EQ(posted(back, options), expected);
  back.tenders[0].amount = money("118.00");
  options.refund_kept = money("2.00");
  const Journal journal = posted(back, options);
  EXPECT_EQ(journal.front(), (Posting{Account::cash, Side::credit, money("118.00"), ""}));
  EXPECT_EQ(journal.back(), (Posting{Account::loyalty_expense, Side::credit, money("2.00"), ""}));
  options.points_spent = money("4.77");
  EXPECT_FALSE(journal_of(back, price(back), options));
}

TEST(Journal, ExpiryEstimatesAndTillCounts) {
  // Goal: what expires becomes revenue; a count that is short is somebody's account.
  const Journal expired{{Account::points_liability, Side::debit, money("4.76"), ""},
                        {Account::revenue, Side::credit, money("4.76"), ""}};
  EXPECT_EQ(points_released(money("4.76")), expired);
  EXPECT_EQ(points_released(money("-4.76")), mirrored(expired));
  EXPECT_TRUE(points_released(money("0")).empty());
  const Journal shortage{{Account::cash, Side::credit, money("3.00"), ""},
                         {Account::over_short, Side::debit, money("3.00"), ""}};
  EXPECT_EQ(till_difference(money("97"), money("100")), shortage);
  EXPECT_TRUE(till_difference(money("97"), money("97")).empty());
}

RC_GTEST_PROP(Journal, BalancesWithPointsTakenAndGiven, ()) {
  // Goal: whatever part is owed for points and whatever redeemed points are carried at.
  const auto minor = *rc::gen::inRange<std::int64_t>(100, 50'000);
  const auto points = *rc::gen::inRange<std::int64_t>(0, minor + 1);
  auto sale = ReceiptBuilder()
                  .line("1", to_string(Decimal{minor, 2}))
                  .tender(TenderKind::points, to_string(Decimal{points, 2}))
                  .tender(TenderKind::cash, to_string(Decimal{minor - points, 2}))
                  .take();
  const auto carried = *rc::gen::inRange<std::int64_t>(0, points + 1);
  const auto part = *rc::gen::inRange<std::int64_t>(0, carried + 1);
  const JournalOptions options{.points_part = Money{part, sale.currency},
                               .points_carrying = Money{carried, sale.currency}};
  const auto journal = journal_of(sale, price(sale), options);
  RC_ASSERT(journal.has_value());
  RC_ASSERT(imbalance(*journal).empty());
  for (const Posting& posting : *journal) {
    RC_ASSERT(posting.account != Account::rounding_difference);
  }
}

TEST(Journal, CashRoundingHasItsAccount) {
  // Goal: CHF 9.98 paid with 10.00 leaves 0.02 in the rounding account.
  const auto sale =
      ReceiptBuilder("CHF").line("1", "9.98").tender(TenderKind::cash, "10.00").take();
  EXPECT_EQ(posted(sale).back(),
            (Posting{Account::rounding_difference, Side::credit, money("0.02", "CHF"), ""}));
}

TEST(Journal, AGiftCardIsALiabilityUntilItPays) {
  // Goal: selling one is no revenue, paying with one releases the liability.
  const auto sold = ReceiptBuilder()
                        .line("1", "25.00")
                        .kind(contract::LineKind::voucher)
                        .tender(TenderKind::card, "25.00")
                        .take();
  EXPECT_EQ(posted(sold),
            (Journal{{Account::card, Side::debit, money("25.00"), ""},
                     {Account::voucher_liability, Side::credit, money("25.00"), ""}}));
  const auto paid =
      ReceiptBuilder().line("1", "25.00").tender(TenderKind::gift_card, "25.00").take();
  EXPECT_EQ(posted(paid), (Journal{{Account::voucher_liability, Side::debit, money("25.00"), ""},
                                   {Account::revenue, Side::credit, money("25.00"), ""}}));
}

TEST(Journal, WithoutTendersTheAmountIsReceivable) {
  // Goal: a sale on account balances too.
  EXPECT_EQ(posted(ReceiptBuilder().line("1", "7.00").take())[0],
            (Posting{Account::receivable, Side::debit, money("7.00"), ""}));
}

TEST(Journal, DoesNotInventMoney) {
  // Goal: a missing cent of tender and a points' part above the net are faults.
  auto sale = sale_of_120();
  EXPECT_EQ(journal_of(sale, price(sale), {.points_part = money("100.01")}).error().code,
            contract::error_code::posting_unbalanced);
  sale.tenders[0].amount = money("119.99");
  EXPECT_EQ(journal_of(sale, price(sale)).error().code, contract::error_code::posting_unbalanced);
}

TEST(Journal, ImbalanceIsPerCurrency) {
  // Goal: a euro never balances a franc.
  const Journal journal{{Account::cash, Side::debit, money("1.00", "EUR"), ""},
                        {Account::revenue, Side::credit, money("1.00", "CHF"), ""}};
  EXPECT_EQ(imbalance(journal), (std::vector<Money>{money("1.00", "EUR"), money("-1.00", "CHF")}));
}

RC_GTEST_PROP(Journal, EveryDocumentBalances, ()) {
  ReceiptBuilder builder;
  builder.as(TransactionKind::exchange);
  builder.mode(*rc::gen::element(TaxMode::inclusive, TaxMode::exclusive, TaxMode::not_in_source));
  const auto count = *rc::gen::inRange(1, 9);
  for (int i = 0; i < count; ++i) {
    builder.line(to_string(Decimal{*rc::gen::inRange<std::int64_t>(1, 50), 0}),
                 to_string(Decimal{*rc::gen::inRange<std::int64_t>(0, 10'000), 2}));
    builder.tax(*rc::gen::element("A", "B"), *rc::gen::element("0.19", "0.077", "0"));
    if (*rc::gen::arbitrary<bool>()) builder.returned();
    if (*rc::gen::inRange(0, 5) == 0) builder.kind(contract::LineKind::voucher);
  }
  auto document = builder.take();
  const PricingOptions level{*rc::gen::element(TaxLevel::line, TaxLevel::receipt)};
  Pricing pricing = price(document, level);
  if (*rc::gen::arbitrary<bool>() && pricing.due.minor != 0) {
    document.tenders.push_back(
        {TenderKind::card, pricing.due.minor < 0 ? -pricing.due : pricing.due});
    pricing = price(document, level);
  }
  const auto journal = journal_of(document, pricing, {.unlinked = *rc::gen::arbitrary<bool>()});
  RC_ASSERT(journal.has_value());
  RC_ASSERT(imbalance(*journal).empty());
  for (const Posting& posting : *journal) RC_ASSERT(posting.amount.minor > 0);
}

}  // namespace
}  // namespace crossfoot::ledger
