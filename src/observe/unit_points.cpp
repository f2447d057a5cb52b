#include "observe/unit_points.h"

#include <algorithm>
#include <iterator>
#include <numeric>

namespace crossfoot::observe {

namespace {

using boost::multiprecision::cpp_int;
using boost::multiprecision::cpp_rational;
using contract::LineAction;

cpp_int floor_of(const cpp_rational& value) {
  return numerator(value) / denominator(value);  // of nothing below zero
}

cpp_rational exact(const Decimal& value) {
  return {cpp_int{value.units}, cpp_int{power_of_ten(value.scale)}};
}

cpp_rational exact(const ledger::Ratio& ratio) {
  return {cpp_int{ratio.numerator}, cpp_int{ratio.denominator}};
}

bool earns(const ledger::Programme& programme, const contract::Line& line) {
  return line.action == LineAction::sold && programme.earns(line.kind);
}

/// Largest remainder: whole parts of `quotas`, and which of them get one more, each `units[i]`
/// times.
void share_out(std::int64_t total, const std::vector<cpp_rational>& quotas,
               const std::vector<std::int64_t>& units, std::vector<std::int64_t>& shares,
               std::vector<std::int64_t>& extras) {
  std::vector<cpp_rational> remainders(quotas.size());
  std::int64_t left = total;
  for (std::size_t i = 0; i < quotas.size(); ++i) {
    const cpp_int whole = floor_of(quotas[i]);
    remainders[i] = quotas[i] - cpp_rational{whole};
    shares[i] = static_cast<std::int64_t>(whole);
    left -= shares[i] * units[i];
  }
  std::vector<std::size_t> order(quotas.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, [&remainders](std::size_t a, std::size_t b) {
    return remainders[a] != remainders[b] ? remainders[a] > remainders[b] : a < b;
  });
  for (const std::size_t i : order) {
    extras[i] = std::min(left, units[i]);
    left -= extras[i];
  }
}

}  // namespace

void UnitPoints::allocate(std::int64_t total, std::vector<Run>& runs) {
  Exact sum = 0;
  for (const Run& run : runs) sum += run.weight * run.units;
  std::vector<Exact> quotas;
  std::vector<std::int64_t> units;
  std::int64_t count = 0;
  for (const Run& run : runs) count += run.units;
  for (const Run& run : runs) {
    // Weights that are all zero count by unit.
    quotas.push_back(sum == 0 ? Exact{total} / count : run.weight * total / sum);
    units.push_back(run.units);
  }
  std::vector<std::int64_t> shares(runs.size(), 0);
  std::vector<std::int64_t> extras(runs.size(), 0);
  share_out(total, quotas, units, shares, extras);
  for (std::size_t i = 0; i < runs.size(); ++i) {
    runs[i].share = shares[i];
    runs[i].extra = extras[i];
  }
}

/// Takes each unit's share off its weight (adds it when `sign` is -1). A line of which a unit would
/// weigh less than nothing weighs nothing.
void UnitPoints::take_off(std::vector<Run>& runs, int sign) {
  std::vector<Run> split;
  std::vector<std::size_t> below;
  for (const Run& run : runs) {
    const auto part = [&](std::int64_t units, std::int64_t share) {
      if (units == 0) return;
      split.push_back({run.line, units, run.weight - Exact{share * sign}, 0, 0});
      if (split.back().weight < 0) below.push_back(run.line);
    };
    part(run.extra, run.share + 1);
    part(run.units - run.extra, run.share);
  }
  for (Run& run : split) {
    if (std::ranges::find(below, run.line) != below.end()) run.weight = 0;
  }
  runs = std::move(split);
}

/// What each unit of the lines that earn is worth: its exact price, less its part of the discounts,
/// with or without tax as the programme says, less the part paid with tenders that do not earn.
std::vector<UnitPoints::Run> UnitPoints::weigh(const ledger::Programme& programme,
                                               const contract::Transaction& transaction,
                                               const ledger::Pricing& pricing,
                                               const ledger::Accrual& accrual) {
  const Exact minor = power_of_ten(transaction.currency.exponent());
  std::vector<Run> runs;
  for (std::size_t i = 0; i < transaction.lines.size(); ++i) {
    const contract::Line& line = transaction.lines[i];
    const ledger::PricedLine& priced = pricing.lines[i];
    if (line.action != LineAction::sold || priced.discount_units.units == 0) continue;
    const Exact price = exact(line.quantity) * exact(line.unit_price) * minor;
    Run run{i, priced.discount_units.units, (price - Exact{line.discount.minor}), 0, 0};
    run.weight = std::max(Exact{0}, run.weight) / run.units;
    run.share = priced.discount_units.base_per_unit;
    run.extra = priced.discount_units.plus_one_units;
    runs.push_back(std::move(run));
  }
  if (pricing.order_discounts.minor != 0) take_off(runs, 1);
  const bool to_net = programme.base == ledger::EarnBase::net;
  if (transaction.tax_mode ==
      (to_net ? contract::TaxMode::inclusive : contract::TaxMode::exclusive)) {
    std::vector<Run> taxed;
    for (std::size_t at = 0; at < runs.size();) {
      std::vector<Run> line;
      const std::size_t index = runs[at].line;
      for (; at < runs.size() && runs[at].line == index; ++at) line.push_back(std::move(runs[at]));
      allocate(std::max<std::int64_t>(0, pricing.lines[index].tax.minor), line);
      std::ranges::move(line, std::back_inserter(taxed));
    }
    runs = std::move(taxed);
    take_off(runs, to_net ? 1 : -1);
  }
  if (accrual.excluded.minor > 0) {
    allocate(accrual.excluded.minor, runs);
    take_off(runs, 1);
  }
  std::erase_if(runs,
                [&](const Run& run) { return !earns(programme, transaction.lines[run.line]); });
  return runs;
}

std::vector<UnitPoints::Component> UnitPoints::components_of(
    const ledger::Programme& programme, const contract::Transaction& transaction,
    ledger::LocalTime at) {
  const std::size_t count = transaction.lines.size();
  Exact tier = 1;
  if (const auto index = programme.tier_of(transaction.member)) {
    tier = exact(programme.tiers[*index].multiplier);
  }
  Component base{std::vector<bool>(count), std::vector<Exact>(count, tier)};
  for (std::size_t i = 0; i < count; ++i) base.covers[i] = earns(programme, transaction.lines[i]);
  const std::vector<bool> eligible = base.covers;
  std::vector<Component> components;
  components.push_back(std::move(base));
  const bool multiplied = programme.stacking == ledger::Stacking::multiplicative;
  std::vector<Exact> before(count, multiplied ? tier : Exact{1});
  for (const ledger::Campaign& campaign : programme.campaigns) {
    if (!campaign.holds_at(at)) continue;
    const Exact multiplier = exact(campaign.multiplier);
    Component extra{std::vector<bool>(count), std::vector<Exact>(count, 0)};
    for (std::size_t i = 0; i < count; ++i) {
      extra.covers[i] = eligible[i] && campaign.covers(transaction.lines[i].article);
      if (!extra.covers[i]) continue;
      extra.factors[i] = before[i] * (multiplier - 1);
      if (multiplied) before[i] *= multiplier;
    }
    if (std::ranges::find(extra.covers, true) == extra.covers.end()) continue;
    const auto same = std::ranges::find(components, extra.covers, &Component::covers);
    if (same == components.end()) {
      components.push_back(std::move(extra));
      continue;
    }
    for (std::size_t i = 0; i < count; ++i) same->factors[i] += extra.factors[i];
  }
  return components;
}

std::vector<std::int64_t> UnitPoints::split(std::int64_t total,
                                            const std::vector<Component>& components,
                                            const ledger::Accrual& accrual) {
  std::vector<Exact> values(components.size(), 0);
  Exact sum = 0;
  for (std::size_t c = 0; c < components.size(); ++c) {
    for (std::size_t i = 0; i < accrual.lines.size(); ++i) {
      if (!components[c].covers[i]) continue;
      values[c] += components[c].factors[i] * accrual.lines[i].eligible.minor;
    }
    // A multiplier below one takes points off the lines of another component: it is given nothing.
    values[c] = std::max(Exact{0}, values[c]);
    sum += values[c];
  }
  std::vector<std::int64_t> shares(components.size(), 0);
  std::vector<std::int64_t> extras(components.size(), 0);
  if (sum == 0) return shares;
  for (Exact& value : values) value = value * total / sum;
  share_out(total, values, std::vector<std::int64_t>(components.size(), 1), shares, extras);
  for (std::size_t c = 0; c < shares.size(); ++c) shares[c] += extras[c];
  return shares;
}

UnitPoints::UnitPoints(const ledger::Programme& programme, const contract::Transaction& transaction,
                       const ledger::Pricing& pricing, const ledger::Accrual& accrual,
                       ledger::LocalTime at) {
  for (const contract::Line& line : transaction.lines) {
    if (line.action == LineAction::sold) lines_[line.number];
  }
  if (accrual.total.count == 0) return;
  const std::vector<Run> runs = weigh(programme, transaction, pricing, accrual);
  const std::vector<Component> components = components_of(programme, transaction, at);
  const std::vector<std::int64_t> shares = split(accrual.total.count, components, accrual);
  for (std::size_t c = 0; c < components.size(); ++c) {
    std::vector<Run> part;
    for (const Run& run : runs) {
      if (!components[c].covers[run.line]) continue;
      part.push_back(run);
      part.back().weight *= components[c].factors[run.line];
    }
    if (part.empty()) continue;
    allocate(shares[c], part);
    std::map<std::uint32_t, Allocation> by_line;
    for (const Run& run : part) {
      by_line[transaction.lines[run.line].number].push_back({run.units, run.share, run.extra});
    }
    for (auto& [line, allocation] : by_line) lines_[line].push_back(std::move(allocation));
  }
}

std::int64_t UnitPoints::prefix(std::uint32_t line, std::int64_t units) const {
  const auto at = lines_.find(line);
  if (at == lines_.end()) return 0;
  std::int64_t sum = 0;
  for (const Allocation& allocation : at->second) {
    std::int64_t left = units;
    for (const Given& given : allocation) {
      const std::int64_t here = std::min(left, given.units);
      sum += here * given.share + std::min(here, given.extra);
      left -= here;
    }
  }
  return sum;
}

}  // namespace crossfoot::observe
