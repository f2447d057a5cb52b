#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/id.h"
#include "base/result.h"
#include "base/time.h"
#include "store/sqlite/connection.h"

namespace crossfoot::store::sqlite {

/// Where a journal position lies.
struct JournalEntry {
  std::uint64_t position = 0;
  std::int64_t row = 0;
};

[[nodiscard]] std::string encode_chunk(std::span<const JournalEntry> entries);
/// Nothing when the bytes are damaged.
[[nodiscard]] std::optional<std::vector<JournalEntry>> decode_chunk(std::string_view bytes);

/// The entries of each partition that no stored chunk holds yet, and for a while those that one
/// does: a reader's snapshot may be older than the chunk. Written by the writer, read by all.
class JournalTail {
 public:
  /// Entries stay readable this long after they went into a chunk: longer than a snapshot lives.
  static constexpr Duration keep{std::chrono::seconds{3}};

  [[nodiscard]] std::optional<std::int64_t> row_of(Partition partition,
                                                   std::uint64_t position) const;
  /// Entries with a position above `position`, ascending, at most `limit`.
  [[nodiscard]] std::vector<JournalEntry> after(Partition partition, std::uint64_t position,
                                                std::size_t limit) const;
  [[nodiscard]] std::uint64_t last_position(Partition partition) const;

 private:
  friend class JournalIndex;

  struct Held {
    JournalEntry entry;
    Duration chunked_at{-1};  ///< negative: in no chunk yet
  };
  struct Part {
    std::vector<Held> held;  ///< ascending by position
    std::size_t open = 0;    ///< how many are in no chunk
    std::uint64_t last = 0;  ///< highest committed position
  };

  static void insert(Part& part, JournalEntry entry);
  static void trim(Part& part, Duration now);

  mutable std::mutex mutex_;
  std::array<Part, partition_count> parts_;
};

/// Finds journal rows by (partition, position) at a small cost for the writer. The rows themselves
/// are appended to one table; an ordinary index would grow at 4,096 places and dirty a page for
/// every row. Instead the entries of a partition gather in memory and are stored as chunks of many:
/// while rows are appended, a sweep visits one partition after the other, so that all but a bounded
/// window at the end of the table is in chunks, and only that window is scanned when the store
/// opens.
///
/// Chunks of a partition never overlap. A position that comes late (lanes commit out of order) and
/// lies below the last chunk's end is merged into the chunk it belongs to. Writer thread only.
class JournalIndex {
 public:
  /// One partition is visited for every so many rows.
  static constexpr std::uint64_t rows_per_visit = 24;
  /// A chunk is written earlier when so many entries wait.
  static constexpr std::size_t open_max = 256;

  JournalIndex(Connection& connection, JournalTail& tail) : connection_(connection), tail_(tail) {}

  /// Prepares, and indexes what the last process left open; inside the opening transaction.
  Status open();

  /// The row number for a new journal row, or nothing when the position is taken. Staged until
  /// `published`; `position` 0 is given the next one of its partition.
  Result<std::optional<std::int64_t>> stage(Partition partition, std::uint64_t& position);
  /// A point in the staged entries, to go back to when a unit is undone.
  [[nodiscard]] std::size_t mark() const { return staged_.size(); }
  void undo_to(std::size_t mark);

  /// Writes due chunks; inside the transaction, before COMMIT.
  Status write_chunks();
  /// Writes all that is open, so that the next opening scans nothing.
  Status write_all();
  /// After COMMIT: staged entries become visible to readers.
  void published(Duration now);

 private:
  struct Staged {
    Partition partition = 0;
    JournalEntry entry;
    std::uint64_t last_before = 0;
  };

  Status load_ends();
  Status scan_open_rows();
  Status visit(Partition partition);
  Status merge_late(Partition partition, const JournalEntry& entry);
  Result<std::optional<std::vector<JournalEntry>>> chunk_holding(Partition partition,
                                                                 std::uint64_t position);
  [[nodiscard]] Result<bool> is_taken(Partition partition, std::uint64_t position);
  [[nodiscard]] Fault statement_fault(int code) const { return connection_.fault(code, "journal"); }

  Connection& connection_;
  JournalTail& tail_;
  Statement insert_chunk_;
  Statement update_chunk_;
  Statement chunk_before_;
  Statement set_indexed_;

  std::int64_t last_row_ = 0;
  std::vector<Staged> staged_;
  /// Highest position including staged ones.
  std::array<std::uint64_t, partition_count> last_{};
  std::array<std::uint64_t, partition_count> chunk_end_{};

  std::uint64_t rows_since_visit_ = 0;
  std::uint32_t cursor_ = 0;
  std::int64_t sweep_started_at_row_ = 0;
  std::vector<Partition> crowded_;                            ///< partitions over `open_max`
  std::vector<std::pair<Partition, std::uint64_t>> visited_;  ///< with the new chunk end
};

/// Reads journal entries by position over one connection's snapshot.
class JournalFinder {
 public:
  JournalFinder(Connection& connection, const JournalTail& tail)
      : connection_(connection), tail_(tail) {}

  Status prepare();
  Result<std::optional<std::int64_t>> row_of(Partition partition, std::uint64_t position);
  Result<std::vector<JournalEntry>> after(Partition partition, std::uint64_t position,
                                          std::size_t limit);
  Result<std::uint64_t> last_position(Partition partition);

 private:
  Result<std::vector<JournalEntry>> chunk_at_or_before(Partition partition, std::uint64_t position);

  Connection& connection_;
  const JournalTail& tail_;
  Statement chunk_before_;
  Statement chunks_after_;
};

}  // namespace crossfoot::store::sqlite
