#include "ledger/programme.h"

#include <algorithm>
#include <numeric>

namespace crossfoot::ledger {

Ratio to_ratio(const Decimal& value) {
  const Decimal shortest = value.normalised();
  const std::int64_t one = power_of_ten(shortest.scale);
  const std::int64_t common = std::gcd(shortest.units, one);
  return {shortest.units / common, one / common};
}

bool glob_matches(std::string_view glob, std::string_view text) {
  std::size_t g = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;
  std::size_t resume = 0;
  while (t < text.size()) {
    if (g < glob.size() && glob[g] == '*') {
      star = g++;
      resume = t;
    } else if (g < glob.size() && (glob[g] == '?' || glob[g] == text[t])) {
      ++g;
      ++t;
    } else if (star != std::string_view::npos) {
      g = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (g < glob.size() && glob[g] == '*') ++g;
  return g == glob.size();
}

bool Campaign::covers(std::string_view article) const {
  return articles.empty() || std::ranges::any_of(articles, [&](const std::string& glob) {
           return glob_matches(glob, article);
         });
}

std::optional<Ratio> Programme::rate(Currency from) const {
  if (from == currency) return Ratio{};
  const auto at = std::ranges::find(rates, from, &ExchangeRate::currency);
  if (at == rates.end()) return std::nullopt;
  return at->to_programme;
}

std::optional<std::uint32_t> Programme::tier_of(std::string_view member) const {
  const auto at = std::ranges::lower_bound(members, member, {}, &Membership::member);
  if (at == members.end() || at->member != member) return std::nullopt;
  return at->tier;
}

std::string_view Programme::zone_of(std::string_view region) const {
  for (const std::string_view wanted : {region, region.substr(0, region.find('-'))}) {
    const auto at = std::ranges::find(zones, wanted, &Zone::region);
    if (at != zones.end()) return at->zone;
  }
  return "UTC";
}

Result<LocalTime> local_time(const Programme& programme, const contract::Transaction& transaction,
                             const ZoneLookup& zones) {
  const std::string_view zone = programme.zone_of(transaction.region);
  if (zone == "UTC") return LocalTime{transaction.occurred_at.micros};
  return zones.local(zone, transaction.occurred_at);
}

}  // namespace crossfoot::ledger
