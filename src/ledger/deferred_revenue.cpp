#include "ledger/deferred_revenue.h"

#include <algorithm>

#include "base/invariant.h"

namespace crossfoot::ledger {

SspSplit deferral_of(const DeferralPolicy& policy, Money price, Points points, Ratio to_programme) {
  INVARIANT(price.minor >= 0 && points.count >= 0, "neither price nor points are below zero");
  const Wide over = Wide{policy.point_price.numerator} * power_of_ten(price.currency.exponent()) *
                    to_programme.denominator;
  const Wide under = Wide{policy.point_price.denominator} * to_programme.numerator;
  const Wide worth = divide(points.count * over, under, Rounding::half_up);
  const Money points_ssp{static_cast<std::int64_t>(std::min(worth, Wide{weight_max / 2})),
                         price.currency};
  if (policy.percentage_first) {
    return allocate_by_relative_ssp(price, price, points_ssp, *policy.percentage_first);
  }
  return allocate_by_relative_ssp(price, price, points_ssp);
}

Money catch_up(Money deferred, Points redeemed, Points expected, Money recognised) {
  INVARIANT(redeemed.count >= 0, "what was redeemed in total is not below zero");
  Money due = deferred;
  if (redeemed < expected) {
    due.minor = static_cast<std::int64_t>(
        divide(Wide{deferred.minor} * redeemed.count, expected.count, Rounding::half_up));
  }
  return due - recognised;
}

PointsLiability::PointsLiability(Currency currency) {
  const Money zero{0, currency};
  period_ = {zero, zero, zero, zero, zero, zero};
}

PointsLiability::Carried* PointsLiability::find(std::string_view lot) {
  const auto at = std::ranges::find(lots_, lot, &Carried::lot);
  return at == lots_.end() ? nullptr : &*at;
}

Money PointsLiability::released(const Carried& carried) {
  const Wide part = divide(Wide{carried.deferred.minor} * carried.used.count, carried.granted.count,
                           Rounding::half_up);
  return Money{static_cast<std::int64_t>(part), carried.deferred.currency};
}

void PointsLiability::grant(std::string_view lot, Points points, Money deferred) {
  INVARIANT(points.count > 0 && deferred.minor >= 0, "a lot has points, and no negative price");
  if (find(lot) != nullptr) return;
  lots_.push_back({std::string(lot), points, deferred, {}});
  period_.granted += deferred;
}

Money PointsLiability::move(const LotEntry& entry) {
  const Money nothing{0, period_.opening.currency};
  if (entry.move == LotMove::grant) return nothing;
  if (entry.move == LotMove::restore && entry.terms) {
    const Carried* origin = find(entry.origin);
    if (origin == nullptr || find(entry.lot) != nullptr) return nothing;
    Carried own{entry.lot, entry.points, origin->deferred, {}};
    own.deferred.minor =
        static_cast<std::int64_t>(divide(Wide{origin->deferred.minor} * entry.points.count,
                                         origin->granted.count, Rounding::half_up));
    lots_.push_back(own);
    period_.redeemed += -own.deferred;
    return -own.deferred;
  }
  Carried* lot = find(entry.lot);
  if (lot == nullptr) return nothing;
  const Money before = released(*lot);
  lot->used += entry.move == LotMove::restore ? -entry.points : entry.points;
  const Money step = released(*lot) - before;
  if (entry.move == LotMove::reverse) period_.clawed_back += step;
  if (entry.move == LotMove::expire) period_.expired += step;
  if (entry.move == LotMove::redeem || entry.move == LotMove::restore) period_.redeemed += step;
  return step;
}

Money PointsLiability::re_estimate(std::string_view lot, Money change) {
  Carried* carried = find(lot);
  if (carried == nullptr || carried->used >= carried->granted) return Money{0, change.currency};
  const Money left = carried->deferred - released(*carried);
  const Money made = std::max(change, -left);
  *carried = {carried->lot, carried->granted - carried->used, left + made, {}};
  period_.re_estimated += made;
  return made;
}

Money PointsLiability::open() const {
  Money sum{0, period_.opening.currency};
  for (const Carried& carried : lots_) sum += carried.deferred - released(carried);
  return sum;
}

void PointsLiability::close() {
  const Money zero{0, period_.opening.currency};
  period_ = {period_.closing(), zero, zero, zero, zero, zero};
}

}  // namespace crossfoot::ledger
