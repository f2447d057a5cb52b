#include "ledger/refund_valuation.h"

#include <algorithm>

namespace crossfoot::ledger {

namespace {

/// Amounts of the units that are kept, in minor units.
struct Kept {
  std::int64_t worth = 0;     ///< price less line discounts
  std::int64_t discount = 0;  ///< frozen share of the order discounts
  std::int64_t paid = 0;
  std::int64_t paid_for_all = 0;
  bool any = false;
  bool all = true;
};

std::int64_t back_of(std::uint32_t number, const LineQuantity& sold,
                     std::span<const ReturnedLine> returned) {
  std::int64_t back = 0;
  for (const ReturnedLine& line : returned) {
    if (line.line == number && line.count > 0) back += std::min(line.count, sold.count - back);
  }
  return back;
}

Kept kept_of(const contract::Transaction& transaction, const Pricing& pricing,
             std::span<const ReturnedLine> returned) {
  Kept kept;
  for (std::size_t i = 0; i < pricing.lines.size(); ++i) {
    const PricedLine& line = pricing.lines[i];
    if (line.action != contract::LineAction::sold) continue;
    const LineQuantity sold =
        line_quantity(transaction.lines[i].quantity, transaction.lines[i].measured);
    const std::int64_t back = back_of(line.number, sold, returned);
    const auto left = [&](const UnitAllocation& shares) {
      return shares.sum() - share_of_first(shares, sold, back);
    };
    const std::int64_t worth = line.extended.minor - line.discount.minor;
    kept.worth += left(spread_evenly(worth, line.amount_units.units));
    kept.discount += left(line.discount_units);
    kept.paid += left(line.amount_units);
    kept.paid_for_all += line.amount.minor;
    kept.any = kept.any || back < sold.count;
    kept.all = kept.all && back == 0;
  }
  return kept;
}

/// What a promotion takes off goods of this worth, never more than it took off the whole receipt.
std::int64_t granted(const BasketPromotion& promotion, std::int64_t worth, std::int64_t at_most) {
  if (worth < promotion.spend_from.minor) return 0;
  if (promotion.amount_off) return std::min({promotion.amount_off->minor, worth, at_most});
  const Wide off = divide(Wide{worth} * promotion.percentage.numerator,
                          promotion.percentage.denominator, Rounding::half_up);
  return static_cast<std::int64_t>(std::min(off, Wide{at_most}));
}

/// What the kept units cost when the basket's promotions are judged again.
std::int64_t rejudged_price(const contract::Transaction& transaction, const Pricing& pricing,
                            const ReturnPolicy& policy, const Kept& kept) {
  std::int64_t off = 0;
  std::int64_t unnamed = pricing.order_discounts.minor;
  for (const contract::Discount& discount : transaction.discounts) {
    const auto at = std::ranges::find_if(policy.basket_promotions, [&](const auto& promotion) {
      return promotion.id == discount.reason &&
             promotion.spend_from.currency == discount.amount.currency;
    });
    if (at == policy.basket_promotions.end()) continue;
    const std::int64_t taken = std::min(discount.amount.minor, unnamed);
    unnamed -= taken;
    off += granted(*at, kept.worth, taken);
  }
  if (pricing.order_discounts.minor > 0) {
    off += static_cast<std::int64_t>(
        divide(Wide{kept.discount} * unnamed, pricing.order_discounts.minor, Rounding::half_up));
  }
  return std::max<std::int64_t>(0, kept.worth - off);
}

}  // namespace

Money refund_value(const contract::Transaction& transaction, const Pricing& pricing,
                   const ReturnPolicy& policy, std::span<const ReturnedLine> returned) {
  if (!pricing.in_range) return Money{0, pricing.currency};
  const Kept kept = kept_of(transaction, pricing, returned);
  if (kept.all) return Money{0, pricing.currency};
  if (!kept.any) return Money{kept.paid_for_all, pricing.currency};
  const std::int64_t price = policy.refund_valuation == RefundValuation::frozen
                                 ? kept.paid
                                 : rejudged_price(transaction, pricing, policy, kept);
  return Money{kept.paid_for_all - price, pricing.currency};
}

Money refund_due(Money value, Money refunded) {
  const Money missing = value - refunded;
  return missing.minor > 0 ? missing : Money{0, value.currency};
}

}  // namespace crossfoot::ledger
