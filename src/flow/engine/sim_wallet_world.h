#pragma once

// One server with a platform of wallets, on virtual time: it crashes, loses commits and comes back.
// Test code.

#include <gtest/gtest.h>

#include <memory>
#include <utility>

#include "flow/engine/engine.h"
#include "flow/engine/freezable_scheduler.h"
#include "flow/engine/sim_disk.h"
#include "flow/engine/sim_wallet.h"
#include "flow/engine/sim_world.h"
#include "runtime/sim_scheduler.h"

namespace crossfoot::flow::sim {

/// A server over a disk that it may lose, and a platform that it does not share anything with.
class WalletWorld {
 public:
  WalletWorld(const Processes& processes, SimDisk& disk, WalletFaults faults, std::uint64_t seed,
              bool only_deducts = false, std::int64_t floor_limit = 0)
      : processes_(processes),
        disk_(disk),
        caller_(scheduler_, server_, wallets, faults, seed),
        random_(seed) {
    caller_.only_deducts = only_deducts;
    options_.floor_limits.fill(Points{floor_limit});
    open();
  }
  ~WalletWorld() {
    engine_.reset();
    disk_.drop(std::move(store_));
  }
  WalletWorld(const WalletWorld&) = delete;
  WalletWorld& operator=(const WalletWorld&) = delete;

  /// Null while the server is down.
  [[nodiscard]] Engine* engine() { return engine_ && engine_->ready() ? engine_.get() : nullptr; }
  [[nodiscard]] runtime::SimScheduler& clock() { return scheduler_; }
  [[nodiscard]] runtime::Random& random() { return random_; }
  [[nodiscard]] store::Store* data_store() { return store_.get(); }

  void crash() {
    engine_.reset();
    if (store_) disk_.crash(std::move(store_), random_);
    ++crashes;
    reopen();
  }
  void heal() { caller_.faults = {}; }
  void blur() { (void)disk_.blur_next_commit(random_); }

  /// Runs the world up to this time.
  void run_until(Duration at) {
    scheduler_.after(at - scheduler_.monotonic(), [] {});  // so that the time comes
    while (!scheduler_.idle() && scheduler_.next_at() <= at) scheduler_.step();
  }
  template <class Condition>
  void run_until(Condition condition, Duration within = std::chrono::hours{2}) {
    const Duration limit = scheduler_.monotonic() + within;
    while (!condition() && scheduler_.monotonic() < limit && scheduler_.step()) {
    }
    ASSERT_TRUE(condition());
  }

  Wallets wallets;
  std::size_t crashes = 0;

 private:
  void reopen() {
    scheduler_.after(std::chrono::milliseconds{50}, [this] {
      if (!engine_) open();
    });
  }
  /// The disk failed: everything is found again.
  void give_up() {
    server_.post([this] {
      engine_.reset();
      disk_.drop(std::move(store_));
      reopen();
    });
  }
  void open() {
    auto opened = disk_.open(server_);
    if (!opened) return reopen();  // the disk fails for a moment
    store_ = std::move(*opened);
    engine_ = std::make_unique<Engine>(
        server_, *store_, caller_, processes_, programme_, zones_,
        [](std::string_view) -> Result<contract::Transaction> { return fail({.code = "SIM"}); },
        options_, random_.next(), [this](Fault) { give_up(); });
    engine_->start({"erp", "loyalty"}, [this](Status started) {
      if (!started) give_up();
    });
  }

  const Processes& processes_;
  SimDisk& disk_;
  runtime::SimScheduler scheduler_{start_of_time};
  FreezableScheduler server_{scheduler_};
  WalletCaller caller_;
  runtime::Random random_;
  ledger::Programme programme_ = sim::programme();
  UtcZones zones_;
  EngineOptions options_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<Engine> engine_;
};

}  // namespace crossfoot::flow::sim
