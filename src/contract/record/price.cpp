#include "contract/record/price.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "base/time.h"
#include "contract/record/json_text.h"
#include "contract/schema/json.h"

namespace crossfoot::contract::record {

namespace {

using schema::Json;
using schema::JsonDocument;
using schema::JsonKind;

/// 0: does not apply; 1: applies to all; 2: applies to this one.
int fit(const Json& offer, std::string_view list, const std::string& wanted) {
  const Json* names = offer.find(list);
  if (names == nullptr) return 1;
  const auto is_it = [&](const Json& one) { return one.text() == wanted; };
  return std::ranges::any_of(names->elements(), is_it) ? 2 : 0;
}

/// As above; 3: applies to the very subdivision.
int fit_region(const Json& offer, const std::string& wanted) {
  const std::string region = text(offer, "region");
  if (region.empty()) return 1;
  if (region == wanted) return region.contains('-') ? 3 : 2;
  return wanted.starts_with(region + "-") ? 2 : 0;
}

Decimal amount_of(const Json& offer, const Decimal& quantity) {
  Decimal amount = parse_decimal(text(*offer.find("price"), "amount")).value_or(Decimal{});
  const Json* tiers = offer.find("tiers");
  if (tiers == nullptr) return amount;
  std::optional<Decimal> highest;
  for (const Json& tier : tiers->elements()) {
    const auto from = parse_decimal(text(tier, "quantity_from"));
    const auto lower = parse_decimal(text(*tier.find("price"), "amount"));
    const bool applies = from && lower && *from <= quantity && (!highest || *highest < *from);
    if (!applies) continue;
    highest = from;
    amount = *lower;
  }
  return amount;
}

struct Candidate {
  std::tuple<int, int, int, Instant, std::uint32_t> particular;
  Price price;
};

std::optional<Candidate> candidate(const PriceOffer& offer, std::size_t index,
                                   const PriceQuestion& question) {
  const auto document = JsonDocument::parse(offer.body);
  if (!document) return std::nullopt;
  const Json& root = document->root();
  Candidate made;
  made.price = {.offer = index,
                .kind = text(root, "kind"),
                .amount = amount_of(root, question.quantity),
                .currency = text(*root.find("price"), "currency"),
                .unit = text(root, "unit"),
                .tax_mode = text(root, "tax_mode")};
  const int shop = fit(root, "shops", question.shop);
  const int region = fit_region(root, question.region);
  const int channel = fit(root, "channels", question.channel);
  const bool applies = shop > 0 && region > 0 && channel > 0 && made.price.kind != "staff" &&
                       text(root, "price_list") == question.price_list;
  if (!applies) return std::nullopt;
  if (const Json* lowest = root.find("lowest_price_30_days")) {
    made.price.lowest_30 = canonical(*lowest);
  }
  const Json* effective = root.find("effective");
  const Instant from = effective == nullptr
                           ? Instant{}
                           : parse_instant(text(*effective, "from")).value_or(Instant{});
  made.particular = {shop, region, channel, from, offer.version};
  return made;
}

}  // namespace

std::optional<Price> find_price(std::span<const PriceOffer> offers, const PriceQuestion& question) {
  std::map<std::string, Candidate> best;  // by kind
  for (std::size_t i = 0; i < offers.size(); ++i) {
    auto made = candidate(offers[i], i, question);
    if (!made) continue;
    const auto [at, fresh] = best.try_emplace(made->price.kind, *made);
    if (!fresh && at->second.particular < made->particular) at->second = std::move(*made);
  }
  std::optional<Price> lowest;
  for (const auto& [kind, one] : best) {
    if (!lowest || one.price.amount < lowest->amount) lowest = one.price;
  }
  const auto regular = best.find("regular");
  if (lowest && regular != best.end() && lowest->amount < regular->second.price.amount &&
      lowest->currency == regular->second.price.currency) {
    lowest->regular = regular->second.price.amount;
  }
  return lowest;
}

}  // namespace crossfoot::contract::record
