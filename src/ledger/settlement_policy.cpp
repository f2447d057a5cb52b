#include "ledger/settlement_policy.h"

#include <tuple>

#include "ledger/field_reader.h"

namespace crossfoot::ledger {

namespace {

namespace dom = simdjson::dom;

constexpr std::size_t shops_max = 100'000;
constexpr std::size_t registers_max = 1'000;
constexpr std::size_t periods_max = 10'000;
constexpr std::int64_t close_minutes_max = 7 * 24 * 60;
constexpr std::int64_t version_max = 1'000'000'000;

/// Values are the days' bits, Monday first.
constexpr std::array<Name<std::uint8_t>, 7> weekday_names{
    {{"mon", 1}, {"tue", 2}, {"wed", 4}, {"thu", 8}, {"fri", 16}, {"sat", 32}, {"sun", 64}}};

class Reader : private FieldReader<Reader> {
  friend class FieldReader<Reader>;
  static constexpr std::string_view document = "settlement policy";
  static constexpr std::string_view fault_code = contract::error_code::settlement_policy_malformed;

 public:
  Result<SettlementPolicy> run(std::string_view json) {
    dom::parser parser;
    dom::element root;
    const simdjson::padded_string padded(json);
    if (const auto error = parser.parse(padded).get(root)) {
      return fail(malformed("", simdjson::error_message(error)));
    }
    if (auto done = object(root, "",
                           {{"version", &Reader::version},
                            {"shops", &Reader::shops},
                            {"z_reports", &Reader::z_reports},
                            {"cash_tolerance", &Reader::cash_tolerance},
                            {"close_minutes_after_z", &Reader::close_after},
                            {"periods", &Reader::periods},
                            {"accounts", &Reader::accounts}});
        !done) {
      return fail(std::move(done.error()));
    }
    if (policy_.version == 0) return fail(malformed("/version", "is missing, or is zero"));
    std::ranges::sort(policy_.shops, {},
                      [](const ShopRules& one) { return std::tie(one.tenant, one.shop); });
    const auto twice = std::ranges::adjacent_find(
        policy_.shops, {}, [](const ShopRules& one) { return std::tie(one.tenant, one.shop); });
    if (twice != policy_.shops.end()) {
      return fail(malformed("/shops", "shop " + twice->shop + " is named twice"));
    }
    policy_.periods = PostingPeriods(std::move(periods_));
    return std::move(policy_);
  }

 private:
  Status version(const dom::element& element, const std::string& at) {
    std::int64_t value = 0;
    if (auto done = whole(element, at, version_max, value); !done) return done;
    policy_.version = static_cast<std::uint32_t>(value);
    return {};
  }

  static Status boolean(const dom::element& element, const std::string& at, bool& into) {
    if (element.get(into) != simdjson::SUCCESS) return fail(malformed(at, "is not true or false"));
    return {};
  }

  Status z_reports(const dom::element& element, const std::string& at) {
    return boolean(element, at, policy_.z_reports);
  }

  Status cash_tolerance(const dom::element& element, const std::string& at) {
    dom::object members;
    if (element.get(members) != simdjson::SUCCESS) return fail(malformed(at, "is no object"));
    for (const auto& [key, value] : members) {
      const std::string pointer = fmt::format("{}/{}", at, key);
      const auto currency = find_currency(key);
      if (!currency) return fail(malformed(pointer, "is no ISO 4217 currency"));
      Money tolerance;
      if (auto done = amount(value, pointer, *currency, tolerance); !done) return done;
      policy_.cash_tolerance[*currency] = tolerance.minor;
    }
    return {};
  }

  Status close_after(const dom::element& element, const std::string& at) {
    std::int64_t minutes = 0;
    if (auto done = whole(element, at, close_minutes_max, minutes); !done) return done;
    policy_.close_after_z = std::chrono::minutes{minutes};
    return {};
  }

  Status accounts(const dom::element& element, const std::string& at) {
    auto table = parse_account_table(simdjson::minify(element));
    if (!table) return fail(malformed(at, table.error().where + " " + table.error().cause));
    policy_.accounts = std::move(*table);
    return {};
  }

  Status periods(const dom::element& element, const std::string& at) {
    return array(element, at, [this](const dom::element& item, const std::string& pointer) {
      return one_period(item, pointer);
    });
  }

  Status one_period(const dom::element& element, const std::string& at) {
    if (periods_.size() >= periods_max) return fail(malformed(at, "there are too many"));
    period_ = {};
    for (const std::string_view key : {"from", "to", "open"}) {
      if (element.at_key(key).error() != simdjson::SUCCESS) {
        return fail(malformed(fmt::format("{}/{}", at, key), "is missing"));
      }
    }
    if (auto done = object(element, at,
                           {{"region", &Reader::period_region},
                            {"shop", &Reader::period_shop},
                            {"from", &Reader::period_from},
                            {"to", &Reader::period_to},
                            {"open", &Reader::period_open}});
        !done) {
      return done;
    }
    if (period_.to < period_.from) return fail(malformed(at + "/to", "lies before from"));
    periods_.push_back(std::move(period_));
    return {};
  }

