#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/id.h"
#include "contract/till_record.h"
#include "ledger/day_totals.h"

namespace crossfoot::ledger {

/// What one drawer's cash of one currency should be, and what was counted, in minor units.
struct CashUp {
  Wide opening = 0;             ///< counted when the till was opened
  Wide sales = 0;               ///< cash of receipts, in less out
  Wide paid_in = 0;             ///< without goods
  Wide paid_out = 0;            ///< >= 0
  std::optional<Wide> counted;  ///< at the close; none while it is open

  [[nodiscard]] Wide expected() const { return opening + sales + paid_in - paid_out; }
  /// Counted less expected: above zero there is too much.
  [[nodiscard]] Wide over_short() const { return counted ? *counted - expected() : 0; }
};

/// Where a Z-report and what came in are not the same.
struct ZDifference {
  std::string what;  ///< count, gross, tax:CODE:net, tax:CODE:tax, tender:cash …
  std::string received;
  std::string stated;          ///< by the till
  std::optional<Money> money;  ///< received less stated
};

/// From a till's opening to its close: what lies between two Z-reports.
struct TillSession {
  std::optional<Instant> opened_at;
  std::optional<Instant> closed_at;
  std::optional<Instant> closed_recorded_at;
  std::string close_sequence;
  std::shared_ptr<const contract::TillRecord> z;  ///< null: there is no Z-report yet
  DayTotals totals;
  std::map<Currency, CashUp> cash;
  std::vector<Id> late;  ///< came after the Z-report that they belong before
};

/// All that differs between the Z-report and the receipts; compared is what the till states. Empty
/// without a Z-report.
[[nodiscard]] std::vector<ZDifference> z_differences(const TillSession& session);

}  // namespace crossfoot::ledger
