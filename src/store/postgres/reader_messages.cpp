#include <fmt/format.h>

#include <algorithm>

#include "store/postgres/reader.h"

namespace crossfoot::store::postgres {

namespace {

constexpr std::string_view head_columns =
    "id, recorded_at, state, kind, channel, business_date, occurred_at, shop, register_name,"
    " sequence, currency, gross_minor, member, conflict_with, correlation_id, code";

MessageRow message_of(const Rows& rows, int row, bool with_body) {
  MessageRow message{.id = rows.id(row, 0),
                     .recorded_at = {rows.integer(row, 1)},
                     .state = rows.number<MessageState>(row, 2),
                     .kind = rows.number<std::uint8_t>(row, 3),
                     .channel = rows.number<std::uint8_t>(row, 4),
                     .business_date = {rows.number<std::int32_t>(row, 5)},
                     .occurred_at = {rows.integer(row, 6)},
                     .shop = rows.text(row, 7),
                     .register_name = rows.text(row, 8),
                     .sequence = rows.text(row, 9),
                     .currency = rows.text(row, 10),
                     .gross_minor = rows.integer(row, 11),
                     .member = rows.text(row, 12),
                     .conflict_with = rows.id(row, 13),
                     .correlation_id = rows.text(row, 14),
                     .code = rows.text(row, 15)};
  if (with_body) message.body = rows.text(row, 16);
  return message;
}

struct PageQuery {
  std::string sql;
  Parameters parameters;
};

/// By shop the few thousand messages of a shop's day are found first, then sorted: the fence keeps
/// the server from walking all ids in order instead. Every other page comes in the order of an
/// index: by day, of the held and invalid ones, or of all.
PageQuery page_query(const MessageQuery& query, bool with_body) {
  PageQuery page;
  std::string where;
  const auto add = [&](std::string_view condition, const auto&... value) {
    where += where.empty() ? " WHERE " : " AND ";
    (page.parameters.add(value), ...);
    where += fmt::format(fmt::runtime(condition), page.parameters.values().size());
  };
  if (query.business_date) add("business_date = ${}::bigint", *query.business_date);
  if (!query.shop.empty()) add("shop = ${}::text", query.shop);
  if (!query.register_name.empty()) add("register_name = ${}::text", query.register_name);
  if (!query.sequence.empty()) add("sequence = ${}::text", query.sequence);
  if (query.state && *query.state != MessageState::accepted) add("state <> 0");
  // A suspected one is accepted.
  if (query.state == MessageState::accepted) {
    add("state IN (${}::bigint, 6)", *query.state);
  } else if (query.state) {
    add("state = ${}::bigint", *query.state);
  }
  if (!query.after.is_nil()) {
    add(query.oldest_first ? "id > ${}::bytea" : "id < ${}::bytea", query.after);
  }
  page.parameters.add(std::clamp<std::size_t>(query.limit, 1, 1000));
  const std::string_view direction = query.oldest_first ? "" : " DESC";
  const std::size_t limit = page.parameters.values().size();
  const std::string columns = fmt::format("{}{}", head_columns, with_body ? ", body" : "");
  if (query.business_date && !query.shop.empty()) {
    page.sql = fmt::format(
        "WITH found AS MATERIALIZED (SELECT id AS found_id FROM message{0})"
        " SELECT {1} FROM (SELECT found_id FROM found ORDER BY found_id{2} LIMIT ${3}::bigint) f"
        " JOIN message m ON m.id = f.found_id ORDER BY id{2}",
        where, columns, direction, limit);
  } else {
    page.sql = fmt::format("SELECT {0} FROM message{1} ORDER BY id{2} LIMIT ${3}::bigint", columns,
                           where, direction, limit);
  }
  return page;
}

}  // namespace

Result<std::optional<MessageRow>> PostgresReader::load_message(Id id) {
  static const std::string sql =
      fmt::format("SELECT {}, body FROM message WHERE id = $1::bytea", head_columns);
  return first(sql, Parameters::of(id),
               [](const Rows& rows, int row) { return message_of(rows, row, true); });
}

Result<std::vector<MessageRow>> PostgresReader::messages(const MessageQuery& query,
                                                         bool with_body) {
  PageQuery page = page_query(query, with_body);
  return all(page.sql, std::move(page.parameters),
             [&](const Rows& rows, int row) { return message_of(rows, row, with_body); });
}

}  // namespace crossfoot::store::postgres
