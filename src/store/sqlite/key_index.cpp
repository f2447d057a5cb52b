#include "store/sqlite/key_index.h"

namespace crossfoot::store::sqlite {

namespace {

constexpr const char* in_tail_sql =
    "SELECT id, content, revision, projection FROM key_tail"
    " WHERE seq=? AND kind=? AND date=? AND hash=?";
constexpr const char* in_index_sql =
    "SELECT id, content, revision, projection FROM business_key"
    " WHERE kind=? AND date=? AND hash=?";

/// The row that a bound statement finds for the key of `like`. The error is an SQLite code.
std::expected<std::optional<KeyRow>, int> first_key(Statement& statement, const KeyRow& like) {
  const int code = statement.step();
  std::optional<KeyRow> found;
  if (code == SQLITE_ROW) {
    found = KeyRow{.kind = like.kind,
                   .date = like.date,
                   .hash = like.hash,
                   .id = statement.id(0),
                   .content = statement.hash(1),
                   .revision = statement.number<std::uint32_t>(2),
                   .projection = statement.number<std::uint8_t>(3)};
  }
  statement.reset();
  if (code != SQLITE_ROW && code != SQLITE_DONE) return std::unexpected(code);
  return found;
}

/// In the tail when it is among the newest, else in the index.
std::expected<std::optional<KeyRow>, int> find_key(Statement& in_tail, Statement& in_index,
                                                   std::optional<std::int64_t> row,
                                                   const KeyRow& like) {
  if (row) {
    in_tail.query(*row, like.kind, like.date, like.hash);
    auto found = first_key(in_tail, like);
    if (!found || *found) return found;
  }
  in_index.query(like.kind, like.date, like.hash);
  return first_key(in_index, like);
}

}  // namespace

Status KeyIndex::open() {
  const Status prepared = connection_.prepare_all(
      {{append_, "INSERT INTO key_tail VALUES (?,?,?,?,?,?,?,?)"},
       {in_tail_, in_tail_sql},
       {in_index_, in_index_sql},
       {insert_,
        "INSERT INTO business_key SELECT kind, date, hash, id, content, revision, projection"
        " FROM key_tail WHERE seq=? ON CONFLICT DO NOTHING"},
       {drop_, "DELETE FROM key_tail WHERE seq BETWEEN ? AND ?"}});
  if (!prepared) return prepared;
  Result<Statement> rows =
      connection_.prepare("SELECT kind, date, hash, seq FROM key_tail ORDER BY seq");
  if (!rows) return fail(rows.error());
  int code = SQLITE_DONE;
  while ((code = rows->step()) == SQLITE_ROW) {
    (void)newest_.insert({.kind = rows->number<KeyKind>(0),
                          .date = {rows->number<std::int32_t>(1)},
                          .hash = rows->hash(2),
                          .seq = rows->integer(3)});
  }
  return code == SQLITE_DONE ? Status{} : fail(connection_.fault(code, "key"));
}

std::expected<std::optional<KeyRow>, int> KeyIndex::take(const KeyRow& key) {
  const std::int64_t row = next_row();
  const std::optional<std::int64_t> taken =
      newest_.insert({.kind = key.kind, .date = key.date, .hash = key.hash, .seq = row});
  auto found = find_key(in_tail_, in_index_, taken, key);
  if (!found || *found) {
    if (!taken) newest_.undo_to(newest_.mark() - 1);
    return found;
  }
  if (taken) return std::unexpected(SQLITE_CORRUPT);
  const int code = append_.run(row, key.kind, key.date, key.hash, key.id, key.content, key.revision,
                               key.projection);
  if (code != SQLITE_DONE) return std::unexpected(code);
  return std::nullopt;
}

Status KeyIndex::write_slice() {
  const int code = newest_.write_slice(
      [this](const KeyEntry& entry) { return insert_.run(entry.seq); },
      [this](std::int64_t first, std::int64_t last) { return drop_.run(first, last); });
  return code == SQLITE_DONE ? Status{} : fail(connection_.fault(code, "key"));
}

Status KeyFinder::prepare() {
  return connection_.prepare_all({{in_tail_, in_tail_sql}, {in_index_, in_index_sql}});
}

Result<std::optional<KeyRow>> KeyFinder::find(KeyKind kind, BusinessDate date,
                                              const Hash128& hash) {
  const KeyRow like{.kind = kind, .date = date, .hash = hash};
  const auto row = newest_.find({.kind = kind, .date = date, .hash = hash});
  auto found = find_key(in_tail_, in_index_, row, like);
  if (!found) return fail(connection_.fault(found.error(), "key"));
  return *found;
}

}  // namespace crossfoot::store::sqlite
