#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/decimal.h"
#include "base/money.h"
#include "base/time.h"

namespace crossfoot::ledger {

/// numerator / denominator, denominator > 0; no common factor.
struct Ratio {
  std::int64_t numerator = 1;
  std::int64_t denominator = 1;

  bool operator==(const Ratio&) const = default;
};
[[nodiscard]] Ratio to_ratio(const Decimal& value);

/// What returned units take back of the points of their receipt (reversal_method.h).
enum class ReversalMethod : std::uint8_t {
  frozen,           ///< A: the points that each unit was frozen with; the default
  proportional,     ///< B: cumulative proportion of the receipt's points
  recompute,        ///< C: the rules run again over what is kept
  on_full_return,   ///< D: nothing until everything is back
  on_first_return,  ///< D: everything with the first unit
};

/// What returned units are worth in money (refund_valuation.h).
enum class RefundValuation : std::uint8_t {
  frozen,    ///< what was paid for them
  rejudged,  ///< what was paid less what the kept units cost by the basket's own promotions
};

/// An order discount with the rule behind it. A receipt's discount belongs to it when its reason is
/// the `id` and its currency that of `spend_from`.
struct BasketPromotion {
  std::string id;
  Money spend_from;                 ///< the kept goods must be worth as much; >= 0
  Ratio percentage{0, 1};           ///< of what the goods are worth, 0 … 1
  std::optional<Money> amount_off;  ///< instead of a percentage; > 0, same currency
};

struct ReturnPolicy {
  ReversalMethod reversal_method = ReversalMethod::frozen;
  RefundValuation refund_valuation = RefundValuation::frozen;
  std::vector<BasketPromotion> basket_promotions;  ///< each id and currency once
};

/// What the days of expiry are counted from.
enum class ExpiryFrom : std::uint8_t { earned, active };

/// The life of earned points, in business days of the shop's books.
struct LotPolicy {
  std::int32_t pending_days = 0;  ///< until they may be spent; >= 0
  std::int32_t expiry_days = 0;   ///< 0: they never expire
  ExpiryFrom expiry_from = ExpiryFrom::active;
  std::int32_t grace_days = 0;  ///< of points restored to an expired lot; 0: they stay expired

  bool operator==(const LotPolicy&) const = default;
};

/// What happens to points that are to be taken back and are not there (clawback.h).
enum class NegativeBalance : std::uint8_t {
  allow_negative,  ///< a debt that later points work off; the default
  floor_zero,      ///< forgiven
  pending_only,    ///< only pending points of that sale are taken, the rest is forgiven
  offset_refund,   ///< their value is kept from the refund
};

struct NegativePolicy {
  NegativeBalance balance = NegativeBalance::allow_negative;
  std::optional<Points> debt_max;  ///< of a member, with allow_negative; the rest is forgiven
  Ratio point_value{0, 1};         ///< with offset_refund: of a point, in the major unit; > 0

  bool operator==(const NegativePolicy&) const = default;
};

struct RedemptionPolicy {
  Duration hold_time{std::chrono::minutes{15}};  ///< from authorisation until it lapses; > 0
  Points offline_floor_limit{0};  ///< a till without connection grants so much at once

  bool operator==(const RedemptionPolicy&) const = default;
};

/// The goods' percentage is rounded first, to `places` decimals, as some auditors do; the points
/// take the rest: truncated at one place, V14 is 1,842 and 158. places <= 6.
struct PercentageFirst {
  std::uint8_t places = 0;
  Rounding rounding = Rounding::half_up;

  bool operator==(const PercentageFirst&) const = default;
};

/// Deferred revenue for points (IFRS 15 B39-B42): how a price is shared between goods and points.
struct DeferralPolicy {
  Ratio point_price{0, 1};  ///< stand-alone price of a point, breakage taken off; 0: no deferral
  std::optional<PercentageFirst> percentage_first;  ///< none: exact, then largest remainder

  bool operator==(const DeferralPolicy&) const = default;
};

}  // namespace crossfoot::ledger
