#include "store/memory/memory_reader.h"

#include <algorithm>
#include <map>

namespace crossfoot::store::memory {

namespace {

template <class Map>
auto found(const Map& map, const typename Map::key_type& key)
    -> std::optional<typename Map::mapped_type> {
  const auto at = map.find(key);
  if (at == map.end()) return std::nullopt;
  return at->second;
}

bool matches(const MessageQuery& query, const MessageRow& row) {
  return (!query.business_date || row.business_date == *query.business_date) &&
         (query.shop.empty() || row.shop == query.shop) &&
         (query.register_name.empty() || row.register_name == query.register_name) &&
         (query.sequence.empty() || row.sequence == query.sequence) &&
         (!query.state || row.state == *query.state ||
          (*query.state == MessageState::accepted && row.state == MessageState::suspected));
}

}  // namespace

Result<std::optional<KeyRow>> MemoryReader::find_key(KeyKind kind, BusinessDate date,
                                                     const Hash128& hash) {
  if (refusal_) return fail(*refusal_);
  return found(state_.keys, {kind, date, hash});
}

Result<std::optional<FlowRow>> MemoryReader::load_flow(Id id) {
  if (refusal_) return fail(*refusal_);
  return found(state_.flows, id);
}

Result<std::optional<MessageRow>> MemoryReader::load_message(Id id) {
  if (refusal_) return fail(*refusal_);
  return found(state_.messages, id);
}

Result<std::optional<BookRow>> MemoryReader::load_book(const Hash128& key) {
  if (refusal_) return fail(*refusal_);
  return found(state_.books, key);
}

Result<std::vector<DueRow>> MemoryReader::due(TargetNumber target, Lane lane, Instant until,
                                              const DueRow* after, std::size_t limit) {
  if (refusal_) return fail(*refusal_);
  auto at = after == nullptr
                ? state_.due.lower_bound({target, lane, Instant{INT64_MIN}, Id{}, 0})
                : state_.due.upper_bound({target, lane, after->due_at, after->flow, after->leg});
  std::vector<DueRow> rows;
  for (; at != state_.due.end() && rows.size() < limit; ++at) {
    const DueRow& row = at->second;
    if (row.target != target || row.lane != lane || row.due_at > until) break;
    rows.push_back(row);
  }
  return rows;
}

Result<std::optional<Instant>> MemoryReader::next_due(TargetNumber target, Lane lane) {
  const auto first = due(target, lane, Instant::never(), nullptr, 1);
  if (!first) return fail(first.error());
  if (first->empty()) return std::nullopt;
  return first->front().due_at;
}

Result<bool> MemoryReader::has_waiters(TargetNumber target) {
  if (refusal_) return fail(*refusal_);
  const auto at = state_.waiters.lower_bound({target, Hash128{}, Id{}});
  return at != state_.waiters.end() && std::get<0>(at->first) == target;
}

Result<std::vector<DueRow>> MemoryReader::placed(TargetNumber target, const Hash128& order_key,
                                                 std::size_t limit) {
  if (refusal_) return fail(*refusal_);
  std::vector<DueRow> rows;
  const auto head = state_.due_order.find({target, order_key});
  if (head != state_.due_order.end() && limit > 0) rows.push_back(state_.due.at(head->second));
  auto at = state_.waiters.lower_bound({target, order_key, Id{}});
  for (; at != state_.waiters.end() && rows.size() < limit; ++at) {
    if (std::get<0>(at->first) != target || std::get<1>(at->first) != order_key) break;
    rows.push_back(at->second);
  }
  return rows;
}

Result<std::vector<FlowRow>> MemoryReader::calling_flows(Id after, std::size_t limit) {
  if (refusal_) return fail(*refusal_);
  std::vector<FlowRow> rows;
  auto at = state_.calling.upper_bound(after);
  for (; at != state_.calling.end() && rows.size() < limit; ++at) {
    rows.push_back(state_.flows.at(at->first));
  }
  return rows;
}

Result<std::vector<BookRow>> MemoryReader::pending_books(const Hash128& after, std::size_t limit) {
  if (refusal_) return fail(*refusal_);
  std::vector<BookRow> rows;
  auto at = state_.pending_books.upper_bound(after);
  for (; at != state_.pending_books.end() && rows.size() < limit; ++at) {
    rows.push_back(state_.books.at(at->first));
  }
  return rows;
}

Result<std::vector<FlowRow>> MemoryReader::flows_by_status(FlowStatus status,
                                                           const std::string& code, Id after,
                                                           std::size_t limit) {
  if (refusal_) return fail(*refusal_);
  std::vector<FlowRow> rows;
  auto at = state_.flows.upper_bound(after);
  for (; at != state_.flows.end() && rows.size() < limit; ++at) {
    const FlowRow& flow = at->second;
    if (flow.status == status && (code.empty() || flow.code == code)) rows.push_back(flow);
  }
  return rows;
}

Result<std::vector<ParkedGroup>> MemoryReader::parked_groups(FlowStatus status) {
  if (refusal_) return fail(*refusal_);
  std::map<std::string, ParkedGroup> groups;
  for (const auto& [id, flow] : state_.flows) {
    if (flow.status != status) continue;
    const auto [at, first] =
        groups.try_emplace(flow.code, ParkedGroup{.code = flow.code, .oldest = flow.since});
    ++at->second.count;
    at->second.oldest = std::min(at->second.oldest, flow.since);
  }
  std::vector<ParkedGroup> rows;
  for (auto& [code, group] : groups) rows.push_back(std::move(group));
  return rows;
}

Result<std::uint64_t> MemoryReader::last_position(Partition partition) {
  if (refusal_) return fail(*refusal_);
  return state_.last_position(partition);
}

Result<std::vector<JournalRow>> MemoryReader::journal_at(Partition partition,
                                                         std::span<const std::uint64_t> positions) {
  if (refusal_) return fail(*refusal_);
  std::vector<JournalRow> rows;
  for (const std::uint64_t position : positions) {
    if (auto row = found(state_.journal, {partition, position})) rows.push_back(std::move(*row));
  }
  return rows;
}

Result<std::vector<JournalRow>> MemoryReader::journal_after(Partition partition,
                                                            std::uint64_t position,
                                                            std::size_t limit) {
  if (refusal_) return fail(*refusal_);
  std::vector<JournalRow> rows;
  auto at = state_.journal.upper_bound({partition, position});
  for (; at != state_.journal.end() && rows.size() < limit; ++at) {
    if (at->first.first != partition) break;
    rows.push_back(at->second);
  }
  return rows;
}

Result<std::vector<MessageRow>> MemoryReader::messages(const MessageQuery& query, bool with_body) {
  if (refusal_) return fail(*refusal_);
  const std::size_t limit = std::clamp<std::size_t>(query.limit, 1, 1000);
  std::vector<MessageRow> rows;
  const auto take = [&](const MessageRow& row) {
    if (!matches(query, row)) return;
    rows.push_back(row);
    if (!with_body) rows.back().body.clear();
  };
  if (query.oldest_first) {
    auto at = state_.messages.upper_bound(query.after);
    for (; at != state_.messages.end() && rows.size() < limit; ++at) take(at->second);
    return rows;
  }
  auto at = query.after.is_nil() ? state_.messages.end() : state_.messages.lower_bound(query.after);
  while (at != state_.messages.begin() && rows.size() < limit) take((--at)->second);
  return rows;
}

Result<std::vector<SoldLineRow>> MemoryReader::sold_lines(const Hash128& link_key, Instant until) {
  if (refusal_) return fail(*refusal_);
  std::vector<SoldLineRow> rows;
  auto at = state_.sold.lower_bound({link_key, Instant{INT64_MIN}, INT64_MIN, Id{}, 0});
  for (; at != state_.sold.end(); ++at) {
    const SoldLineRow& row = at->second;
    if (row.link_key != link_key || row.occurred_at > until) break;
    rows.push_back(row);
  }
  std::ranges::reverse(rows);
  return rows;
}

Result<std::vector<std::pair<std::string, std::int64_t>>> MemoryReader::counters() {
  if (refusal_) return fail(*refusal_);
  std::vector<std::pair<std::string, std::int64_t>> rows;
  // A counter comes to be by its first sum other than zero.
  for (const auto& counter : state_.counters) {
    if (counter.second != 0) rows.emplace_back(counter);
  }
  return rows;
}

Result<std::optional<std::string>> MemoryReader::document(std::string_view kind,
                                                          std::string_view key) {
  if (refusal_) return fail(*refusal_);
  return found(state_.documents, {std::string(kind), std::string(key)});
}

Result<std::vector<DocumentRow>> MemoryReader::documents(std::string_view kind,
                                                         std::string_view after, std::size_t limit,
                                                         bool descending) {
  if (refusal_) return fail(*refusal_);
  std::vector<DocumentRow> rows;
  const auto take = [&](const auto& entry) {
    rows.push_back({.kind = entry.first.first, .key = entry.first.second, .value = entry.second});
  };
  const auto& all = state_.documents;
  if (!descending) {
    auto at = all.upper_bound({std::string(kind), std::string(after)});
    for (; at != all.end() && at->first.first == kind && rows.size() < limit; ++at) take(*at);
    return rows;
  }
  // The end of a kind is the start of the next one: the same text with a zero byte behind it.
  auto at = after.empty() ? all.lower_bound({std::string(kind) + '\0', ""})
                          : all.lower_bound({std::string(kind), std::string(after)});
  while (at != all.begin() && rows.size() < limit) {
    --at;
    if (at->first.first != kind) break;
    take(*at);
  }
  return rows;
}

}  // namespace crossfoot::store::memory
