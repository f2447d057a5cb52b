#include "store/postgres/group.h"

// What a judged group writes about records. Versions are judged by their keys, so that the rows of
// the units that were applied can be written as they are.
namespace crossfoot::store::postgres {

namespace {

constexpr std::string_view insert_records_sql =
    "INSERT INTO record(kind, scope, key, version, id, partition, recorded_at, valid_from,"
    " valid_to, subject, source, revision, content, provenance, body)"
    " SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bytea[],"
    " $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::text[], $11::text[],"
    " $12::bigint[], $13::bytea[], $14::bytea[], $15::bytea[])";
constexpr std::string_view erase_records_sql =
    "UPDATE record r SET content = decode(repeat('00', 16), 'hex'), provenance = '', body = ''"
    " FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[]) AS k(kind, scope, key, before)"
    " WHERE r.kind = k.kind AND r.scope = k.scope AND r.key = k.key AND r.version < k.before";
constexpr std::string_view erase_messages_sql =
    "UPDATE message m SET body = k.body FROM unnest($1::bytea[], $2::bytea[]) AS k(id, body)"
    " WHERE m.id = k.id";

Array integers() {
  return Array(ElementType::integer);
}
Array byte_strings() {
  return Array(ElementType::bytes);
}
Array texts() {
  return Array(ElementType::text);
}

struct NameColumns {
  Array kind = texts(), scope = texts(), key = texts(), version = integers();

  void add(const RecordName& name, std::uint32_t number) {
    kind.add(name.kind);
    scope.add(name.scope);
    key.add(name.key);
    version.add(number);
  }
};

}  // namespace

void Group::write_records(std::vector<Step>& steps) const {
  NameColumns name;
  Array id = byte_strings(), partition = integers(), recorded_at = integers(),
        valid_from = integers(), valid_to = integers(), subject = texts(), source = texts(),
        revision = integers(), content = byte_strings(), provenance = byte_strings(),
        body = byte_strings();
  NameColumns erased;
  Array message = byte_strings(), instead = byte_strings();
  for (const Unit* unit : applied_) {
    for (const RecordRow& row : unit->records.rows) {
      name.add(row.name, row.version);
      id.add(row.id);
      partition.add(row.id.partition());
      recorded_at.add(row.recorded_at);
      valid_from.add(row.valid_from);
      valid_to.add(row.valid_to);
      subject.add(row.subject);
      source.add(row.source);
      revision.add(row.revision);
      content.add(row.content);
      provenance.add(row.provenance);
      body.add(row.body);
    }
    for (const RecordErasure& erasure : unit->records.erasures) {
      erased.add(erasure.name, erasure.before_version);
    }
    for (const MessageErasure& erasure : unit->records.messages) {
      message.add(erasure.id);
      instead.add(erasure.body);
    }
  }
  if (id.size() > 0) {
    steps.push_back(
        {insert_records_sql, Parameters::of(name.kind, name.scope, name.key, name.version, id,
                                            partition, recorded_at, valid_from, valid_to, subject,
                                            source, revision, content, provenance, body)});
  }
  if (erased.kind.size() > 0) {
    steps.push_back(
        {erase_records_sql, Parameters::of(erased.kind, erased.scope, erased.key, erased.version)});
  }
  if (message.size() > 0) {
    steps.push_back({erase_messages_sql, Parameters::of(message, instead)});
  }
}

}  // namespace crossfoot::store::postgres
