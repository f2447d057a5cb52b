#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/result.h"
#include "runtime/scheduler.h"
#include "store/api/store.h"

namespace crossfoot::observe {

/// The way to the data store, which is closed and opened again after a fault while others go on.
/// A question that the store took with it, or that met none, is put again after a pause, a stated
/// number of times. Shard thread.
class StoreAccess {
 public:
  using Work = std::function<Status(store::Reader&)>;  ///< may run more than once; not on the shard
  using Done = std::move_only_function<void(Status)>;

  static constexpr int tries_patient = 50;
  static constexpr Duration pause{std::chrono::milliseconds{200}};

  StoreAccess(runtime::Scheduler& scheduler, std::function<store::Store*()> data_store);
  ~StoreAccess();
  StoreAccess(const StoreAccess&) = delete;
  StoreAccess& operator=(const StoreAccess&) = delete;

  /// Nothing is answered after this.
  void close() { *alive_ = false; }

  /// One short snapshot. `done` runs later, once. Faults: the work's own, or why there is no store.
  void read(Work work, Done done, int tries = 1);
  /// Writes documents as one unit in the batch lane, when the store is not under pressure. Writing
  /// them again changes nothing.
  void write(std::vector<store::DocumentRow> documents, Done done, int tries = tries_patient);

  /// Null while it is closed.
  [[nodiscard]] store::Store* data_store() const { return data_store_(); }

 private:
  struct Reading;
  struct Writing;

  void read(std::shared_ptr<Reading> reading);
  void write(std::shared_ptr<Writing> writing);
  template <class Call>
  void again_or(std::shared_ptr<Call> call, Fault fault,
                void (StoreAccess::*put)(std::shared_ptr<Call>));

  runtime::Scheduler& scheduler_;
  std::function<store::Store*()> data_store_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace crossfoot::observe
