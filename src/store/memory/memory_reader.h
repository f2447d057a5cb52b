#pragma once

#include "store/api/store.h"
#include "store/memory/state.h"

namespace crossfoot::store::memory {

/// Reads over a state; with a refusal every call answers that.
class MemoryReader final : public Reader {
 public:
  explicit MemoryReader(const State& state, std::optional<Fault> refusal = {})
      : state_(state), refusal_(std::move(refusal)) {}

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
  const State& state_;
  std::optional<Fault> refusal_;
};

}  // namespace crossfoot::store::memory
