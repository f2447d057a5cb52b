#include "ledger/accrual.h"

#include <algorithm>
#include <numeric>

#include "base/invariant.h"
#include "contract/error_codes.h"
#include "ledger/bits.h"
#include "ledger/unit_split.h"

namespace crossfoot::ledger {

namespace {

using contract::LineAction;

constexpr std::size_t campaigns_at_once_max = 32;
/// Products under this many bits leave room for sums over 20,000 lines in 128 bits.
constexpr unsigned product_bits_max = 108;
constexpr unsigned narrow_bits_max = 126;
/// A threshold has at most nine places.
constexpr unsigned threshold_bits = 30;

using ledger::bits;

unsigned bits(const Ratio& ratio) {
  return std::max(bits(Wide{ratio.numerator}), bits(Wide{ratio.denominator}));
}

std::unexpected<Fault> beyond(std::string cause) {
  return fail({.code = std::string(contract::error_code::arithmetic_range),
               .fault_class = FaultClass::rejected,
               .where = "ledger: accrue",
               .cause = std::move(cause)});
}

Wide greatest_common(Wide a, Wide b) {
  while (b != 0) a = std::exchange(b, a % b);
  return a;
}

class Accruer {
 public:
  Accruer(const Programme& programme, const contract::Transaction& transaction,
          const Pricing& pricing, Decisions* decisions = nullptr)
      : programme_(programme), transaction_(transaction), pricing_(pricing), decisions_(decisions) {
    accrual_.rounding = programme.rounding;
    accrual_.eligible = accrual_.excluded = Money{0, transaction.currency};
    accrual_.lines.reserve(pricing.lines.size());
    for (const contract::Line& line : transaction.lines) {
      accrual_.lines.push_back({line.number, Money{0, transaction.currency}, 0, {}});
      if (line.action != LineAction::sold) continue;
      accrual_.lines.back().points.quantity = line_quantity(line.quantity, line.measured);
    }
  }

  /// `kept`: eligible amounts of the lines instead of the receipt's own; empty: its own.
  Result<Accrual> run(LocalTime at, std::span<const std::int64_t> kept = {}) {
    const bool earning = transaction_.kind == contract::TransactionKind::sale ||
                         transaction_.kind == contract::TransactionKind::exchange;
    if (!earning || transaction_.member.empty() || !pricing_.in_range) return std::move(accrual_);
    const auto rate = programme_.rate(transaction_.currency);
    if (!rate) {
      return fail({.code = std::string(contract::error_code::rate_missing),
                   .fault_class = FaultClass::not_found,
                   .where = "programme " + programme_.name,
                   .cause = "no rate from " + std::string(transaction_.currency.code())});
    }
    if (kept.empty()) {
      find_eligible();
    } else {
      take_eligible(kept);
    }
    if (accrual_.eligible.minor == 0) return std::move(accrual_);
    if (const auto tier = programme_.tier_of(transaction_.member)) {
      tier_ = *tier;
      tier_multiplier_ = programme_.tiers[*tier].multiplier;
    }
    if (bits(accrual_.eligible.minor) + bits(*rate) + threshold_bits > narrow_bits_max) {
      return beyond("amounts and multipliers are too large");
    }
    if (!match_campaigns(at, *rate)) return beyond("too many campaigns hold for one receipt");
    Result<Accrual> accrual = multiply(*rate);
    if (accrual && kept.empty()) spread(*accrual);
    return accrual;
  }

 private:
  [[nodiscard]] std::int64_t base_of(const PricedLine& line) const {
    if (line.action != LineAction::sold) return 0;
    const Money& base = programme_.base == EarnBase::net ? line.net : line.gross;
    return std::max<std::int64_t>(0, base.minor);
  }

  /// base × min(1, excluded tenders / amount due), rounded half up.
  [[nodiscard]] std::int64_t excluded_base(std::int64_t base) const {
    std::int64_t excluded = 0;
    for (const contract::Tender& tender : transaction_.tenders) {
      if (programme_.excludes(tender.kind) && tender.amount.minor > 0) {
        excluded += tender.amount.minor;
      }
    }
    const std::int64_t due = pricing_.sold.gross.minor;
    if (excluded == 0) return 0;
    if (excluded >= due) return base;
    return static_cast<std::int64_t>(divide(Wide{base} * excluded, due, Rounding::half_up));
  }

