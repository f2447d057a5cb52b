#pragma once

#include <functional>
#include <memory>

#include "edge/store_day_service.h"
#include "ledger/settlement_policy.h"
#include "runtime/scheduler.h"
#include "store/api/store.h"

namespace crossfoot::observe {

/// Store days, read from the messages of the day whenever somebody asks: nothing is counted on the
/// way of a sale, and nothing can be out of step after a crash or a restore (ADR 21). A day costs
/// the reading of its messages. Shard thread; nothing is answered after this object's end.
class StoreDays final : public edge::StoreDayService {
 public:
  /// Days of these many dates are looked at for closing by policy.
  static constexpr std::int32_t dates_back = 14;

  StoreDays(runtime::Scheduler& scheduler, std::function<store::Store*()> data_store,
            ledger::SettlementPolicy policy);
  ~StoreDays() override;

  void get(Name day, Visible visible, Answer answer) override;
  void list(PageQuery query, Answer answer) override;
  void slice(Name day, std::uint32_t number, Visible visible, Answer answer) override;
  void prepare(CloseOrder order, Prepared prepared) override;
  void due(DueDays days) override;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace crossfoot::observe
