#include "store/sqlite/unit_writer.h"

#include <fmt/format.h>

#include <algorithm>

#include "store/api/faults.h"
#include "store/api/home.h"

namespace crossfoot::store::sqlite {

Status UnitWriter::prepare() {
  const Status prepared = connection_.prepare_all({
      {delete_due_, "DELETE FROM due WHERE target=? AND lane=? AND due_at=? AND flow=? AND leg=?"},
      {insert_due_, "INSERT INTO due VALUES (?,?,?,?,?,?,?)"},
      {due_holds_, "SELECT 1 FROM due WHERE target=? AND order_key=? AND order_key IS NOT NULL"},
      {insert_flow_,
       "INSERT INTO flow(id, partition, version, status, calling, code, since, state)"
       " VALUES (?,?,1,?,?,?,?,?) ON CONFLICT DO NOTHING"},
      {update_flow_,
       "UPDATE flow SET version=?, status=?, calling=?, code=?, since=?, state=?"
       " WHERE id=? AND version=?"},
      {insert_book_,
       "INSERT INTO book(key, partition, version, pending, state) VALUES (?,?,1,?,?)"
       " ON CONFLICT DO NOTHING"},
      {update_book_, "UPDATE book SET version=?, pending=?, state=? WHERE key=? AND version=?"},
      {insert_message_,
       "INSERT INTO message(id, partition, recorded_at, state, kind, channel, business_date,"
       " occurred_at, shop, register_name, sequence, currency, gross_minor, member, conflict_with,"
       " correlation_id, code, body) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
       " ON CONFLICT(id) DO UPDATE SET state=excluded.state"},
      {change_message_, "UPDATE message SET state=?, conflict_with=? WHERE id=?"},
      {insert_journal_, "INSERT INTO journal VALUES (?,?,?,?,?,?)"},
      {first_waiter_,
       "SELECT place, lane, flow, leg FROM waiter WHERE target=? AND order_key=?"
       " ORDER BY place LIMIT 1"},
      {delete_waiter_, "DELETE FROM waiter WHERE target=? AND order_key=? AND place=?"},
      {insert_waiter_, "INSERT INTO waiter VALUES (?,?,?,?,?,?,?,?)"},
      {find_fingerprint_,
       "SELECT id FROM fingerprint WHERE bucket=? AND hash=? AND occurred_at BETWEEN ? AND ?"},
      {insert_fingerprint_, "INSERT INTO fingerprint VALUES (?,?,?,?) ON CONFLICT DO NOTHING"},
      {forget_fingerprints_,
       "DELETE FROM fingerprint WHERE (bucket, hash, occurred_at, id) IN"
       " (SELECT bucket, hash, occurred_at, id FROM fingerprint WHERE bucket<?"
       " ORDER BY bucket LIMIT ?)"},
      {insert_sold_, "INSERT INTO sold_line VALUES (?,?,?,?,?,?,?,?,?)"},
      {upsert_document_,
       "INSERT INTO document VALUES (?,?,?)"
       " ON CONFLICT(kind, key) DO UPDATE SET value=excluded.value"},
      {delete_document_, "DELETE FROM document WHERE kind=? AND key=?"},
      {upsert_counter_,
       "INSERT INTO counter VALUES (?,?)"
       " ON CONFLICT(name) DO UPDATE SET value=value+excluded.value"},
      {insert_record_,
       "INSERT INTO record(kind, scope, key, version, id, partition, recorded_at, valid_from,"
       " valid_to, subject, source, revision, content, provenance, body)"
       " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"},
      {erase_record_,
       "UPDATE record SET content=zeroblob(16), provenance=x'', body=x''"
       " WHERE kind=? AND scope=? AND key=? AND version<?"},
      {erase_message_, "UPDATE message SET body=? WHERE id=?"},
      {set_recorded_at_, "UPDATE meta SET value=? WHERE name='last_recorded_at'"},
  });
  return prepared;
}

Written UnitWriter::write(const Unit& unit, UnitResult& result) {
  result = {};
  result_ = &result;
  dirty_ = medium_failed_ = false;
  const Marks before{.journal = journal_.mark(),
                     .keys = keys_.mark(),
                     .tills = tills_.mark(),
                     .first_key = keys_.next_row()};
  // What can end in a conflict stands before what cannot: the first write that is refused then
  // leaves nothing behind but keys, which are easily taken back.
  const bool applied = write_keys(unit) && is_unlike(unit) && write_taken(unit) &&
                       write_flows(unit) && write_books(unit) && write_message(unit) &&
                       write_changes(unit) && write_journal(unit) && write_leaves(unit) &&
                       write_places(unit) && write_sold(unit) && write_fingerprint(unit) &&
                       write_documents(unit) && write_records(unit);
  if (!applied) return refuse(before);
  add_totals(unit);
  return Written::applied;
}

Written UnitWriter::refuse(const Marks& before) {
  journal_.undo_to(before.journal);
  tills_.undo_to(before.tills);
  const bool wrote_keys = keys_.mark() > before.keys;
  keys_.undo_to(before.keys);
  result_->place_is_due.clear();
  result_->promoted.clear();
  result_->positions.clear();
  if (medium_failed_) return Written::broken;
  if (dirty_) return Written::refused_dirty;
  if (!wrote_keys) return Written::refused_clean;
  const int code = keys_.delete_from(before.first_key);
  if (code == SQLITE_DONE) return Written::refused_clean;
  result_->outcome = Outcome::failed;
  result_->fault = connection_.fault(code, "undo keys");
  return Written::broken;
}

bool UnitWriter::ended(Outcome outcome, Fault fault) {
  result_->outcome = outcome;
  result_->fault = std::move(fault);
  return false;
}

bool UnitWriter::failed(int code, std::string_view where) {
  medium_failed_ = is_medium_error(code);
  return ended(Outcome::failed, connection_.fault(code, where));
}

bool UnitWriter::wrote(int code, std::string_view where) {
  if (code != SQLITE_DONE) return failed(code, where);
  dirty_ = true;
  return true;
}

bool UnitWriter::write_keys(const Unit& unit) {
  for (std::size_t i = 0; i < unit.keys.size(); ++i) {
    auto there = keys_.take(unit.keys[i]);
    if (!there) return failed(there.error(), "key");
    if (!*there) continue;
    result_->duplicate_of = **there;
    result_->duplicate_index = i;
    return ended(Outcome::duplicate, {});
  }
  return true;
}

bool UnitWriter::is_unlike(const Unit& unit) {
  if (!unit.fingerprint || unit.suspect_within <= Duration{0}) return true;
  const FingerprintRow& row = *unit.fingerprint;
  const Instant from = row.occurred_at - unit.suspect_within;
  const Instant until = row.occurred_at + unit.suspect_within;
  std::optional<Id> first;
  for (std::int64_t bucket = fingerprint_bucket(from); bucket <= fingerprint_bucket(until);
       ++bucket) {
    find_fingerprint_.query(bucket, row.hash, from, until);
    int code = SQLITE_ROW;
    while ((code = find_fingerprint_.step()) == SQLITE_ROW) {
      const Id id = find_fingerprint_.id(0);
      if (!first || id < *first) first = id;
    }
    find_fingerprint_.reset();
    if (code != SQLITE_DONE) return failed(code, "fingerprint");
  }
  if (!first) return true;
  result_->suspected = *first;
  return ended(Outcome::suspected, {});
}

bool UnitWriter::write_fingerprint(const Unit& unit) {
  if (unit.forget_before.micros > 0 &&
      !wrote(forget_fingerprints_.run(fingerprint_bucket(unit.forget_before),
                                      fingerprints_dropped_max),
             "fingerprint")) {
    return false;
  }
  if (!unit.fingerprint) return true;
  const FingerprintRow& row = *unit.fingerprint;
  return wrote(insert_fingerprint_.run(fingerprint_bucket(row.occurred_at), row.hash,
                                       row.occurred_at, row.id),
               "fingerprint");
}

bool UnitWriter::write_taken(const Unit& unit) {
  for (const DueRow& row : unit.taken) {
    const int code = delete_due_.run(row.target, row.lane, row.due_at, row.flow, row.leg);
    if (code != SQLITE_DONE) return failed(code, "due");
    if (connection_.changes() == 0) {
      return ended(Outcome::conflict,
                   conflict_fault("due", fmt::format("leg {} of flow {} is not due any more",
                                                     row.leg, to_string(row.flow))));
    }
    dirty_ = true;
  }
  return true;
}

bool UnitWriter::write_flows(const Unit& unit) {
  for (const FlowRow& flow : unit.flows) {
    const int code =
        flow.version == 1
            ? insert_flow_.run(flow.id, flow.id.partition(), flow.status, flow.calling, flow.code,
                               flow.since, Blob{flow.state})
            : update_flow_.run(flow.version, flow.status, flow.calling, flow.code, flow.since,
                               Blob{flow.state}, flow.id, flow.version - 1);
    if (code != SQLITE_DONE) return failed(code, "flow");
    if (connection_.changes() == 0) {
      return ended(Outcome::conflict,
                   conflict_fault("flow", fmt::format("{} is not at version {}", to_string(flow.id),
                                                      flow.version - 1)));
    }
    dirty_ = true;
  }
  return true;
}

bool UnitWriter::write_books(const Unit& unit) {
  for (const BookRow& book : unit.books) {
    const int code =
        book.version == 1
            ? insert_book_.run(book.key, home_of(book.key), book.pending, Blob{book.state})
            : update_book_.run(book.version, book.pending, Blob{book.state}, book.key,
                               book.version - 1);
    if (code != SQLITE_DONE) return failed(code, "book");
    if (connection_.changes() == 0) {
      return ended(Outcome::conflict,
                   conflict_fault("book", fmt::format("{} is not at version {}",
                                                      to_string(book.key), book.version - 1)));
    }
    dirty_ = true;
  }
  return true;
}

bool UnitWriter::write_message(const Unit& unit) {
  if (!unit.message) return true;
  const MessageRow& m = *unit.message;
  const std::optional<Id> conflict_with =
      m.conflict_with.is_nil() ? std::nullopt : std::optional(m.conflict_with);
  connection_.forget_last_row();
  if (!wrote(insert_message_.run(m.id, m.id.partition(), m.recorded_at, m.state, m.kind, m.channel,
                                 m.business_date, m.occurred_at, m.shop, m.register_name,
                                 m.sequence, m.currency, m.gross_minor, m.member, conflict_with,
                                 m.correlation_id, m.code, Blob{m.body}),
             "message")) {
    return false;
  }
  const std::int64_t seq = connection_.last_row();
  return seq == 0 || wrote(tills_.add(seq, m), "message");
}

bool UnitWriter::write_changes(const Unit& unit) {
  for (const MessageChange& change : unit.changes) {
    const std::optional<Id> conflict_with =
        change.conflict_with.is_nil() ? std::nullopt : std::optional(change.conflict_with);
    if (!wrote(change_message_.run(change.state, conflict_with, change.id), "message")) {
      return false;
    }
  }
  return true;
}

bool UnitWriter::write_journal(const Unit& unit) {
  for (const JournalRow& row : unit.journal) {
    std::uint64_t position = row.position;
    if (row.partition >= partition_count) {
      return ended(Outcome::failed, refused_fault("journal", "no such partition"));
    }
    const auto staged = journal_.stage(row.partition, position);
    if (!staged) {
      medium_failed_ = true;
      return ended(Outcome::failed, staged.error());
    }
    if (!*staged) {
      return ended(Outcome::failed,
                   refused_fault("journal", fmt::format("position {} of partition {} is taken",
                                                        position, row.partition)));
    }
    if (!wrote(insert_journal_.run(**staged, row.partition, position, row.flow, row.at,
                                   Blob{row.entry}),
               "journal")) {
      return false;
    }
    result_->positions.push_back(position);
  }
  return true;
}

bool UnitWriter::write_sold(const Unit& unit) {
  for (const SoldLineRow& row : unit.sold) {
    if (!wrote(insert_sold_.run(row.link_key, row.occurred_at, row.source_row, row.flow, row.line,
                                row.book, row.price_units, row.price_scale, row.quantity),
               "sold line")) {
      return false;
    }
  }
  return true;
}

bool UnitWriter::write_documents(const Unit& unit) {
  for (const DocumentRow& row : unit.documents) {
    const int code = row.value.empty() ? delete_document_.run(row.kind, row.key)
                                       : upsert_document_.run(row.kind, row.key, Blob{row.value});
    if (!wrote(code, "document")) return false;
  }
  return true;
}

bool UnitWriter::write_records(const Unit& unit) {
  for (const RecordRow& row : unit.records.rows) {
    const int code = insert_record_.run(row.name.kind, row.name.scope, row.name.key, row.version,
                                        row.id, row.id.partition(), row.recorded_at, row.valid_from,
                                        row.valid_to, row.subject, row.source, row.revision,
                                        row.content, Blob{row.provenance}, Blob{row.body});
    if (!wrote(code, "record")) return false;
  }
  for (const RecordErasure& erasure : unit.records.erasures) {
    const RecordName& name = erasure.name;
    if (!wrote(erase_record_.run(name.kind, name.scope, name.key, erasure.before_version),
               "record")) {
      return false;
    }
  }
  for (const MessageErasure& erasure : unit.records.messages) {
    if (!wrote(erase_message_.run(Blob{erasure.body}, erasure.id), "message")) return false;
  }
  return true;
}

void UnitWriter::add_totals(const Unit& unit) {
  for (const CounterAdd& add : unit.counters) {
    std::int64_t& sum = counters_[add.name];
    sum = static_cast<std::int64_t>(static_cast<std::uint64_t>(sum) +
                                    static_cast<std::uint64_t>(add.delta));
  }
  if (unit.message) recorded_at_ = std::max(recorded_at_, unit.message->recorded_at);
  for (const JournalRow& row : unit.journal) recorded_at_ = std::max(recorded_at_, row.at);
}

Status UnitWriter::write_totals() {
  for (const auto& [name, sum] : counters_) {
    if (sum == 0) continue;
    const int code = upsert_counter_.run(name, sum);
    if (code != SQLITE_DONE) return fail(connection_.fault(code, "counter"));
  }
  if (recorded_at_ > stored_recorded_at_) {
    const int code = set_recorded_at_.run(recorded_at_);
    if (code != SQLITE_DONE) return fail(connection_.fault(code, "recorded_at"));
    stored_recorded_at_ = recorded_at_;
  }
  return {};
}

void UnitWriter::clear_totals() {
  // Names stay in the map: the same ones come again with the next commit. A bound keeps it small.
  if (counters_.size() > 4096) counters_.clear();
  for (auto& [name, sum] : counters_) sum = 0;
}

}  // namespace crossfoot::store::sqlite
