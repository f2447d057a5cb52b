#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "flow/engine/engine.h"
#include "process/processes.h"
#include "runtime/log.h"
#include "store/api/store.h"

namespace crossfoot::app {

/// Keeps one engine over one data store alive: after a fault that the engine cannot go on from,
/// both are discarded, the store is opened again and a new engine finds everything there. Shard
/// thread.
class EngineHost {
 public:
  struct Setup {
    /// Opens the data store, again after each fault.
    std::function<Result<std::unique_ptr<store::Store>>()> open_store;
    /// Whether an engine may begin over what was opened.
    std::function<Status(store::Reader&)> check_store;
    flow::EngineOptions engine;
    std::vector<std::string> targets;
    std::uint64_t seed = 0;
  };

  EngineHost(runtime::Scheduler& scheduler, flow::Caller& caller,
             const ledger::Programme& programme, const ledger::ZoneLookup& zones, Setup setup,
             runtime::Logger log);
  ~EngineHost();

  /// Opens and recovers; `done` is called once, with the first result. Later reopenings go on by
  /// themselves, with growing delays while the store cannot be opened.
  void open(std::function<void(Status)> done);
  /// Decides nothing any more; the store stays open.
  void stop_engine();
  /// Finishes what is queued and closes the store.
  void close();

  /// Null while the store is not open, or the engine is not ready.
  [[nodiscard]] store::Store* data_store() { return store_.get(); }
  [[nodiscard]] flow::Engine* engine() { return ready_ ? engine_.get() : nullptr; }
  [[nodiscard]] std::uint64_t reopenings() const { return reopenings_; }

 private:
  void try_open();
  void start_engine();
  void failed(const Fault& fault);
  void reopen_later();

  runtime::Scheduler& scheduler_;
  flow::Caller& caller_;
  const ledger::Programme& programme_;
  const ledger::ZoneLookup& zones_;
  Setup setup_;
  runtime::Logger log_;
  process::RetailProcesses processes_;
  std::function<void(Status)> opened_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<flow::Engine> engine_;
  bool ready_ = false;
  bool closed_ = false;
  std::uint64_t reopenings_ = 0;
  Duration delay_{std::chrono::milliseconds{100}};
};

}  // namespace crossfoot::app