  void find_eligible() {
    std::int64_t base = 0;
    for (const PricedLine& line : pricing_.lines) base += base_of(line);
    const std::int64_t excluded = excluded_base(base);
    accrual_.excluded.minor = excluded;
    boost::container::small_vector<UnitAllocation, 16> shares(pricing_.lines.size());
    if (excluded > 0) {
      boost::container::small_vector<LineWeight, 16> weights;
      for (const PricedLine& line : pricing_.lines) {
        weights.push_back({base_of(line), line.discount_units.units});
      }
      allocate(excluded, weights, shares);
    }
    for (std::size_t i = 0; i < pricing_.lines.size(); ++i) {
      const bool earns = programme_.earns(transaction_.lines[i].kind);
      if (decisions_ != nullptr) {
        decisions_->lines.push_back({.base = {base_of(pricing_.lines[i]), transaction_.currency},
                                     .tender_share = {shares[i].sum(), transaction_.currency},
                                     .kind_earns = earns});
      }
      if (!earns) continue;
      const std::int64_t left = base_of(pricing_.lines[i]) - shares[i].sum();
      accrual_.lines[i].eligible.minor = std::max<std::int64_t>(0, left);
      accrual_.eligible.minor += accrual_.lines[i].eligible.minor;
    }
  }

  void take_eligible(std::span<const std::int64_t> kept) {
    for (std::size_t i = 0; i < kept.size(); ++i) {
      if (!takes_part(i)) continue;
      accrual_.lines[i].eligible.minor = kept[i];
      accrual_.eligible.minor += kept[i];
    }
  }

  [[nodiscard]] bool takes_part(std::size_t index) const {
    return pricing_.lines[index].action == LineAction::sold &&
           programme_.earns(transaction_.lines[index].kind);
  }

  [[nodiscard]] CampaignDecision judge(const Campaign& campaign, LocalTime at,
                                       const Ratio& rate) const {
    CampaignDecision decision{.eligible = {0, transaction_.currency}};
    if (!campaign.holds_at(at)) {
      const bool early = campaign.from && at < *campaign.from;
      decision.verdict = early ? CampaignVerdict::before_start : CampaignVerdict::after_end;
      return decision;
    }
    bool any = false;
    for (std::size_t i = 0; i < pricing_.lines.size(); ++i) {
      if (!takes_part(i) || !campaign.covers(transaction_.lines[i].article)) continue;
      any = true;
      decision.eligible.minor += accrual_.lines[i].eligible.minor;
    }
    if (!any) {
      decision.verdict = CampaignVerdict::no_article;
    } else if (campaign.spend_from &&
               Wide{decision.eligible.minor} * rate.numerator * campaign.spend_from->denominator <
                   Wide{campaign.spend_from->numerator} * rate.denominator *
                       power_of_ten(transaction_.currency.exponent())) {
      decision.verdict = CampaignVerdict::below_spend;
    }
    return decision;
  }

  bool match_campaigns(LocalTime at, const Ratio& rate) {
    masks_.resize(pricing_.lines.size(), 0);
    for (std::uint32_t c = 0; c < programme_.campaigns.size(); ++c) {
      const Campaign& campaign = programme_.campaigns[c];
      const CampaignDecision decision = judge(campaign, at, rate);
      if (decisions_ != nullptr) decisions_->campaigns.push_back(decision);
      if (decision.verdict != CampaignVerdict::fired) continue;
      if (campaigns_.size() == campaigns_at_once_max) return false;
      for (std::size_t i = 0; i < pricing_.lines.size(); ++i) {
        if (!takes_part(i) || !campaign.covers(transaction_.lines[i].article)) continue;
        masks_[i] |= std::uint32_t{1} << campaigns_.size();
      }
      campaigns_.push_back(c);
    }
    return true;
  }

  /// Adds (multiplier - 1) of what the stacking mode multiplies; the surplus is returned.
  /// Multipliers below one, added up, take a line down to nothing and no further.
  Wide stack(Wide& factor, const Ratio& multiplier) const {
    const Wide from = programme_.stacking == Stacking::multiplicative ? factor : denominator_;
    const Wide part = multiplier.denominator == 1 ? from : from / multiplier.denominator;
    const Wide surplus = std::max(-factor, part * (multiplier.numerator - multiplier.denominator));
    factor += surplus;
    return surplus;
  }

