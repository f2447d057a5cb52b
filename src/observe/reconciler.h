#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/time.h"
#include "connector/book_reader.h"
#include "edge/reconciliation_service.h"
#include "runtime/scheduler.h"
#include "store/api/store.h"

namespace crossfoot::ledger {
struct Programme;
class ZoneLookup;
}  // namespace crossfoot::ledger

namespace crossfoot::observe {

class BookSource;

struct ReconcilerOptions {
  std::string erp = "erp";                           ///< name of the target that plays the ERP
  std::string loyalty = "loyalty";                   ///< and of the loyalty platform
  Duration in_flight{std::chrono::seconds{60}};      ///< younger items are in flight, not missing
  std::size_t page = 500;                            ///< messages a snapshot reads, 1 … 1,000
  Duration list_deadline{std::chrono::seconds{10}};  ///< of one page of a target's book
};

/// Compares the channel's originals with the ERP's and the loyalty platform's own books, by
/// business date, tolerance zero (DESIGN.md, "What agreement means"). The channel side is parsed
/// again from the raw originals, the other two are read through the targets' list interfaces; no
/// stored response is believed. Every item ends as agreed, in flight, explained, unverified or a
/// break. One runs at a time, the others wait their turn. A run survives the data store being
/// reopened within ten seconds; one that a stop interrupts is found failed, with that reason.
/// Faults of `start_reconciliation`: rejected (from after to), throttled (too many wait), transient
/// (the data store is closed). Shard thread; nothing is answered after this object's end.
class Reconciler final : public edge::ReconciliationService {
 public:
  Reconciler(runtime::Scheduler& scheduler, std::function<store::Store*()> data_store,
             connector::BookReader& books, const ledger::Programme& programme,
             const ledger::ZoneLookup& zones, ReconcilerOptions options);
  /// Over other books than the connectors': for tests.
  Reconciler(runtime::Scheduler& scheduler, std::function<store::Store*()> data_store,
             std::unique_ptr<BookSource> books, const ledger::Programme& programme,
             const ledger::ZoneLookup& zones, ReconcilerOptions options);
  ~Reconciler() override;

  void start_reconciliation(Period period, StartAnswer answer) override;
  void list(PageQuery query, Answer answer) override;
  void get(std::string id, Answer answer) override;
  void breaks(BreakQuery query, Answer answer) override;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace crossfoot::observe
