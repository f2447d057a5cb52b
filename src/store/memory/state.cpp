#include "store/memory/state.h"

#include <fmt/format.h>

#include <algorithm>

#include "store/api/faults.h"

namespace crossfoot::store::memory {

namespace {

State::DueIndex index_of(const DueRow& row) {
  return {row.target, row.lane, row.due_at, row.flow, row.leg};
}

}  // namespace

template <class Map>
void State::put(Map& map, typename Map::key_type key, typename Map::mapped_type value) {
  const auto at = map.find(key);
  if (at == map.end()) {
    undo_.push_back([&map, key] { map.erase(key); });
    map.emplace(std::move(key), std::move(value));
    return;
  }
  undo_.push_back([&map, key, old = std::move(at->second)] { map.insert_or_assign(key, old); });
  at->second = std::move(value);
}

template <class Map>
void State::erase(Map& map, const typename Map::key_type& key) {
  const auto at = map.find(key);
  if (at == map.end()) return;
  undo_.push_back([&map, key = at->first, old = std::move(at->second)] { map.emplace(key, old); });
  map.erase(at);
}

UnitResult State::apply(const Unit& unit) {
  result_ = {};
  undo_.clear();
  const bool applied = apply_keys(unit) && apply_fingerprint(unit) && apply_taken(unit) &&
                       apply_flows(unit) && apply_books(unit) && apply_message(unit) &&
                       apply_changes(unit) && apply_journal(unit) && apply_leaves(unit) &&
                       apply_places(unit) && apply_sold(unit) && apply_records(unit);
  if (applied) {
    apply_rest(unit);
  } else {
    while (!undo_.empty()) {
      undo_.back()();
      undo_.pop_back();
    }
    result_.place_is_due.clear();
    result_.promoted.clear();
    result_.positions.clear();
  }
  undo_.clear();
  return std::move(result_);
}

bool State::ended(Outcome outcome, Fault fault) {
  result_.outcome = outcome;
  result_.fault = std::move(fault);
  return false;
}

bool State::apply_keys(const Unit& unit) {
  for (std::size_t i = 0; i < unit.keys.size(); ++i) {
    const KeyRow& key = unit.keys[i];
    const KeyIndex index{key.kind, key.date, key.hash};
    if (const auto at = keys.find(index); at != keys.end()) {
      result_.duplicate_of = at->second;
      result_.duplicate_index = i;
      return ended(Outcome::duplicate, {});
    }
    put(keys, index, key);
  }
  return true;
}

std::optional<Id> State::like(const FingerprintRow& row, Duration within) const {
  std::optional<Id> first;
  const Instant from = row.occurred_at - within;
  const Instant until = row.occurred_at + within;
  for (std::int64_t bucket = fingerprint_bucket(from); bucket <= fingerprint_bucket(until);
       ++bucket) {
    for (auto at = fingerprints.lower_bound({bucket, row.hash, from, Id{}});
         at != fingerprints.end(); ++at) {
      const auto& [in, hash, occurred_at, id] = at->first;
      if (in != bucket || hash != row.hash || occurred_at > until) break;
      if (!first || id < *first) first = id;
    }
  }
  return first;
}

bool State::apply_fingerprint(const Unit& unit) {
  if (unit.forget_before.micros > 0) {
    const std::int64_t oldest = fingerprint_bucket(unit.forget_before);
    for (std::size_t dropped = 0; dropped < fingerprints_dropped_max && !fingerprints.empty() &&
                                  std::get<0>(fingerprints.begin()->first) < oldest;
         ++dropped) {
      erase(fingerprints, FingerprintIndex(fingerprints.begin()->first));
    }
  }
  if (!unit.fingerprint) return true;
  const FingerprintRow& row = *unit.fingerprint;
  if (unit.suspect_within > Duration{0}) {
    if (const auto first = like(row, unit.suspect_within)) {
      result_.suspected = *first;
      return ended(Outcome::suspected, {});
    }
  }
  put(fingerprints, {fingerprint_bucket(row.occurred_at), row.hash, row.occurred_at, row.id}, true);
  return true;
}

bool State::apply_taken(const Unit& unit) {
  for (const DueRow& row : unit.taken) {
    const DueIndex index = index_of(row);
    if (!due.contains(index)) {
      return ended(Outcome::conflict,
                   conflict_fault("due", fmt::format("leg {} of flow {} is not due any more",
                                                     row.leg, to_string(row.flow))));
    }
    erase_due(index);
  }
  return true;
}

bool State::apply_flows(const Unit& unit) {
  for (const FlowRow& flow : unit.flows) {
    const auto at = flows.find(flow.id);
    const std::uint32_t stored = at == flows.end() ? 0 : at->second.version;
    if (stored != flow.version - 1) {
      return ended(Outcome::conflict,
                   conflict_fault("flow", fmt::format("{} is not at version {}", to_string(flow.id),
                                                      flow.version - 1)));
    }
    put(flows, flow.id, flow);
    if (flow.calling) {
      put(calling, flow.id, true);
    } else {
      erase(calling, flow.id);
    }
  }
  return true;
}

bool State::apply_books(const Unit& unit) {
  for (const BookRow& book : unit.books) {
    const auto at = books.find(book.key);
    const std::uint32_t stored = at == books.end() ? 0 : at->second.version;
    if (stored != book.version - 1) {
      return ended(Outcome::conflict,
                   conflict_fault("book", fmt::format("{} is not at version {}",
                                                      to_string(book.key), book.version - 1)));
    }
    put(books, book.key, book);
    if (book.pending) {
      put(pending_books, book.key, true);
    } else {
      erase(pending_books, book.key);
    }
  }
  return true;
}

bool State::apply_message(const Unit& unit) {
  if (!unit.message) return true;
  const auto at = messages.find(unit.message->id);
  if (at == messages.end()) {
    put(messages, unit.message->id, *unit.message);
    return true;
  }
  MessageRow changed = at->second;
  changed.state = unit.message->state;
  put(messages, changed.id, std::move(changed));
  return true;
}

bool State::apply_changes(const Unit& unit) {
  for (const MessageChange& change : unit.changes) {
    const auto at = messages.find(change.id);
    if (at == messages.end()) {
      put(changes, change.id, change);
      continue;
    }
    MessageRow changed = at->second;
    changed.state = change.state;
    changed.conflict_with = change.conflict_with;
    put(messages, changed.id, std::move(changed));
  }
  return true;
}

std::uint64_t State::last_position(Partition partition) const {
  const auto at = journal.lower_bound({partition + 1, 0});
  if (at == journal.begin()) return 0;
  const auto& [last, position] = std::prev(at)->first;
  return last == partition ? position : 0;
}

bool State::apply_journal(const Unit& unit) {
  for (const JournalRow& row : unit.journal) {
    if (row.partition >= partition_count) {
      return ended(Outcome::failed, refused_fault("journal", "no such partition"));
    }
    JournalRow written = row;
    if (written.position == 0) written.position = last_position(row.partition) + 1;
    const std::pair index{written.partition, written.position};
    if (journal.contains(index)) {
      return ended(Outcome::failed,
                   refused_fault("journal", fmt::format("position {} of partition {} is taken",
                                                        written.position, written.partition)));
    }
    result_.positions.push_back(written.position);
    put(journal, index, std::move(written));
  }
  return true;
}

void State::erase_due(const DueIndex& index) {
  const Hash128 order_key = due.at(index).order_key;
  if (!order_key.is_zero()) erase(due_order, {std::get<0>(index), order_key});
  erase(due, index);
}

bool State::insert_due(const DueRow& row) {
  const DueIndex index = index_of(row);
  if (due.contains(index)) return ended(Outcome::failed, refused_fault("due", "is due already"));
  if (!row.order_key.is_zero()) {
    const OrderIndex order{row.target, row.order_key};
    if (due_order.contains(order)) {
      return ended(Outcome::failed, refused_fault("due", "the order key is held already"));
    }
    put(due_order, order, index);
  }
  put(due, index, row);
  return true;
}

bool State::apply_leaves(const Unit& unit) {
  for (const PlaceLeave& leave : unit.leaves) {
    if (leave.order_key.is_zero()) continue;
    if (due_order.contains({leave.target, leave.order_key})) continue;
    const auto first = waiters.lower_bound({leave.target, leave.order_key, Id{}});
    if (first == waiters.end() || std::get<0>(first->first) != leave.target ||
        std::get<1>(first->first) != leave.order_key) {
      continue;
    }
    DueRow row = first->second;
    row.due_at = leave.now;
    const WaiterIndex index = first->first;
    erase(waiters, index);
    if (!insert_due(row)) return false;
    result_.promoted.push_back(row);
  }
  return true;
}

bool State::apply_places(const Unit& unit) {
  for (const PlaceRequest& request : unit.places) {
    const DueRow& row = request.row;
    bool waits = false;
    if (!row.order_key.is_zero() && !request.holder) {
      const auto first = waiters.lower_bound({row.target, row.order_key, Id{}});
      const bool waiter = first != waiters.end() && std::get<0>(first->first) == row.target &&
                          std::get<1>(first->first) == row.order_key;
      waits = request.occupied || waiter || due_order.contains({row.target, row.order_key});
    }
    if (waits) {
      const WaiterIndex index{row.target, row.order_key, request.place};
      if (waiters.contains(index)) {
        return ended(Outcome::failed, refused_fault("waiter", "the place is taken"));
      }
      put(waiters, index, row);
    } else if (!insert_due(row)) {
      return false;
    }
    result_.place_is_due.push_back(!waits);
  }
  return true;
}

bool State::apply_sold(const Unit& unit) {
  for (const SoldLineRow& row : unit.sold) {
    const SoldIndex index{row.link_key, row.occurred_at, row.source_row, row.flow, row.line};
    if (sold.contains(index)) {
      return ended(Outcome::failed, refused_fault("sold line", "is there already"));
    }
    put(sold, index, row);
  }
  return true;
}

bool State::apply_records(const Unit& unit) {
  for (const RecordRow& row : unit.records.rows) {
    const RecordIndex index{row.name, row.version};
    if (records.contains(index)) {
      return ended(Outcome::failed, refused_fault("record", "the version is there already"));
    }
    put(records, index, row);
  }
  for (const RecordErasure& erasure : unit.records.erasures) {
    for (auto at = records.lower_bound({erasure.name, 0});
         at != records.end() && at->first < RecordIndex{erasure.name, erasure.before_version};
         ++at) {
      RecordRow erased = at->second;
      erased.content = {};
      erased.provenance.clear();
      erased.body.clear();
      put(records, at->first, std::move(erased));
    }
  }
  for (const MessageErasure& erasure : unit.records.messages) {
    const auto at = messages.find(erasure.id);
    if (at == messages.end()) continue;
    MessageRow changed = at->second;
    changed.body = erasure.body;
    put(messages, changed.id, std::move(changed));
  }
  return true;
}

void State::apply_rest(const Unit& unit) {
  for (const DocumentRow& row : unit.documents) {
    if (row.value.empty()) {
      documents.erase({row.kind, row.key});
    } else {
      documents[{row.kind, row.key}] = row.value;
    }
  }
  for (const CounterAdd& add : unit.counters) {
    std::int64_t& sum = counters[add.name];
    sum = static_cast<std::int64_t>(static_cast<std::uint64_t>(sum) +
                                    static_cast<std::uint64_t>(add.delta));
  }
  if (unit.message) last_recorded_at = std::max(last_recorded_at, unit.message->recorded_at);
  for (const JournalRow& row : unit.journal) last_recorded_at = std::max(last_recorded_at, row.at);
}

}  // namespace crossfoot::store::memory
