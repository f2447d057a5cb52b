// Goal: refunds pay back what was paid, frozen or rejudged, and never a cent more.
#include "ledger/refund_valuation.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "ledger/receipt_builder.h"

namespace crossfoot::ledger {
namespace {

using testing::money;
using testing::ReceiptBuilder;

ReturnPolicy rejudging(BasketPromotion promotion) {
  ReturnPolicy policy;
  policy.refund_valuation = RefundValuation::rejudged;
  policy.basket_promotions.push_back(std::move(promotion));
  return policy;
}

Money value(const contract::Transaction& sale, const ReturnPolicy& policy,
            const std::vector<ReturnedLine>& returned) {
  return refund_value(sale, price(sale), policy, returned);
}

TEST(Refund, AKeptBasketThatStillQualifiesKeepsItsDiscount) {
  // Goal: 10 % from 200: of six at 50.00 one comes back, five keep 25.00, the refund is 45.00.
  const auto sale = ReceiptBuilder().line("6", "50.00").discount("30.00").take();
  const auto policy = rejudging({"coupon", money("200"), {1, 10}, {}});
  EXPECT_EQ(value(sale, policy, {{1, 1}}), money("45.00"));
  EXPECT_EQ(value(sale, policy, {{1, 6}}), money("270.00"));
  EXPECT_EQ(value(sale, policy, {}), money("0.00"));
}

TEST(Refund, AnAmountOffStaysWholeOrGoes) {
  // Goal: 5.00 off from 40.00: keeping 40.00 keeps the 5.00, keeping less loses it.
  const auto sale = ReceiptBuilder().line("3", "20.00").discount("5.00").take();
  const auto policy = rejudging({"coupon", money("40"), {0, 1}, money("5.00")});
  EXPECT_EQ(value(sale, policy, {{1, 1}}), money("20.00"));
  EXPECT_EQ(value(sale, policy, {{1, 2}}), money("35.00"));
  EXPECT_EQ(value(sale, policy, {{1, 3}}), money("55.00"));
}

TEST(Refund, OtherDiscountsKeepTheirShare) {
  // Goal: a discount that no promotion explains is not taken away from the kept goods.
  const auto sale = ReceiptBuilder().line("2", "50.00").discount("10.00").take();
  const auto policy = rejudging({"another", money("100"), {1, 10}, {}});
  EXPECT_EQ(value(sale, policy, {{1, 1}}), money("45.00"));
}

TEST(Refund, NobodyPaysForReturning) {
  // Goal: returning 10.00 loses a discount of 30.00: nothing is due, and the next return makes up
  // for it: in the end what was paid is back.
  const auto sale =
      ReceiptBuilder().line("1", "10.00").line("1", "290.00").discount("30.00").take();
  const auto policy = rejudging({"coupon", money("300"), {1, 10}, {}});
  const Money first = value(sale, policy, {{1, 1}});
  EXPECT_EQ(first, money("-20.00"));
  const Money paid = refund_due(first, money("0"));
  EXPECT_EQ(paid, money("0.00"));
  EXPECT_EQ(refund_due(value(sale, policy, {{1, 1}, {2, 1}}), paid), money("270.00"));
}

TEST(Refund, MeasuredGoodsByWeight) {
  // Goal: a third of the weight refunds a third of the price.
  const auto sale = ReceiptBuilder().line("1.5", "20.00").measured().take();
  EXPECT_EQ(value(sale, {}, {{1, 500'000}}), money("10.00"));
}

RC_GTEST_PROP(Refund, InEveryOrderWhatWasPaidComesBack, ()) {
  ReceiptBuilder builder;
  std::vector<std::uint32_t> units;
  const auto count = *rc::gen::inRange(1, 5);
  for (int i = 1; i <= count; ++i) {
    const auto quantity = *rc::gen::inRange<std::int64_t>(1, 5);
    const auto minor = *rc::gen::inRange<std::int64_t>(1, 5'000);
    builder.line(to_string(Decimal{quantity, 0}), to_string(Decimal{minor, 2}));
    units.insert(units.end(), static_cast<std::size_t>(quantity), static_cast<std::uint32_t>(i));
  }
  auto sale = builder.take();
  const Money worth = price(sale).sold.gross;
  sale.discounts.push_back({Money{1 + worth.minor / 10, worth.currency}, "coupon"});
  auto policy =
      rejudging({"coupon",
                 Money{*rc::gen::inRange<std::int64_t>(0, worth.minor + 1), worth.currency},
                 {1, 10},
                 {}});
  policy.refund_valuation = *rc::gen::element(RefundValuation::frozen, RefundValuation::rejudged);
  const Pricing pricing = price(sale);
  for (std::size_t i = units.size(); i > 1; --i) {
    std::swap(units[i - 1], units[*rc::gen::inRange<std::size_t>(0, i)]);
  }
  std::vector<ReturnedLine> returned;
  Money refunded{0, worth.currency};
  for (const std::uint32_t line : units) {
    returned.push_back({line, 1});
    const Money due = refund_due(refund_value(sale, pricing, policy, returned), refunded);
    RC_ASSERT(due.minor >= 0);
    refunded += due;
    RC_ASSERT(refunded.minor <= pricing.sold.gross.minor);
  }
  RC_ASSERT(refunded == pricing.sold.gross);
}

}  // namespace
}  // namespace crossfoot::ledger
