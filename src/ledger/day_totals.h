#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/decimal.h"
#include "ledger/pricing.h"

namespace crossfoot::ledger {

/// Sums of receipts in one currency, in minor units: what was sold less what came back. Exact
/// whatever is added; `amount` says when a sum is beyond 64 bits.
struct CurrencyTotals {
  struct Tax {
    Wide net = 0;
    Wide tax = 0;

    bool operator==(const Tax&) const = default;
  };
  std::int64_t receipts = 0;
  Wide net = 0;
  Wide tax = 0;
  Wide gross = 0;
  std::map<std::string, Tax> taxes;              ///< by tax code
  std::map<contract::TenderKind, Wide> tenders;  ///< money out counts below zero

  bool operator==(const CurrencyTotals&) const = default;
};

/// Sums of receipts by currency.
class DayTotals {
 public:
  /// A receipt as it is; nothing of what cannot be priced.
  void add(const contract::Transaction& receipt, const Pricing& pricing);
  void add(const DayTotals& more);
  /// What takes it back. The void of a receipt is a receipt too: as many are counted.
  [[nodiscard]] DayTotals voided() const;

  void subtract(const DayTotals& other);
  /// Puts what was read in place of what is there.
  void set(Currency currency, CurrencyTotals totals) { totals_[currency] = std::move(totals); }

  [[nodiscard]] const std::map<Currency, CurrencyTotals>& all() const { return totals_; }
  /// Nothing in any currency, no receipts either.
  [[nodiscard]] bool is_nothing() const;
  [[nodiscard]] const CurrencyTotals* find(Currency currency) const;
  [[nodiscard]] std::int64_t receipts() const;

  bool operator==(const DayTotals&) const = default;

 private:
  std::map<Currency, CurrencyTotals> totals_;
};

/// As money; no value beyond 64 bits.
[[nodiscard]] std::optional<Money> amount(Wide minor, Currency currency);

}  // namespace crossfoot::ledger
