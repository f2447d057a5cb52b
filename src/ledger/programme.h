#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/decimal.h"
#include "base/money.h"
#include "base/result.h"
#include "contract/transaction.h"
#include "ledger/policies.h"

namespace crossfoot::ledger {

/// A wall-clock time at a shop, without its zone: microseconds since 1970-01-01T00:00 local.
struct LocalTime {
  std::int64_t micros = 0;

  auto operator<=>(const LocalTime&) const = default;
};

/// Where the ledger learns a shop's wall-clock time; given by the caller, so that the ledger itself
/// reads no file and no clock.
class ZoneLookup {
 public:
  virtual ~ZoneLookup() = default;

  /// The wall-clock time of an instant in an IANA zone (`Europe/Berlin`). Fault zone_unknown when
  /// there is no such zone. Thread-safe.
  [[nodiscard]] virtual Result<LocalTime> local(std::string_view zone, Instant at) const = 0;
};

enum class EarnBase : std::uint8_t { gross, net };
/// base × tier × campaign, or base + base × (tier - 1) + base × (campaign - 1) (V15).
enum class Stacking : std::uint8_t { multiplicative, additive };

struct ExchangeRate {
  Currency currency;
  Ratio to_programme;  ///< one unit of `currency` is worth so many of the programme's
};

struct Tier {
  std::string name;
  Ratio multiplier;
};

struct Membership {
  std::string member;
  std::uint32_t tier = 0;  ///< index
};

/// Multiplies the points of the articles it names while the shop's clock is in [from, until). In
/// the hour that the clock shows twice it holds both times; what the clock skips never was.
struct Campaign {
  std::string id;
  Ratio multiplier;
  std::vector<std::string> articles;  ///< globs with `*` and `?`; none: every article
  std::optional<LocalTime> from;
  std::optional<LocalTime> until;
  /// What is left to earn on of its articles must be worth as much, in the programme's major unit;
  /// judged anew for what is kept when points are taken back by recomputing.
  std::optional<Ratio> spend_from;

  [[nodiscard]] bool holds_at(LocalTime at) const {
    return (!from || at >= *from) && (!until || at < *until);
  }
  [[nodiscard]] bool covers(std::string_view article) const;
};

struct Zone {
  std::string region;  ///< ISO 3166 country or sub-division
  std::string zone;    ///< IANA
};

/// One version of a loyalty programme's rules, as Crossfoot's copy of them. Immutable once loaded;
/// shared by threads.
struct Programme {
  std::string name;
  std::uint32_t version = 0;
  Currency currency;
  Ratio points_per_unit;  ///< of the currency's major unit
  Rounding rounding = Rounding::floor;
  EarnBase base = EarnBase::gross;
  Stacking stacking = Stacking::multiplicative;
  std::uint8_t line_kinds = 0;        ///< bit of each contract::LineKind that earns
  std::uint8_t excluded_tenders = 0;  ///< bit of each contract::TenderKind that does not
  std::vector<ExchangeRate> rates;
  std::vector<Tier> tiers;
  std::vector<Membership> members;  ///< by member
  std::vector<Campaign> campaigns;
  std::vector<Zone> zones;
  ReturnPolicy returns;
  LotPolicy lots;
  NegativePolicy negative;
  RedemptionPolicy redemption;
  DeferralPolicy deferral;

  [[nodiscard]] bool earns(contract::LineKind kind) const {
    return ((line_kinds >> static_cast<unsigned>(kind)) & 1U) != 0;
  }
  [[nodiscard]] bool excludes(contract::TenderKind kind) const {
    return ((excluded_tenders >> static_cast<unsigned>(kind)) & 1U) != 0;
  }
  /// No value when the programme has no rate for the currency.
  [[nodiscard]] std::optional<Ratio> rate(Currency from) const;
  /// Index of the member's tier, if any.
  [[nodiscard]] std::optional<std::uint32_t> tier_of(std::string_view member) const;
  /// The zone of a region, of its country where the sub-division has none; `UTC` else.
  [[nodiscard]] std::string_view zone_of(std::string_view region) const;
};

/// Whether `text` matches a glob of `*` (any run, also empty), `?` (one character) and plain text.
[[nodiscard]] bool glob_matches(std::string_view glob, std::string_view text);

/// Wall-clock time of a transaction at its shop, by the zone of its region (DOMAIN 7.2 "Time").
[[nodiscard]] Result<LocalTime> local_time(const Programme& programme,
                                           const contract::Transaction& transaction,
                                           const ZoneLookup& zones);

}  // namespace crossfoot::ledger
