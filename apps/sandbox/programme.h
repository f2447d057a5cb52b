#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sandbox/arithmetic.h"
#include "sandbox/receipt.h"

namespace crossfoot::sandbox {

struct Tier {
  std::string name;
  Decimal multiplier{1, 0};
  std::vector<std::string> members;
};

/// Multiplies what its articles earn in [from, until), in the local time of the receipt's region.
struct Campaign {
  std::string id;
  Decimal multiplier{1, 0};
  std::vector<std::string> articles;     ///< `TOY-*` matches a prefix; empty matches every article
  std::int64_t from_micros = INT64_MIN;  ///< local time
  std::int64_t until_micros = INT64_MAX;
  Decimal spend_from;  ///< what its lines leave to earn on, in the programme's currency; 0: any
};

/// The rules of the programme (programme.example.json). Without a file: one point a whole unit of
/// the receipt's currency, floor, goods only.
struct Programme {
  struct Rate {
    Currency currency;
    Decimal to_programme;
  };
  struct Zone {
    std::string region;
    std::string name;  ///< IANA
  };

  bool any_currency = true;  ///< no currency stated: every currency counts one to one
  Currency currency;
  Decimal points_per_unit{1, 0};
  Rounding rounding = Rounding::floor;
  bool base_net = false;
  bool additive = false;
  std::vector<LineKind> line_kinds{LineKind::goods};
  std::vector<std::string> excluded_tenders;
  std::vector<Rate> rates;
  std::vector<Tier> tiers;
  std::vector<Campaign> campaigns;
  std::vector<Zone> zones;

  [[nodiscard]] const Tier* tier_of(std::string_view member) const;
  /// The region's zone; of `DE-BY` without one, that of `DE`; UTC when neither is known.
  [[nodiscard]] std::string_view zone_of(std::string_view region) const;
};

/// Reads a programme. Unknown names inside `earn`, `tiers` and `campaigns` are refused: rules that
/// are read by half make every comparison worthless.
[[nodiscard]] Result<Programme> parse_programme(std::string_view json);

/// Neighbouring units of one line that earned the same.
struct PointRun {
  std::int64_t count = 0;
  std::int64_t points = 0;  ///< each

  bool operator==(const PointRun&) const = default;
};

/// What a receipt earned, frozen per unit (DOMAIN.md 7.2, 7.4 method A).
struct Earned {
  std::int64_t points = 0;
  std::vector<std::vector<PointRun>> lines;  ///< in receipt order; unit order inside a line
};

/// points = round(Σ unrounded components), once per receipt. The whole is split over the components
/// by largest remainder, each component over its own units by their eligible amounts; components
/// that cover the same lines are one. Refuses a currency without a rate and points out of range.
[[nodiscard]] std::expected<Earned, Refusal> earn(const Programme& programme,
                                                  const Receipt& receipt);

/// Points of the units [from, from + count) of a line.
[[nodiscard]] std::int64_t points_of_units(const std::vector<PointRun>& runs, std::int64_t from,
                                           std::int64_t count);

}  // namespace crossfoot::sandbox
