#include "store/postgres/reader.h"

namespace crossfoot::store::postgres {

namespace {

#define RECORD_COLUMNS                                                                       \
  "SELECT r.kind, r.scope, r.key, r.version, r.id, r.recorded_at, r.valid_from, r.valid_to," \
  " r.subject, r.source, r.revision, r.content, r.provenance, r.body FROM record AS r "

RecordRow record_of(const Rows& rows, int row) {
  return {.name = {rows.text(row, 0), rows.text(row, 1), rows.text(row, 2)},
          .version = rows.number<std::uint32_t>(row, 3),
          .id = rows.id(row, 4),
          .recorded_at = {rows.integer(row, 5)},
          .valid_from = {rows.integer(row, 6)},
          .valid_to = {rows.integer(row, 7)},
          .subject = rows.text(row, 8),
          .source = rows.text(row, 9),
          .revision = rows.number<std::uint32_t>(row, 10),
          .content = rows.hash(row, 11),
          .provenance = rows.text(row, 12),
          .body = rows.text(row, 13)};
}

}  // namespace

Result<std::optional<RecordRow>> PostgresReader::record_at(const RecordName& name,
                                                           const RecordTime& at) {
  return first(RECORD_COLUMNS
               "WHERE kind = $1::text AND scope = $2::text AND key = $3::text"
               " AND recorded_at <= $4::bigint AND valid_from <= $5::bigint"
               " AND valid_to > $5::bigint ORDER BY version DESC LIMIT 1",
               Parameters::of(name.kind, name.scope, name.key, at.known, at.valid), record_of);
}

Result<std::vector<RecordRow>> PostgresReader::record_versions(const RecordName& name,
                                                               std::uint32_t before,
                                                               std::size_t limit) {
  const std::int64_t below = before == 0 ? INT64_MAX : before;
  return all(RECORD_COLUMNS
             "WHERE kind = $1::text AND scope = $2::text AND key = $3::text"
             " AND version < $4::bigint ORDER BY version DESC LIMIT $5::bigint",
             Parameters::of(name.kind, name.scope, name.key, below, limit), record_of);
}

Result<std::vector<RecordRow>> PostgresReader::records(const RecordQuery& query) {
#define COUNTS                                                                \
  "r.version = (SELECT max(s.version) FROM record AS s WHERE s.kind = r.kind" \
  " AND s.scope = r.scope AND s.key = r.key AND s.recorded_at <= $4::bigint"  \
  " AND s.valid_from <= $5::bigint AND s.valid_to > $5::bigint) "
  if (query.subject.empty()) {
    return all(RECORD_COLUMNS
               "WHERE kind = $1::text AND scope = $2::text AND key > $3::text AND " COUNTS
               "ORDER BY key LIMIT $6::bigint",
               Parameters::of(query.kind, query.scope, query.after, query.at.known, query.at.valid,
                              query.limit),
               record_of);
  }
  return all(RECORD_COLUMNS
             "WHERE subject <> '' AND kind = $1::text AND scope = $2::text AND key > $3::text"
             " AND subject = $7::text AND " COUNTS "ORDER BY key LIMIT $6::bigint",
             Parameters::of(query.kind, query.scope, query.after, query.at.known, query.at.valid,
                            query.limit, query.subject),
             record_of);
#undef COUNTS
}

}  // namespace crossfoot::store::postgres