  Result<Accrual> multiply(const Ratio& rate) {
    const Ratio& per_unit = programme_.points_per_unit;
    unsigned width = bits(Wide{accrual_.eligible.minor}) + bits(tier_multiplier_) + bits(per_unit) +
                     bits(rate) + 14;
    denominator_ = tier_multiplier_.denominator;
    for (const std::uint32_t c : campaigns_) {
      width += bits(programme_.campaigns[c].multiplier);
      if (width > product_bits_max) return beyond("amounts and multipliers are too large");
      denominator_ *= programme_.campaigns[c].multiplier.denominator;
    }
    if (width > product_bits_max) return beyond("amounts and multipliers are too large");
    add_components();
    if (!set_weights()) return beyond("amounts and multipliers are too large");

    const Wide scale = Wide{per_unit.numerator} * rate.numerator;
    accrual_.exact.denominator = denominator_ * per_unit.denominator * rate.denominator *
                                 power_of_ten(transaction_.currency.exponent());
    for (Component& component : accrual_.components) {
      component.numerator *= scale;
      accrual_.exact.numerator += component.numerator;
    }
    if (accrual_.exact.numerator <= 0) return std::move(accrual_);
    const Wide points =
        divide(accrual_.exact.numerator, accrual_.exact.denominator, programme_.rounding);
    if (points > weight_max) return beyond("the points are out of range");
    accrual_.total = {static_cast<std::int64_t>(points)};
    return std::move(accrual_);
  }

  /// Fills the components, without the factors that all lines share, and each line's own factor.
  void add_components() {
    const Money zero{0, transaction_.currency};
    accrual_.components.push_back({ComponentKind::base, 0, zero, 0});
    if (tier_) accrual_.components.push_back({ComponentKind::tier, *tier_, zero, 0});
    const std::size_t first_campaign = accrual_.components.size();
    for (const std::uint32_t c : campaigns_) {
      accrual_.components.push_back({ComponentKind::campaign, c, zero, 0});
    }
    factors_.resize(pricing_.lines.size(), 0);
    for (std::size_t part = 0; part <= campaigns_.size(); ++part) {
      parts_.emplace_back();
      part_rules_.emplace_back();
      if (part == 0) {
        for (std::size_t c = 0; c < first_campaign; ++c) part_rules_.back().push_back(c);
      } else {
        part_rules_.back().push_back(first_campaign + part - 1);
      }
      parts_.back().covers.resize(pricing_.lines.size(), false);
      parts_.back().factors.resize(pricing_.lines.size(), 0);
    }
    for (std::size_t i = 0; i < pricing_.lines.size(); ++i) {
      if (!takes_part(i)) continue;
      const std::int64_t eligible = accrual_.lines[i].eligible.minor;
      const auto cover = [&](std::size_t part, Wide surplus) {
        parts_[part].covers[i] = true;
        parts_[part].factors[i] = surplus;
      };
      const auto add = [&](std::size_t index, Wide surplus) {
        accrual_.components[index].eligible.minor += eligible;
        accrual_.components[index].numerator += surplus * eligible;
      };
      Wide factor = denominator_;
      add(0, factor);
      if (tier_) add(1, stack(factor, tier_multiplier_));
      cover(0, factor);
      for (std::size_t c = 0; c < campaigns_.size(); ++c) {
        if (((masks_[i] >> c) & 1U) == 0) continue;
        const Wide surplus = stack(factor, programme_.campaigns[campaigns_[c]].multiplier);
        add(first_campaign + c, surplus);
        cover(1 + c, surplus);
      }
      factors_[i] = factor;
    }
  }

  /// Weight of a line: its exact eligible amount times its own factor, the factors freed of what
  /// they have in common. False when they leave 64 bits.
  bool set_weights() {
    Wide common = 0;
    for (const Wide factor : factors_) {
      if (factor != common) common = greatest_common(common, factor < 0 ? -factor : factor);
    }
    const std::int64_t minor = power_of_ten(pricing_.fraction_places);
    Wide sum = 0;
    for (std::size_t i = 0; i < factors_.size(); ++i) {
      if (factors_[i] <= 0) continue;
      const Wide exact =
          Wide{accrual_.lines[i].eligible.minor} * minor + pricing_.lines[i].fraction;
      if (exact <= 0) continue;
      const Wide factor = factors_[i] / common;
      if (bits(exact) + bits(factor) > 61) return false;
      accrual_.lines[i].weight = static_cast<std::int64_t>(exact * factor);
      sum += accrual_.lines[i].weight;
    }
    return sum <= weight_max;
  }

