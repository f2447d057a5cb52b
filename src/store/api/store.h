#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/api/rows.h"

namespace crossfoot::store {

/// A page of messages, newest first within its filter. Empty strings and nullopt mean any.
struct MessageQuery {
  std::optional<BusinessDate> business_date;
  std::string shop;  ///< only with business_date
  std::string register_name;
  std::string sequence;
  std::optional<MessageState> state;
  Id after;  ///< nil: from the start; else the last id of the page before
  bool oldest_first = false;
  std::size_t limit = 50;  ///< 1 … 1000
};

struct ParkedGroup {
  std::string code;
  std::uint64_t count = 0;
  Instant oldest;
};

/// Synchronous reads over one snapshot, which lives at most one second. Rows of bodies are copied.
/// Times of the whole interface: microseconds UTC. Every call may fail with `corrupt` or
/// `transient`.
class Reader {
 public:
  virtual ~Reader() = default;

  virtual Result<std::optional<KeyRow>> find_key(KeyKind kind, BusinessDate date,
                                                 const Hash128& hash) = 0;
  virtual Result<std::optional<FlowRow>> load_flow(Id id) = 0;
  virtual Result<std::optional<MessageRow>> load_message(Id id) = 0;
  virtual Result<std::optional<BookRow>> load_book(const Hash128& key) = 0;

  /// Due rows of (target, lane) with due_at <= until, oldest first, starting behind `after`
  /// (nullptr: from the first). Costs the same whatever waits behind them.
  virtual Result<std::vector<DueRow>> due(TargetNumber target, Lane lane, Instant until,
                                          const DueRow* after, std::size_t limit) = 0;
  /// The earliest due_at of (target, lane), whether past or future; none when nothing waits.
  virtual Result<std::optional<Instant>> next_due(TargetNumber target, Lane lane) = 0;
  virtual Result<bool> has_waiters(TargetNumber target) = 0;
  /// The row that holds an order key, then those that wait for it, in their order; at most `limit`.
  virtual Result<std::vector<DueRow>> placed(TargetNumber target, const Hash128& order_key,
                                             std::size_t limit) = 0;

  /// Flows with `calling` set, by id, starting behind `after`.
  virtual Result<std::vector<FlowRow>> calling_flows(Id after, std::size_t limit) = 0;
  virtual Result<std::vector<BookRow>> pending_books(const Hash128& after, std::size_t limit) = 0;
  virtual Result<std::vector<FlowRow>> flows_by_status(FlowStatus status, const std::string& code,
                                                       Id after, std::size_t limit) = 0;
  virtual Result<std::vector<ParkedGroup>> parked_groups(FlowStatus status) = 0;

  virtual Result<std::uint64_t> last_position(Partition partition) = 0;
  /// Of every partition, by its number: what a start asks for.
  virtual Result<std::vector<std::uint64_t>> last_positions() {
    std::vector<std::uint64_t> all(partition_count);
    for (Partition partition = 0; partition < partition_count; ++partition) {
      const auto last = last_position(partition);
      if (!last) return fail(last.error());
      all[partition] = *last;
    }
    return all;
  }
  virtual Result<std::vector<JournalRow>> journal_at(Partition partition,
                                                     std::span<const std::uint64_t> positions) = 0;
  virtual Result<std::vector<JournalRow>> journal_after(Partition partition, std::uint64_t position,
                                                        std::size_t limit) = 0;

  virtual Result<std::vector<MessageRow>> messages(const MessageQuery& query, bool with_body) = 0;
  /// Sold lines of a link key up to an instant, newest first: (occurred_at, source_row) descending.
  virtual Result<std::vector<SoldLineRow>> sold_lines(const Hash128& link_key, Instant until) = 0;

  virtual Result<std::vector<std::pair<std::string, std::int64_t>>> counters() = 0;
  virtual Result<std::optional<std::string>> document(std::string_view kind,
                                                      std::string_view key) = 0;
  virtual Result<std::vector<DocumentRow>> documents(std::string_view kind, std::string_view after,
                                                     std::size_t limit, bool descending) = 0;

  /// The version of a record that counts at a time.
  virtual Result<std::optional<RecordRow>> record_at(const RecordName& name,
                                                     const RecordTime& at) = 0;
  /// Versions of a record below `before`, the newest first; 0: from the newest.
  virtual Result<std::vector<RecordRow>> record_versions(const RecordName& name,
                                                         std::uint32_t before,
                                                         std::size_t limit) = 0;
  virtual Result<std::vector<RecordRow>> records(const RecordQuery& query) = 0;
};

/// What a store tells of itself when it opens.
struct Opened {
  std::uint32_t incarnation = 0;  ///< issued once per opening, for ids
  Instant last_recorded_at;       ///< of the newest message or journal row: the clock's floor
  std::uint32_t schema_version = 0;
};

struct StoreStats {
  std::uint64_t commits = 0;
  std::uint64_t units = 0;
  std::uint64_t bytes_written = 0;  ///< by the engine's own count, log included
  std::uint64_t log_bytes = 0;      ///< of the write-ahead log now
  std::uint64_t log_bytes_peak = 0;
  std::uint64_t queue_depth = 0;
  std::uint64_t commit_micros_max = 0;
};

/// The data store: typed operations behind one interface, one contract suite for every engine.
/// `commit` and `read` are called on the shard's thread; completions run on it too, never inside
/// the call. Completions of commits come in the order of commit within a lane.
class Store {
 public:
  using Committed = std::move_only_function<void(UnitResult)>;
  using Work = std::move_only_function<void(Reader&)>;
  using Done = std::move_only_function<void()>;

  virtual ~Store() = default;

  [[nodiscard]] virtual const Opened& opened() const = 0;

  /// Queues a unit; it shares a transaction with others (group commit bounded by time). `applied`
  /// is answered only after it is durable.
  virtual void commit(Unit unit, Committed done) = 0;

  /// Runs `work` on a read-only snapshot off the shard's thread, then `done` on the shard's thread.
  virtual void read(Work work, Done done) = 0;

  /// The number under which a target's name is stored, issued at first use. Called at start only.
  [[nodiscard]] virtual Result<TargetNumber> target_number(std::string_view name) = 0;

  /// True when the log is over its hard limit: bulk lanes must stop offering work.
  [[nodiscard]] virtual bool under_pressure() const = 0;
  [[nodiscard]] virtual StoreStats stats() const = 0;

  /// Finishes queued units, then closes. Later calls answer `failed`.
  virtual void close() = 0;
};

}  // namespace crossfoot::store
