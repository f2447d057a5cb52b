#include <date/tz.h>

#include <algorithm>
#include <boost/multiprecision/cpp_int.hpp>

#include "sandbox/programme.h"

namespace crossfoot::sandbox {

namespace {

using Big = boost::multiprecision::cpp_int;

constexpr std::int64_t points_max = 1'000'000'000'000'000;

bool matches(std::string_view pattern, std::string_view article) {
  if (!pattern.ends_with('*')) return pattern == article;
  pattern.remove_suffix(1);
  return article.starts_with(pattern);
}

bool covers(const Campaign& campaign, std::string_view article) {
  return campaign.articles.empty() ||
         std::ranges::any_of(campaign.articles,
                             [&](const std::string& pattern) { return matches(pattern, article); });
}

std::int64_t local_micros(std::string_view zone, Instant at) {
  if (zone == "UTC") return at.micros;
  const date::sys_time<Duration> instant{Duration{at.micros}};
  return date::locate_zone(zone)->to_local(instant).time_since_epoch().count();
}

/// The eligible amounts of a receipt: minor units per line, and the weights of its units.
struct Eligible {
  std::vector<std::int64_t> lines;
  std::vector<Run> runs;
};

bool earns(const Programme& programme, const ReceiptLine& line) {
  return !line.returned &&
         std::ranges::find(programme.line_kinds, line.kind) != programme.line_kinds.end();
}

/// Puts the tax on the units (or takes it off) when the base is not what the till charges in.
void change_base(const Receipt& receipt, const Priced& priced, bool to_net, Wide minor_weight,
                 Eligible& eligible) {
  for (std::size_t at = 0; at < eligible.runs.size();) {
    const std::size_t line = eligible.runs[at].line;
    std::size_t end = at;
    while (end < eligible.runs.size() && eligible.runs[end].line == line) ++end;
    allocate(std::max<std::int64_t>(0, priced.lines[line].tax),
             std::span(eligible.runs).subspan(at, end - at));
    at = end;
  }
  (void)take_shares(eligible.runs, to_net ? minor_weight : -minor_weight, receipt.lines.size());
}

/// Takes the part paid with excluded tenders off every sold line, goods or not, pro rata.
void exclude_tenders(const Programme& programme, const Receipt& receipt, std::int64_t due,
                     Wide minor_weight, Eligible& eligible) {
  std::int64_t excluded = 0;
  for (const ReceiptTender& tender : receipt.tenders) {
    if (std::ranges::find(programme.excluded_tenders, tender.kind) !=
        programme.excluded_tenders.end()) {
      excluded += tender.minor;
    }
  }
  excluded = std::clamp<std::int64_t>(excluded, 0, std::max<std::int64_t>(due, 0));
  if (excluded == 0) return;
  std::int64_t base = 0;
  for (const std::int64_t amount : eligible.lines) base += amount;
  const Wide share = divide(Wide{base} * excluded, due, Rounding::half_up);
  const auto taken = static_cast<std::int64_t>(std::max(Wide{0}, share));
  allocate(taken, eligible.runs);
  (void)take_shares(eligible.runs, minor_weight, receipt.lines.size());
  // A line gives up its part by its amount: units priced below a minor unit may weigh nothing.
  std::vector<Run> amounts;
  for (const Run& run : eligible.runs) {
    if (!amounts.empty() && amounts.back().line == run.line) continue;
    amounts.push_back({.line = run.line,
                       .count = run.den,
                       .den = run.den,
                       .weight = std::max<std::int64_t>(0, eligible.lines[run.line])});
  }
  allocate(taken, amounts);
  for (const Run& run : amounts) eligible.lines[run.line] -= run.share * run.count + run.extra;
}

Eligible eligible_amounts(const Programme& programme, const Receipt& receipt,
                          const Priced& priced) {
  Eligible eligible{.lines = std::vector<std::int64_t>(receipt.lines.size(), 0), .runs = {}};
  std::int64_t due = 0;
  for (std::size_t i = 0; i < receipt.lines.size(); ++i) {
    if (receipt.lines[i].returned) continue;
    const PricedLine& line = priced.lines[i];
    due += line.gross(receipt.tax_mode);
    eligible.lines[i] =
        programme.base_net ? line.net(receipt.tax_mode) : line.gross(receipt.tax_mode);
  }
  for (const Run& run : priced.runs) {
    if (!receipt.lines[run.line].returned) eligible.runs.push_back(run);
  }
  const Wide minor_weight =
      power_of_ten(static_cast<unsigned>(priced.scale - receipt.currency.exponent()));
  if (receipt.tax_mode == (programme.base_net ? TaxMode::inclusive : TaxMode::exclusive)) {
    change_base(receipt, priced, programme.base_net, minor_weight, eligible);
  }
  exclude_tenders(programme, receipt, due, minor_weight, eligible);
  for (std::size_t i = 0; i < receipt.lines.size(); ++i) {
    if (!earns(programme, receipt.lines[i])) eligible.lines[i] = 0;
    eligible.lines[i] = std::max<std::int64_t>(eligible.lines[i], 0);
  }
  std::erase_if(eligible.runs,
                [&](const Run& run) { return !earns(programme, receipt.lines[run.line]); });
  return eligible;
}

/// A rule's part of the points: over its lines, line i earns eligible amount × factors[i].
struct Component {
  std::vector<bool> covers;
  std::vector<Wide> factors;
};

/// Whether what a campaign's lines leave to earn on is worth its threshold.
bool reaches(const Programme& programme, const Receipt& receipt, const Decimal& rate,
             const Eligible& eligible, const Campaign& campaign) {
  Big worth = 0;
  for (std::size_t i = 0; i < receipt.lines.size(); ++i) {
    const ReceiptLine& line = receipt.lines[i];
    if (earns(programme, line) && covers(campaign, line.article)) worth += eligible.lines[i];
  }
  return worth * rate.units * power_of_ten(campaign.spend_from.scale) >=
         Big{campaign.spend_from.units} * power_of_ten(rate.scale) *
             power_of_ten(receipt.currency.exponent());
}

std::vector<const Campaign*> active_campaigns(const Programme& programme, const Receipt& receipt,
                                              const Decimal& rate, const Eligible& eligible) {
  std::vector<const Campaign*> active;
  if (programme.campaigns.empty()) return active;
  const std::int64_t local = local_micros(programme.zone_of(receipt.region), receipt.occurred_at);
  for (const Campaign& campaign : programme.campaigns) {
    if (local >= campaign.from_micros && local < campaign.until_micros &&
        reaches(programme, receipt, rate, eligible, campaign)) {
      active.push_back(&campaign);
    }
  }
  return active;
}

/// The programme's factors for one receipt as whole numbers: `unit` of them are one point for one
/// minor unit of eligible amount.
struct Factors {
  Wide base = 1;      ///< points per unit × exchange rate × tier
  Wide campaign = 1;  ///< what a campaign multiplies: `base`, or without the tier when additive
  std::uint8_t campaign_scale = 0;
  Big unit = 1;
};

Factors factors_of(const Programme& programme, const Receipt& receipt, const Decimal& rate,
                   const std::vector<const Campaign*>& active) {
  const Tier* tier = programme.tier_of(receipt.member);
  const Decimal multiplier = tier != nullptr ? tier->multiplier : Decimal{1, 0};
  const Wide plain = Wide{programme.points_per_unit.units} * rate.units;
  Factors factors;
  factors.base = plain * multiplier.units;
  factors.campaign = programme.additive ? plain * power_of_ten(multiplier.scale) : factors.base;
  factors.unit = Big{power_of_ten(programme.points_per_unit.scale)} * power_of_ten(rate.scale) *
                 power_of_ten(multiplier.scale) * power_of_ten(receipt.currency.exponent());
  for (const Campaign* campaign : active) {
    factors.campaign_scale = std::max(factors.campaign_scale, campaign->multiplier.scale);
  }
  for (std::size_t i = 0; i < active.size(); ++i) {
    factors.unit *= power_of_ten(factors.campaign_scale);
  }
  return factors;
}

/// Components that cover the same lines are one: their units are the same, so is their allocation.
void add_component(std::vector<Component>& components, Component added) {
  if (std::ranges::none_of(added.covers, [](bool covered) { return covered; })) return;
  for (Component& known : components) {
    if (known.covers != added.covers) continue;
    for (std::size_t i = 0; i < added.factors.size(); ++i) known.factors[i] += added.factors[i];
    return;
  }
  components.push_back(std::move(added));
}

std::vector<Component> components_of(const Programme& programme, const Receipt& receipt,
                                     const Factors& factors,
                                     const std::vector<const Campaign*>& active) {
  const std::size_t count = receipt.lines.size();
  const Wide one = power_of_ten(factors.campaign_scale);
  Wide rest = 1;  // the scale of the campaigns still to come
  for (std::size_t i = 0; i < active.size(); ++i) rest *= one;
  Component base{std::vector<bool>(count), std::vector<Wide>(count, factors.base * rest)};
  for (std::size_t i = 0; i < count; ++i) base.covers[i] = earns(programme, receipt.lines[i]);
  const std::vector<bool> eligible = base.covers;
  std::vector<Component> components;
  add_component(components, std::move(base));
  std::vector<Wide> before(count, factors.campaign);
  for (const Campaign* campaign : active) {
    rest /= one;
    const Decimal& by = campaign->multiplier;
    const Wide multiplier =
        Wide{by.units} * power_of_ten(static_cast<unsigned>(factors.campaign_scale - by.scale));
    Component extra{std::vector<bool>(count), std::vector<Wide>(count, 0)};
    for (std::size_t i = 0; i < count; ++i) {
      extra.covers[i] = eligible[i] && covers(*campaign, receipt.lines[i].article);
      if (extra.covers[i]) extra.factors[i] = before[i] * (multiplier - one) * rest;
      before[i] *= extra.covers[i] && !programme.additive ? multiplier : one;
    }
    add_component(components, std::move(extra));
  }
  return components;
}

/// Adds a component's allocation to the frozen points of the lines, keeping unit order.
void add_points(std::vector<PointRun>& into, std::span<const Run> runs) {
  std::vector<PointRun> parts;
  for (const Run& run : runs) {
    if (run.extra > 0) parts.push_back({run.extra, run.share + 1});
    if (run.count > run.extra) parts.push_back({run.count - run.extra, run.share});
  }
  std::vector<PointRun> sum;
  std::size_t a = 0;
  for (PointRun part : parts) {
    while (part.count > 0) {
      PointRun& have = into[a];
      const std::int64_t count = std::min(part.count, have.count);
      const std::int64_t points = part.points + have.points;
      if (!sum.empty() && sum.back().points == points) {
        sum.back().count += count;
      } else {
        sum.push_back({count, points});
      }
      part.count -= count;
      have.count -= count;
      if (have.count == 0) ++a;
    }
  }
  into = std::move(sum);
}

void freeze(std::int64_t points, const Component& component, std::vector<Run> runs,
            Earned& earned) {
  std::erase_if(runs, [&](const Run& run) { return !component.covers[run.line]; });
  for (Run& run : runs) run.weight *= component.factors[run.line];
  allocate(points, runs);
  for (std::size_t at = 0; at < runs.size();) {
    std::size_t end = at;
    while (end < runs.size() && runs[end].line == runs[at].line) ++end;
    add_points(earned.lines[runs[at].line], std::span(runs).subspan(at, end - at));
    at = end;
  }
}

/// Splits the points over the components. Their values may pass 64 bits, so not by allocate().
std::vector<std::int64_t> split(std::int64_t points, const std::vector<Big>& values) {
  Big sum = 0;
  for (const Big& value : values) sum += value;
  std::vector<std::int64_t> shares(values.size(), 0);
  std::vector<Big> remainders(values.size(), 0);
  std::int64_t left = points;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Big numerator = Big{points} * values[i];
    shares[i] = static_cast<std::int64_t>(Big{numerator / sum});
    remainders[i] = numerator % sum;
    left -= shares[i];
  }
  for (; left > 0; --left) {
    const auto largest = std::ranges::max_element(remainders) - remainders.begin();
    ++shares[static_cast<std::size_t>(largest)];
    remainders[static_cast<std::size_t>(largest)] = -1;
  }
  return shares;
}

std::expected<Decimal, Refusal> exchange_rate(const Programme& programme, Currency currency) {
  if (programme.any_currency || currency == programme.currency) return Decimal{1, 0};
  const auto rate = std::ranges::find(programme.rates, currency, &Programme::Rate::currency);
  if (rate == programme.rates.end()) {
    return std::unexpected(Refusal{"no_exchange_rate", "no rate to the programme's currency"});
  }
  return rate->to_programme;
}

Big round_points(const Big& value, const Big& unit, Rounding rounding) {
  const Big quotient = value / unit;
  const Big twice = (value % unit) * 2;
  bool up = false;
  if (rounding == Rounding::ceil) up = twice != 0;
  if (rounding == Rounding::half_up) up = twice >= unit;
  if (rounding == Rounding::half_even) up = twice > unit || (twice == unit && quotient % 2 != 0);
  return up ? Big{quotient + 1} : quotient;
}

}  // namespace

