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

struct ReconcilerOptions {
  std::string erp = "erp";          ///< name of the target that plays the ERP
  std::string loyalty = "loyalty";  ///< and of the loyalty platform
  Duration in_flight{std::chrono::seconds{60}};  ///< younger items are in flight, not missing
  std::size_t page = 500;           ///< messages a snapshot reads
};

/// Compares the channel's originals with the ERP's and the loyalty platform's own books, by business
/// date, tolerance zero (DESIGN.md, "What agreement means"). The channel side is parsed again from the
/// raw originals, the other two are read through the targets' list interfaces; no stored response is
/// believed. Every item ends as agreed, in flight, explained, unverified or a break. Shard thread.
class Reconciler final : public edge::ReconciliationService {
 public:
  Reconciler(runtime::Scheduler& scheduler, std::function<store::Store*()> data_store,
             connector::BookReader& books, const ledger::Programme& programme,
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
