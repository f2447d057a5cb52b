#include "store/api/home.h"
#include "store/postgres/group.h"

// What a judged group writes: one statement a table, the rows as arrays.
namespace crossfoot::store::postgres {

namespace {

constexpr std::string_view delete_keys_sql =
    "DELETE FROM business_key b USING unnest($1::bigint[], $2::bigint[], $3::bytea[])"
    " AS k(kind, date, hash) WHERE b.kind = k.kind AND b.date = k.date AND b.hash = k.hash";
constexpr std::string_view change_keys_sql =
    "UPDATE business_key b SET id = k.id, content = k.content, revision = k.revision,"
    " projection = k.projection FROM unnest($1::bigint[], $2::bigint[], $3::bytea[], $4::bytea[],"
    " $5::bytea[], $6::bigint[], $7::bigint[])"
    " AS k(kind, date, hash, id, content, revision, projection)"
    " WHERE b.kind = k.kind AND b.date = k.date AND b.hash = k.hash";
constexpr std::string_view insert_flows_sql =
    "INSERT INTO flow(id, partition, version, status, calling, code, since, state)"
    " SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[],"
    " $6::text[], $7::bigint[], $8::bytea[])";
constexpr std::string_view update_flows_sql =
    "UPDATE flow f SET version = k.version, status = k.status, calling = k.calling, code = k.code,"
    " since = k.since, state = k.state FROM unnest($1::bytea[], $2::bigint[], $3::bigint[],"
    " $4::bigint[], $5::bigint[], $6::text[], $7::bigint[], $8::bytea[])"
    " AS k(id, partition, version, status, calling, code, since, state) WHERE f.id = k.id";
constexpr std::string_view insert_books_sql =
    "INSERT INTO book(key, partition, version, pending, state)"
    " SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bytea[])";
constexpr std::string_view update_books_sql =
    "UPDATE book b SET version = k.version, pending = k.pending, state = k.state"
    " FROM unnest($1::bytea[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bytea[])"
    " AS k(key, partition, version, pending, state) WHERE b.key = k.key";
constexpr std::string_view insert_messages_sql =
    "INSERT INTO message(id, partition, recorded_at, state, kind, channel, business_date,"
    " occurred_at, shop, register_name, sequence, currency, gross_minor, member, conflict_with,"
    " correlation_id, code, body) SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::bigint[],"
    " $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::text[],"
    " $10::text[], $11::text[], $12::text[], $13::bigint[], $14::text[], $15::bytea[],"
    " $16::text[], $17::text[], $18::bytea[])"
    " ON CONFLICT(id) DO UPDATE SET state = excluded.state";
constexpr std::string_view change_messages_sql =
    "UPDATE message m SET state = k.state, conflict_with = k.conflict_with"
    " FROM unnest($1::bytea[], $2::bigint[], $3::bytea[]) AS k(id, state, conflict_with)"
    " WHERE m.id = k.id";
constexpr std::string_view insert_journal_sql =
    "INSERT INTO journal(partition, position, flow, at, entry)"
    " SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bytea[], $4::bigint[], $5::bytea[])";
constexpr std::string_view delete_due_sql =
    "DELETE FROM due d USING unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bytea[],"
    " $5::bigint[]) AS k(target, lane, due_at, flow, leg) WHERE d.target = k.target"
    " AND d.lane = k.lane AND d.due_at = k.due_at AND d.flow = k.flow AND d.leg = k.leg";
constexpr std::string_view insert_due_sql =
    "INSERT INTO due(target, lane, due_at, flow, leg, partition, order_key)"
    " SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bytea[], $5::bigint[],"
    " $6::bigint[], $7::bytea[])";
constexpr std::string_view delete_waiters_sql =
    "DELETE FROM waiter w USING unnest($1::bigint[], $2::bytea[], $3::bytea[])"
    " AS k(target, order_key, place) WHERE w.target = k.target AND w.order_key = k.order_key"
    " AND w.place = k.place";
constexpr std::string_view insert_waiters_sql =
    "INSERT INTO waiter(target, order_key, place, partition, lane, due_at, flow, leg)"
    " SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::bytea[], $4::bigint[], $5::bigint[],"
    " $6::bigint[], $7::bytea[], $8::bigint[])";
constexpr std::string_view insert_fingerprints_sql =
    "INSERT INTO fingerprint(bucket, hash, occurred_at, id)"
    " SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::bigint[], $4::bytea[])"
    " ON CONFLICT DO NOTHING";
constexpr std::string_view forget_fingerprints_sql =
    "DELETE FROM fingerprint WHERE ctid = ANY(ARRAY(SELECT ctid FROM fingerprint"
    " WHERE bucket < $1::bigint ORDER BY bucket LIMIT $2::bigint))";
constexpr std::string_view insert_sold_sql =
    "INSERT INTO sold_line(link_key, occurred_at, source_row, flow, line, book, price_units,"
    " price_scale, quantity) SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::bigint[],"
    " $4::bytea[], $5::bigint[], $6::bytea[], $7::bigint[], $8::bigint[], $9::bigint[])";
constexpr std::string_view delete_documents_sql =
    "DELETE FROM document d USING unnest($1::text[], $2::text[]) AS k(kind, key)"
    " WHERE d.kind = k.kind AND d.key = k.key";
constexpr std::string_view put_documents_sql =
    "INSERT INTO document(kind, key, value) SELECT * FROM unnest($1::text[], $2::text[],"
    " $3::bytea[]) ON CONFLICT(kind, key) DO UPDATE SET value = excluded.value";
constexpr std::string_view add_counters_sql =
    "INSERT INTO counter AS c (name, value) SELECT * FROM unnest($1::text[], $2::bigint[])"
    " ON CONFLICT(name) DO UPDATE SET value = c.value + excluded.value";
constexpr std::string_view set_recorded_at_sql =
    "UPDATE meta SET value = $1::bigint WHERE name = 'last_recorded_at'";

Array integers() {
  return Array(ElementType::integer);
}
Array byte_strings() {
  return Array(ElementType::bytes);
}
Array texts() {
  return Array(ElementType::text);
}

std::optional<Hash128> unless_zero(const Hash128& hash) {
  return hash.is_zero() ? std::nullopt : std::optional(hash);
}

void push(std::vector<Step>& steps, std::uint32_t rows, std::string_view sql, auto&&... columns) {
  if (rows > 0) steps.push_back({sql, Parameters::of(columns...)});
}

/// The columns of flows that are inserted, or of those that are updated.
struct FlowColumns {
  Array id = byte_strings(), partition = integers(), version = integers(), status = integers(),
        calling = integers(), code = texts(), since = integers(), state = byte_strings();

