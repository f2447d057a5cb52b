#include "ledger/programme_json.h"

#include <numeric>

#include "ledger/field_reader.h"
#include "ledger/policy_json.h"

namespace crossfoot::ledger {

namespace {

namespace dom = simdjson::dom;

constexpr std::size_t campaigns_max = 4096;
constexpr std::int64_t multiplier_max = 1000;
constexpr std::int64_t points_per_unit_max = 1'000'000;
constexpr std::int64_t rate_max = 1'000'000'000;

constexpr std::array<Name<EarnBase>, 2> bases{{{"gross", EarnBase::gross}, {"net", EarnBase::net}}};
constexpr std::array<Name<Stacking>, 2> stackings{
    {{"multiplicative", Stacking::multiplicative}, {"additive", Stacking::additive}}};
constexpr std::array<Name<contract::LineKind>, 5> line_kinds{
    {{"goods", contract::LineKind::goods},
     {"voucher", contract::LineKind::voucher},
     {"shipping", contract::LineKind::shipping},
     {"manual", contract::LineKind::manual},
     {"fee", contract::LineKind::fee}}};
constexpr std::array<Name<contract::TenderKind>, 7> tender_kinds{
    {{"cash", contract::TenderKind::cash},
     {"card", contract::TenderKind::card},
     {"gift_card", contract::TenderKind::gift_card},
     {"points", contract::TenderKind::points},
     {"voucher", contract::TenderKind::voucher},
     {"on_account", contract::TenderKind::on_account},
     {"other", contract::TenderKind::other}}};

class Reader : private FieldReader<Reader> {
  friend class FieldReader<Reader>;
  static constexpr std::string_view document = "programme";
  static constexpr std::string_view fault_code = contract::error_code::programme_malformed;

 public:
  Result<Programme> run(std::string_view json) {
    dom::parser parser;
    dom::element root;
    const simdjson::padded_string padded(json);
    if (const auto error = parser.parse(padded).get(root)) {
      return fail(malformed("", simdjson::error_message(error)));
    }
    using Self = Reader;
    if (auto done = object(root, "",
                           {{"programme", &Self::name},
                            {"version", &Self::version},
                            {"currency", &Self::currency},
                            {"earn", &Self::earn},
                            {"rates", &Self::rates},
                            {"tiers", &Self::tiers},
                            {"campaigns", &Self::campaigns},
                            {"zones", &Self::zones},
                            {"basket_promotions", &Self::later},
                            {"returns", &Self::later},
                            {"lots", &Self::later},
                            {"negative_balance", &Self::later},
                            {"redemption", &Self::later},
                            {"deferred_revenue", &Self::later}});
        !done) {
      return fail(std::move(done.error()));
    }
    for (const std::string_view key : {"programme", "version", "currency", "earn"}) {
      if (root.at_key(key).error() != simdjson::SUCCESS) {
        return fail(malformed(fmt::format("/{}", key), "is missing"));
      }
    }
    std::ranges::sort(programme_.members, {}, &Membership::member);
    const auto twice = std::ranges::adjacent_find(programme_.members, {}, &Membership::member);
    if (twice != programme_.members.end()) {
      return fail(malformed("/tiers", "member " + twice->member + " is named twice"));
    }
    if (auto done = read_policies(root, programme_); !done) return fail(std::move(done.error()));
    return std::move(programme_);
  }

 private:
  /// Policies need the currency, wherever in the document it stands.
  Status later(const dom::element& /*element*/, const std::string& /*at*/) { return {}; }

  static Status known_currency(const dom::element& element, const std::string& at, Currency& into) {
    std::string value;
    if (auto done = text(element, at, value); !done) return done;
    const auto found = find_currency(value);
    if (!found) return fail(malformed(at, value + " is no ISO 4217 currency"));
    into = *found;
    return {};
  }

  Status name(const dom::element& element, const std::string& at) {
    return text(element, at, programme_.name);
  }

  Status version(const dom::element& element, const std::string& at) {
    std::uint64_t value = 0;
    if (element.get(value) != simdjson::SUCCESS || value > UINT32_MAX) {
      return fail(malformed(at, "is no whole number of 32 bits"));
    }
    programme_.version = static_cast<std::uint32_t>(value);
    return {};
  }

  Status currency(const dom::element& element, const std::string& at) {
    return known_currency(element, at, programme_.currency);
  }

  Status earn(const dom::element& element, const std::string& at) {
    programme_.line_kinds = 1U << static_cast<unsigned>(contract::LineKind::goods);
    return object(element, at,
                  {{"points_per_unit", &Reader::points_per_unit},
                   {"rounding", &Reader::rounding},
                   {"base", &Reader::base},
                   {"stacking", &Reader::stacking},
                   {"line_kinds", &Reader::earning_kinds},
                   {"excluded_tenders", &Reader::excluded_tenders}});
  }

  Status points_per_unit(const dom::element& element, const std::string& at) {
    return ratio(element, at, points_per_unit_max, programme_.points_per_unit);
  }
  Status rounding(const dom::element& element, const std::string& at) {
    return word(element, at, rounding_names, programme_.rounding);
  }
  Status base(const dom::element& element, const std::string& at) {
    return word(element, at, bases, programme_.base);
  }
  Status stacking(const dom::element& element, const std::string& at) {
    return word(element, at, stackings, programme_.stacking);
  }
  Status earning_kinds(const dom::element& element, const std::string& at) {
    return words(element, at, line_kinds, programme_.line_kinds);
  }
  Status excluded_tenders(const dom::element& element, const std::string& at) {
    return words(element, at, tender_kinds, programme_.excluded_tenders);
  }

