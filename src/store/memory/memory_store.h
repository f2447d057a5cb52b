#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "runtime/scheduler.h"
#include "store/api/store.h"
#include "store/lane_queue.h"
#include "store/memory/state.h"

namespace crossfoot::store {

/// What survives a crash. Outlives the stores opened over it, one at a time.
class MemoryDisk {
 public:
  [[nodiscard]] const memory::State& state() const { return durable_; }
  /// Puts a backup in place of what is there, while no store is open.
  void restore(memory::State backup) { durable_ = std::move(backup); }

 private:
  friend class MemoryStore;
  memory::State durable_;
};

struct MemoryOptions {
  Duration commit_latency{std::chrono::milliseconds{1}};
  std::size_t units_per_commit_max = 128;
};

/// A data store in memory with a model of durability, for simulations: units that wait or are being
/// committed are pending, and become durable together when the commit's latency has passed.
/// Everything happens as tasks of the scheduler, in ordered containers: the same seed gives the
/// same run.
class MemoryStore final : public Store {
 public:
  enum class CommitFault : std::uint8_t {
    failed,           ///< nothing is written; each unit answers `failed`, transient
    unclear_applied,  ///< written, but the units answer `unknown`; the store refuses from then on
    unclear_lost,     ///< not written; otherwise the same
  };
  enum class InFlight : std::uint8_t { lost, applied };

  MemoryStore(MemoryDisk& disk, runtime::Scheduler& home, MemoryOptions options = {});
  ~MemoryStore() override = default;

  const Opened& opened() const override { return opened_; }
  void commit(Unit unit, Committed done) override;
  void read(Work work, Done done) override;
  Result<TargetNumber> target_number(std::string_view name) override;
  bool under_pressure() const override { return under_pressure_; }
  StoreStats stats() const override;
  void close() override;

  /// The next commit that ends does so in this way; several are queued.
  void fail_next_commit(CommitFault fault) { faults_.push_back(fault); }
  /// The process dies: what is not durable is lost and no callback ever runs. A commit under way
  /// may have reached the disk or not. Open a new store over the same disk afterwards.
  void crash(InFlight in_flight = InFlight::lost);
  void set_under_pressure(bool pressure) { under_pressure_ = pressure; }

 private:
  struct Item {
    Unit unit;
    Committed done;
  };

  void begin_commit();
  void end_commit();
  void finish(std::vector<Item> group, std::optional<CommitFault> fault);
  [[nodiscard]] std::vector<Item> take_group();
  [[nodiscard]] std::optional<Fault> refusal() const;

  MemoryDisk& disk_;
  runtime::Scheduler& home_;
  MemoryOptions options_;
  Opened opened_;
  LaneQueue<Item> queue_;
  std::vector<Item> committing_;
  bool begin_posted_ = false;
  std::deque<CommitFault> faults_;
  std::optional<Fault> refused_by_;
  bool closed_ = false;
  bool under_pressure_ = false;
  StoreStats stats_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace crossfoot::store