const Tier* Programme::tier_of(std::string_view member) const {
  for (const Tier& tier : tiers) {
    if (std::ranges::find(tier.members, member) != tier.members.end()) return &tier;
  }
  return nullptr;
}

std::string_view Programme::zone_of(std::string_view region) const {
  const auto find = [&](std::string_view name) {
    return std::ranges::find(zones, name, &Zone::region);
  };
  auto zone = find(region);
  if (zone == zones.end()) zone = find(region.substr(0, region.find('-')));
  return zone == zones.end() ? std::string_view{"UTC"} : zone->name;
}

std::expected<Earned, Refusal> earn(const Programme& programme, const Receipt& receipt) {
  const auto priced = price_receipt(receipt);
  if (!priced) return std::unexpected(priced.error());
  const auto rate = exchange_rate(programme, receipt.currency);
  if (!rate) return std::unexpected(rate.error());
  const Eligible eligible = eligible_amounts(programme, receipt, *priced);
  const auto active = active_campaigns(programme, receipt, *rate, eligible);
  const Factors factors = factors_of(programme, receipt, *rate, active);
  const auto components = components_of(programme, receipt, factors, active);
  std::vector<Big> values;
  Big sum = 0;
  for (const Component& component : components) {
    Big value = 0;
    for (std::size_t i = 0; i < receipt.lines.size(); ++i) {
      if (component.covers[i]) value += Big{eligible.lines[i]} * Big{component.factors[i]};
    }
    sum += value;
    values.push_back(std::move(value));
  }
  const Big points = round_points(sum, factors.unit, programme.rounding);
  if (points > points_max) {
    return std::unexpected(Refusal{"points_out_of_range", "the receipt's points are out of range"});
  }
  Earned earned;
  earned.points = static_cast<std::int64_t>(points);
  earned.lines.resize(receipt.lines.size());
  for (const Run& run : priced->runs) earned.lines[run.line] = {{run.den, 0}};
  if (earned.points == 0) return earned;
  const auto shares = split(earned.points, values);
  for (std::size_t c = 0; c < components.size(); ++c) {
    freeze(shares[c], components[c], eligible.runs, earned);
  }
  return earned;
}

std::int64_t points_of_units(const std::vector<PointRun>& runs, std::int64_t from,
                             std::int64_t count) {
  std::int64_t points = 0;
  std::int64_t at = 0;
  for (const PointRun& run : runs) {
    const std::int64_t first = std::max(from, at);
    const std::int64_t last = std::min(from + count, at + run.count);
    if (last > first) points += (last - first) * run.points;
    at += run.count;
  }
  return points;
}

}  // namespace crossfoot::sandbox
