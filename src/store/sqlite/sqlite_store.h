#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "runtime/scheduler.h"
#include "store/api/store.h"

namespace crossfoot::store {

struct SqliteOptions {
  std::string path;                    ///< of the file; its folder exists
  runtime::Scheduler* home = nullptr;  ///< where completions run; outlives the store
  Duration commit_budget{std::chrono::milliseconds{4}};  ///< of work in one commit
  /// Least time between the beginnings of two commits: under load more units share a sync, and the
  /// first after a rest does not wait. Only with a writer thread.
  Duration commit_pace{std::chrono::milliseconds{2}};
  std::size_t readers = 2;                    ///< read-only connections, 1 … 64
  std::uint64_t log_soft_bytes = 32U << 20;   ///< the log is written back from here on
  std::uint64_t log_rest_bytes = 512U << 10;  ///< so little is written back between two commits
  std::uint64_t log_hard_bytes = 256U << 20;  ///< `under_pressure` from here on
  std::int64_t writer_cache_bytes = 128LL << 20;
  std::int64_t reader_cache_bytes = 8LL << 20;
  /// So many new keys gather before they are moved to their places, and a quarter as many entries
  /// of the till index; each costs some 100 bytes of memory, twice while they are moved.
  std::size_t gathered_max = 65'536;
  std::uint32_t page_size = 4096;           ///< of a new file: 512 … 65,536, a power of two
  std::uint64_t page_count_max = 0;         ///< the file's size limit in pages; 0: none
  std::uint32_t row_bytes_max = 64U << 20;  ///< a larger row fails its unit
  std::string vfs;                          ///< SQLite's name of the file system; empty: default
  /// Everything runs as tasks of `home`, no thread is started: for simulations.
  bool inline_execution = false;
};

/// Opens, or creates, a data store in an SQLite file (WAL, synchronous=FULL). Issues a new
/// incarnation, which also fences out a process that has the file open: its next commit is refused.
/// Faults: CF-5001 (cannot be opened), CF-5003 (damaged), CF-5006 (newer schema; nothing is
/// written).
///
/// Destroying the store without `close` abandons what is queued: its callbacks never run.
[[nodiscard]] Result<std::unique_ptr<Store>> open_sqlite(SqliteOptions options);

}  // namespace crossfoot::store
