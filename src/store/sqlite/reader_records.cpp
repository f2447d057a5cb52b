#include <algorithm>

#include "store/sqlite/reader.h"
#include "store/sqlite/stored_rows.h"

namespace crossfoot::store::sqlite {

namespace {

#define RECORD_COLUMNS                                                                       \
  "SELECT r.kind, r.scope, r.key, r.version, r.id, r.recorded_at, r.valid_from, r.valid_to," \
  " r.subject, r.source, r.revision, r.content, r.provenance, r.body FROM record AS r "
/// The version that counts at (known, valid, valid).
#define COUNTS                                                                    \
  "r.version = (SELECT max(s.version) FROM record AS s WHERE s.kind=r.kind"       \
  " AND s.scope=r.scope AND s.key=r.key AND s.recorded_at<=? AND s.valid_from<=?" \
  " AND s.valid_to>?) "

RecordRow record_of(const Statement& s) {
  return {.name = {s.text(0), s.text(1), s.text(2)},
          .version = s.number<std::uint32_t>(3),
          .id = s.id(4),
          .recorded_at = {s.integer(5)},
          .valid_from = {s.integer(6)},
          .valid_to = {s.integer(7)},
          .subject = s.text(8),
          .source = s.text(9),
          .revision = s.number<std::uint32_t>(10),
          .content = s.hash(11),
          .provenance = s.text(12),
          .body = s.text(13)};
}

}  // namespace

Status SqliteReader::prepare_records() {
  const Status prepared = connection_->prepare_all({
      {record_at_,
       RECORD_COLUMNS "WHERE kind=? AND scope=? AND key=? AND recorded_at<=? AND valid_from<=?"
                      " AND valid_to>? ORDER BY version DESC LIMIT 1"},
      {record_versions_, RECORD_COLUMNS "WHERE kind=? AND scope=? AND key=? AND version<?"
                                        " ORDER BY version DESC LIMIT ?"},
      {records_,
       RECORD_COLUMNS "WHERE kind=? AND scope=? AND key>? AND " COUNTS "ORDER BY key LIMIT ?"},
      {records_of_,
       RECORD_COLUMNS "INDEXED BY record_subject WHERE subject<>'' AND kind=? AND scope=?"
                      " AND subject=? AND key>? AND " COUNTS "ORDER BY key LIMIT ?"},
  });
  return prepared;
}

Result<std::optional<RecordRow>> SqliteReader::record_at(const RecordName& name,
                                                         const RecordTime& at) {
  if (Status ok = usable(); !ok) return fail(ok.error());
  record_at_.query(name.kind, name.scope, name.key, at.known, at.valid, at.valid);
  return first_row<RecordRow>(*connection_, record_at_, "record", record_of);
}

Result<std::vector<RecordRow>> SqliteReader::record_versions(const RecordName& name,
                                                             std::uint32_t before,
                                                             std::size_t limit) {
  if (Status ok = usable(); !ok) return fail(ok.error());
  const std::int64_t below = before == 0 ? INT64_MAX : before;
  record_versions_.query(name.kind, name.scope, name.key, below, limit);
  return all_rows<RecordRow>(*connection_, record_versions_, "record", record_of);
}

Result<std::vector<RecordRow>> SqliteReader::records(const RecordQuery& query) {
  if (Status ok = usable(); !ok) return fail(ok.error());
  const RecordTime& at = query.at;
  if (query.subject.empty()) {
    records_.query(query.kind, query.scope, query.after, at.known, at.valid, at.valid, query.limit);
    return all_rows<RecordRow>(*connection_, records_, "record", record_of);
  }
  records_of_.query(query.kind, query.scope, query.subject, query.after, at.known, at.valid,
                    at.valid, query.limit);
  return all_rows<RecordRow>(*connection_, records_of_, "record", record_of);
}

}  // namespace crossfoot::store::sqlite
