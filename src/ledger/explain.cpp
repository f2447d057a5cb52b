#include <fmt/format.h>

#include <array>

#include "ledger/accrual.h"

namespace crossfoot::ledger {

namespace {

constexpr std::int64_t places_one = 10'000;
constexpr unsigned places = 4;

std::string sentence(const Component& component, const Accrual& accrual,
                     const Programme& programme) {
  const std::string points = to_text(component.numerator, accrual.exact.denominator);
  const std::string eligible =
      to_string(component.eligible) + " " + std::string(component.eligible.currency.code());
  switch (component.kind) {
    case ComponentKind::base:
      break;
    case ComponentKind::tier: {
      const Tier& tier = programme.tiers[component.index];
      return fmt::format("tier {} x {} on {}: {}", tier.name, to_text(tier.multiplier), eligible,
                         points);
    }
    case ComponentKind::campaign: {
      const Campaign& campaign = programme.campaigns[component.index];
      return fmt::format("campaign {} x {} on {}: {}", campaign.id, to_text(campaign.multiplier),
                         eligible, points);
    }
  }
  return fmt::format("base: {} point(s) per {} on {}: {}", to_text(programme.points_per_unit),
                     programme.currency.code(), eligible, points);
}

}  // namespace

std::string to_text(Wide numerator, Wide denominator) {
  const Wide whole = numerator / denominator;
  if (whole > weight_max / places_one)
    return "~" + std::to_string(static_cast<std::int64_t>(whole));
  const Wide rest = (numerator - whole * denominator) * places_one;
  const Wide cut = rest / denominator;
  const bool exact = rest % denominator == 0;
  const Decimal value{static_cast<std::int64_t>(whole * places_one + cut), places};
  return (exact ? "" : "~") + to_string(value.normalised());
}

std::string to_text(const Ratio& ratio) {
  return to_text(ratio.numerator, ratio.denominator);
}

std::string_view rounding_name(Rounding rounding) {
  static constexpr std::array<std::string_view, 5> names{"half_up", "half_even", "truncate",
                                                         "floor", "ceil"};
  return names[static_cast<std::size_t>(rounding)];
}

std::string_view to_string(ComponentKind kind) {
  static constexpr std::array<std::string_view, 3> names{"base", "tier", "campaign"};
  return names[static_cast<std::size_t>(kind)];
}

std::string_view to_string(CampaignVerdict verdict) {
  static constexpr std::array<std::string_view, 5> names{"fired", "before_start", "after_end",
                                                         "no_article", "below_spend"};
  return names[static_cast<std::size_t>(verdict)];
}

std::vector<std::string> explain(const Accrual& accrual, const Programme& programme) {
  std::vector<std::string> lines;
  if (accrual.excluded.minor != 0) {
    lines.push_back(fmt::format("paid with tenders that do not earn: {} {}",
                                to_string(accrual.excluded), accrual.excluded.currency.code()));
  }
  for (const Component& component : accrual.components) {
    lines.push_back(sentence(component, accrual, programme));
  }
  lines.push_back(fmt::format("rounded ({}): {} -> {}", rounding_name(accrual.rounding),
                              to_text(accrual.exact.numerator, accrual.exact.denominator),
                              accrual.total.count));
  return lines;
}

}  // namespace crossfoot::ledger