  static Status date(const dom::element& element, const std::string& at, BusinessDate& into) {
    std::string value;
    if (auto done = text(element, at, value); !done) return done;
    const auto read = parse_business_date(value);
    if (!read) return fail(malformed(at, "is no day as YYYY-MM-DD"));
    into = *read;
    return {};
  }
  Status period_region(const dom::element& element, const std::string& at) {
    return text(element, at, period_.region);
  }
  Status period_shop(const dom::element& element, const std::string& at) {
    return text(element, at, period_.shop);
  }
  Status period_from(const dom::element& element, const std::string& at) {
    return date(element, at, period_.from);
  }
  Status period_to(const dom::element& element, const std::string& at) {
    return date(element, at, period_.to);
  }
  Status period_open(const dom::element& element, const std::string& at) {
    return boolean(element, at, period_.open);
  }

  Status shops(const dom::element& element, const std::string& at) {
    return array(element, at, [this](const dom::element& item, const std::string& pointer) {
      return one_shop(item, pointer);
    });
  }

  Status one_shop(const dom::element& element, const std::string& at) {
    if (policy_.shops.size() >= shops_max) return fail(malformed(at, "there are too many"));
    shop_ = {};
    if (auto done = object(element, at,
                           {{"tenant", &Reader::shop_tenant},
                            {"shop", &Reader::shop_name},
                            {"region", &Reader::shop_region},
                            {"registers", &Reader::shop_registers},
                            {"trading_days", &Reader::shop_days},
                            {"z_reports", &Reader::shop_z_reports}});
        !done) {
      return done;
    }
    if (shop_.shop.empty()) return fail(malformed(at + "/shop", "is missing"));
    policy_.shops.push_back(std::move(shop_));
    return {};
  }

  Status shop_tenant(const dom::element& element, const std::string& at) {
    return text(element, at, shop_.tenant);
  }
  Status shop_name(const dom::element& element, const std::string& at) {
    return text(element, at, shop_.shop);
  }
  Status shop_region(const dom::element& element, const std::string& at) {
    return text(element, at, shop_.region);
  }
  Status shop_z_reports(const dom::element& element, const std::string& at) {
    return boolean(element, at, shop_.z_reports.emplace());
  }
  Status shop_registers(const dom::element& element, const std::string& at) {
    return array(element, at, [this](const dom::element& item, const std::string& pointer) {
      if (shop_.registers.size() >= registers_max) {
        return Status(fail(malformed(pointer, "there are too many")));
      }
      return text(item, pointer, shop_.registers.emplace_back());
    });
  }
  Status shop_days(const dom::element& element, const std::string& at) {
    return array(element, at, [this](const dom::element& item, const std::string& pointer) {
      std::uint8_t day = 0;
      Status done = word(item, pointer, weekday_names, day);
      shop_.trading_days = static_cast<std::uint8_t>(shop_.trading_days | day);
      return done;
    });
  }

  SettlementPolicy policy_;
  ShopRules shop_;
  PostingPeriod period_;
  std::vector<PostingPeriod> periods_;
};

}  // namespace

bool ShopRules::trades_on(BusinessDate date) const {
  // The first day of the count was a Thursday.
  constexpr std::int64_t thursday = 3;
  const std::int64_t weekday = ((std::int64_t{date.days} + thursday) % 7 + 7) % 7;
  return (trading_days >> weekday & 1) != 0;
}

const ShopRules* SettlementPolicy::find(std::string_view tenant, std::string_view shop) const {
  const auto at =
      std::ranges::lower_bound(shops, std::pair(tenant, shop), {}, [](const ShopRules& one) {
        return std::pair<std::string_view, std::string_view>(one.tenant, one.shop);
      });
  return at == shops.end() || at->tenant != tenant || at->shop != shop ? nullptr : &*at;
}

DayRules SettlementPolicy::rules_of(std::string_view tenant, std::string_view shop,
                                    BusinessDate date) const {
  DayRules rules{.z_reports = z_reports,
                 .registers = {},
                 .cash_tolerance = cash_tolerance,
                 .accounts = accounts ? &*accounts : nullptr};
  const ShopRules* named = find(tenant, shop);
  if (named == nullptr) return rules;
  rules.expected = named->trades_on(date);
  rules.z_reports = named->z_reports.value_or(z_reports);
  if (rules.expected) rules.registers = named->registers;
  return rules;
}

Result<SettlementPolicy> parse_settlement_policy(std::string_view json) {
  return Reader().run(json);
}

}  // namespace crossfoot::ledger
