#include "store/sqlite/till_index.h"

namespace crossfoot::store::sqlite {

Status TillIndex::open() {
  const Status prepared = connection_.prepare_all(
      {{append_, "INSERT INTO message_till_tail VALUES (?,?,?,?,?,?)"},
       {insert_, "INSERT INTO message_till VALUES (?,?,?,?,?,?) ON CONFLICT DO NOTHING"},
       {drop_, "DELETE FROM message_till_tail WHERE seq BETWEEN ? AND ?"}});
  if (!prepared) return prepared;
  Result<Statement> rows = connection_.prepare(
      "SELECT business_date, shop, register_name, sequence, id, seq FROM message_till_tail"
      " ORDER BY seq");
  if (!rows) return fail(rows.error());
  int code = SQLITE_DONE;
  while ((code = rows->step()) == SQLITE_ROW) {
    (void)entries_.insert({.date = {rows->number<std::int32_t>(0)},
                           .shop = rows->text(1),
                           .register_name = rows->text(2),
                           .sequence = rows->text(3),
                           .id = rows->id(4),
                           .seq = rows->integer(5)});
  }
  return code == SQLITE_DONE ? Status{} : fail(connection_.fault(code, "till index"));
}

int TillIndex::add(std::int64_t seq, const MessageRow& message) {
  (void)entries_.insert({.date = message.business_date,
                         .shop = message.shop,
                         .register_name = message.register_name,
                         .sequence = message.sequence,
                         .id = message.id,
                         .seq = seq});
  return append_.run(seq, message.business_date, message.shop, message.register_name,
                     message.sequence, message.id);
}

Status TillIndex::write_slice() {
  const int code = entries_.write_slice(
      [this](const Entry& entry) {
        return insert_.run(entry.date, entry.shop, entry.register_name, entry.sequence, entry.id,
                           entry.seq);
      },
      [this](std::int64_t first, std::int64_t last) { return drop_.run(first, last); });
  return code == SQLITE_DONE ? Status{} : fail(connection_.fault(code, "till index"));
}

}  // namespace crossfoot::store::sqlite
