#include "ledger/clawback.h"

#include <algorithm>
#include <tuple>

#include "base/invariant.h"

namespace crossfoot::ledger {

namespace {

/// The parts of the lots that a predicate names, soonest expiry first.
template <class Wanted>
void take(const LotBook& book, const ClawbackInput& input, Wanted wanted, Clawback& clawback,
          Points& left) {
  std::vector<const Lot*> order;
  for (const Lot& lot : book.lots()) {
    if (lot.terms && wanted(*lot.terms)) order.push_back(&lot);
  }
  std::ranges::sort(order, {}, [](const Lot* lot) {
    const BusinessDate end = lot->terms->expires.value_or(BusinessDate{INT32_MAX});
    return std::make_tuple(end, lot->terms->earned, std::string_view(lot->id));
  });
  for (const Lot* lot : order) {
    Points free = lot->balance();
    for (const LotDraw& draw : input.reserved) {
      if (draw.lot == lot->id) free = free - draw.points;
    }
    const Points here = std::min(left, free);
    if (here.count <= 0) continue;
    clawback.draws.push_back({lot->id, here});
    left = left - here;
  }
}

/// Keeps the value of the points from the refund, as far as it goes.
Points offset_refund(const NegativePolicy& policy, const ClawbackInput& input, Points left,
                     Clawback& clawback) {
  // One point is worth value × minor units / rate in the refund's currency.
  const Wide over = Wide{policy.point_value.numerator} *
                    power_of_ten(input.refund.currency.exponent()) * input.to_programme.denominator;
  const Wide under = Wide{policy.point_value.denominator} * input.to_programme.numerator;
  if (over == 0) return {0};
  const auto worth = [&](std::int64_t points) {
    return divide(points * over, under, Rounding::half_up);
  };
  std::int64_t points = left.count;
  if (worth(points) > input.refund.minor) {
    points = static_cast<std::int64_t>(
        std::min(Wide{points}, divide(input.refund.minor * under, over, Rounding::floor)));
  }
  clawback.offset = {points};
  clawback.kept.minor = static_cast<std::int64_t>(worth(points));
  return {points};
}

}  // namespace

Clawback plan_clawback(const LotBook& book, const NegativePolicy& policy,
                       const ClawbackInput& input) {
  INVARIANT(input.owed.count >= 0 && input.debt.count >= 0 && input.refund.minor >= 0,
            "neither points owed nor refunds are below zero");
  Clawback clawback;
  clawback.kept = Money{0, input.refund.currency};
  Points left = input.owed;
  const auto of_sale = [&](const LotTerms& terms) { return terms.sale == input.sale; };
  take(
      book, input,
      [&](const LotTerms& terms) { return of_sale(terms) && terms.active > input.day; }, clawback,
      left);
  if (policy.balance == NegativeBalance::pending_only) {
    clawback.forgiven = left;
    return clawback;
  }
  take(
      book, input,
      [&](const LotTerms& terms) { return of_sale(terms) && terms.active_on(input.day); }, clawback,
      left);
  take(
      book, input,
      [&](const LotTerms& terms) { return !of_sale(terms) && terms.active_on(input.day); },
      clawback, left);
  if (policy.balance == NegativeBalance::allow_negative) {
    const Points room = policy.debt_max ? std::max(Points{0}, *policy.debt_max - input.debt) : left;
    clawback.debt = std::min(left, room);
    left = left - clawback.debt;
  }
  if (policy.balance == NegativeBalance::offset_refund) {
    left = left - offset_refund(policy, input, left, clawback);
  }
  clawback.forgiven = left;
  return clawback;
}

void DebtBook::owe(std::string_view reference, Points points) {
  INVARIANT(points.count > 0, "a debt is above zero");
  if (std::ranges::find(debts_, reference, &Record::reference) != debts_.end()) return;
  debts_.push_back({std::string(reference), points});
}

Points DebtBook::settle(std::string_view accrual, Points points) {
  const auto known = std::ranges::find(settled_, accrual, &Record::reference);
  if (known != settled_.end()) return known->points;
  const Points taken = std::clamp(points, Points{0}, open());
  settled_.push_back({std::string(accrual), taken});
  return taken;
}

Points DebtBook::open() const {
  Points sum;
  for (const Record& debt : debts_) sum += debt.points;
  for (const Record& record : settled_) sum = sum - record.points;
  return sum;
}

}  // namespace crossfoot::ledger
