#include "store/postgres/group.h"

#include <algorithm>

#include "store/api/faults.h"
#include "store/api/home.h"
#include "store/postgres/due_row.h"

namespace crossfoot::store::postgres {

namespace {

constexpr std::string_view lock_sql =
    "SELECT 1 FROM partition_owner WHERE partition = ANY($1::bigint[]) AND owner_epoch = $2::bigint"
    " ORDER BY partition FOR SHARE";
constexpr std::string_view insert_keys_sql =
    "INSERT INTO business_key(kind, date, hash, id, content, revision, projection)"
    " SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bytea[], $4::bytea[], $5::bytea[],"
    " $6::bigint[], $7::bigint[]) ON CONFLICT DO NOTHING RETURNING kind, date, hash";
constexpr std::string_view find_keys_sql =
    "SELECT b.kind, b.date, b.hash, b.id, b.content, b.revision, b.projection"
    " FROM unnest($1::bigint[], $2::bigint[], $3::bytea[]) AS k(kind, date, hash)"
    " JOIN business_key b ON b.kind = k.kind AND b.date = k.date AND b.hash = k.hash";
constexpr std::string_view find_flows_sql =
    "SELECT f.id, f.version FROM unnest($1::bytea[]) AS k(id) JOIN flow f ON f.id = k.id";
constexpr std::string_view find_fingerprints_sql =
    "SELECT f.bucket, f.hash, f.occurred_at, f.id FROM unnest($1::bigint[], $2::bytea[])"
    " AS k(bucket, hash) JOIN fingerprint f ON f.bucket = k.bucket AND f.hash = k.hash";
constexpr std::string_view find_books_sql =
    "SELECT b.key, b.version FROM unnest($1::bytea[]) AS k(key) JOIN book b ON b.key = k.key";
constexpr std::string_view find_taken_sql =
    "SELECT d.target, d.lane, d.due_at, d.flow, d.leg, d.order_key"
    " FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bytea[], $5::bigint[])"
    " AS k(target, lane, due_at, flow, leg) JOIN due d ON d.target = k.target AND d.lane = k.lane"
    " AND d.due_at = k.due_at AND d.flow = k.flow AND d.leg = k.leg";
constexpr std::string_view find_holders_sql =
    "SELECT d.target, d.lane, d.due_at, d.flow, d.leg, d.order_key"
    " FROM unnest($1::bigint[], $2::bytea[]) AS k(target, order_key) JOIN due d"
    " ON d.target = k.target AND d.order_key = k.order_key AND d.order_key IS NOT NULL";
// One row more than are left at most: then it is known whether somebody waits behind them.
constexpr std::string_view find_waiters_sql =
    "SELECT w.target, w.lane, w.due_at, w.flow, w.leg, w.order_key, w.place"
    " FROM unnest($1::bigint[], $2::bytea[], $3::bigint[]) AS k(target, order_key, leaves),"
    " LATERAL (SELECT * FROM waiter x WHERE x.target = k.target AND x.order_key = k.order_key"
    " ORDER BY x.place LIMIT k.leaves + 1) AS w";
constexpr std::string_view find_positions_sql =
    "SELECT j.partition, j.position FROM unnest($1::bigint[], $2::bigint[]) AS k(p, n)"
    " JOIN journal j ON j.partition = k.p AND j.position = k.n";

memory::State::DueIndex index_of(const DueRow& row) {
  return {row.target, row.lane, row.due_at, row.flow, row.leg};
}

Step keys_step(std::string_view sql, const std::vector<memory::State::KeyIndex>& keys) {
  Array kinds(ElementType::integer);
  Array dates(ElementType::integer);
  Array hashes(ElementType::bytes);
  for (const auto& [kind, date, hash] : keys) {
    kinds.add(kind);
    dates.add(date);
    hashes.add(hash);
  }
  return {sql, Parameters::of(kinds, dates, hashes)};
}

}  // namespace

Group::Group(std::vector<const Unit*> units, const Positions& last, std::uint64_t row_bytes_max)
    : units_(std::move(units)), last_(last), row_bytes_max_(row_bytes_max) {
  for (const Unit* unit : units_) want(*unit);
  // What belongs to no partition (counters, documents) is guarded by the first one.
  if (partitions_.empty()) partitions_.insert(0);
}

void Group::want_partition(Partition partition) {
  if (partition < partition_count) partitions_.insert(partition);
}

void Group::want(const Unit& unit) {
  for (const KeyRow& key : unit.keys) {
    keys_.try_emplace({key.kind, key.date, key.hash}, &key);
    want_partition(key.id.partition());
  }
  for (const FlowRow& flow : unit.flows) {
    flows_.insert(flow.id);
    want_partition(flow.id.partition());
  }
  for (const BookRow& book : unit.books) {
    books_.insert(book.key);
    want_partition(home_of(book.key));
  }
  if (unit.message) want_partition(unit.message->id.partition());
  for (const MessageChange& change : unit.changes) want_partition(change.id.partition());
  for (const RecordRow& row : unit.records.rows) want_partition(row.id.partition());
  for (const MessageErasure& erasure : unit.records.messages) {
    want_partition(erasure.id.partition());
  }
  for (const JournalRow& row : unit.journal) {
    if (row.partition >= partition_count) continue;
    want_partition(row.partition);
    const std::uint64_t last = last_[row.partition];
    if (last > 0 && journal_found_.insert({row.partition, last}).second) {
      state_.journal[{row.partition, last}] = {.partition = row.partition, .position = last};
    }
    if (row.position > 0 && row.position < last) positions_.insert({row.partition, row.position});
  }
  if (unit.fingerprint && unit.suspect_within > Duration{0}) {
    const FingerprintRow& row = *unit.fingerprint;
    const std::int64_t last = fingerprint_bucket(row.occurred_at + unit.suspect_within);
    for (auto bucket = fingerprint_bucket(row.occurred_at - unit.suspect_within); bucket <= last;
         ++bucket) {
      fingerprints_.insert({bucket, row.hash});
    }
  }
  want_places(unit);
}

void Group::want_places(const Unit& unit) {
  for (const DueRow& row : unit.taken) {
    taken_.insert(index_of(row));
    want_partition(row.flow.partition());
  }
  for (const PlaceLeave& leave : unit.leaves) {
    if (!leave.order_key.is_zero()) ++order_keys_[{leave.target, leave.order_key}];
  }
  for (const PlaceRequest& place : unit.places) {
    want_partition(place.row.flow.partition());
    if (!place.row.order_key.is_zero()) {
      order_keys_.try_emplace({place.row.target, place.row.order_key}, 0);
    }
  }
}

void Group::ask(std::vector<Step>& steps, Question question, std::string_view sql,
                Parameters parameters) {
  asked_.push_back(question);
  steps.push_back({sql, std::move(parameters)});
}

std::vector<Step> Group::questions(std::uint64_t owner_epoch) {
  std::vector<Step> steps;
  ask(steps, Question::begin, "BEGIN", {});
  Array partitions(ElementType::integer);
  for (const Partition partition : partitions_) partitions.add(partition);
  ask(steps, Question::lock, lock_sql, Parameters::of(partitions, owner_epoch));
  ask_keys(steps);
  Array flows(ElementType::bytes);
  for (const Id& id : flows_) flows.add(id);
  if (flows.size() > 0) ask(steps, Question::flows, find_flows_sql, Parameters::of(flows));
  Array books(ElementType::bytes);
  for (const Hash128& key : books_) books.add(key);
  if (books.size() > 0) ask(steps, Question::books, find_books_sql, Parameters::of(books));
  ask_places(steps);
  ask_fingerprints(steps);
  Array position_partitions(ElementType::integer);
  Array positions(ElementType::integer);
  for (const auto& [partition, position] : positions_) {
    position_partitions.add(partition);
    positions.add(position);
  }
  if (positions.size() > 0) {
    ask(steps, Question::positions, find_positions_sql,
        Parameters::of(position_partitions, positions));
  }
  return steps;
}

void Group::ask_keys(std::vector<Step>& steps) {
  if (keys_.empty()) return;
  Array kinds(ElementType::integer);
  Array dates(ElementType::integer);
  Array hashes(ElementType::bytes);
  Array ids(ElementType::bytes);
  Array contents(ElementType::bytes);
  Array revisions(ElementType::integer);
  Array projections(ElementType::integer);
  for (const auto& [index, row] : keys_) {
    kinds.add(row->kind);
    dates.add(row->date);
    hashes.add(row->hash);
    ids.add(row->id);
    contents.add(row->content);
    revisions.add(row->revision);
    projections.add(row->projection);
  }
  ask(steps, Question::keys, insert_keys_sql,
      Parameters::of(kinds, dates, hashes, ids, contents, revisions, projections));
}

void Group::ask_fingerprints(std::vector<Step>& steps) {
  if (fingerprints_.empty()) return;
  Array buckets(ElementType::integer);
  Array hashes(ElementType::bytes);
  for (const auto& [bucket, hash] : fingerprints_) {
    buckets.add(bucket);
    hashes.add(hash);
  }
  ask(steps, Question::fingerprints, find_fingerprints_sql, Parameters::of(buckets, hashes));
}

void Group::ask_places(std::vector<Step>& steps) {
  if (!taken_.empty()) {
    Array targets(ElementType::integer);
    Array lanes(ElementType::integer);
    Array times(ElementType::integer);
    Array flows(ElementType::bytes);
    Array legs(ElementType::integer);
    for (const auto& [target, lane, due_at, flow, leg] : taken_) {
      targets.add(target);
      lanes.add(lane);
      times.add(due_at);
      flows.add(flow);
      legs.add(leg);
    }
    ask(steps, Question::due, find_taken_sql, Parameters::of(targets, lanes, times, flows, legs));
  }
  if (order_keys_.empty()) return;
  Array targets(ElementType::integer);
  Array keys(ElementType::bytes);
  Array leaves(ElementType::integer);
  for (const auto& [order, times_left] : order_keys_) {
    targets.add(order.first);
    keys.add(order.second);
    leaves.add(times_left);
  }
  ask(steps, Question::due, find_holders_sql, Parameters::of(targets, keys));
  ask(steps, Question::waiters, find_waiters_sql, Parameters::of(targets, keys, leaves));
}

bool Group::take(const std::vector<Rows>& answers) {
  for (std::size_t i = 0; i < asked_.size(); ++i) {
    const Rows& rows = answers[i];
    switch (asked_[i]) {
      case Question::begin:
        break;
      case Question::lock:
        if (rows.size() != static_cast<int>(partitions_.size())) return false;
        break;
      case Question::keys:
        take_keys(rows);
        break;
      case Question::flows:
        take_flows(rows);
        break;
      case Question::books:
        take_books(rows);
        break;
      case Question::due:
        take_due(rows);
        break;
      case Question::waiters:
        take_waiters(rows);
        break;
      case Question::positions:
        take_positions(rows);
        break;
      case Question::fingerprints:
        take_fingerprints(rows);
        break;
    }
  }
  return true;
}

void Group::take_keys(const Rows& rows) {
  for (int i = 0; i < rows.size(); ++i) {
    keys_inserted_.insert({rows.number<KeyKind>(i, 0),
                           BusinessDate{rows.number<std::int32_t>(i, 1)}, rows.hash(i, 2)});
  }
}

void Group::take_flows(const Rows& rows) {
  for (int i = 0; i < rows.size(); ++i) {
    const FlowRow flow{.id = rows.id(i, 0), .version = rows.number<std::uint32_t>(i, 1)};
    flow_versions_[flow.id] = flow.version;
    state_.flows[flow.id] = flow;
  }
}

void Group::take_books(const Rows& rows) {
  for (int i = 0; i < rows.size(); ++i) {
    const BookRow book{.key = rows.hash(i, 0), .version = rows.number<std::uint32_t>(i, 1)};
    book_versions_[book.key] = book.version;
    state_.books[book.key] = book;
  }
}

void Group::take_positions(const Rows& rows) {
  for (int i = 0; i < rows.size(); ++i) {
    const std::pair index{rows.number<Partition>(i, 0), rows.number<std::uint64_t>(i, 1)};
    journal_found_.insert(index);
    state_.journal[index] = {.partition = index.first, .position = index.second};
  }
}

void Group::take_due(const Rows& rows) {
  for (int i = 0; i < rows.size(); ++i) {
    const DueRow row = due_of(rows, i);
    due_found_[index_of(row)] = row;
    state_.due[index_of(row)] = row;
    if (!row.order_key.is_zero()) {
      state_.due_order[{row.target, row.order_key}] = index_of(row);
    }
  }
}

void Group::take_waiters(const Rows& rows) {
  for (int i = 0; i < rows.size(); ++i) {
    const DueRow row = due_of(rows, i);
    const State::WaiterIndex index{row.target, row.order_key, rows.id(i, 6)};
    waiters_found_.insert(index);
    state_.waiters[index] = row;
  }
}

void Group::take_fingerprints(const Rows& rows) {
  for (int i = 0; i < rows.size(); ++i) {
    state_.fingerprints[{rows.integer(i, 0), rows.hash(i, 1), Instant{rows.integer(i, 2)},
                         rows.id(i, 3)}] = true;
  }
}

std::vector<Step> Group::more_questions() const {
  if (keys_inserted_.size() == keys_.size()) return {};
  std::vector<State::KeyIndex> taken;
  for (const auto& [index, row] : keys_) {
    if (!keys_inserted_.contains(index)) taken.push_back(index);
  }
  std::vector<Step> steps;
  steps.push_back(keys_step(find_keys_sql, taken));
  return steps;
}

Status Group::take_more(const std::vector<Rows>& answers) {
  const Rows& rows = answers.front();
  for (int i = 0; i < rows.size(); ++i) {
    const KeyRow key{.kind = rows.number<KeyKind>(i, 0),
                     .date = {rows.number<std::int32_t>(i, 1)},
                     .hash = rows.hash(i, 2),
                     .id = rows.id(i, 3),
                     .content = rows.hash(i, 4),
                     .revision = rows.number<std::uint32_t>(i, 5),
                     .projection = rows.number<std::uint8_t>(i, 6)};
    state_.keys[{key.kind, key.date, key.hash}] = key;
  }
  if (state_.keys.size() + keys_inserted_.size() == keys_.size()) return {};
  return fail(unavailable_fault("key", "a key was given up while it was asked for"));
}

bool Group::too_large(const Unit& unit) const {
  const auto long_part = [this](const auto& text) { return text.size() > row_bytes_max_; };
  return (unit.message && long_part(unit.message->body)) ||
         std::ranges::any_of(unit.flows, long_part, &FlowRow::state) ||
         std::ranges::any_of(unit.books, long_part, &BookRow::state) ||
         std::ranges::any_of(unit.journal, long_part, &JournalRow::entry) ||
         std::ranges::any_of(unit.documents, long_part, &DocumentRow::value) ||
         std::ranges::any_of(unit.records.rows, long_part, &RecordRow::body);
}

std::vector<UnitResult> Group::judge() {
  std::vector<UnitResult> results;
  results.reserve(units_.size());
  for (const Unit* unit : units_) {
    if (too_large(*unit)) {
      results.push_back({.outcome = Outcome::failed,
                         .fault = refused_fault("commit", "a row is over the size limit")});
      continue;
    }
    results.push_back(state_.apply(*unit));
    if (results.back().outcome == Outcome::applied) applied_.push_back(unit);
  }
  return results;
}

void Group::publish(Positions& last) const {
  for (const auto& [index, row] : state_.journal) {
    last[index.first] = std::max(last[index.first], index.second);
  }
}

}  // namespace crossfoot::store::postgres