  void add(const FlowRow& flow) {
    id.add(flow.id);
    partition.add(flow.id.partition());
    version.add(flow.version);
    status.add(flow.status);
    calling.add(flow.calling ? 1 : 0);
    code.add(flow.code);
    since.add(flow.since);
    state.add(flow.state);
  }
  void push_to(std::vector<Step>& steps, std::string_view sql) const {
    push(steps, id.size(), sql, id, partition, version, status, calling, code, since, state);
  }
};

struct BookColumns {
  Array key = byte_strings(), partition = integers(), version = integers(), pending = integers(),
        state = byte_strings();

  void add(const BookRow& book) {
    key.add(book.key);
    partition.add(home_of(book.key));
    version.add(book.version);
    pending.add(book.pending ? 1 : 0);
    state.add(book.state);
  }
  void push_to(std::vector<Step>& steps, std::string_view sql) const {
    push(steps, key.size(), sql, key, partition, version, pending, state);
  }
};

struct KeyColumns {
  Array kind = integers(), date = integers(), hash = byte_strings(), id = byte_strings(),
        content = byte_strings(), revision = integers(), projection = integers();

  void add(const KeyRow& key) {
    kind.add(key.kind);
    date.add(key.date);
    hash.add(key.hash);
    id.add(key.id);
    content.add(key.content);
    revision.add(key.revision);
    projection.add(key.projection);
  }
};

bool same(const KeyRow& a, const KeyRow& b) {
  return a.id == b.id && a.content == b.content && a.revision == b.revision &&
         a.projection == b.projection;
}

}  // namespace

std::vector<Step> Group::writes(Instant& recorded_at) const {
  std::vector<Step> steps;
  write_keys(steps);
  write_flows(steps);
  write_books(steps);
  write_messages(steps);
  write_changes(steps);
  write_journal(steps);
  write_due(steps);
  write_waiters(steps);
  write_sold(steps);
  write_fingerprints(steps);
  write_documents(steps);
  write_records(steps);
  write_totals(steps, recorded_at);
  return steps;
}

void Group::write_keys(std::vector<Step>& steps) const {
  KeyColumns gone;
  KeyColumns changed;
  for (const State::KeyIndex& index : keys_inserted_) {
    const KeyRow& inserted = *keys_.at(index);
    const auto kept = state_.keys.find(index);
    // The unit that wanted it first was refused; another one may have had more luck.
    if (kept == state_.keys.end()) {
      gone.add(inserted);
    } else if (!same(kept->second, inserted)) {
      changed.add(kept->second);
    }
  }
  push(steps, gone.kind.size(), delete_keys_sql, gone.kind, gone.date, gone.hash);
  push(steps, changed.kind.size(), change_keys_sql, changed.kind, changed.date, changed.hash,
       changed.id, changed.content, changed.revision, changed.projection);
}

void Group::write_flows(std::vector<Step>& steps) const {
  FlowColumns inserts;
  FlowColumns updates;
  for (const auto& [id, flow] : state_.flows) {
    const auto before = flow_versions_.find(id);
    if (before == flow_versions_.end()) {
      inserts.add(flow);
    } else if (flow.version != before->second) {
      updates.add(flow);
    }
  }
  inserts.push_to(steps, insert_flows_sql);
  updates.push_to(steps, update_flows_sql);
}

void Group::write_books(std::vector<Step>& steps) const {
  BookColumns inserts;
  BookColumns updates;
  for (const auto& [key, book] : state_.books) {
    const auto before = book_versions_.find(key);
    if (before == book_versions_.end()) {
      inserts.add(book);
    } else if (book.version != before->second) {
      updates.add(book);
    }
  }
  inserts.push_to(steps, insert_books_sql);
  updates.push_to(steps, update_books_sql);
}

void Group::write_messages(std::vector<Step>& steps) const {
  Array id = byte_strings(), partition = integers(), recorded_at = integers(), state = integers(),
        kind = integers(), channel = integers(), date = integers(), occurred_at = integers(),
        shop = texts(), register_name = texts(), sequence = texts(), currency = texts(),
        gross = integers(), member = texts(), conflict_with = byte_strings(), correlation = texts(),
        code = texts(), body = byte_strings();
  for (const auto& [key, m] : state_.messages) {
    id.add(m.id);
    partition.add(m.id.partition());
    recorded_at.add(m.recorded_at);
    state.add(m.state);
    kind.add(m.kind);
    channel.add(m.channel);
    date.add(m.business_date);
    occurred_at.add(m.occurred_at);
    shop.add(m.shop);
    register_name.add(m.register_name);
    sequence.add(m.sequence);
    currency.add(m.currency);
    gross.add(m.gross_minor);
    member.add(m.member);
    conflict_with.add(m.conflict_with.is_nil() ? std::nullopt : std::optional(m.conflict_with));
    correlation.add(m.correlation_id);
    code.add(m.code);
    body.add(m.body);
  }
  push(steps, id.size(), insert_messages_sql, id, partition, recorded_at, state, kind, channel,
       date, occurred_at, shop, register_name, sequence, currency, gross, member, conflict_with,
       correlation, code, body);
}

void Group::write_changes(std::vector<Step>& steps) const {
  Array id = byte_strings(), state = integers(), conflict_with = byte_strings();
  for (const auto& [key, change] : state_.changes) {
    id.add(change.id);
    state.add(change.state);
    conflict_with.add(change.conflict_with.is_nil() ? std::nullopt
                                                    : std::optional(change.conflict_with));
  }
  push(steps, id.size(), change_messages_sql, id, state, conflict_with);
}

void Group::write_journal(std::vector<Step>& steps) const {
  Array partition = integers(), position = integers(), flow = byte_strings(), at = integers(),
        entry = byte_strings();
  for (const auto& [index, row] : state_.journal) {
    if (journal_found_.contains(index)) continue;
    partition.add(row.partition);
    position.add(row.position);
    flow.add(row.flow);
    at.add(row.at);
    entry.add(row.entry);
  }
  push(steps, position.size(), insert_journal_sql, partition, position, flow, at, entry);
}

void Group::write_due(std::vector<Step>& steps) const {
  struct Columns {
    Array target = integers(), lane = integers(), due_at = integers(), flow = byte_strings(),
          leg = integers(), partition = integers(), order_key = byte_strings();
    void add(const DueRow& row) {
      target.add(row.target);
      lane.add(row.lane);
      due_at.add(row.due_at);
      flow.add(row.flow);
      leg.add(row.leg);
      partition.add(row.flow.partition());
      order_key.add(unless_zero(row.order_key));
    }
  };
  Columns gone;
  Columns fresh;
  for (const auto& [index, row] : due_found_) {
    const auto kept = state_.due.find(index);
    if (kept == state_.due.end() || kept->second.order_key != row.order_key) gone.add(row);
  }
  for (const auto& [index, row] : state_.due) {
    const auto before = due_found_.find(index);
    if (before == due_found_.end() || before->second.order_key != row.order_key) fresh.add(row);
  }
  push(steps, gone.target.size(), delete_due_sql, gone.target, gone.lane, gone.due_at, gone.flow,
       gone.leg);
  push(steps, fresh.target.size(), insert_due_sql, fresh.target, fresh.lane, fresh.due_at,
       fresh.flow, fresh.leg, fresh.partition, fresh.order_key);
}

void Group::write_waiters(std::vector<Step>& steps) const {
  Array gone_target = integers(), gone_key = byte_strings(), gone_place = byte_strings();
  for (const State::WaiterIndex& index : waiters_found_) {
    if (state_.waiters.contains(index)) continue;
    gone_target.add(std::get<0>(index));
    gone_key.add(std::get<1>(index));
    gone_place.add(std::get<2>(index));
  }
  Array target = integers(), order_key = byte_strings(), place = byte_strings(),
        partition = integers(), lane = integers(), due_at = integers(), flow = byte_strings(),
        leg = integers();
  for (const auto& [index, row] : state_.waiters) {
    if (waiters_found_.contains(index)) continue;
    target.add(row.target);
    order_key.add(row.order_key);
    place.add(std::get<2>(index));
    partition.add(row.flow.partition());
    lane.add(row.lane);
    due_at.add(row.due_at);
    flow.add(row.flow);
    leg.add(row.leg);
  }
  push(steps, gone_target.size(), delete_waiters_sql, gone_target, gone_key, gone_place);
  push(steps, target.size(), insert_waiters_sql, target, order_key, place, partition, lane, due_at,
       flow, leg);
}

void Group::write_sold(std::vector<Step>& steps) const {
  Array link = byte_strings(), occurred_at = integers(), source_row = integers(),
        flow = byte_strings(), line = integers(), book = byte_strings(), price = integers(),
        scale = integers(), quantity = integers();
  for (const auto& [index, row] : state_.sold) {
    link.add(row.link_key);
    occurred_at.add(row.occurred_at);
    source_row.add(row.source_row);
    flow.add(row.flow);
    line.add(row.line);
    book.add(row.book);
    price.add(row.price_units);
    scale.add(row.price_scale);
    quantity.add(row.quantity);
  }
  push(steps, link.size(), insert_sold_sql, link, occurred_at, source_row, flow, line, book, price,
       scale, quantity);
}

void Group::write_fingerprints(std::vector<Step>& steps) const {
  Array bucket = integers(), hash = byte_strings(), occurred_at = integers(), id = byte_strings();
  std::int64_t oldest = 0;
  std::size_t dropped_max = 0;
  for (const Unit* unit : applied_) {
    if (unit->forget_before.micros > 0) {
      oldest = std::max(oldest, fingerprint_bucket(unit->forget_before));
      dropped_max += fingerprints_dropped_max;
    }
    if (!unit->fingerprint) continue;
    bucket.add(fingerprint_bucket(unit->fingerprint->occurred_at));
    hash.add(unit->fingerprint->hash);
    occurred_at.add(unit->fingerprint->occurred_at);
    id.add(unit->fingerprint->id);
  }
  if (dropped_max > 0) {
    steps.push_back({forget_fingerprints_sql, Parameters::of(oldest, dropped_max)});
  }
  push(steps, bucket.size(), insert_fingerprints_sql, bucket, hash, occurred_at, id);
}

void Group::write_documents(std::vector<Step>& steps) const {
  // The state forgets what was deleted, so the last word is taken from the units themselves.
  std::map<std::pair<std::string_view, std::string_view>, std::string_view> last;
  for (const Unit* unit : applied_) {
    for (const DocumentRow& row : unit->documents) last[{row.kind, row.key}] = row.value;
  }
  Array gone_kind = texts(), gone_key = texts(), kind = texts(), key = texts(),
        value = byte_strings();
  for (const auto& [index, content] : last) {
    if (content.empty()) {
      gone_kind.add(index.first);
      gone_key.add(index.second);
      continue;
    }
    kind.add(index.first);
    key.add(index.second);
    value.add(content);
  }
  push(steps, gone_kind.size(), delete_documents_sql, gone_kind, gone_key);
  push(steps, kind.size(), put_documents_sql, kind, key, value);
}

void Group::write_totals(std::vector<Step>& steps, Instant& recorded_at) const {
  Array name = texts(), value = integers();
  for (const auto& [counter, sum] : state_.counters) {
    if (sum == 0) continue;
    name.add(counter);
    value.add(sum);
  }
  push(steps, name.size(), add_counters_sql, name, value);
  if (state_.last_recorded_at <= recorded_at) return;
  recorded_at = state_.last_recorded_at;
  steps.push_back({set_recorded_at_sql, Parameters::of(recorded_at)});
}

}  // namespace crossfoot::store::postgres
