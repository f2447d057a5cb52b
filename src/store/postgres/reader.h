#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/scheduler.h"
#include "store/api/store.h"
#include "store/postgres/connection.h"

namespace crossfoot::store::postgres {

/// Reads over one read-only connection, which it opens at its first read and again when it was
/// lost. A snapshot is taken by the first read after `begin`, and given up by `end`; past its age
/// every call fails `transient`, for it holds up the server's cleaning. One thread at a time.
class PostgresReader final : public Reader {
 public:
  static constexpr Duration snapshot_age_max{std::chrono::seconds{1}};

  PostgresReader(std::string url, NewestTimeline& newest, const runtime::Scheduler& clock)
      : url_(std::move(url)), newest_(newest), clock_(clock) {}

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
  Result<std::vector<std::uint64_t>> last_positions() override;
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
  /// Runs one query on the snapshot, which is taken now if this is the first.
  Result<Rows> query(std::string_view sql, Parameters parameters);
  Status connect();
  /// All rows of a query, made by `make`.
  template <class Make>
  auto all(std::string_view sql, Parameters parameters, Make make)
      -> Result<std::vector<decltype(make(std::declval<const Rows&>(), 0))>>;
  template <class Make>
  auto first(std::string_view sql, Parameters parameters, Make make)
      -> Result<std::optional<decltype(make(std::declval<const Rows&>(), 0))>>;

  std::string url_;
  NewestTimeline& newest_;
  const runtime::Scheduler& clock_;
  std::unique_ptr<Connection> connection_;
  std::optional<Fault> refusal_;
  Duration begun_{0};
  bool snapshot_ = false;
};

template <class Make>
auto PostgresReader::all(std::string_view sql, Parameters parameters, Make make)
    -> Result<std::vector<decltype(make(std::declval<const Rows&>(), 0))>> {
  const Result<Rows> rows = query(sql, std::move(parameters));
  if (!rows) return fail(rows.error());
  std::vector<decltype(make(*rows, 0))> found;
  found.reserve(static_cast<std::size_t>(rows->size()));
  for (int i = 0; i < rows->size(); ++i) found.push_back(make(*rows, i));
  return found;
}

template <class Make>
auto PostgresReader::first(std::string_view sql, Parameters parameters, Make make)
    -> Result<std::optional<decltype(make(std::declval<const Rows&>(), 0))>> {
  const Result<Rows> rows = query(sql, std::move(parameters));
  if (!rows) return fail(rows.error());
  if (rows->size() == 0) return std::nullopt;
  return std::optional(make(*rows, 0));
}

}  // namespace crossfoot::store::postgres
