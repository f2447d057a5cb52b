#include "ledger/reversal_method.h"

#include <algorithm>
#include <vector>

#include "base/invariant.h"

namespace crossfoot::ledger {

namespace {

/// Where a sale's lines stand: how much of each is back, index by index the frozen lines.
struct Standing {
  std::vector<std::int64_t> back;
  std::int64_t earned = 0;
  bool any = false;
  bool all = true;
};

Standing standing_of(std::span<const FrozenLine> frozen, std::span<const ReturnedLine> returned) {
  Standing standing;
  for (const FrozenLine& sold : frozen) {
    const std::int64_t limit = sold.points.quantity.count;
    std::int64_t back = 0;
    for (const ReturnedLine& line : returned) {
      if (line.line == sold.line && line.count > 0) back += std::min(line.count, limit - back);
    }
    standing.back.push_back(back);
    standing.earned += sold.points.sum();
    standing.any = standing.any || back > 0;
    standing.all = standing.all && back == limit;
  }
  return standing;
}

std::int64_t by_units(std::span<const FrozenLine> frozen, const Standing& standing) {
  std::int64_t points = 0;
  for (std::size_t i = 0; i < frozen.size(); ++i) {
    points += frozen[i].points.prefix(standing.back[i]);
  }
  return points;
}

/// R(earned × weight back / weight): with nothing back it is zero, with all back what was earned.
std::int64_t by_proportion(std::span<const FrozenLine> frozen, const Standing& standing,
                           Rounding rounding) {
  const bool weightless =
      std::ranges::all_of(frozen, [](const FrozenLine& line) { return line.weight == 0; });
  Wide sum = 0;
  Wide back = 0;
  for (std::size_t i = 0; i < frozen.size(); ++i) {
    const LinePoints& points = frozen[i].points;
    if (points.units() == 0) continue;
    const std::int64_t weight = weightless ? points.units() : frozen[i].weight;
    sum += weight;
    back +=
        share_of_first(spread_evenly(weight, points.units()), points.quantity, standing.back[i]);
  }
  if (sum == 0) return 0;
  return static_cast<std::int64_t>(divide(standing.earned * back, sum, rounding));
}

/// What the receipt earns by its own rules on the units that are kept.
Result<std::int64_t> earned_on_kept(const EarnedSale& sale, const Standing& standing) {
  std::vector<std::int64_t> eligible(sale.transaction.lines.size(), 0);
  for (std::size_t i = 0; i < sale.accrual.lines.size(); ++i) {
    const AccruedLine& line = sale.accrual.lines[i];
    const auto at = std::ranges::find(sale.frozen, line.number, &FrozenLine::line);
    if (at == sale.frozen.end() || at->points.units() == 0) continue;
    const std::int64_t back = standing.back[static_cast<std::size_t>(at - sale.frozen.begin())];
    eligible[i] =
        line.eligible.minor - share_of_first(spread_evenly(line.eligible.minor, at->points.units()),
                                             at->points.quantity, back);
  }
  const auto accrual = accrue_on(sale.programme, sale.transaction, sale.pricing, sale.at, eligible);
  if (!accrual) return fail(accrual.error());
  return accrual->total.count;
}

}  // namespace

Result<Points> taken_back(const EarnedSale& sale, ReversalMethod method,
                          std::span<const ReturnedLine> returned) {
  INVARIANT(sale.accrual.lines.size() == sale.transaction.lines.size(),
            "the accrual is this receipt's");
  const Standing standing = standing_of(sale.frozen, returned);
  if (!standing.any) return Points{0};
  if (standing.all) return Points{standing.earned};
  switch (method) {
    case ReversalMethod::frozen:
      return Points{by_units(sale.frozen, standing)};
    case ReversalMethod::proportional:
      return Points{by_proportion(sale.frozen, standing, sale.programme.rounding)};
    case ReversalMethod::recompute: {
      const auto kept = earned_on_kept(sale, standing);
      if (!kept) return fail(kept.error());
      const auto [least, most] = std::minmax<std::int64_t>(0, standing.earned);
      return Points{standing.earned - std::clamp(*kept, least, most)};
    }
    case ReversalMethod::on_full_return:
      return Points{0};
    case ReversalMethod::on_first_return:
      break;
  }
  return Points{standing.earned};
}

}  // namespace crossfoot::ledger
