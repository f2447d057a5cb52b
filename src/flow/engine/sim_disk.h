#pragma once

// Where the simulated server keeps its data: one interface over the engines of the store, each with
// the ways in which it can fail. Test code.

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "runtime/random.h"
#include "runtime/scheduler.h"
#include "store/memory/memory_store.h"
#include "store/sqlite/fault_vfs.h"
#include "store/sqlite/sqlite_store.h"
#include "store/test_folder.h"

namespace crossfoot::flow::sim {

/// What survives the server's death, and the data stores that are opened over it, one at a time.
class SimDisk {
 public:
  virtual ~SimDisk() = default;

  [[nodiscard]] virtual Result<std::unique_ptr<store::Store>> open(runtime::Scheduler& home) = 0;
  /// The server dies with everything it has in memory; `store` is the last one opened, if any.
  virtual void crash(std::unique_ptr<store::Store> store, runtime::Random& random) = 0;
  /// The server goes on without this data store: a commit failed, or it is closed.
  virtual void drop(std::unique_ptr<store::Store> store) { store.reset(); }
  /// The outcome of the next commit stays unclear to the server. False: this disk cannot do it.
  virtual bool blur_next_commit(runtime::Random&) { return false; }
  /// No space is left from now on, or there is again. False: this disk cannot do it.
  virtual bool fill(bool) { return false; }
  /// Keeps a copy of what is durable now. False: this disk cannot do it.
  virtual bool back_up() { return false; }
  /// Puts the copy in place of what is there, while no data store is open.
  virtual void restore() {}
  /// What is durable now, where it can be looked at without the store.
  [[nodiscard]] virtual const store::memory::State* state() const { return nullptr; }
};

/// The model of durability: a commit is lost, applied, or applied without anybody knowing.
class MemorySimDisk final : public SimDisk {
 public:
  explicit MemorySimDisk(store::MemoryOptions options = {}) : options_(options) {}

  Result<std::unique_ptr<store::Store>> open(runtime::Scheduler& home) override;
  void crash(std::unique_ptr<store::Store> store, runtime::Random& random) override;
  void drop(std::unique_ptr<store::Store> store) override;
  bool blur_next_commit(runtime::Random& random) override;
  bool fill(bool full) override;
  bool back_up() override;
  void restore() override { disk_.restore(backup_); }
  const store::memory::State* state() const override { return &disk_.state(); }

 private:
  store::MemoryOptions options_;
  store::MemoryDisk disk_;
  store::memory::State backup_;
  store::MemoryStore* open_ = nullptr;
  bool full_ = false;
};

/// Real SQLite on a file system that counts, fails, fills up and loses power.
class SqliteSimDisk final : public SimDisk {
 public:
  Result<std::unique_ptr<store::Store>> open(runtime::Scheduler& home) override;
  void crash(std::unique_ptr<store::Store> store, runtime::Random& random) override;
  bool blur_next_commit(runtime::Random& random) override;
  bool fill(bool full) override;

  [[nodiscard]] store::sqlite::FaultVfs& vfs() { return vfs_; }

 private:
  store::TestFolder folder_;
  store::sqlite::FaultVfs vfs_{"simulated-disk"};
};

}  // namespace crossfoot::flow::sim
