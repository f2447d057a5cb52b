#pragma once

#include <map>
#include <memory>
#include <string>

#include "runtime/scheduler.h"
#include "store/api/store.h"
#include "store/sqlite/connection.h"
#include "store/sqlite/journal_index.h"
#include "store/sqlite/key_index.h"

namespace crossfoot::store::sqlite {

/// Reads over one read-only connection. A snapshot is taken by `begin`, and given up by `end`; past
/// its age every call fails `transient`, for it holds up the log. One thread at a time.
class SqliteReader final : public Reader {
 public:
  static constexpr Duration snapshot_age_max{std::chrono::seconds{1}};

  static Result<std::unique_ptr<SqliteReader>> open(const ConnectionOptions& options,
                                                    const JournalTail& tail,
                                                    const NewestKeys& newest_keys,
                                                    const runtime::Scheduler& clock);
  SqliteReader(const SqliteReader&) = delete;
  SqliteReader& operator=(const SqliteReader&) = delete;

  void begin();
  void end();
  /// From now on every call fails (the store is closed, or a commit was unclear).
  void refuse(Fault fault) { refusal_ = std::move(fault); }

  Result<std::optional<KeyRow>> find_key(KeyKind kind, BusinessDate date,
                                         const Hash128& hash) override;
  Result<std::optional<FlowRow>> load_flow(Id id) override;
  Result<std::optional<MessageRow>> load_message(Id id) override;
  Result<std::optional<BookRow>> load_book(const Hash128& key) override;
  Result<std::vector<DueRow>> due(TargetNumber target, Lane lane, Instant until,
                                  const DueRow* after, std::size_t limit) override;
  Result<std::optional<Instant>> next_due(TargetNumber target, Lane lane) override;
  Result<bool> has_waiters(TargetNumber target) override;
  Result<std::vector<DueRow>> placed(TargetNumber target, const Hash128& order_key,
                                     std::size_t limit) override;
  Result<std::vector<FlowRow>> calling_flows(Id after, std::size_t limit) override;
  Result<std::vector<BookRow>> pending_books(const Hash128& after, std::size_t limit) override;
  Result<std::vector<FlowRow>> flows_by_status(FlowStatus status, const std::string& code, Id after,
                                               std::size_t limit) override;
  Result<std::vector<ParkedGroup>> parked_groups(FlowStatus status) override;
  Result<std::uint64_t> last_position(Partition partition) override;
  Result<std::vector<JournalRow>> journal_at(Partition partition,
                                             std::span<const std::uint64_t> positions) override;
  Result<std::vector<JournalRow>> journal_after(Partition partition, std::uint64_t position,
                                                std::size_t limit) override;
  Result<std::vector<MessageRow>> messages(const MessageQuery& query, bool with_body) override;
  Result<std::vector<SoldLineRow>> sold_lines(const Hash128& link_key, Instant until) override;
  Result<std::vector<std::pair<std::string, std::int64_t>>> counters() override;
  Result<std::optional<std::string>> document(std::string_view kind, std::string_view key) override;
  Result<std::vector<DocumentRow>> documents(std::string_view kind, std::string_view after,
                                             std::size_t limit, bool descending) override;
  Result<std::optional<RecordRow>> record_at(const RecordName& name, const RecordTime& at) override;
  Result<std::vector<RecordRow>> record_versions(const RecordName& name, std::uint32_t before,
                                                 std::size_t limit) override;
  Result<std::vector<RecordRow>> records(const RecordQuery& query) override;

 private:
  SqliteReader(std::unique_ptr<Connection> connection, const JournalTail& tail,
               const NewestKeys& newest_keys, const runtime::Scheduler& clock);

  Status prepare();
  Status prepare_records();
  [[nodiscard]] Status usable() const;
  [[nodiscard]] bool too_old() const;
  Result<Statement*> message_query(const std::string& sql);
  Result<std::optional<JournalRow>> journal_row(std::int64_t row, Partition partition,
                                                std::uint64_t position);

  std::unique_ptr<Connection> connection_;
  const runtime::Scheduler& clock_;
  JournalFinder journal_;
  KeyFinder keys_;
  std::optional<Fault> refusal_;
  Duration begun_{0};

  Statement begin_, end_;
  Statement flow_, book_, due_first_, due_after_, next_due_, has_waiters_, placed_;
  Statement calling_, pending_, by_status_, stuck_, stuck_code_, parked_;
  Statement journal_row_, sold_, counters_, document_, documents_up_, documents_down_;
  Statement documents_last_;
  Statement record_at_, record_versions_, records_, records_of_;
  std::map<std::string, Statement> message_queries_;  ///< by their text
};

}  // namespace crossfoot::store::sqlite
