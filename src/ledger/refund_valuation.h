#pragma once

#include <span>

#include "ledger/policies.h"
#include "ledger/pricing.h"
#include "ledger/reversal_method.h"

namespace crossfoot::ledger {

/// What the customer may have back in total, in the receipt's tax mode, once `returned` is back
/// (V9, V10). Frozen: what was paid for the returned units. Rejudged: what was paid for everything
/// less what the kept units cost at their own prices: a discount with a known promotion (its reason
/// and the currency) is granted again where what is kept still reaches the promotion's threshold,
/// never more than it was; other discounts keep their share. A percentage is rounded half up.
///
/// Rejudged the value may fall while more comes back, and below zero: the kept units then cost more
/// than what was paid. refund_due() deals with it. Counts as in taken_back(). Never fails; zero
/// when the pricing is out of range.
[[nodiscard]] Money refund_value(const contract::Transaction& transaction, const Pricing& pricing,
                                 const ReturnPolicy& policy,
                                 std::span<const ReturnedLine> returned);

/// The money to pay for the step to `value`, after `refunded` >= 0 was paid: what is missing to it,
/// never less than nothing. The refunds of a receipt that comes back whole are what was paid for
/// it, in every order.
[[nodiscard]] Money refund_due(Money value, Money refunded);

}  // namespace crossfoot::ledger
