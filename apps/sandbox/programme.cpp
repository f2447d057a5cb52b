#include "sandbox/programme.h"

#include <date/tz.h>

#include <algorithm>
#include <boost/multiprecision/cpp_int.hpp>
#include <optional>
#include <stdexcept>

#include "sandbox/json.h"

namespace crossfoot::sandbox {

namespace {

using boost::multiprecision::cpp_int;

constexpr std::size_t list_max = 100'000;
constexpr std::size_t campaigns_max = 32;
constexpr std::int64_t factor_max = 1'000'000'000'000'000;

std::vector<std::string> strings(JsonFields& from, std::string_view name) {
  std::vector<std::string> values;
  const auto array = from.array(name, list_max);
  if (!array) return values;
  for (const auto element : *array) {
    std::string_view value;
    if (element.get(value) != simdjson::SUCCESS) from.fail(name, "strings are expected");
    values.emplace_back(value);
  }
  return values;
}

Decimal multiplier(JsonFields& from) {
  const Decimal value = from.decimal("multiplier", true).value_or(Decimal{1, 0}).normalised();
  if (value < Decimal{1, 0}) from.fail("multiplier", "at least 1 is expected");
  return value;
}

void read_earn(JsonFields& earn, Programme& programme) {
  earn.only({"points_per_unit", "rounding", "base", "stacking", "line_kinds", "excluded_tenders"});
  if (const auto points = earn.decimal("points_per_unit")) {
    if (points->is_negative()) earn.fail("points_per_unit", "must not be negative");
    programme.points_per_unit = points->normalised();
  }
  const std::string rounding = earn.text("rounding");
  if (rounding == "half_up")
    programme.rounding = Rounding::half_up;
  else if (rounding == "half_even")
    programme.rounding = Rounding::half_even;
  else if (rounding == "ceil")
    programme.rounding = Rounding::ceil;
  else if (!rounding.empty() && rounding != "floor")
    earn.fail("rounding", "is not known");
  const std::string base = earn.text("base");
  programme.base_net = base == "net";
  if (!base.empty() && base != "net" && base != "gross") earn.fail("base", "is not known");
  const std::string stacking = earn.text("stacking");
  programme.additive = stacking == "additive";
  if (!stacking.empty() && stacking != "additive" && stacking != "multiplicative") {
    earn.fail("stacking", "is not known");
  }
  programme.excluded_tenders = strings(earn, "excluded_tenders");
  const auto kinds = strings(earn, "line_kinds");
  if (!kinds.empty()) programme.line_kinds.clear();
  for (const std::string& name : kinds) {
    bool known = false;
    for (std::uint8_t kind = 0; kind <= static_cast<std::uint8_t>(line_kind_last); ++kind) {
      if (to_string(LineKind{kind}) != name) continue;
      programme.line_kinds.push_back(LineKind{kind});
      known = true;
    }
    if (!known) earn.fail("line_kinds", "is not known");
  }
}

std::int64_t local_time(JsonFields& from, std::string_view name, std::int64_t absent) {
  const std::string text = from.text(name);
  if (text.empty()) return absent;
  const auto instant = parse_instant(text + "Z");
  if (!instant) from.fail(name, "a local time without a zone is expected");
  return instant.value_or(Instant{}).micros;
}

template <class Read>
void each(JsonFields& root, std::string_view name, std::size_t size_max, std::string& fault,
          Read read) {
  const auto array = root.array(name, size_max);
  if (!array) return;
  for (const auto element : *array) {
    JsonFields fields(element, fault);
    if (!fields.failed()) read(fields);
  }
}

void read_rules(JsonFields& root, Programme& programme, std::string& fault) {
  each(root, "tiers", campaigns_max, fault, [&](JsonFields& tier) {
    tier.only({"tier", "multiplier", "members"});
    programme.tiers.push_back(
        {tier.text("tier", true), multiplier(tier), strings(tier, "members")});
  });
  each(root, "campaigns", campaigns_max, fault, [&](JsonFields& campaign) {
    campaign.only({"id", "multiplier", "articles", "from", "until", "spend_from"});
    const Decimal spend_from = campaign.decimal("spend_from").value_or(Decimal{});
    if (spend_from.is_negative()) campaign.fail("spend_from", "must not be negative");
    programme.campaigns.push_back({campaign.text("id", true), multiplier(campaign),
                                   strings(campaign, "articles"),
                                   local_time(campaign, "from", INT64_MIN),
                                   local_time(campaign, "until", INT64_MAX), spend_from});
  });
  each(root, "rates", list_max, fault, [&](JsonFields& rate) {
    const auto currency = find_currency(rate.text("currency", true));
    const auto value = rate.decimal("to_programme", true);
    if (!currency) rate.fail("currency", "is not known");
    if (!currency || !value || *value <= Decimal{0, 0}) {
      rate.fail("to_programme", "a rate above zero is expected");
      return;
    }
    programme.rates.push_back({*currency, value->normalised()});
  });
}

void read_zones(JsonFields& root, Programme& programme, std::string& fault) {
  const auto zones = root.object("zones");
  if (!zones) return;
  simdjson::dom::object members;
  if (zones->get(members) != simdjson::SUCCESS) return;
  for (const auto& member : members) {
    std::string_view name;
    if (member.value.get(name) != simdjson::SUCCESS) root.fail("zones", "names are expected");
    try {
      (void)date::locate_zone(name);
    } catch (const std::runtime_error&) {
      fault = "zones: " + std::string(name) + " is not known";
      return;
    }
    programme.zones.push_back({std::string(member.key), std::string(name)});
  }
}

/// earn() multiplies weights of 22 digits by the factors of all rules in 128 bits.
bool factors_fit(const Programme& programme) {
  cpp_int product = std::max<std::int64_t>(1, programme.points_per_unit.units);
  std::int64_t rate_max = 1;
  for (const auto& rate : programme.rates) rate_max = std::max(rate_max, rate.to_programme.units);
  std::int64_t tier_max = 1;
  for (const auto& tier : programme.tiers) tier_max = std::max(tier_max, tier.multiplier.units);
  std::uint8_t scale = 0;
  for (const auto& rule : programme.campaigns) scale = std::max(scale, rule.multiplier.scale);
  product *= cpp_int{rate_max} * tier_max;
  for (const auto& rule : programme.campaigns) {
    product *= cpp_int{rule.multiplier.units} *
               power_of_ten(static_cast<unsigned>(scale - rule.multiplier.scale));
  }
  return product <= factor_max;
}

}  // namespace

std::string_view to_string(LineKind kind) {
  switch (kind) {
    case LineKind::goods:
      return "goods";
    case LineKind::voucher:
      return "voucher";
    case LineKind::shipping:
      return "shipping";
    case LineKind::manual:
      return "manual";
    case LineKind::fee:
      return "fee";
  }
  return "goods";
}

Result<Programme> parse_programme(std::string_view json) {
  const auto refused = [](std::string cause) {
    return fail(Fault{.code = "sandbox.programme",
                      .fault_class = FaultClass::rejected,
                      .where = "programme",
                      .cause = std::move(cause)});
  };
  std::string fault;
  simdjson::dom::parser parser;
  const auto root = parse_json(parser, json, fault);
  if (!root) return refused(fault);
  Programme programme;
  JsonFields fields(*root, fault);
  const std::string currency = fields.text("currency");
  if (!currency.empty()) {
    const auto known = find_currency(currency);
    if (!known) fields.fail("currency", "is not known");
    programme.any_currency = false;
    programme.currency = known.value_or(Currency{});
  }
  if (const auto element = fields.object("earn")) {
    JsonFields earn_fields(*element, fault);
    read_earn(earn_fields, programme);
  }
  read_rules(fields, programme, fault);
  read_zones(fields, programme, fault);
  if (fault.empty() && !factors_fit(programme)) fault = "the factors have too many digits";
  if (!fault.empty()) return refused(fault);
  return programme;
}

}  // namespace crossfoot::sandbox
