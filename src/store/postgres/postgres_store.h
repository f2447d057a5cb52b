#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "runtime/scheduler.h"
#include "store/api/store.h"

namespace crossfoot::store {

struct PostgresOptions {
  /// libpq's connection string or URI. With several hosts say `target_session_attrs=read-write`,
  /// so that the one is found that may be written. It may hold a password: it is never shown.
  std::string url;
  runtime::Scheduler* home = nullptr;  ///< where completions run; outlives the store
  /// Of work in one commit; decides how many units share it.
  Duration commit_budget{std::chrono::milliseconds{8}};
  /// Least time between the beginnings of two commits, as for SQLite.
  Duration commit_pace{std::chrono::milliseconds{2}};
  std::size_t readers = 2;                  ///< read-only connections, 1 … 64
  std::uint64_t row_bytes_max = 64U << 20;  ///< a longer body, state or entry fails its unit
  /// Refuses to run without a synchronous standby.
  bool no_loss_on_node_failure = false;
  /// Everything runs as tasks of `home`, no thread is started: for simulations.
  bool inline_execution = false;
};

/// Opens, or creates, a data store in the schema `crossfoot` of a PostgreSQL database (15 or
/// later). Issues a new incarnation and takes over every partition, which fences out a process that
/// has the store open: its next commit is refused.
/// Faults: CF-5001 (no answer), CF-5006 (newer schema; nothing is written), CF-5010 (the server may
/// lose commits), CF-5011 (no synchronous standby).
///
/// Destroying the store without `close` abandons what is queued: its callbacks never run.
[[nodiscard]] Result<std::unique_ptr<Store>> open_postgres(PostgresOptions options);

}  // namespace crossfoot::store