  Status rates(const dom::element& element, const std::string& at) {
    return array(element, at, [this](const dom::element& item, const std::string& pointer) {
      programme_.rates.emplace_back();
      programme_.rates.back().to_programme = {0, 1};
      auto done =
          object(item, pointer,
                 {{"currency", &Reader::rate_currency}, {"to_programme", &Reader::to_programme}});
      const ExchangeRate& rate = programme_.rates.back();
      if (done && (rate.to_programme.numerator == 0 || rate.currency == Currency{})) {
        done = fail(malformed(pointer, "needs a currency and a rate above zero"));
      }
      return done;
    });
  }
  Status rate_currency(const dom::element& element, const std::string& at) {
    return known_currency(element, at, programme_.rates.back().currency);
  }
  Status to_programme(const dom::element& element, const std::string& at) {
    std::string value;
    if (auto done = text(element, at, value); !done) return done;
    Ratio& rate = programme_.rates.back().to_programme;
    const std::size_t slash = value.find('/');
    if (slash == std::string::npos) return ratio(element, at, rate_max, rate);
    const auto over = parse_decimal(value.substr(0, slash));
    const auto under = parse_decimal(value.substr(slash + 1));
    const auto whole = [](const std::optional<Decimal>& part) {
      return part && part->scale == 0 && part->units > 0 && part->units <= rate_max;
    };
    if (!whole(over) || !whole(under)) {
      return fail(malformed(at, "is no fraction of whole numbers up to 10^9"));
    }
    const std::int64_t common = std::gcd(over->units, under->units);
    rate = {over->units / common, under->units / common};
    return {};
  }

  Status tiers(const dom::element& element, const std::string& at) {
    return array(element, at, [this](const dom::element& item, const std::string& pointer) {
      programme_.tiers.emplace_back();
      auto done = object(item, pointer,
                         {{"tier", &Reader::tier_name},
                          {"multiplier", &Reader::tier_multiplier},
                          {"members", &Reader::tier_members}});
      if (done && programme_.tiers.back().name.empty()) {
        done = fail(malformed(pointer + "/tier", "is missing"));
      }
      return done;
    });
  }
  Status tier_name(const dom::element& element, const std::string& at) {
    return text(element, at, programme_.tiers.back().name);
  }
  Status tier_multiplier(const dom::element& element, const std::string& at) {
    return ratio(element, at, multiplier_max, programme_.tiers.back().multiplier);
  }
  Status tier_members(const dom::element& element, const std::string& at) {
    const auto tier = static_cast<std::uint32_t>(programme_.tiers.size() - 1);
    return array(element, at, [&](const dom::element& item, const std::string& pointer) {
      programme_.members.push_back({{}, tier});
      return text(item, pointer, programme_.members.back().member);
    });
  }

  Status campaigns(const dom::element& element, const std::string& at) {
    return array(
        element, at, [this](const dom::element& item, const std::string& pointer) -> Status {
          if (programme_.campaigns.size() == campaigns_max) {
            return fail(malformed(pointer, "is one campaign too many"));
          }
          programme_.campaigns.emplace_back();
          auto done = object(item, pointer,
                             {{"id", &Reader::campaign_id},
                              {"multiplier", &Reader::campaign_multiplier},
                              {"articles", &Reader::campaign_articles},
                              {"from", &Reader::campaign_from},
                              {"until", &Reader::campaign_until},
                              {"spend_from", &Reader::campaign_spend_from}});
          const Campaign& campaign = programme_.campaigns.back();
          if (done && campaign.id.empty()) return fail(malformed(pointer + "/id", "is missing"));
          if (done && campaign.from && campaign.until && *campaign.from >= *campaign.until) {
            return fail(malformed(pointer + "/until", "is not after `from`"));
          }
          return done;
        });
  }
  Status campaign_id(const dom::element& element, const std::string& at) {
    return text(element, at, programme_.campaigns.back().id);
  }
  Status campaign_multiplier(const dom::element& element, const std::string& at) {
    return ratio(element, at, multiplier_max, programme_.campaigns.back().multiplier);
  }
  Status campaign_articles(const dom::element& element, const std::string& at) {
    return array(element, at, [this](const dom::element& item, const std::string& pointer) {
      return text(item, pointer, programme_.campaigns.back().articles.emplace_back());
    });
  }
  static Status wall_clock(const dom::element& element, const std::string& at,
                           std::optional<LocalTime>& into) {
    std::string value;
    if (auto done = text(element, at, value); !done) return done;
    // A local time has no zone; with UTC's the parser reads it as the same figures.
    const auto instant = parse_instant(value + "Z");
    if (!instant) return fail(malformed(at, "is no local time like 2026-11-21T00:00:00"));
    into = LocalTime{instant->micros};
    return {};
  }
  Status campaign_from(const dom::element& element, const std::string& at) {
    return wall_clock(element, at, programme_.campaigns.back().from);
  }
  Status campaign_until(const dom::element& element, const std::string& at) {
    return wall_clock(element, at, programme_.campaigns.back().until);
  }

  Status campaign_spend_from(const dom::element& element, const std::string& at) {
    return ratio(element, at, rate_max, programme_.campaigns.back().spend_from.emplace());
  }

  Status zones(const dom::element& element, const std::string& at) {
    dom::object members;
    if (element.get(members) != simdjson::SUCCESS) return fail(malformed(at, "is no object"));
    for (const auto& [key, value] : members) {
      programme_.zones.push_back({std::string(key), {}});
      if (auto done = text(value, fmt::format("{}/{}", at, key), programme_.zones.back().zone);
          !done) {
        return done;
      }
    }
    return {};
  }

  Programme programme_;
};

}  // namespace

Result<Programme> parse_programme(std::string_view json) {
  return Reader().run(json);
}

}  // namespace crossfoot::ledger
