#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "contract/store_day_close.h"
#include "edge/store_day_service.h"
#include "ledger/day_review.h"
#include "ledger/settlement_policy.h"
#include "observe/store_access.h"

namespace crossfoot::observe {

/// A close as it is stored.
struct TakenSlice {
  Id id;
  Instant recorded_at;
  contract::StoreDayClose close;
};

/// A shop's day with its slices, as of one reading.
struct StoreDay {
  edge::StoreDayService::Name name;
  std::string region;
  bool seen = false;  ///< something of it is stored
  ledger::StoreDayStatus status;
  std::vector<TakenSlice> slices;  ///< by number
  ledger::DayTotals open;          ///< what the receipts come to, less the slices
  std::vector<Id> added;           ///< counts, and is in no slice
  std::vector<Id> removed;         ///< is in a slice, and counts no more

  [[nodiscard]] bool has_open() const {
    return !added.empty() || !removed.empty() || !open.is_nothing();
  }
  /// open, ready, closed or late.
  [[nodiscard]] std::string_view state() const;
};

/// Reads the messages of a day page by page, each page in a snapshot of its own: what is accepted
/// meanwhile is in it or not, and then makes the next slice. Nothing is counted or kept elsewhere.
/// Shard thread; the reading itself is work of the data store's readers.
class DayReader {
 public:
  using Done = std::move_only_function<void(Result<StoreDay>)>;

  DayReader(StoreAccess& access, const ledger::SettlementPolicy& policy)
      : access_(access), policy_(policy) {}

  void read(edge::StoreDayService::Name name, Done done);

 private:
  struct Reading;
  using ReadingPtr = std::shared_ptr<Reading>;

  void page(const ReadingPtr& reading);
  void finish(const ReadingPtr& reading);

  StoreAccess& access_;
  const ledger::SettlementPolicy& policy_;
};

}  // namespace crossfoot::observe