  /// Rules that hold for the same lines are one part; factors lose what all have in common. Where a
  /// rule takes points off they are not told apart: no unit has less than nothing.
  void join_parts() {
    Wide common = 0;
    const bool takes_off = std::ranges::any_of(parts_, [](const EarningPart& part) {
      return std::ranges::any_of(part.factors, [](Wide factor) { return factor < 0; });
    });
    if (takes_off) {
      for (std::size_t p = 1; p < parts_.size(); ++p) {
        std::ranges::move(part_rules_[p], std::back_inserter(part_rules_[0]));
      }
      parts_.resize(1);
      part_rules_.resize(1);
      parts_[0].factors.assign(factors_.begin(), factors_.end());
    }
    for (std::size_t p = 0; p < parts_.size(); ++p) {
      for (std::size_t before = 0; before < p; ++before) {
        if (parts_[before].covers != parts_[p].covers) continue;
        for (std::size_t i = 0; i < parts_[p].factors.size(); ++i) {
          parts_[before].factors[i] += parts_[p].factors[i];
        }
        std::ranges::move(part_rules_[p], std::back_inserter(part_rules_[before]));
        parts_.erase(parts_.begin() + static_cast<std::ptrdiff_t>(p));
        part_rules_.erase(part_rules_.begin() + static_cast<std::ptrdiff_t>(p));
        --p;
        break;
      }
    }
    for (const EarningPart& part : parts_) {
      for (const Wide factor : part.factors) {
        if (factor != common) common = greatest_common(common, factor);
      }
    }
    if (common <= 1) return;
    for (EarningPart& part : parts_) {
      for (Wide& factor : part.factors) factor /= common;
    }
  }

  void spread(Accrual& accrual) {
    if (accrual.total.count == 0) return;
    join_parts();
    boost::container::small_vector<LinePoints, 8> points(accrual.lines.size());
    boost::container::small_vector<std::int64_t, 16> eligible;
    for (std::size_t i = 0; i < points.size(); ++i) {
      points[i].quantity = accrual.lines[i].points.quantity;
      eligible.push_back(accrual.lines[i].eligible.minor);
    }
    const auto shares = split_over_units(accrual.total.count,
                                         {.transaction = transaction_,
                                          .pricing = pricing_,
                                          .base = programme_.base,
                                          .excluded = accrual.excluded.minor,
                                          .eligible = eligible,
                                          .parts = parts_},
                                         points);
    for (std::size_t p = 0; decisions_ != nullptr && p < shares.size(); ++p) {
      decisions_->parts.push_back({{part_rules_[p].begin(), part_rules_[p].end()}, {shares[p]}});
    }
    for (std::size_t i = 0; i < points.size(); ++i) accrual.lines[i].points = std::move(points[i]);
  }

  const Programme& programme_;
  const contract::Transaction& transaction_;
  const Pricing& pricing_;
  Accrual accrual_;
  std::optional<std::uint32_t> tier_;
  Ratio tier_multiplier_;
  boost::container::small_vector<std::uint32_t, 8> campaigns_;  // those that hold for some line
  boost::container::small_vector<std::uint32_t, 16> masks_;     // per line, bits over campaigns_
  boost::container::small_vector<Wide, 16> factors_;            // per line, over denominator_
  boost::container::small_vector<EarningPart, 2> parts_;        // base with tier, then campaigns
  boost::container::small_vector<boost::container::small_vector<std::size_t, 4>, 2> part_rules_;
  Wide denominator_ = 1;
  Decisions* decisions_;
};

}  // namespace

Result<Accrual> accrue(const Programme& programme, const contract::Transaction& transaction,
                       const Pricing& pricing, LocalTime at, Decisions* decisions) {
  return Accruer(programme, transaction, pricing, decisions).run(at);
}

Result<Accrual> accrue_on(const Programme& programme, const contract::Transaction& transaction,
                          const Pricing& pricing, LocalTime at,
                          std::span<const std::int64_t> eligible) {
  INVARIANT(eligible.size() == transaction.lines.size(), "every line has an eligible amount");
  if (eligible.empty()) return accrue(programme, transaction, pricing, at);
  return Accruer(programme, transaction, pricing).run(at, eligible);
}

}  // namespace crossfoot::ledger
