// Goal: receipts are priced to the cent, and what does not add up is named with its place.
#include "ledger/pricing.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "ledger/receipt_builder.h"

namespace crossfoot::ledger {
namespace {

using contract::TaxMode;
using contract::TenderKind;
using contract::TransactionKind;
using testing::money;
using testing::ReceiptBuilder;

std::vector<std::string> faults_of(const contract::Transaction& transaction) {
  std::vector<std::string> found;
  for (const BusinessFault& fault : check(transaction, price(transaction))) {
    found.push_back(std::string(to_string(fault.name)) + " " + fault.pointer);
  }
  return found;
}
using Faults = std::vector<std::string>;

contract::Transaction sound_sale() {
  auto sale = ReceiptBuilder()
                  .mode(TaxMode::inclusive)
                  .line("2", "19.99")
                  .tax("STD", "0.19")
                  .discount("4.50")
                  .tender(TenderKind::card, "35.48")
                  .take();
  sale.totals.gross = money("35.48");
  sale.totals.tax = money("5.66");
  sale.totals.net = money("29.82");
  return sale;
}

TEST(Pricing, ExclusiveTaxIsAdded) {
  // Goal: tax on top, half up on the line, per code.
  const auto sale = ReceiptBuilder()
                        .mode(TaxMode::exclusive)
                        .line("1", "10.00")
                        .tax("A", "0.0825")
                        .line("1", "0.30")
                        .tax("B", "0.05")
                        .take();
  const Pricing pricing = price(sale);
  EXPECT_EQ(pricing.lines[0].tax, money("0.83"));
  EXPECT_EQ(pricing.lines[1].tax, money("0.02"));
  EXPECT_EQ(pricing.sold.gross, money("11.15"));
  ASSERT_EQ(pricing.groups.size(), 2U);
  EXPECT_EQ(pricing.groups[1].sums.gross, money("0.32"));
}

TEST(Pricing, WeightsAreTheExactPrices) {
  // Goal: two lines posted alike share a discount by their exact prices, not by line order.
  const auto sale = ReceiptBuilder().line("1", "0.996").line("1", "1.004").discount("0.01").take();
  const Pricing pricing = price(sale);
  EXPECT_EQ(pricing.fraction_places, 1);
  EXPECT_EQ(pricing.lines[0].extended, pricing.lines[1].extended);
  EXPECT_EQ(pricing.lines[0].order_discount, money("0.00"));
  EXPECT_EQ(pricing.lines[1].order_discount, money("0.01"));
}

TEST(Pricing, AnExchangeSharesDiscountsOverSoldLinesOnly) {
  // Goal: a returned line keeps its price; the amount due is the difference.
  const auto exchange = ReceiptBuilder()
                            .as(TransactionKind::exchange)
                            .line("1", "30.00")
                            .returned()
                            .line("1", "50.00")
                            .discount("5.00")
                            .tender(TenderKind::card, "15.00")
                            .take();
  const Pricing pricing = price(exchange);
  EXPECT_EQ(pricing.lines[0].amount, money("30.00"));
  EXPECT_EQ(pricing.lines[1].amount, money("45.00"));
  EXPECT_EQ(pricing.due, money("15.00"));
  EXPECT_EQ(faults_of(exchange), Faults{});
}

TEST(Check, ASoundSaleHasNoFault) {
  // Goal: net, tax, gross and tenders all agree.
  EXPECT_EQ(faults_of(sound_sale()), Faults{});
}

TEST(Check, OneCentIsAMismatch) {
  // Goal: every stated total is compared with tolerance zero.
  auto sale = sound_sale();
  sale.totals.gross = money("35.49");
  sale.totals.tax = money("5.65");
  sale.totals.net = money("29.83");
  sale.tenders[0].amount = money("35.49");
  EXPECT_EQ(faults_of(sale), (Faults{"totals_mismatch /totals/gross", "totals_mismatch /totals/net",
                                     "totals_mismatch /totals/tax", "tenders_mismatch /tenders"}));
}

TEST(Check, CashRoundsToTheSmallestCoin) {
  // Goal: CHF 9.98 is settled by 10.00 in cash, not by card, and not by 10.05.
  const auto sale = [](TenderKind kind, std::string_view amount) {
    return ReceiptBuilder("CHF").line("1", "9.98").tender(kind, amount).take();
  };
  EXPECT_EQ(faults_of(sale(TenderKind::cash, "10.00")), Faults{});
  EXPECT_EQ(faults_of(sale(TenderKind::card, "10.00")), Faults{"tenders_mismatch /tenders"});
  EXPECT_EQ(faults_of(sale(TenderKind::cash, "10.05")), Faults{"tenders_mismatch /tenders"});
}

TEST(Check, AReturnStatesWhatWasReturned) {
  // Goal: totals and tenders of a return are positive.
  auto back = ReceiptBuilder()
                  .as(TransactionKind::return_goods)
                  .line("1", "12.00")
                  .returned()
                  .tender(TenderKind::cash, "12.00")
                  .take();
  back.totals.gross = money("12.00");
  EXPECT_EQ(faults_of(back), Faults{});
  back.totals.gross = money("-12.00");
  EXPECT_EQ(faults_of(back), Faults{"totals_mismatch /totals/gross"});
}

TEST(Check, NamesEveryKindOfFault) {
  // Goal: each wrong field gives its own name and pointer.
  auto sale = ReceiptBuilder().line("1", "5.00").line("1", "5.00").take();
  sale.lines[0].amount = money("5.01");
  sale.lines[0].discount = money("6.00");
  sale.lines[1].action = contract::LineAction::returned;
  sale.lines[1].discount = money("-1.00");
  sale.lines[1].tax_rate = parse_decimal("-0.1");
  sale.discounts.push_back({money("-1.00"), ""});
  sale.tenders.push_back({TenderKind::cash, money("-1.00")});
  EXPECT_EQ(faults_of(sale),
            (Faults{"amount_mismatch /lines/0/amount", "discount_over_amount /lines/0/discount",
                    "negative_amount /lines/1/discount", "action_mismatch /lines/1/action",
                    "tax_rate_senseless /lines/1/tax_rate", "negative_amount /discounts/0/amount",
                    "negative_amount /tenders/0/amount"}));
}

TEST(Check, DiscountsNeedLinesThatAreWorthThem) {
  // Goal: an order discount beyond the sold lines, or without any, is a fault.
  EXPECT_EQ(faults_of(ReceiptBuilder().line("1", "5").discount("6").take()),
            Faults{"discount_over_amount /discounts"});
  EXPECT_EQ(faults_of(ReceiptBuilder()
                          .as(TransactionKind::return_goods)
                          .line("1", "5")
                          .returned()
                          .discount("1")
                          .take()),
            Faults{"discount_without_sold_lines /discounts"});
}

TEST(Check, HugeAmountsAreParkedNotAdded) {
  // Goal: amounts that would overflow are a fault of their own.
  auto sale = ReceiptBuilder().line("1", "1").take();
  for (int i = 0; i < 100; ++i) {
    sale.lines.push_back(sale.lines[0]);
    sale.lines.back().amount.minor = 1'000'000'000'000'000;
  }
  EXPECT_FALSE(price(sale).in_range);
  EXPECT_EQ(faults_of(sale), Faults{"out_of_range "});
}

TEST(Check, WithoutARateOnlyTheKnownSideIsCompared) {
  // Goal: inclusive prices without a rate prove the gross but no tax.
  auto sale = ReceiptBuilder().mode(TaxMode::inclusive).line("1", "5.00").take();
  sale.totals.gross = money("5.00");
  sale.totals.tax = money("0.80");
  EXPECT_EQ(faults_of(sale), Faults{});
  sale.totals.gross = money("5.01");
  EXPECT_EQ(faults_of(sale), Faults{"totals_mismatch /totals/gross"});
}

contract::Transaction some_sale() {
  ReceiptBuilder builder;
  builder.mode(*rc::gen::element(TaxMode::inclusive, TaxMode::exclusive, TaxMode::not_in_source));
  const auto count = *rc::gen::inRange(1, 9);
  std::int64_t worth = 0;
  for (int i = 0; i < count; ++i) {
    const auto quantity = *rc::gen::inRange<std::int64_t>(1, 500);
    const auto minor = *rc::gen::inRange<std::int64_t>(0, 10'000);
    builder.line(to_string(Decimal{quantity, 0}), to_string(Decimal{minor, 2}));
    builder.tax(*rc::gen::element("A", "B"), *rc::gen::element("0.19", "0.07", "0"));
    worth += quantity * minor;
  }
  const auto off = *rc::gen::inRange<std::int64_t>(0, worth + 1);
  if (off > 0) builder.discount(to_string(Decimal{off, 2}));
  return builder.take();
}

RC_GTEST_PROP(Pricing, RowsAndColumnsAgree, ()) {
  const auto sale = some_sale();
  const auto level = *rc::gen::element(TaxLevel::line, TaxLevel::receipt);
  const Pricing pricing = price(sale, {.tax_level = level});
  const Money zero{0, pricing.currency};
  Money discounts = zero;
  Money amounts = zero;
  Money tax_by_line = zero;
  for (const PricedLine& line : pricing.lines) {
    RC_ASSERT(line.extended - line.discount - line.order_discount == line.amount);
    RC_ASSERT(line.net + line.tax == line.gross);
    RC_ASSERT(line.amount_units.sum() == line.amount.minor);
    RC_ASSERT(line.amount.minor >= 0);
    discounts += line.order_discount;
    amounts += line.amount;
    tax_by_line += line.tax;
  }
  RC_ASSERT(discounts == pricing.order_discounts);
  RC_ASSERT(pricing.sold.net + pricing.sold.tax == pricing.sold.gross);
  RC_ASSERT(tax_by_line - pricing.sold.tax == pricing.tax_rounding);
  RC_ASSERT(amounts ==
            (sale.tax_mode == TaxMode::inclusive ? pricing.sold.gross : pricing.sold.net));
  Sums groups{zero, zero, zero};
  for (const TaxGroup& group : pricing.groups) {
    groups.net += group.sums.net;
    groups.tax += group.sums.tax;
  }
  RC_ASSERT(groups.net == pricing.sold.net);
  RC_ASSERT(groups.tax == pricing.sold.tax);
}

}  // namespace
}  // namespace crossfoot::ledger
