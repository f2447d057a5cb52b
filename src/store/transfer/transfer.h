#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.h"
#include "base/result.h"

namespace crossfoot::store {

namespace transfer {
class SqliteSource;
class PostgresTarget;
}  // namespace transfer

struct TransferOptions {
  std::string source;      ///< the SQLite file of a stopped data store
  std::string target_url;  ///< libpq's connection string or URI; never shown
  bool verify_only = false;
};

/// One table as it was read back from both ends.
struct TableProof {
  std::string table;
  std::uint64_t source_rows = 0;
  std::uint64_t target_rows = 0;
  std::string source_digest;  ///< 64 hex digits, the same whatever the order of the rows
  std::string target_digest;
  bool same = false;
};

struct TransferProof {
  std::vector<TableProof> tables;
  std::uint64_t partitions = 0;  ///< with journal entries, in the target
  std::vector<Partition> gaps;   ///< partitions of the target whose positions are not 1, 2, 3 …

  [[nodiscard]] bool whole() const;
  [[nodiscard]] std::uint64_t rows() const;  ///< of the source
};

/// Moves a stopped SQLite data store into an empty PostgreSQL database, and proves the copy from
/// what is read back from both. Rows go in bounded batches, each one transaction together with the
/// note of how far it got: whatever ends the program, the next run goes on there. No server opens
/// the target before `finish`. The source is left as it was. Blocking; one thread.
class Transfer {
 public:
  /// Told after every batch: `table`, rows so far, rows of the table.
  using Progress = std::function<void(std::string_view, std::uint64_t, std::uint64_t)>;

  /// Faults: CF-5001 (an end does not answer), CF-5002 (an end is in use), CF-5003 (no data store),
  /// CF-5006 (schema), CF-5010 (unsafe settings), CF-5013 (the target is taken), CF-5014 (rights).
  static Result<std::unique_ptr<Transfer>> open(const TransferOptions& options);
  ~Transfer();

  /// Copies what the target does not hold yet. Any fault leaves what stands for the next run.
  Status copy(const Progress& progress);
  /// Rows that stood in the target when this run began.
  [[nodiscard]] std::uint64_t resumed_rows() const { return resumed_rows_; }
  /// Reads both ends from the first to the last row.
  Result<TransferProof> prove(const Progress& progress);
  /// Lets servers open the target; CF-5015 unless the last `prove` found it whole.
  Status finish();

 private:
  Transfer();

  std::unique_ptr<transfer::SqliteSource> source_;
  std::unique_ptr<transfer::PostgresTarget> target_;
  std::vector<std::uint64_t> standing_;  ///< rows of each table in the target
  std::uint64_t resumed_rows_ = 0;
  bool proven_ = false;
};

}  // namespace crossfoot::store
