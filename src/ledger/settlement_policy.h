#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ledger/day_review.h"
#include "ledger/posting_periods.h"

namespace crossfoot::ledger {

/// A shop that is expected to trade.
struct ShopRules {
  std::string tenant = "default";
  std::string shop;
  std::string region;
  std::vector<std::string> registers;  ///< that must send something; empty: any may be silent
  std::uint8_t trading_days = 0;       ///< bits, Monday first; 0: it is never missed
  std::optional<bool> z_reports;       ///< none: as of the shops that are not named

  [[nodiscard]] bool trades_on(BusinessDate date) const;
  bool operator==(const ShopRules&) const = default;
};

/// What the retailer wants of store days, as data. Immutable.
struct SettlementPolicy {
  std::uint32_t version = 0;  ///< 0: there is none
  std::vector<ShopRules> shops;
  bool z_reports = true;                            ///< of shops that are not named
  std::map<Currency, std::int64_t> cash_tolerance;  ///< minor units
  /// A day that nothing keeps open is closed so long after its last Z-report was recorded; none:
  /// only persons close.
  std::optional<std::chrono::minutes> close_after_z;

  PostingPeriods periods;
  std::optional<AccountTable> accounts;  ///< none: days have no journal

  [[nodiscard]] const ShopRules* find(std::string_view tenant, std::string_view shop) const;
  /// Points to the accounts of this policy.
  [[nodiscard]] DayRules rules_of(std::string_view tenant, std::string_view shop,
                                  BusinessDate date) const;
};

/// Reads a policy (docs/guides/settlement.md). Strict. Fault settlement_policy_malformed names the
/// place.
[[nodiscard]] Result<SettlementPolicy> parse_settlement_policy(std::string_view json);

}  // namespace crossfoot::ledger
