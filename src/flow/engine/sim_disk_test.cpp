// Goal: support for the simulation: the disks that its server writes to.
#include "flow/engine/sim_disk.h"

#include "store/api/faults.h"

namespace crossfoot::flow::sim {

Result<std::unique_ptr<store::Store>> MemorySimDisk::open(runtime::Scheduler& home) {
  if (full_) return fail(store::full_fault("open", "no space is left"));
  auto opened = std::make_unique<store::MemoryStore>(disk_, home, options_);
  open_ = opened.get();
  return opened;
}

void MemorySimDisk::crash(std::unique_ptr<store::Store> store, runtime::Random& random) {
  const auto in_flight = random.below(2) == 0 ? store::MemoryStore::InFlight::lost
                                              : store::MemoryStore::InFlight::applied;
  if (store != nullptr) open_->crash(in_flight);
  open_ = nullptr;
}

void MemorySimDisk::drop(std::unique_ptr<store::Store> store) {
  store.reset();
  open_ = nullptr;
}

bool MemorySimDisk::blur_next_commit(runtime::Random& random) {
  const auto fault = random.below(2) == 0 ? store::MemoryStore::CommitFault::unclear_applied
                                          : store::MemoryStore::CommitFault::unclear_lost;
  if (open_ == nullptr) return false;
  open_->fail_next_commit(fault);
  return true;
}

bool MemorySimDisk::fill(bool full) {
  full_ = full;
  if (full && open_ != nullptr) {
    open_->fail_next_commit(store::MemoryStore::CommitFault::failed);
  }
  return true;
}

bool MemorySimDisk::back_up() {
  backup_ = disk_.state();
  return true;
}

Result<std::unique_ptr<store::Store>> SqliteSimDisk::open(runtime::Scheduler& home) {
  store::SqliteOptions options;
  options.path = folder_.file("store.db");
  options.home = &home;
  options.vfs = vfs_.name();
  options.inline_execution = true;
  // So that a small day writes the log back, and moves keys and till entries, too.
  options.log_soft_bytes = 256U << 10;
  options.gathered_max = 8;
  return store::open_sqlite(options);
}

void SqliteSimDisk::crash(std::unique_ptr<store::Store> store, runtime::Random& random) {
  vfs_.power_off();
  store.reset();
  vfs_.power_on(random);
}

bool SqliteSimDisk::blur_next_commit(runtime::Random& random) {
  const auto call = random.below(2) == 0 ? store::sqlite::FaultVfs::Call::sync
                                         : store::sqlite::FaultVfs::Call::write;
  vfs_.fail_nth(call, 1, false);
  return true;
}

bool SqliteSimDisk::fill(bool full) {
  vfs_.fill(full);
  return true;
}

}  // namespace crossfoot::flow::sim
