#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "store/sqlite/reader.h"
#include "store/sqlite/stored_rows.h"

namespace crossfoot::store::sqlite {

namespace {

constexpr std::string_view head_columns =
    "id, recorded_at, state, kind, channel, business_date, occurred_at, shop, register_name,"
    " sequence, currency, gross_minor, member, conflict_with, correlation_id, code";

MessageRow message_of(const Statement& s, bool with_body) {
  MessageRow row{.id = s.id(0),
                 .recorded_at = {s.integer(1)},
                 .state = s.number<MessageState>(2),
                 .kind = s.number<std::uint8_t>(3),
                 .channel = s.number<std::uint8_t>(4),
                 .business_date = {s.number<std::int32_t>(5)},
                 .occurred_at = {s.integer(6)},
                 .shop = s.text(7),
                 .register_name = s.text(8),
                 .sequence = s.text(9),
                 .currency = s.text(10),
                 .gross_minor = s.integer(11),
                 .member = s.text(12),
                 .conflict_with = s.id(13),
                 .correlation_id = s.text(14),
                 .code = s.text(15)};
  if (with_body) row.body = s.text(16);
  return row;
}

/// Which index a page is read from. By shop: the few thousand messages of a shop's day are found by
/// the till index and sorted. By day alone, or over all: an index in the order of ids gives the
/// page without sorting. Held and invalid ones are few and have a partial index of their own.
std::string_view index_for(const MessageQuery& query) {
  if (query.business_date && !query.shop.empty()) return "message_till";
  if (query.state && *query.state != MessageState::accepted) return "message_odd";
  if (query.business_date) return "message_day";
  return "message_id";
}

class Conditions {
 public:
  void add(bool wanted, std::string_view condition) {
    if (!wanted) return;
    text_ += text_.empty() ? " WHERE " : " AND ";
    text_ += condition;
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

/// Parameters are numbered, so that each may be absent: 1 date, 2 shop, 3 register, 4 sequence,
/// 5 state, 6 after, 7 limit.
std::string sql_for(const MessageQuery& query, bool with_body) {
  const std::string_view index = index_for(query);
  const bool by_till = index == "message_till";
  Conditions at_till;
  at_till.add(query.business_date.has_value(), "business_date=?1");
  at_till.add(!query.shop.empty(), "shop=?2");
  at_till.add(!query.register_name.empty(), "register_name=?3");
  at_till.add(!query.sequence.empty(), "sequence=?4");
  Conditions where = by_till ? Conditions{} : at_till;
  where.add(index == "message_odd", "state <> 0");
  // A suspected one is accepted.
  const bool accepted = query.state == MessageState::accepted;
  where.add(query.state.has_value(), accepted ? "(state=?5 OR state=6)" : "state=?5");
  where.add(!query.after.is_nil(), query.oldest_first ? "id>?6" : "id<?6");
  const std::string_view order = query.oldest_first ? "id" : "id DESC";
  // An entry that is being moved is in both tables: UNION takes it once. A message's own columns
  // are looked at only for its state.
  const std::string from =
      !by_till ? fmt::format("message INDEXED BY {}", index)
               : fmt::format(
                     "(SELECT id, seq FROM message_till{0} UNION"
                     " SELECT id, seq FROM message_till_tail{0}){1}",
                     at_till.text(), query.state ? " JOIN message USING(seq, id)" : "");
  // The page is chosen over the index alone; only its rows are read from the table.
  return fmt::format(
      "SELECT {0}{1} FROM message WHERE seq IN (SELECT seq FROM {2}{3} ORDER BY {4} LIMIT ?7)"
      " ORDER BY {4}",
      head_columns, with_body ? ", body" : "", from, where.text(), order);
}

}  // namespace

Result<Statement*> SqliteReader::message_query(const std::string& sql) {
  const auto known = message_queries_.find(sql);
  if (known != message_queries_.end()) return &known->second;
  Result<Statement> prepared = connection_->prepare(sql);
  if (!prepared) return fail(prepared.error());
  return &message_queries_.emplace(sql, std::move(*prepared)).first->second;
}

Result<std::optional<MessageRow>> SqliteReader::load_message(Id id) {
  if (Status ok = usable(); !ok) return fail(ok.error());
  static const std::string sql =
      fmt::format("SELECT {}, body FROM message WHERE id=?", head_columns);
  const Result<Statement*> statement = message_query(sql);
  if (!statement) return fail(statement.error());
  (*statement)->query(id);
  return first_row<MessageRow>(*connection_, **statement, "message",
                               [](const Statement& s) { return message_of(s, true); });
}

Result<std::vector<MessageRow>> SqliteReader::messages(const MessageQuery& query, bool with_body) {
  if (Status ok = usable(); !ok) return fail(ok.error());
  const Result<Statement*> statement = message_query(sql_for(query, with_body));
  if (!statement) return fail(statement.error());
  const BusinessDate date = query.business_date.value_or(BusinessDate{});
  const MessageState state = query.state.value_or(MessageState::accepted);
  const std::size_t limit = std::clamp<std::size_t>(query.limit, 1, 1000);
  (*statement)
      ->query(date, query.shop, query.register_name, query.sequence, state, query.after, limit);
  return all_rows<MessageRow>(*connection_, **statement, "message",
                              [&](const Statement& s) { return message_of(s, with_body); });
}

}  // namespace crossfoot::store::sqlite
